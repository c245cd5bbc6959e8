// One camera's picture with what is seen in it: zones, boxes, and the clocks of what stands there.

import { el, fill } from "./dom.js";
import { duration, has, t } from "./i18n.js";
import { arranged } from "./plates.js";

const RING = 2 * Math.PI * 15;
const ACROSS = 1000;
const HIGH = 40; // of a clock's plate, before it is scaled

export const classText = (name) => (has(`wall.class.${name}`) ? t(`wall.class.${name}`) : name);
export const ruleText = (name) => (has(`wall.rule.${name}`) ? t(`wall.rule.${name}`) : name);

/** How a camera is: kind of badge and its words. */
export function health(camera) {
  if (camera.phase === "stopped") return ["bad", t("wall.stopped")];
  if (camera.phase === "down") return ["bad", has(`wall.reason.${camera.reason}`) ? t(`wall.reason.${camera.reason}`) : t("wall.reason.offline")];
  if (camera.phase === "connecting") return ["warn", t("wall.connecting")];
  if (camera.fault) return ["warn", has(`wall.fault.${camera.fault}`) ? t(`wall.fault.${camera.fault}`) : camera.fault];
  return ["good", t("wall.good")];
}

/** What it means that a camera is down, and what to look at. */
export const whyText = (reason) => t(has(`wall.why.${reason}`) ? `wall.why.${reason}` : "wall.why.offline");

/** Seconds since something, as people say it. */
export function ago(seconds) {
  if (seconds === null) return t("wall.never");
  if (seconds < 60) return t("wall.ago_s", { n: Math.floor(seconds) });
  if (seconds < 3600) return t("wall.ago_min", { n: Math.floor(seconds / 60) });
  return t("wall.ago_h", { n: Math.floor(seconds / 3600) });
}

/** Seconds of dwell now: the clock goes on between looks as long as the thing was seen in the last one, which is fresh. */
export function dwellNow(presence, camera, received) {
  if (!presence.running) return presence.dwell_s;
  const since = camera.look.age_s + (performance.now() - received) / 1000;
  return presence.dwell_s + Math.min(since, patience(camera));
}

/** How many seconds a clock goes on without a look. */
const patience = (camera) => Math.max(3 * (camera.interval_s ?? 1), 5);

/** The share of the limit, 0..1, that has passed. */
export function shareNow(presence, now) {
  if (presence.limit_s === null || presence.state === "open") return 1;
  return Math.min((presence.counted_s + now - presence.dwell_s) / presence.limit_s, 1);
}

/** Incidents before what is watched, and what stands longest first. */
const byWeight = (a, b) => (b.state === "open") - (a.state === "open") || b.dwell_s - a.dwell_s || a.box_n[0] - b.box_n[0];

export class CameraView {
  /** `width`: of the pictures that are asked for. `share`: of the picture that clocks may cover; of the others only the number is shown. */
  constructor(width, share) {
    this.width = width;
    this.share = share;
    this.tag = null;
    this.busy = false;
    this.stopped = false;
    this.image = el("img", { alt: "", class: "still" });
    this.over = el("svg", { class: "over", preserveAspectRatio: "none", "aria-hidden": "true" });
    this.blank = el("p", { class: "blank" });
    this.node = el("div", { class: "view" }, this.image, this.over, this.blank);
    this.clocks = [];
    this.image.hidden = true;
  }

  update(camera) {
    this.camera = camera;
    this.received = performance.now();
    const asleep = document.hidden || this.node.getBoundingClientRect().bottom < -200 || this.node.getBoundingClientRect().top > innerHeight + 200;
    if (camera.look && camera.look.tag !== this.tag && !this.busy && !asleep) this.load(camera);
    this.blank.hidden = !this.image.hidden;
    if (this.image.hidden) fill(this.blank, camera.phase === "online" ? t("wall.waiting") : t("wall.no_picture"));
    this.node.classList.toggle("old", camera.phase !== "online" || camera.blind !== null);
  }

  async load(camera) {
    this.busy = true;
    const received = this.received;
    const next = el("img", { alt: t("wall.picture_of", { name: camera.name }), class: "still" });
    next.src = `/api/cameras/${encodeURIComponent(camera.id)}/picture?width=${this.width}&tag=${camera.look.tag}`;
    try {
      await next.decode();
      if (this.stopped) return;
      this.image.replaceWith(next);
      this.image = next;
      this.tag = camera.look.tag;
      this.blank.hidden = true;
      this.node.dataset.seq = camera.look.seq;
      this.draw(camera, received);
    } catch { /* gone meanwhile, or the box does not answer: the next look brings another */ } finally {
      this.busy = false;
    }
  }

