// The promise of vis-network that the library's script and every picture share, whichever comes first.
const deferred = (globalThis[Symbol.for("surfaced.vis-network")] ??= (() => {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
})());
