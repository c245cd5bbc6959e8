// The picture with the zones on it: drawing, dragging, splitting, by mouse, touch and keys. Tells `changed()` after a
// change, `picked()` after another zone was chosen, and `say(key)` what there is to do.

import { el, fill } from "../dom.js";
import { t } from "../i18n.js";
import { clamp, crossesItself, distance, middle, round } from "./geometry.js";
import { LEAST_POINTS, Line, MOST_POINTS } from "./line.js";
import { paintCars, paintDrawing, paintHandles, paintZone } from "./paint.js";
import { halves, shifted } from "./whole.js";

const TAP_PX = 8, CLOSE_PX = 18, STEP = 0.005, FAR_STEP = 0.05;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Canvas {
  constructor(edits, { changed, picked, say, may, car }) {
    Object.assign(this, { edits, changed, picked, say, may, car });
    this.line = new Line(edits, say);
    this.mode = "edit";
    this.points = [];
    this.drawn = null; // the points of the goods line whose shop is still to be shown
    this.cross = [0.5, 0.5];
    this.ratio = 9 / 16;
    this.view = { x: 0, y: 0, zoom: 1 };
    this.pointers = new Map();
    this.pointer = null;
    this.drag = null;
    this.corner = null; // the one of the zone that was touched last
    this.linePart = null; // likewise of its goods line
    this.image = el("image", { x: 0, y: 0, width: 1000, preserveAspectRatio: "none" });
    this.layer = el("g");
    this.svg = el("svg", { class: "zone-canvas", tabindex: 0, role: "group", "aria-label": t("zones.canvas") }, this.image, this.layer);
    for (const [name, act] of Object.entries({ pointerdown: "down", pointermove: "move", pointerup: "up", pointercancel: "up", keydown: "key" })) {
      this.svg.addEventListener(name, (event) => this[act](event));
    }
    this.svg.addEventListener("pointerleave", () => { this.pointer = null; this.draw(); });
    this.svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && this.view.zoom === 1 && event.deltaY > 0) return;
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, this.at(event));
    }, { passive: false });
  }

  picture(url, width, height) {
    this.ratio = height / width;
    this.image.setAttribute("href", url);
    this.draw();
  }

  /** "edit", "draw", "split", "line" or "shop". */
  begin(mode) {
    this.mode = mode;
    this.points = [];
    this.cross = [0.5, 0.5];
    this.say(mode);
    this.draw();
    if (mode !== "edit") this.svg.focus();
  }

  zoom(by, around = [this.view.x + 0.5 / this.view.zoom, this.view.y + 0.5 / this.view.zoom]) {
    const zoom = clamp(this.view.zoom * by, 1, 8), share = this.view.zoom / zoom;
    this.look(around[0] - (around[0] - this.view.x) * share, around[1] - (around[1] - this.view.y) * share, zoom);
  }

  look(x, y, zoom) {
    this.view = { x: clamp(x, 0, 1 - 1 / zoom), y: clamp(y, 0, 1 - 1 / zoom), zoom };
    this.draw();
  }

  /** The place of an event, in 0..1 of the picture. */
  at(event) {
    const box = this.svg.getBoundingClientRect();
    return [this.view.x + (event.clientX - box.left) / box.width / this.view.zoom, this.view.y + (event.clientY - box.top) / box.height / this.view.zoom];
  }

  down(event) {
    if (event.button > 0) return;
    this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    this.svg.setPointerCapture(event.pointerId);
    if (this.pointers.size === 2) {
      this.cancelDrag();
      this.pinch = this.#fingers();
      return;
    }
    const from = this.at(event), data = event.target.dataset ?? {};
    if (this.mode === "edit") [this.corner, this.linePart] = [data.corner === undefined ? null : Number(data.corner), data.line ?? null];
    const base = { from, x: event.clientX, y: event.clientY, moved: false };
    if (this.mode !== "edit") this.drag = { ...base, kind: "point" };
    else if (data.car && this.car.on) this.drag = { ...base, kind: "car", car: data.car, size: data.size === "1", was: { ...this.car.boxes[data.car] } };
    else if (data.line && this.may) {
      this.#grab({ ...base, kind: "line", was: structuredClone(this.line.now) });
      this.drag.part = this.linePart = this.line.grab(data.line, from);
      this.drag.moved = this.drag.part !== data.line;
    } else if (data.corner !== undefined && this.may) this.#grab({ ...base, kind: "corner", corner: Number(data.corner) });
    else if (data.edge !== undefined && this.may) {
      this.#grab({ ...base, kind: "corner", corner: Number(data.edge) + 1 });
      this.edits.current.zone.polygon.splice(Number(data.edge) + 1, 0, from.map((v) => round(clamp(v))));
      this.drag.moved = true;
    } else if (data.zone !== undefined) {
      const chosen = Number(data.zone);
      if (chosen !== this.edits.selected) { this.edits.selected = chosen; this.picked(); this.drag = { ...base, kind: "none" }; }
      else if (this.may) this.#grab({ ...base, kind: "zone", was: this.edits.current.zone });
    } else this.drag = { ...base, kind: "pan", view: { ...this.view } };
    this.draw();
    const key = data.line ? `line-${this.linePart}` : data.key;
    if (key) this.layer.querySelector(`[data-key="${key}"]`)?.focus({ preventScroll: true });
    event.preventDefault();
  }

  #grab(drag) {
    this.edits.step();
    this.drag = { ...drag, step: true };
  }

  #fingers() {
    const [a, b] = [...this.pointers.values()];
    return { apart: distance(a, b), x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2 };
  }

  move(event) {
    this.pointer = this.at(event);
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    if (this.pointers.size === 2 && this.pinch) {
      const now = this.#fingers(), box = this.svg.getBoundingClientRect();
      const around = this.at({ clientX: now.x, clientY: now.y });
      this.zoom(now.apart / Math.max(1, this.pinch.apart), around);
      this.look(this.view.x - (now.x - this.pinch.x) / box.width / this.view.zoom, this.view.y - (now.y - this.pinch.y) / box.height / this.view.zoom, this.view.zoom);
      this.pinch = now;
      return;
    }
    const drag = this.drag;
    if (drag && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) > TAP_PX / 2) drag.moved = true;
    if (drag?.moved) {
      const [x, y] = this.pointer, [dx, dy] = [x - drag.from[0], y - drag.from[1]];
      if (drag.kind === "corner") this.edits.current.zone.polygon[drag.corner] = [round(clamp(x)), round(clamp(y))];
      else if (drag.kind === "zone") this.edits.current.zone = shifted(drag.was, dx, dy);
      else if (drag.kind === "line") this.line.drag(drag.part, this.pointer, drag.was, dx, dy);
      else if (drag.kind === "car") this.car.drag(drag, dx, dy);
      else if (drag.kind === "pan") {
        this.look(drag.view.x - (event.clientX - drag.x) / this.svg.clientWidth / drag.view.zoom, drag.view.y - (event.clientY - drag.y) / this.svg.clientHeight / drag.view.zoom, drag.view.zoom);
      }
    }
    this.draw();
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size < 2) this.pinch = null;
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (event.type === "pointercancel" && drag.kind === "point") return;
    if (drag.kind === "point") { this.place(this.at(event).map((v) => round(clamp(v)))); return; }
    if (drag.step) {
      if (drag.moved) this.changed(); else this.edits.unstep();
    } else if (drag.kind === "car") this.car.keep();
    this.draw();
  }

  cancelDrag() {
    const { step } = this.drag ?? {};
    this.drag = null;
    if (!step) return;
    this.edits.abandon();
    this.picked(); // the fields are those of what is there again
  }

  /** Another point of the zone or of the line that is being drawn. */
  place(point) {
    const px = this.svg.clientWidth * this.view.zoom;
    const near = (other) => distance([point[0], point[1] * this.ratio], [other[0], other[1] * this.ratio]) * px < CLOSE_PX;
    if (this.mode === "draw" && this.points.length >= 3 && near(this.points[0])) { this.close(); return; }
    if (this.mode === "shop") { this.#putLine(point); return; }
    if (this.points.length && near(this.points[this.points.length - 1])) {
      if (this.mode === "line") this.endLine();
      return;
    }
    this.points.push(point);
    if (this.mode === "line" && this.points.length === MOST_POINTS) this.endLine();
    if (this.mode === "split" && this.points.length === 2) this.cut();
    this.draw();
  }

  close() {
    if (this.points.length < 3) { this.say("few"); return; }
    this.edits.step();
    this.edits.add({ id: "", polygon: this.points, rules: { illegal_parking: {} } });
    this.begin("edit");
    this.picked();
    this.changed();
  }

  /** The goods line is drawn; on which side of it the shop is, is asked then. */
  endLine() {
    if (this.points.length < LEAST_POINTS) { this.say("line_few"); return; }
    this.drawn = this.points;
    this.begin("shop");
  }

  #putLine(shop) {
    this.edits.step();
    this.line.put(this.drawn, shop);
    this.begin("edit");
    this.changed();
  }

  cut() {
    const { zone } = this.edits.current;
    const cut = crossesItself(zone.polygon) ? null : halves(zone, ...this.points);
    this.begin("edit");
    if (!cut) { this.say("uncut"); return; }
    this.edits.step();
    const { selected } = this.edits;
    this.edits.addLike(cut.zones[1]);
    this.edits.now[selected].zone = cut.zones[0];
    this.edits.selected = selected;
    this.say(...cut.told);
    this.picked();
    this.changed();
  }

  /** The corner of the zone, or the point of its goods line, that was touched last. */
  removeTouched() {
    if (this.linePart?.startsWith("point") && this.line.now) this.#lineKey(this.linePart, "Delete", null);
    else this.removeCorner(this.corner);
  }

  #lineKey(part, key, by) {
    if (!by && !["Enter", " ", "Delete", "Backspace"].includes(key)) return false;
    this.edits.step();
    const focused = this.line.key(part, key, by);
    if (focused === null) { this.edits.unstep(); return false; }
    this.linePart = focused;
    this.changed();
    (this.layer.querySelector(`[data-key="line-${focused}"]`) ?? this.svg).focus();
    return true;
  }

  removeCorner(corner) {
    const zone = this.edits.current?.zone;
    if (!zone || corner === null || corner >= zone.polygon.length) { this.say("which"); return; }
    if (zone.polygon.length <= 3) { this.say("few"); return; }
    this.corner = null;
    this.edits.step();
    zone.polygon.splice(corner, 1);
    this.changed();
    this.draw();
    this.layer.querySelector(`[data-key="corner-${Math.min(corner, zone.polygon.length - 1)}"]`)?.focus();
  }

  key(event) {
    const arrow = ARROWS[event.key], data = event.target.dataset ?? {};
    const step = event.shiftKey ? FAR_STEP : STEP;
    const by = arrow && [arrow[0] * step, arrow[1] * step];
    if (this.mode !== "edit") {
      if (by) this.cross = [clamp(this.cross[0] + by[0]), clamp(this.cross[1] + by[1])];
      else if (event.key === " ") this.place(this.cross.map(round));
      else if (event.key === "Enter" && this.mode === "draw") this.close();
      else if (event.key === "Enter" && this.mode === "line") this.endLine();
      else if (event.key === "Enter" && this.mode === "shop") this.place(this.cross.map(round));
      else if (event.key === "Escape") this.begin("edit");
      else if (event.key === "Backspace") this.points.pop();
      else return;
    } else if (data.line && this.may) {
      if (!this.#lineKey(data.line, event.key, by)) return;
    } else if (data.corner !== undefined && this.may) {
      const corner = Number(data.corner), { polygon } = this.edits.current.zone;
      if (by) { this.edits.step(); polygon[corner] = [round(clamp(polygon[corner][0] + by[0])), round(clamp(polygon[corner][1] + by[1]))]; this.changed(); }
      else if (event.key === "Delete" || event.key === "Backspace") this.removeCorner(corner);
      else return;
    } else if (data.edge !== undefined && this.may && (event.key === "Enter" || event.key === " ")) {
      const edge = Number(data.edge), { polygon } = this.edits.current.zone;
      this.edits.step();
      polygon.splice(edge + 1, 0, middle([polygon[edge], polygon[(edge + 1) % polygon.length]]).map(round));
      this.changed();
      this.draw();
      this.layer.querySelector(`[data-key="corner-${edge + 1}"]`)?.focus();
    } else if (data.zone !== undefined && (event.key === "Enter" || event.key === " ")) {
      this.edits.selected = Number(data.zone);
      this.picked();
    } else if (data.zone !== undefined && by && this.may && Number(data.zone) === this.edits.selected) {
      this.edits.step();
      this.edits.current.zone = shifted(this.edits.current.zone, ...by);
      this.changed();
    } else return;
    event.preventDefault();
    this.draw();
  }

  /** Everything on the picture anew; what had the focus has it again. */
  draw() {
    const height = 1000 * this.ratio, { x, y, zoom } = this.view;
    this.image.setAttribute("height", height);
    this.svg.setAttribute("viewBox", `${x * 1000} ${y * height} ${1000 / zoom} ${height / zoom}`);
    this.svg.classList.toggle("placing", this.mode !== "edit");
    const px = 1000 / zoom / (this.svg.clientWidth || 1000);
    const place = ([px_, py]) => [px_ * 1000, py * height];
    const outline = (points) => points.map((point) => place(point).map((v) => v.toFixed(2)).join(",")).join(" ");
    const focused = this.layer.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const parts = [], paper = { free: this.mode === "edit", outline, place, px };
    this.edits.now.forEach(({ zone }, i) => {
      if (i !== this.edits.selected) parts.push(paintZone(zone, i, { ...paper, chosen: false }));
    });
    const { current } = this.edits;
    const held = this.mode === "edit" && this.may;
    const goods = (zone, chosen) => this.line.nodes(zone, chosen, { outline, px, held: chosen && held });
    this.edits.now.forEach(({ zone }, i) => { if (i !== this.edits.selected) parts.push(goods(zone, false)); });
    if (current) {
      parts.push(paintZone(current.zone, this.edits.selected, { ...paper, chosen: true }));
      parts.push(goods(current.zone, true));
      if (held) parts.push(paintHandles(current.zone.polygon, { touched: this.corner, place, px }), this.line.handles({ place, px, touched: this.linePart }));
    }
    if (this.mode !== "edit") parts.push(this.#drawing(paper));
    if (this.car.on) parts.push(paintCars(this.car.boxes, { pointer: this.drag?.kind === "car" ? null : this.pointer, height, px }));
    fill(this.layer, parts);
    if (focused) this.layer.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }
  #drawing(paper) {
    const shop = this.mode === "shop", points = shop ? this.drawn : this.points;
    return paintDrawing({ ...paper, points, pointer: shop ? null : this.pointer, end: this.mode === "line" ? points.length - 1 : 0,
      cross: document.activeElement === this.svg ? this.cross : null });
  }
}
