// What is on the picture of the zone editor, as elements. `place` and `outline` turn points in 0..1 into places of the
// drawing, `px` is the size of a pixel of the screen there.

import { el } from "../dom.js";
import { t } from "../i18n.js";
import { carAt, middle } from "./geometry.js";

/** A zone of number `i`; `free`: it can be chosen. */
export function paintZone(zone, i, { chosen, free, outline, place, px }) {
  const [x, y] = place(middle(zone.polygon));
  const name = zone.name || zone.id;
  return el("g", { class: chosen ? "zone chosen" : "zone" },
    el("polygon", { points: outline(zone.polygon), "data-zone": i, "data-key": `zone-${i}`, tabindex: free ? 0 : null,
      role: "button", "aria-label": t(chosen ? "zones.chosen" : "zones.choose", { name }), "aria-pressed": String(chosen) }),
    el("text", { x, y, "font-size": 14 * px, "stroke-width": 3 * px, "aria-hidden": "true" }, name));
}

/** The dots of its corners and edges; `touched`: number of the corner that was touched last. */
export function paintHandles(polygon, { touched, place, px }) {
  const percent = (v) => Math.round(v * 1000) / 10;
  const edges = polygon.map((point, i) => {
    const [x, y] = place(middle([point, polygon[(i + 1) % polygon.length]]));
    return el("g", { class: "edge", "data-edge": i, "data-key": `edge-${i}`, tabindex: 0, role: "button", "aria-label": t("zones.edge", { n: i + 1 }) },
      el("circle", { cx: x, cy: y, r: 15 * px, class: "reach", "data-edge": i }),
      el("circle", { cx: x, cy: y, r: 5 * px, class: "dot", "data-edge": i, "stroke-width": 2 * px }));
  });
  const corners = polygon.map((point, i) => {
    const [x, y] = place(point);
    const label = t("zones.corner", { n: i + 1, x: percent(point[0]), y: percent(point[1]) });
    return el("g", { class: i === touched ? "corner touched" : "corner", "data-corner": i, "data-key": `corner-${i}`, tabindex: 0, role: "button", "aria-label": label },
      el("circle", { cx: x, cy: y, r: 22 * px, class: "reach", "data-corner": i, "data-key": `corner-${i}` }),
      el("circle", { cx: x, cy: y, r: 8 * px, class: "dot", "data-corner": i, "data-key": `corner-${i}`, "stroke-width": 2.5 * px }));
  });
  return [edges, corners];
}

/** What is being drawn; `end`: number of the point that ends it; `cross`: where the keys are, or null. */
export function paintDrawing({ points, pointer, end, cross, outline, place, px }) {
  const [x, y] = place(cross ?? [0, 0]);
  return el("g", { class: "drawing" },
    el("polyline", { points: outline(pointer && points.length ? [...points, pointer] : points), "stroke-width": 3 * px }),
    points.map((point, i) => {
      const [cx, cy] = place(point);
      return el("circle", { cx, cy, r: (i === end ? 10 : 6) * px, class: i === end ? "first" : "dot" });
    }),
    cross && el("path", { class: "cross", "stroke-width": 2 * px, d: `M${x - 14 * px} ${y}H${x + 14 * px}M${x} ${y - 14 * px}V${y + 14 * px}` }));
}

/** The two cars, and one as large as it would be at the pointer; null: none there. */
export function paintCars({ near, far }, { pointer, height, px }) {
  const rect = (box, extra) => el("rect", { x: box.x * 1000, y: box.y * height, width: box.w * 1000, height: box.h * height, "stroke-width": 2 * px, ...extra });
  const drawn = [["near", near], ["far", far]].map(([name, box]) => el("g", { class: "car" },
    rect(box, { "data-car": name }),
    el("text", { x: box.x * 1000, y: box.y * height - 5 * px, "font-size": 13 * px, "stroke-width": 3 * px }, t(`zones.car_${name}`)),
    el("circle", { cx: (box.x + box.w) * 1000, cy: (box.y + box.h) * height, r: 10 * px, "data-car": name, "data-size": 1 })));
  if (!pointer) return drawn;
  const [x, y] = pointer, { w, h } = carAt(near, far, y);
  return [drawn, rect({ x: x - w / 2, y: y - h, w, h }, { class: "ghost", "data-ghost": `${w.toFixed(4)} ${h.toFixed(4)}` })];
}