  draw(camera, received) {
    const [width, height] = camera.look.size_px;
    const high = (ACROSS * height) / width;
    const at = ([x, y]) => `${(x * ACROSS).toFixed(1)},${(y * high).toFixed(1)}`;
    const rect = ([x1, y1, x2, y2], attributes) => el("rect", { x: x1 * ACROSS, y: y1 * high, width: (x2 - x1) * ACROSS, height: (y2 - y1) * high, ...attributes });
    this.over.setAttribute("viewBox", `0 0 ${ACROSS} ${high.toFixed(1)}`);
    this.node.style.setProperty("--shape", `${width} / ${height}`);
    const standing = camera.look.presences.filter((it) => it.zone).sort(byWeight);
    fill(this.over,
      camera.zones.map((zone) => el("polygon", { class: "zone", points: zone.polygon_n.map(at).join(" ") })),
      camera.look.boxes.map((box) => rect(box.box_n, { class: "box" })),
      standing.map((it) => rect(it.box_n, { class: it.state === "open" ? "box open" : "box watched" })),
      this.plates(standing, camera, received, high));
    this.tick();
  }

  /** The clocks of what stands there, each above its box or as near as there is room. */
  plates(standing, camera, received, high) {
    const scale = 667 / Math.max(this.node.clientWidth, 200); // texts of 16 px, however large the picture is shown
    const plate = (x, y, letters) => ({ x, y, wide: widthOf(letters) * scale, high: HIGH * scale });
    const wanted = standing.map((it) => {
      const longest = duration(it.dwell_s + (it.running ? patience(camera) : 0));
      return plate(it.box_n[0] * ACROSS, it.box_n[1] * high - HIGH * scale, longest);
    });
    const rest = plate(0, 0, "+00");
    const { places, rest: corner } = arranged(wanted, { width: ACROSS, height: high, share: this.share, rest });
    const shown = standing.flatMap((presence, i) => (places[i] ? [{ presence, ...wanted[i], ...places[i] }] : []));
    this.clocks = shown.map((it) => ({ ...clock(it, scale), presence: it.presence, camera, received }));
    return [
      shown.map((it) => leader(it, it.presence, high)),
      this.clocks.map((it) => it.node),
      corner && el("g", { class: "clock rest", transform: placing(corner, scale) }, backing(corner, scale), el("text", { class: "dwell", x: 12, y: 27 }, `+${standing.length - shown.length}`)),
    ];
  }

  tick() {
    for (const { ring, text, presence, camera, received } of this.clocks) {
      const now = dwellNow(presence, camera, received);
      ring.setAttribute("stroke-dasharray", `${(shareNow(presence, now) * RING).toFixed(1)} ${RING.toFixed(1)}`);
      text.textContent = duration(now);
    }
  }

  stop() { this.stopped = true; }
}

/** Of a plate with that text, before it is scaled: figures are as wide as those of the widest usual font. */
const widthOf = (letters) => [...letters].reduce((wide, it) => wide + (it === ":" ? 8 : 14.5), 52);
const placing = ({ x, y }, scale) => `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${scale})`;
const backing = ({ wide }, scale) => el("rect", { class: "plate", width: (wide / scale).toFixed(1), height: HIGH, rx: 8 });

function clock(place, scale) {
  const ring = el("circle", { class: "ring", cx: 20, cy: 20, r: 15, "stroke-dasharray": `0 ${RING}` });
  const text = el("text", { class: "dwell", x: 44, y: 27 });
  const node = el("g", { class: `clock ${place.presence.state}`, transform: placing(place, scale) },
    backing(place, scale), el("circle", { class: "track", cx: 20, cy: 20, r: 15 }), ring, text);
  return { node, ring, text };
}

/** A thin line from a plate that had to give way to its box. */
function leader({ x, y, wide, high }, { box_n: [x1, y1, x2, y2], state }, ofPicture) {
  const [left, right, top, bottom] = [x1 * ACROSS, x2 * ACROSS, y1 * ofPicture, y2 * ofPicture];
  if (x <= left + 1 && left <= x + wide && y <= top && top <= y + high + 4) return null;
  const to = { x: (left + right) / 2, y: Math.min(top + high / 4, (top + bottom) / 2) };
  const from = { x: Math.min(Math.max(to.x, x), x + wide), y: Math.min(Math.max(to.y, y), y + high) };
  return el("polyline", { class: `leader ${state}`, points: `${from.x.toFixed(1)},${from.y.toFixed(1)} ${to.x.toFixed(1)},${to.y.toFixed(1)}` });
}
