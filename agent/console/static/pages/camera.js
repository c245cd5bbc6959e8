// One camera large, with what stands in its zones.

import { api } from "../api.js";
import { el, fill } from "../dom.js";
import { subscribe } from "../feed.js";
import { duration, t } from "../i18n.js";
import { CameraView, ago, classText, dwellNow, health, ruleText, shareNow, whyText } from "../view.js";

export async function show(root, [id], { mayChange }) {
  const path = `/api/cameras/${encodeURIComponent(id ?? "")}`;
  let camera = await api.get(path);
  let received = performance.now();
  const view = new CameraView(1280, 1);
  const [name, badge, note, list] = [el("h1", {}), el("span", { class: "badge" }), el("p", { class: "soft" }), el("ul", { class: "standing" })];
  const [told, said] = [el("p", { class: "fault" }), el("p", { class: "soft", lang: "en" })];
  const words = el("details", {}, el("summary", {}, t("wall.words")), said);
  const why = el("section", { class: "why-down", "aria-live": "polite", hidden: true }, told, words);
  const links = el("p", { class: "row" },
    mayChange && el("a", { class: "button", href: `#/zones/${encodeURIComponent(id)}` }, t("wall.edit_zones")),
    el("a", { class: "button", href: `#/incidents?camera=${encodeURIComponent(id)}` }, t("wall.incidents")),
    el("a", { class: "button", href: "#/wall" }, t("wall.all")));
  fill(root, el("div", { class: "row" }, name, badge), note, why,
    el("div", { class: "one" }, view.node, el("section", { class: "card" }, el("h2", {}, t("wall.standing")), list, links)));
  let rows = [];

  const tick = () => {
    const passed = (performance.now() - received) / 1000;
    const last = camera.last_s === null ? null : camera.last_s + passed;
    const facts = [t("wall.seen", { ago: ago(last) }), camera.interval_s && t("wall.every", { n: camera.interval_s.toFixed(1) })];
    note.textContent = facts.filter(Boolean).join(" · ");
    for (const { presence, text, bar } of rows) {
      const now = dwellNow(presence, camera, received);
      text.textContent = presence.limit_s === null ? duration(now) : t("wall.of_limit", { now: duration(now), limit: duration(presence.limit_s) });
      bar.value = shareNow(presence, now);
    }
    view.tick();
  };
  const row = (presence) => {
    const zone = camera.zones.find((it) => it.id === presence.zone);
    const text = el("span", { class: "dwell-text" });
    const bar = el("progress", { max: 1, "aria-label": t("wall.dwell") });
    rows.push({ presence, text, bar });
    return el("li", { class: presence.state },
      el("div", { class: "row" }, el("strong", {}, classText(presence.class_name)), zone && el("span", {}, zone.name),
        el("span", { class: `badge ${presence.state === "open" ? "bad" : ""}` }, t(`wall.state_${presence.state}`))),
      el("div", { class: "soft" }, ruleText(presence.rule), " · ", text), bar,
      presence.incident && el("a", { href: `#/incident/${presence.incident}` }, t("wall.to_incident")));
  };
  const down = () => { // what it comes to in the language of the page; the agent's own words, which name files and addresses, below
    why.hidden = camera.phase !== "down";
    if (why.hidden) return;
    words.hidden = !camera.message;
    for (const [node, text] of [[told, whyText(camera.reason)], [said, camera.message]]) if (node.textContent !== text) fill(node, text); // it is read aloud when it changes
  };
  const update = (now) => {
    camera = now;
    received = performance.now();
    const [kind, state] = health(camera);
    badge.className = `badge ${kind}`;
    fill(badge, state);
    fill(name, camera.name);
    down();
    view.update(camera);
    rows = [];
    const standing = camera.look?.presences ?? [];
    const readings = camera.zones.filter((zone) => zone.full !== null);
    fill(list, standing.map(row),
      readings.map((zone) => el("li", {}, t("wall.zone_full", { name: zone.name, n: Math.round(zone.full * 100) }))),
      standing.length + readings.length === 0 && el("li", { class: "soft" }, t("wall.nothing")));
    tick();
  };
  const end = subscribe("camera", (now) => { if (now.id === id) update(now); });
  update(camera);
  const ticking = setInterval(tick, 1000);
  const looking = setInterval(() => api.get(path).then(update).catch(() => {}), 10000);
  return () => { end(); clearInterval(ticking); clearInterval(looking); view.stop(); };
}
