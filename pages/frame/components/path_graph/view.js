// One flow picture: vis-network draws and finds nodes and edges, this class adds labels, emphasis, keyboard and screen-reader text.

const LIBRARY = Symbol.for("surfaced.vis-network");

class FlowView {
  constructor(root, pick) {
    this.part = Object.fromEntries(
      ["box", "stage", "canvas", "tip", "said", "legend", "empty"].map((name) => [name, root.querySelector(`.${name}`)]),
    );
    this.pick = pick;
    this.picked = null;
    this.focused = null;
    this.hovered = null;
    this.boxes = [];
    this.watcher = new ResizeObserver(() => this.resized());
    this.watcher.observe(this.part.box);
    this.listen();
  }

  /** New data from Python. What the reader picked stays picked unless Python names another. */
  async show(data) {
    const text = JSON.stringify({ ...data, selected: null });
    const changed = data.selected !== this.data?.selected;
    const same = text === this.text;
    this.text = text;
    this.data = data;
    if (same) return changed && this.mark(data.selected);
    this.edges = data.edges.map((e) => this.edge(e));
    const known = new Set([...data.nodes.map((n) => n.id), ...this.edges.map((e) => e.key)]);
    if (changed) this.picked = data.selected;
    if (!known.has(this.picked)) this.picked = null;
    if (!known.has(this.focused)) this.focused = null;
    fillLegend(this.part.legend, data.legend);
    this.part.canvas.setAttribute("aria-label", data.title);
    this.part.empty.hidden = data.nodes.length > 0;
    this.part.empty.textContent = data.nodes.length ? "" : data.title;
    this.part.stage.hidden = data.nodes.length === 0;
    const vis = await globalThis[LIBRARY].promise;
    if (this.text === text && !this.gone) this.build(vis);
  }

  mark(key) {
    this.picked = key;
    if (this.network) this.emphasise();
  }

  edge(e) {
    const [relation, tip] = this.data.bundles[Number.parseInt(e.id, 10)];
    return { ...e, key: `${e.from}→${e.to}|${relation}`, tip, color: e.color ?? this.data.options.edges.color.color };
  }

  build(vis) {
    this.network?.destroy();
    this.boxes = [];
    if (!this.data.nodes.length) return;
    this.place();
    this.visNodes = new vis.DataSet(this.nodes.map((n) => this.visNode(n)));
    this.visEdges = new vis.DataSet(this.edges.map((e) => this.visEdge(e)));
    const data = { nodes: this.visNodes, edges: this.visEdges };
    const { interaction, ...options } = this.data.options;
    const still = { zoomView: false, dragView: false, keyboard: false, tooltipDelay: 1e9, selectable: false };
    this.network = new vis.Network(this.part.canvas, data, { ...options, interaction: { ...interaction, ...still } });
    const canvas = this.part.canvas.querySelector("canvas");
    canvas.style.touchAction = "auto";
    canvas.setAttribute("aria-hidden", "true");
    this.network.on("beforeDrawing", (ctx) => this.drawRings(ctx));
    this.network.on("afterDrawing", (ctx) => {
      this.boxes = drawLabels(ctx, this.nodes, this.look(), (id) => this.lit && !this.lit.nodes.has(id));
    });
    this.keepApart();
    this.fit();
    this.emphasise();
  }

  place() {
    const size = boxSize(this.data.nodes, this.part.box.clientWidth, this.data.height);
    this.size = size;
    this.nodes = mapOnto(this.data.nodes, size);
    Object.assign(this.part.canvas.style, { width: `${size.width}px`, height: `${size.height}px` });
    const scrolls = size.width > this.part.box.clientWidth + 1;
    this.part.box.classList.toggle("scrolls", scrolls);
  }

  visNode(n) {
    const colour = { background: n.color, border: this.look().ink };
    return {
      id: n.id, shape: n.shape, size: n.size, x: n.px, y: n.py, borderWidth: 1.5, borderWidthSelected: 1.5,
      color: { ...colour, highlight: colour, hover: colour },
    };
  }

