// All cameras at a glance, live.

import { api } from "../api.js";
import { el, fill } from "../dom.js";
import { subscribe } from "../feed.js";
import { t } from "../i18n.js";
import { CameraView, ago, health } from "../view.js";

class Card {
  constructor(camera) {
    this.view = new CameraView(640, 0.25);
    this.badge = el("span", { class: "badge" });
    this.name = el("h2", {});
    this.note = el("p", { class: "soft note" });
    this.node = el("a", { class: "card cam", href: `#/camera/${encodeURIComponent(camera.id)}`, "data-camera": camera.id },
      el("div", { class: "row" }, this.name, this.badge), this.view.node, this.note);
    this.update(camera);
  }

  update(camera) {
    this.camera = camera;
    this.received = performance.now();
    const [kind, words] = health(camera);
    this.badge.className = `badge ${kind}`;
    fill(this.badge, words);
    fill(this.name, camera.name);
    this.view.update(camera);
    this.tick();
  }

  tick() {
    const last = this.camera.last_s === null ? null : this.camera.last_s + (performance.now() - this.received) / 1000;
    const open = this.camera.open_incidents;
    this.note.textContent = `${t("wall.seen", { ago: ago(last) })}${open ? ` · ${t("wall.open", { n: open })}` : ""}`;
    this.view.tick();
  }
}

export async function show(root) {
  const cards = new Map();
  const grid = el("div", { class: "wall" });
  const none = el("p", { hidden: true }, t("wall.none"));
  fill(root, el("h1", {}, t("shell.wall")), none, grid);
  const load = async () => {
    const { cameras } = await api.get("/api/cameras");
    const there = new Set(cameras.map((camera) => camera.id));
    for (const [id, card] of cards) if (!there.has(id)) { card.view.stop(); card.node.remove(); cards.delete(id); }
    for (const camera of cameras) {
      if (cards.has(camera.id)) { cards.get(camera.id).update(camera); continue; }
      const card = new Card(camera);
      cards.set(camera.id, card);
      grid.append(card.node);
      card.update(camera);
    }
    none.hidden = cameras.length > 0;
  };
  const end = subscribe("camera", (camera) => { if (cards.has(camera.id)) cards.get(camera.id).update(camera); else load().catch(() => {}); });
  await load();
  const ticking = setInterval(() => cards.forEach((card) => card.tick()), 1000);
  const looking = setInterval(() => load().catch(() => {}), 10000); // a camera that connects again tells nothing by itself
  return () => { end(); clearInterval(ticking); clearInterval(looking); cards.forEach((card) => card.view.stop()); };
}
