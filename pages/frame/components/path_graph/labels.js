// Labels of the flow picture: plain text on the canvas at a fixed screen size, never markup.

const LABEL_PX = 12.5;
const LINE_PX = 14.5;

/** Draws the labels beside their nodes with a halo of the page's colour; returns their boxes for clicks. */
function drawLabels(ctx, nodes, look, dimmed) {
  const boxes = [];
  ctx.save();
  ctx.textBaseline = "middle";
  ctx.lineJoin = "round";
  for (const node of nodes) {
    ctx.font = `${node.hop === node.firstHop || node.hop === node.lastHop ? 600 : 400} ${LABEL_PX}px ${look.font}`;
    ctx.globalAlpha = dimmed(node.id) ? 0.35 : 1;
    const lines = node.roomy ? node.lines : [oneLine(ctx, node)];
    const box = labelBox(ctx, node, lines);
    lines.forEach((line, i) => {
      const y = box.top + (i + 0.5) * LINE_PX;
      ctx.textAlign = box.align;
      ctx.strokeStyle = look.surface;
      ctx.lineWidth = 4;
      ctx.strokeText(line, box.x, y);
      ctx.fillStyle = look.ink;
      ctx.fillText(line, box.x, y);
    });
    boxes.push({ id: node.id, left: box.left, right: box.right, top: box.top, bottom: box.bottom });
  }
  ctx.restore();
  return boxes;
}

/** Both lines as one, cut to the room that the next column leaves. */
function oneLine(ctx, node) {
  const text = node.lines.join(" ");
  if (ctx.measureText(text).width <= node.room) return text;
  let cut = [...text];
  while (cut.length > 1 && ctx.measureText(`${cut.join("")}…`).width > node.room) cut.pop();
  return `${cut.join("").trimEnd()}…`;
}

/** Ends of the picture carry their label below, all others to the right. */
function labelBox(ctx, node, lines) {
  const width = Math.max(...lines.map((line) => ctx.measureText(line).width));
  const height = lines.length * LINE_PX;
  const below = node.hop === node.firstHop || node.hop === node.lastHop;
  const x = below ? node.px : node.px + node.radius + 6;
  const top = below ? node.py + node.radius + 5 : node.py - height / 2;
  const left = below ? x - width / 2 : x;
  return { x, top, left, right: left + width, bottom: top + height, align: below ? "center" : "left" };
}

const SHAPES = {
  square: "M2 2H14V14H2Z",
  dot: "M8 1.5A6.5 6.5 0 1 0 8 14.5A6.5 6.5 0 1 0 8 1.5Z",
  diamond: "M8 1L15 8L8 15L1 8Z",
  triangle: "M8 1.5L15 14H1Z",
  triangleDown: "M8 14.5L1 2H15Z",
  hexagon: "M4.5 2H11.5L15 8L11.5 14H4.5L1 8Z",
  star: "M8 .8L10.2 5.7L15.5 6.2L11.5 9.8L12.6 15L8 12.3L3.4 15L4.5 9.8L.5 6.2L5.8 5.7Z",
};

/** One entry a kind of node and of line that occurs. */
function fillLegend(list, legend) {
  list.replaceChildren(
    ...legend.map((entry) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      name.textContent = entry.name;
      item.append(entry.what === "node" ? shapeSample(entry) : lineSample(entry), name);
      return item;
    }),
  );
}

function svgSample(width) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", 16);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

function shapeSample(entry) {
  const svg = svgSample(16);
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", SHAPES[entry.shape]);
  path.setAttribute("fill", entry.colour);
  path.setAttribute("class", "outline");
  svg.append(path);
  return svg;
}

function lineSample(entry) {
  const svg = svgSample(30);
  const line = document.createElementNS(svg.namespaceURI, "path");
  line.setAttribute("d", "M0 8H30");
  line.setAttribute("stroke", entry.colour);
  line.setAttribute("stroke-width", 4);
  line.setAttribute("stroke-dasharray", entry.dashes.join(" "));
  svg.append(line);
  return svg;
}