  visEdge(e) {
    return { id: e.id, from: e.from, to: e.to, width: e.width, dashes: e.dashes ?? false, color: edgeColour(e, 0.75) };
  }

  /** Both directions of a bundle run side by side: each edge sees its two nodes `shift` pixels higher or lower. */
  keepApart() {
    for (const e of this.edges) {
      if (!e.shift) continue;
      const drawn = this.network.body.edges[e.id];
      for (const end of ["from", "to"]) {
        const node = this.network.body.nodes[e[end]];
        drawn[end] = Object.create(node, { y: { get: () => node.y + e.shift } });
        drawn.edgeType[end] = drawn[end];
        drawn.edgeType[`${end}Point`] = drawn[end];
      }
    }
  }

  fit() {
    const { width, height } = this.size;
    this.network.setSize(`${width}px`, `${height}px`);
    this.network.moveTo({ position: { x: width / 2, y: height / 2 }, scale: 1, animation: false });
    this.network.redraw();
  }

  resized() {
    const room = this.part.box.clientWidth;
    if (!this.network || room === this.room || !room) return;
    this.room = room;
    this.place();
    this.visNodes.update(this.nodes.map((n) => ({ id: n.id, x: n.px, y: n.py })));
    this.keepApart();
    this.fit();
  }

  look() {
    const style = getComputedStyle(this.part.stage);
    const read = (name, otherwise) => style.getPropertyValue(name).trim() || otherwise;
    return {
      ink: read("--st-text-color", this.data.palette.ink),
      surface: read("--st-background-color", this.data.palette.surface),
      accent: read("--st-primary-color", this.data.palette.ink),
      font: style.fontFamily || "sans-serif",
    };
  }

  /** What is picked, else under the pointer, is shown with all walks through it; the rest steps back. */
  emphasise() {
    const edge = this.edges.find((e) => e.key === this.focused);
    const centre = this.hovered ?? edge?.key ?? this.picked;
    this.lit = centre ? throughIt(this.edges, centre) : null;
    this.visEdges.update(
      this.edges.map((e) => {
        const on = !this.lit || this.lit.edges.has(e.id);
        return { id: e.id, color: edgeColour(e, this.lit ? (on ? 0.95 : 0.1) : 0.75) };
      }),
    );
    this.visNodes.update(this.nodes.map((n) => ({ id: n.id, opacity: this.lit && !this.lit.nodes.has(n.id) ? 0.3 : 1 })));
    this.keepApart();
    this.network.redraw();
  }

  drawRings(ctx) {
    const look = this.look();
    for (const [id, dash] of [[this.picked, []], [this.focused, [3, 3]]]) {
      const node = this.nodes.find((n) => n.id === id);
      if (!node) continue;
      ctx.save();
      ctx.setLineDash(dash);
      ctx.lineWidth = 2.5;
      ctx.strokeStyle = look.accent;
      ctx.beginPath();
      ctx.arc(node.px, node.py, node.radius + (dash.length ? 9 : 5), 0, 2 * Math.PI);
      ctx.stroke();
      ctx.restore();
    }
  }

  listen() {
    const { stage, canvas } = this.part;
    canvas.addEventListener("click", (event) => this.choose(this.under(event)));
    canvas.addEventListener("pointermove", (event) => event.pointerType === "mouse" && this.hover(this.under(event), event));
    canvas.addEventListener("pointerleave", () => this.hover(null));
    stage.addEventListener("keydown", (event) => this.key(event));
    stage.addEventListener("focus", () => this.focus(this.focused ?? this.picked ?? this.nodes?.[0]?.id ?? null));
    stage.addEventListener("blur", () => this.focus(null));
  }

