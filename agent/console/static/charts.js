// Small charts as SVG. Sizes and colours by class; each has a name, and a table beside it says the same in figures.

import { el } from "./dom.js";

/** Units across: fewer on a phone, so that the writing is not too small there. */
const across = () => (innerWidth < 600 ? 320 : 480);

/** Bars side by side. `bars`: [{name, value, part}], `part` of each value is drawn over it; `every`: which names are written. */
export function columns(label, bars, { every = 1 } = {}) {
  const width = across(), height = 150, top = 16, foot = 18;
  const most = Math.max(1, ...bars.map((bar) => bar.value));
  const step = width / Math.max(1, bars.length);
  const tall = (value) => ((height - top - foot) * value) / most;
  return el("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    el("line", { class: "axis", x1: 0, x2: width, y1: height - foot, y2: height - foot }),
    el("text", { x: 2, y: 11 }, most),
    bars.map((bar, i) => el("g", {}, el("title", {}, `${bar.name}: ${bar.value}`),
      el("rect", { class: "bar", x: i * step + step * 0.12, width: step * 0.76, y: height - foot - tall(bar.value), height: tall(bar.value) }),
      bar.part > 0 && el("rect", { class: "part", x: i * step + step * 0.12, width: step * 0.76, y: height - foot - tall(bar.part), height: tall(bar.part) }),
      i % every === 0 && el("text", { x: i * step + step / 2, y: height - 5, "text-anchor": "middle" }, bar.name))));
}

/** Bars one below the other, with their names. */
export function rows(label, bars) {
  const width = across(), line = 30, most = Math.max(1, ...bars.map((bar) => bar.value));
  const long = (value) => (value / most) * (width - 60);
  return el("svg", { class: "chart", viewBox: `0 0 ${width} ${Math.max(1, bars.length) * line}`, role: "img", "aria-label": label },
    bars.map((bar, i) => el("g", {}, el("title", {}, `${bar.name}: ${bar.value}`),
      el("text", { x: 0, y: i * line + 12 }, bar.name),
      el("rect", { class: "bar", x: 0, y: i * line + 16, width: long(bar.value), height: 9 }),
      bar.part > 0 && el("rect", { class: "part", x: 0, y: i * line + 16, width: long(bar.part), height: 9 }),
      el("text", { x: long(bar.value) + 5, y: i * line + 25 }, bar.value))));
}

/** Scores (0..1) over time. `points`: [[ISO moment, score]]; `limit`: a line, or null; `marks`: [[ISO moment, name]]. */
export function curve(label, points, limit, marks) {
  const width = across(), height = 140, left = 26, foot = 14;
  const times = [...points, ...marks].map(([at]) => Date.parse(at));
  const first = Math.min(...times), last = Math.max(...times, first + 1000);
  const x = (at) => left + ((Date.parse(at) - first) / (last - first)) * (width - left - 6);
  const y = (score) => 6 + (1 - score) * (height - foot - 6);
  return el("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
    [0, 0.5, 1].map((score) => [el("line", { class: "grid", x1: left, x2: width, y1: y(score), y2: y(score) }),
      el("text", { x: 0, y: y(score) + 4 }, score.toFixed(1))]),
    limit !== null && el("line", { class: "limit", x1: left, x2: width, y1: y(limit), y2: y(limit) }),
    marks.map(([at, name]) => el("g", {}, el("title", {}, name),
      el("line", { class: "mark", x1: x(at), x2: x(at), y1: 6, y2: height - foot }))),
    el("polyline", { class: "curve", points: points.map(([at, score]) => `${x(at)},${y(score)}`).join(" ") }),
    points.length < 60 && points.map(([at, score]) => el("circle", { class: "dot", cx: x(at), cy: y(score), r: 3 })));
}

/** How much of a limit is used up: a bar that may go beyond a mark. */
export function against(label, value, limit) {
  const width = across(), most = Math.max(value, limit) * 1.05 || 1;
  const x = (seconds) => (seconds / most) * width;
  return el("svg", { class: "chart", viewBox: `0 0 ${width} 26`, role: "img", "aria-label": label },
    el("rect", { class: "ground", x: 0, y: 6, width, height: 14 }),
    el("rect", { class: value >= limit ? "over" : "bar", x: 0, y: 6, width: x(value), height: 14 }),
    el("line", { class: "limit", x1: x(limit), x2: x(limit), y1: 0, y2: 26 }));
}

/** The same as a table. `heads`: texts; `lines`: arrays of texts or numbers. */
export function figures(caption, heads, lines) {
  return el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": caption }, el("table", {},
    el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
    el("tbody", {}, lines.map((line) => el("tr", {}, line.map((cell, i) => (i ? el("td", {}, cell) : el("th", { scope: "row" }, cell))))))));
}
