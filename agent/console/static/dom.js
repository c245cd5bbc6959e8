// Elements without a framework: el("button", {class: "main", onclick: f}, "Save").

const SVG = "http://www.w3.org/2000/svg";
const SVG_TAGS = new Set(["svg", "g", "path", "polygon", "polyline", "rect", "circle", "ellipse", "line", "text", "title",
  "defs", "marker", "image", "clipPath", "pattern"]);

/** An element. Attributes: `class`, `onEVENT` functions, `value`/`checked`/`disabled` as properties, others as they are;
 *  null, undefined and false are left out. Children: nodes, texts, arrays of these; null and false are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = SVG_TAGS.has(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (["value", "checked", "selected", "disabled"].includes(name) && node.namespaceURI !== SVG) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  put(node, children);
  return node;
}

/** Append children, as `el` does. */
export function put(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** Replace all that a node holds. */
export function fill(node, ...children) {
  node.replaceChildren();
  return put(node, children);
}
