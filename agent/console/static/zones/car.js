// A car-sized box that scales with depth: drawn near and far, kept in this browser for each camera.

import { clamp } from "./geometry.js";

const USUAL = { near: { x: 0.55, y: 0.62, w: 0.26, h: 0.26 }, far: { x: 0.42, y: 0.25, w: 0.07, h: 0.07 } };

export class Car {
  constructor(camera) {
    this.key = `car.${camera}`;
    this.on = false;
    this.boxes = structuredClone(USUAL);
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      if (kept?.near && kept?.far) this.boxes = kept;
    } catch { /* what another version kept */ }
  }

  keep() { localStorage.setItem(this.key, JSON.stringify(this.boxes)); }

  take(boxes) {
    this.boxes = boxes;
    this.keep();
  }

  drag({ car, size, was }, dx, dy) {
    this.boxes[car] = size
      ? { ...was, w: clamp(was.w + dx, 0.01, 1 - was.x), h: clamp(was.h + dy, 0.01, 1 - was.y) }
      : { ...was, x: clamp(was.x + dx, 0, 1 - was.w), y: clamp(was.y + dy, 0, 1 - was.h) };
  }
}
