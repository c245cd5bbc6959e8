// The newest picture of the camera, and the cars that were seen in it.

import { api } from "../api.js";
import { proposal, whole } from "./geometry.js";

const LOOKS = 5;
const CARS = new Set(["car", "truck", "bus"]);

export class Shot {
  /** `say(key)` tells what there is to tell; `signal`: when the page is left. */
  constructor(camera, { canvas, say, signal }) {
    Object.assign(this, { canvas, say, signal, url: null, path: `/api/cameras/${encodeURIComponent(camera)}` });
  }

  /** As the camera gives it. Its tag begins with that of its look; null where there is none. */
  async load() {
    try {
      const response = await fetch(`${this.path}/picture?width=1280`, { signal: this.signal });
      if (!response.ok) throw new Error(String(response.status));
      const next = URL.createObjectURL(await response.blob());
      const image = new Image();
      image.src = next;
      await image.decode();
      this.forget();
      this.url = next;
      this.canvas.picture(next, image.naturalWidth, image.naturalHeight);
      this.canvas.svg.dataset.picture = "there";
      return response.headers.get("etag");
    } catch (error) {
      if (error.name !== "AbortError") this.say("no_picture");
      return null;
    }
  }

  forget() { if (this.url) URL.revokeObjectURL(this.url); }

  /** A near and a far car of a look, on the picture of that look: others may have driven on since the one that is shown.
   *  Null where there are none. */
  async cars() {
    let look = null;
    for (let tries = 0; tries < LOOKS; tries++) {
      const tag = await this.load();
      const newest = (await api.get(this.path).catch(() => null))?.look;
      if (tag && newest && !tag.startsWith(`"${newest.tag}-`)) continue; // of another picture than the one that is shown
      look = newest;
      break;
    }
    const seen = (look?.boxes ?? []).filter((box) => CARS.has(box.class_name) && box.score >= 0.35 && whole(box.box_n));
    const ends = (boxes) => proposal(boxes.map((box) => box.box_n));
    return ends(seen.filter((box) => box.class_name === "car")) ?? ends(seen);
  }
}
