// Where things are: layout units mapped onto the box, neighbours of a node, what lies on walks through a picked thing.

const MARGIN = { left: 64, right: 78, top: 26, bottom: 50 };
const COLUMN_PX = 176;
const ROW_PX = 19;
const TWO_LINES_PX = 31;

function boxSize(nodes, room, wishedHeight) {
  const rows = new Map();
  for (const node of nodes) rows.set(node.hop, (rows.get(node.hop) ?? 0) + 1);
  const columns = Math.max(1, spread(nodes, "x").length - 1);
  return {
    width: Math.max(room, Math.round(columns * COLUMN_PX + MARGIN.left + MARGIN.right)),
    height: Math.max(wishedHeight, Math.max(0, ...rows.values()) * ROW_PX + MARGIN.top + MARGIN.bottom),
  };
}

function spread(nodes, axis) {
  return [...new Set(nodes.map((node) => node[axis]))].sort((a, b) => a - b);
}

/** Screen positions: the layout stretched over the box, so that the picture always fits without zooming. */
function mapOnto(nodes, size) {
  const scale = (axis, from, to) => {
    const values = nodes.map((node) => node[axis]);
    const low = Math.min(...values);
    const range = Math.max(...values) - low;
    return (value) => (range > 0 ? from + ((value - low) / range) * (to - from) : (from + to) / 2);
  };
  const px = scale("x", MARGIN.left, size.width - MARGIN.right);
  const py = scale("y", MARGIN.top, size.height - MARGIN.bottom);
  const hops = spread(nodes, "hop");
  const placed = nodes.map((node) => ({
    ...node,
    px: px(node.x),
    py: py(node.y),
    radius: node.size,
    lines: node.label.split("\n"),
    room: (size.width - MARGIN.left - MARGIN.right) / Math.max(1, hops.length - 1) - node.size - 40,
    firstHop: hops[0],
    lastHop: hops.length > 1 ? hops[hops.length - 1] : null,
  }));
  for (const node of placed) {
    const gaps = placed.filter((other) => other.hop === node.hop && other !== node);
    node.roomy = gaps.every((other) => Math.abs(other.py - node.py) >= TWO_LINES_PX);
  }
  return placed;
}

/** Everything on walks through a node or edge, upstream and downstream, in the directions (for, against) that it has itself. */
function throughIt(edges, picked) {
  const own = edges.filter((e) => e.key === picked || e.from === picked || e.to === picked);
  const signs = new Set(own.map((e) => e.id.slice(-1)));
  const alike = edges.filter((e) => signs.has(e.id.slice(-1)));
  const edge = edges.find((e) => e.key === picked);
  const nodes = new Set(edge ? [edge.from, edge.to] : [picked]);
  const lit = new Set(edge ? own.map((e) => e.id) : []);
  follow(alike, edge ? edge.to : picked, "from", "to", nodes, lit);
  follow(alike, edge ? edge.from : picked, "to", "from", nodes, lit);
  return { nodes, edges: lit };
}

function follow(edges, start, near, far, nodes, lit) {
  const queue = [start];
  const seen = new Set(queue);
  while (queue.length) {
    const at = queue.pop();
    for (const edge of edges) {
      if (edge[near] !== at) continue;
      lit.add(edge.id);
      nodes.add(edge[far]);
      if (!seen.has(edge[far])) {
        seen.add(edge[far]);
        queue.push(edge[far]);
      }
    }
  }
}

/** The node that an arrow key leads to: along the column, or over the widest edge to the next hop. */
function neighbour(nodes, edges, id, arrow) {
  const node = nodes.find((n) => n.id === id);
  if (!node) return nodes[0]?.id ?? null;
  if (arrow === "ArrowUp" || arrow === "ArrowDown") {
    const column = nodes.filter((n) => n.hop === node.hop).sort((a, b) => a.py - b.py);
    const next = column[column.indexOf(node) + (arrow === "ArrowDown" ? 1 : -1)];
    return (next ?? node).id;
  }
  const [near, far] = arrow === "ArrowRight" ? ["from", "to"] : ["to", "from"];
  const ways = edges.filter((e) => e[near] === id).sort((a, b) => b.width - a.width);
  return ways.length ? ways[0][far] : id;
}