  /** Key of the node, label or edge under the pointer, or null. */
  under(event) {
    if (!this.network) return null;
    const frame = this.part.canvas.getBoundingClientRect();
    const at = { x: event.clientX - frame.left, y: event.clientY - frame.top };
    const node = this.network.getNodeAt(at);
    if (node !== undefined) return node;
    const label = this.boxes.find((b) => at.x >= b.left && at.x <= b.right && at.y >= b.top && at.y <= b.bottom);
    if (label) return label.id;
    const edge = this.network.getEdgeAt(at);
    return edge === undefined ? null : this.edges.find((e) => e.id === edge).key;
  }

  tipOf(key) {
    return (this.nodes.find((n) => n.id === key) ?? this.edges.find((e) => e.key === key))?.tip ?? "";
  }

  hover(key, event) {
    if (!this.network) return;
    this.part.canvas.style.cursor = key ? "pointer" : "default";
    if (key !== this.hovered) {
      this.hovered = key;
      this.emphasise();
    }
    const { tip } = this.part;
    tip.hidden = !key;
    if (!key) return;
    tip.textContent = this.tipOf(key);
    const frame = this.part.stage.getBoundingClientRect();
    const left = event.clientX - frame.left;
    const top = event.clientY - frame.top;
    tip.style.left = `${left + tip.offsetWidth + 24 > this.size.width ? left - tip.offsetWidth - 14 : left + 14}px`;
    tip.style.top = `${top + tip.offsetHeight + 24 > this.size.height ? top - tip.offsetHeight - 10 : top + 14}px`;
  }

  focus(key) {
    if (!this.network) return;
    this.focused = key;
    this.part.said.textContent = key ? this.tipOf(key) : "";
    const node = this.nodes.find((n) => n.id === key);
    const { box } = this.part;
    if (node && (node.px < box.scrollLeft + 40 || node.px > box.scrollLeft + box.clientWidth - 120)) {
      box.scrollLeft = node.px - box.clientWidth / 2;
    }
    this.emphasise();
  }

  key(event) {
    if (!this.network || event.altKey || event.ctrlKey || event.metaKey) return;
    const act = {
      Enter: () => this.choose(this.focused),
      " ": () => this.choose(this.focused),
      Escape: () => this.choose(null),
      e: () => this.focus(this.nextEdge()),
      Home: () => this.focus(this.nodes[0].id),
      End: () => this.focus(this.nodes[this.nodes.length - 1].id),
    };
    const arrow = /^Arrow(Up|Down|Left|Right)$/.test(event.key);
    if (!arrow && !act[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    if (arrow) this.step(event.key);
    else act[event.key]();
  }

  step(arrow) {
    const edge = this.edges.find((e) => e.key === this.focused);
    if (edge) this.focus(arrow === "ArrowLeft" || arrow === "ArrowUp" ? edge.from : edge.to);
    else this.focus(neighbour(this.nodes, this.edges, this.focused, arrow));
  }

  /** The key e walks through the edges that leave (or, at the item, reach) the focused node. */
  nextEdge() {
    const edge = this.edges.find((e) => e.key === this.focused);
    const node = edge ? this.walked : this.focused;
    this.walked = node;
    const out = this.edges.filter((e) => e.from === node);
    const keys = [...new Set((out.length ? out : this.edges.filter((e) => e.to === node)).map((e) => e.key))];
    return keys.length ? keys[(keys.indexOf(this.focused) + 1) % keys.length] : node;
  }

  choose(key) {
    if (!this.network || key === this.picked) return;
    this.picked = key;
    this.emphasise();
    this.pick(key);
  }

  destroy() {
    this.gone = true;
    this.watcher.disconnect();
    this.network?.destroy();
  }
}

function edgeColour(edge, opacity) {
  return { color: edge.color, highlight: edge.color, hover: edge.color, inherit: false, opacity };
}

const views = new WeakMap();

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".flow");
  let view = views.get(root);
  if (!view) {
    view = new FlowView(root, () => {});
    views.set(root, view);
  }
  view.pick = (key) => setStateValue("selected", key);
  view.show(data);
  return () => {
    views.delete(root);
    view.destroy();
  };
}
