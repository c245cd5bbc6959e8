// The line that goods may reach: its points and the shop's side on the picture, and what pointers and keys do to them.
// Its parts are called "point-N", "edge-N" (after point N), "shop" and "whole".

import { el } from "../dom.js";
import { t } from "../i18n.js";
import { clamp, freeSide, middle, moved, prolonged, round } from "./geometry.js";

export const RULE = "stall_encroachment";
export const MOST_POINTS = 20, LEAST_POINTS = 2;

/** The goods line of a zone, or null. */
export const lineOf = (zone) => zone?.rules?.[RULE]?.goods_line ?? null;

/** A zone that has that line; null: none. */
export function withLine(zone, line) {
  const { goods_line: _, ...rest } = zone.rules[RULE];
  return { ...zone, rules: { ...zone.rules, [RULE]: line ? { ...zone.rules[RULE], goods_line: line } : rest } };
}

/** A zone that is not watched for stalls. */
export function withoutStalls(zone) {
  const { [RULE]: _, ...rules } = zone.rules;
  return { ...zone, rules };
}

const within = ([x, y]) => [round(clamp(x)), round(clamp(y))];

export class Line {
  constructor(edits, say) { Object.assign(this, { edits, say }); }

  get now() { return lineOf(this.edits.current?.zone); }

  put(points, shop) { this.edits.current.zone.rules[RULE] = { ...this.edits.current.zone.rules[RULE], goods_line: { points, shop } }; }

  remove() { delete this.edits.current.zone.rules[RULE].goods_line; }

  /** What is dragged when a part is taken at a place: the dot of an edge becomes a point. */
  grab(part, from) {
    const [kind, n] = part.split("-");
    if (kind !== "edge") return part;
    this.now.points.splice(Number(n) + 1, 0, within(from));
    return `point-${Number(n) + 1}`;
  }

  /** Move a part to a place, or by (dx, dy) from where `was` had it. */
  drag(part, to, was, dx, dy) {
    const [kind, n] = part.split("-");
    if (kind === "point") this.now.points[Number(n)] = within(to);
    else if (kind === "shop") this.now.shop = within(to);
    else this.#all(was, dx, dy);
  }

  #all(was, dx, dy) {
    const all = moved([...was.points, was.shop], dx, dy);
    this.now.shop = all.pop();
    this.now.points = all;
  }

  /** What a key does to a part: the part that has the focus then; null where the key does nothing. `by`: of an arrow. */
  key(part, key, by) {
    const [kind, number] = part.split("-"), n = Number(number), { points, shop } = this.now;
    if (by && kind === "point") points[n] = within([points[n][0] + by[0], points[n][1] + by[1]]);
    else if (by && kind === "shop") this.now.shop = within([shop[0] + by[0], shop[1] + by[1]]);
    else if (by && kind === "whole") this.#all(this.now, ...by);
    else if (kind === "edge" && (key === "Enter" || key === " ")) {
      if (points.length >= MOST_POINTS) return null;
      points.splice(n + 1, 0, within(middle([points[n], points[n + 1]])));
      return `point-${n + 1}`;
    } else if (kind === "point" && (key === "Delete" || key === "Backspace")) {
      if (points.length <= LEAST_POINTS) { this.say("line_few"); return null; }
      points.splice(n, 1);
      return `point-${Math.min(n, points.length - 1)}`;
    } else if (kind === "whole" && (key === "Delete" || key === "Backspace")) this.remove();
    else return null;
    return part;
  }

  /** As it is drawn for a zone, below all handles; `held`: it can be changed. */
  nodes(zone, chosen, { outline, px, held }) {
    const line = lineOf(zone);
    if (!line) return null;
    const clip = "free-side", taken = { "data-line": "whole", "data-key": "line-whole" };
    const free = chosen && [
      el("clipPath", { id: clip }, el("polygon", { points: outline(zone.polygon) })),
      el("polygon", { class: "free", points: outline(freeSide(line.points, line.shop)), "clip-path": `url(#${clip})` })];
    return el("g", { class: chosen ? "goods chosen" : "goods" }, free,
      el("polyline", { class: "far", points: outline(prolonged(line.points)) }),
      el("polyline", { class: "near", points: outline(line.points), ...(held ? { ...taken, tabindex: 0, role: "button", "aria-label": t("zones.line_whole") } : {}) }),
      held && el("polyline", { class: "grip", points: outline(line.points), ...taken, "stroke-width": 24 * px }));
  }

  /** The dots by which it is changed, above all else. */
  handles({ place, px, touched }) {
    if (!this.now) return null;
    const { points, shop } = this.now;
    const percent = (v) => Math.round(v * 1000) / 10;
    const handle = (part, kind, at, label, reach, size, ...more) => {
      const [cx, cy] = place(at), data = { "data-line": part, "data-key": `line-${part}` };
      return el("g", { class: part === touched ? `${kind} touched` : kind, ...data, tabindex: 0, role: "button", "aria-label": label },
        el("circle", { cx, cy, r: reach * px, class: "reach", ...data }),
        el("circle", { cx, cy, r: size * px, class: "dot", ...data, "stroke-width": 2 * px }), more);
    };
    const [sx, sy] = place(shop);
    return el("g", { class: "goods" },
      points.length < MOST_POINTS && points.slice(1).map((point, i) => handle(`edge-${i}`, "edge", middle([points[i], point]), t("zones.line_edge", { n: i + 1 }), 13, 4)),
      points.map((point, i) => handle(`point-${i}`, "corner", point, t("zones.line_point", { n: i + 1, x: percent(point[0]), y: percent(point[1]) }), 20, 7)),
      handle("shop", "shop", shop, t("zones.line_shop", { x: percent(shop[0]), y: percent(shop[1]) }), 22, 11,
        el("text", { x: sx, y: sy + 4.5 * px, "font-size": 13 * px, "aria-hidden": "true" }, t("zones.line_mark"))));
  }
}
