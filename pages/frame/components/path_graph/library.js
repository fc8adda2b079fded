// Ends the script that holds vis-network: tells waiting pictures that the library is there. Runs once a page.
deferred.resolve(globalThis.vis);
export default function () {}
