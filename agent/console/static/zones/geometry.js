// Polygons as lists of [x, y] in 0..1. Pure functions.

export const round = (v) => Math.round(v * 10000) / 10000;
export const clamp = (v, low = 0, high = 1) => Math.min(high, Math.max(low, v));
export const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** A polygon moved by (dx, dy), as far as it stays within the picture. */
export function moved(points, dx, dy) {
  const xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const x = clamp(dx, -Math.min(...xs), 1 - Math.max(...xs));
  const y = clamp(dy, -Math.min(...ys), 1 - Math.max(...ys));
  return points.map(([px, py]) => [round(clamp(px + x)), round(clamp(py + y))]);
}

/** Where its name is written: the mean of the corners. */
export function middle(points) {
  const n = points.length || 1;
  return [points.reduce((sum, [x]) => sum + x, 0) / n, points.reduce((sum, [, y]) => sum + y, 0) / n];
}

export function area(points) {
  return Math.abs(points.reduce((sum, [x, y], i) => {
    const [nx, ny] = points[(i + 1) % points.length];
    return sum + x * ny - nx * y;
  }, 0)) / 2;
}

/** Whether edges that are no neighbours meet. */
export function crossesItself(points) {
  const n = points.length;
  const side = ([ax, ay], [bx, by], [cx, cy]) => Math.sign((bx - ax) * (cy - ay) - (by - ay) * (cx - ax));
  for (let i = 0; i < n; i++) for (let j = i + 2; j < n; j++) {
    if (i === 0 && j === n - 1) continue;
    const [a, b, c, d] = [points[i], points[(i + 1) % n], points[j], points[(j + 1) % n]];
    if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
  }
  return false;
}

/** The two parts into which the line through a and b cuts a polygon, at the chord that lies nearest to what was drawn
 *  between them; null where the line does not cut it. */
export function split(points, a, b) {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const long = dx * dx + dy * dy;
  if (long < 1e-10) return null;
  const side = ([x, y]) => (dx * (y - a[1]) - dy * (x - a[0])) || 1e-12; // a corner on the line lies on one side of it
  const crossings = [];
  points.forEach((p, i) => {
    const q = points[(i + 1) % points.length];
    const [s, r] = [side(p), side(q)];
    if (s * r >= 0) return;
    const at = s / (s - r);
    const point = [p[0] + at * (q[0] - p[0]), p[1] + at * (q[1] - p[1])];
    crossings.push({ edge: i, point, along: ((point[0] - a[0]) * dx + (point[1] - a[1]) * dy) / long });
  });
  crossings.sort((one, other) => one.along - other.along);
  let best = null;
  for (let k = 0; k + 1 < crossings.length; k += 2) { // between each even one and the next the line is inside
    const away = Math.abs((crossings[k].along + crossings[k + 1].along) / 2 - 0.5);
    if (best === null || away < best.away) best = { away, pair: [crossings[k], crossings[k + 1]] };
  }
  if (best === null) return null;
  const [first, second] = best.pair.sort((one, other) => one.edge - other.edge);
  const inner = points.slice(first.edge + 1, second.edge + 1);
  const outer = [...points.slice(second.edge + 1), ...points.slice(0, first.edge + 1)];
  const parts = [[first.point, ...inner, second.point], [second.point, ...outer, first.point]].map(tidy);
  return parts.every((part) => part.length >= 3 && area(part) > 1e-5) ? parts : null;
}

function tidy(points) {
  const rounded = points.map(([x, y]) => [round(clamp(x)), round(clamp(y))]);
  return rounded.filter((p, i) => distance(p, rounded[(i + 1) % rounded.length]) > 1e-4);
}

const AWAY = 5;

/** A line with both ends moved far out of the picture, as the box takes it. */
export function prolonged(points) {
  const away = ([ix, iy], [ex, ey]) => {
    const long = Math.max(Math.hypot(ex - ix, ey - iy), 1e-9);
    return [ex + (ex - ix) / long * AWAY, ey + (ey - iy) / long * AWAY];
  };
  const n = points.length;
  return n < 2 ? points : [away(points[1], points[0]), ...points, away(points[n - 2], points[n - 1])];
}

/** Whether a place is inside an outline. */
export function inside([x, y], points) {
  return points.reduce((is, [ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    return (ay > y) !== (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) ? !is : is;
  }, false);
}

const ROWS = 400;

/** The share of an outline's area that lies within another outline; measured in rows, to about a thousandth. */
export function shareInside(points, others) {
  const ys = points.map(([, y]) => y), top = Math.min(...ys), step = (Math.max(...ys) - top) / ROWS;
  let all = 0, held = 0;
  for (let row = 0; row < ROWS; row++) {
    const [own, their] = [points, others].map((outline) => stretches(outline, top + (row + 0.5) * step));
    for (const [from, to] of own) {
      all += to - from;
      for (const [start, end] of their) held += Math.max(0, Math.min(to, end) - Math.max(from, start));
    }
  }
  return all > 0 ? held / all : 0;
}

/** Where a row at height y is within an outline, as [from, to]. */
function stretches(points, y) {
  const xs = points.flatMap(([ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    return (ay > y) !== (by > y) ? [ax + (y - ay) / (by - ay) * (bx - ax)] : [];
  }).sort((one, other) => one - other);
  return xs.flatMap((x, i) => (i % 2 ? [[xs[i - 1], x]] : []));
}

/** The side of a prolonged line on which a place is, as an outline that goes far out of the picture. */
export function freeSide(points, place) {
  const line = prolonged(points), [first, last] = [line[0], line[line.length - 1]];
  const long = Math.max(Math.hypot(last[0] - first[0], last[1] - first[1]), 1e-9);
  const [nx, ny] = [-(last[1] - first[1]) / long * 4 * AWAY, (last[0] - first[0]) / long * 4 * AWAY];
  const side = (sign) => [...line, [last[0] + sign * nx, last[1] + sign * ny], [first[0] + sign * nx, first[1] + sign * ny]];
  return inside(place, side(1)) ? side(1) : side(-1);
}

/** The box of a car whose wheels stand at y, by two boxes {x, y, w, h} (upper left, size) that were drawn: linear over
 *  their lower edges, and never smaller than nothing. */
export function carAt(near, far, y) {
  const [ny, fy] = [near.y + near.h, far.y + far.h];
  const at = Math.abs(ny - fy) < 1e-6 ? 0 : (y - fy) / (ny - fy);
  return { w: Math.max(0.004, far.w + at * (near.w - far.w)), h: Math.max(0.004, far.h + at * (near.h - far.h)) };
}

const EDGE = 0.005;

/** Whether a box [x1, y1, x2, y2] is not cut by the picture's edge. */
export const whole = ([x1, y1, x2, y2]) => x1 > EDGE && y1 > EDGE && x2 < 1 - EDGE && y2 < 1 - EDGE;

/** The nearest and the farthest of the boxes [x1, y1, x2, y2], or null where their lower edges are too close. */
export function proposal(boxes) {
  const sorted = boxes.map(([x1, y1, x2, y2]) => ({ x: x1, y: y1, w: x2 - x1, h: y2 - y1 }))
    .sort((one, other) => one.y + one.h - (other.y + other.h));
  const [far, near] = [sorted[0], sorted[sorted.length - 1]];
  return far && near.y + near.h - (far.y + far.h) > 0.03 ? { near, far } : null;
}
