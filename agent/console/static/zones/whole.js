// A zone with what is drawn on it, its goods line: moved, copied, cut in two. Pure functions; a zone as in the file.

import { clamp, distance, freeSide, inside, round, shareInside, split } from "./geometry.js";
import { lineOf, withLine, withoutStalls } from "./line.js";

const ASIDE = 0.03, LEAST_SHARE = 0.01; // the latter as in `cityeye check`
const MARGIN = 0.01; // a bend of the line keeps that far from the picture's edge, so that its last part has a direction
const fine = (v) => Math.round(v * 1e6) / 1e6;

/** A zone moved by (dx, dy), as far as it and the bends of its line stay within the picture. Where an end of the line
 *  would leave it, the line is cut at the edge: prolonged, as it is anyway, it says the same. */
export function shifted(zone, dx, dy) {
  const line = lineOf(zone), bends = line ? line.points.slice(1, -1) : [];
  const by = [dx, dy].map((d, axis) => room(d, zone.polygon.map((point) => point[axis]), bends.map((point) => point[axis])));
  const go = ([x, y]) => [x + by[0], y + by[1]];
  const polygon = zone.polygon.map(go).map((point) => point.map((v) => round(clamp(v))));
  if (!line) return { ...zone, polygon };
  const points = cutAtEdge(line.points.map(go));
  return { ...withLine(zone, { ...line, points, shop: shopAt(go(line.shop), points, polygon) }), polygon };
}

/** A zone beside another one. */
export function copied(zone) {
  const [there, back] = [ASIDE, -ASIDE].map((by) => shifted(zone, by, by));
  return JSON.stringify(there.polygon) === JSON.stringify(zone.polygon) ? back : there;
}

/** The two zones into which the line through a and b cuts one, and what is to be said about it: {zones, told}; null
 *  where it does not cut it. The goods line stays with a half that it crosses, which comes first. All of one beyond it needs none; on the
 *  shop's side goods may stand everywhere, so stalls are not watched for there. */
export function halves(zone, a, b) {
  const parts = split(zone.polygon, a, b), told = ["cut"];
  if (!parts) return null;
  const zones = parts.map((polygon) => {
    const line = lineOf(zone), share = line ? shareInside(polygon, freeSide(line.points, line.shop)) : 0.5;
    if (share < LEAST_SHARE) { told.push("cut_beyond"); return { ...withLine(zone, null), polygon }; }
    if (share > 1 - LEAST_SHARE) { told.push("cut_free"); return { ...withoutStalls(zone), polygon }; }
    return { ...zone, polygon };
  });
  zones.sort((one, other) => (lineOf(other) ? 1 : 0) - (lineOf(one) ? 1 : 0));
  return { zones, told };
}

/** As much of a move along one axis as there is room for. */
function room(by, outline, bends) {
  const low = [...outline.map((v) => -v), ...bends.map((v) => Math.min(0, MARGIN - v))];
  const high = [...outline.map((v) => 1 - v), ...bends.map((v) => Math.max(0, 1 - MARGIN - v))];
  return clamp(by, Math.max(...low), Math.min(...high));
}

/** A line whose ends lie within the picture; the bends do. */
function cutAtEdge(points) {
  const ends = points.length === 2 ? bothEnds(...points)
    : [endFrom(points[1], points[0]), endFrom(points[points.length - 2], points[points.length - 1])];
  return [ends[0], ...points.slice(1, -1), ends[1]].map((point) => point.map((v) => (v === round(v) ? v : fine(clamp(v)))));
}

/** Of the line from p (at 0) to q (at 1), prolonged: where it comes into the picture, and where it leaves it. */
function span(p, q) {
  let [into, out] = [-Infinity, Infinity];
  for (const axis of [0, 1]) {
    const step = q[axis] - p[axis];
    if (Math.abs(step) < 1e-9) continue;
    const [one, other] = [-p[axis] / step, (1 - p[axis]) / step].sort((x, y) => x - y);
    [into, out] = [Math.max(into, one), Math.min(out, other)];
  }
  return [into, out];
}

const along = (p, q, at) => [p[0] + at * (q[0] - p[0]), p[1] + at * (q[1] - p[1])];

function endFrom(bend, end) {
  const out = span(bend, end)[1];
  return out < 1 ? along(bend, end, out) : end;
}

function bothEnds(p, q) {
  const [into, out] = span(p, q);
  const inner = [clamp(0, into, out), clamp(1, into, out)];
  const [from, to] = inner[1] - inner[0] > 0.01 ? inner : [into, out]; // all of what was drawn has left the picture
  return into < out && Number.isFinite(into) ? [from === 0 ? p : along(p, q, from), to === 1 ? q : along(p, q, to)] : [p, q];
}

/** A place within the picture on that side of the line on which the shop's would be; best that itself. */
function shopAt(place, points, polygon) {
  const within = place.map((v) => round(clamp(v)));
  if (distance(place, within) < 1e-4) return within;
  const side = freeSide(points, place);
  const away = (at) => Math.min(...points.slice(1).map((point, i) => toPart(at, points[i], point)));
  return [within, ...polygon].find((at) => inside(at, side) && away(at) > 0.002) ?? within;
}

function toPart(at, p, q) {
  const long = distance(p, q) ** 2 || 1;
  return distance(at, along(p, q, clamp(((at[0] - p[0]) * (q[0] - p[0]) + (at[1] - p[1]) * (q[1] - p[1])) / long)));
}
