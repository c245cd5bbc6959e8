// Teach a bin zone: mark pictures, train, look at the figures and at the last day, switch on.

import { api } from "../api.js";
import { el, fill } from "../dom.js";
import { moment, t } from "../i18n.js";
import { told, zoneNote } from "../told.js";

const KEYS = { c: "clean", f: "full", n: null, Delete: null, Backspace: null };

export async function show(root, [camera, zone], context) {
  if (camera && zone) return showZone(root, `/api/teach/${encodeURIComponent(camera)}/${encodeURIComponent(zone)}`, context);
  const { zones } = await api.get("/api/teach");
  fill(root, el("h1", {}, t("shell.teach")), el("p", {}, t("teach.what")),
    zones.length === 0 && el("p", { class: "card" }, t("teach.none")),
    el("ul", { class: "teach-zones" }, zones.map((it) => el("li", { class: "card" },
      el("a", { href: `#/teach/${encodeURIComponent(it.camera)}/${encodeURIComponent(it.zone)}` }, `${it.camera_name} · ${it.zone_name}`), " ",
      state(it), el("div", { class: "soft" }, t("teach.counts", { pictures: it.pictures, clean: it.clean, full: it.full }))))));
  return null;
}

function state(zone) {
  if (!zone.on) return el("span", { class: "badge" }, t("teach.is_off"));
  return zone.usable ? el("span", { class: "badge good" }, t("teach.is_on")) : el("span", { class: "badge warn" }, t("teach.is_unusable"));
}

async function showZone(root, path, { mayChange }) {
  let { zone, candidate } = await api.get(path);
  let before = null;
  const tiles = [];
  const marks = new Map();
  const grid = el("div", { class: "album", role: "group", "aria-label": t("teach.album"), onkeydown: keyed });
  const [head, said, lesson, counts] = [el("p", {}), el("p", { role: "status", "aria-live": "polite" }), el("section", { class: "lesson" }), el("p", { class: "soft counts" })];
  const more = el("button", { onclick: () => act(loadMore) }, t("teach.more"));
  const none = el("p", { class: "card", hidden: true }, t("teach.no_pictures"));
  const train = el("button", { class: "main", onclick: () => act(learn) }, t("teach.train"));
  fill(root, el("h1", {}, `${zone.camera_name} · ${zone.zone_name}`), head,
    el("p", {}, t(mayChange ? "teach.how" : "teach.look_only")), mayChange && el("p", { class: "soft keys" }, t("teach.keys")), zoneNote(),
    mayChange && el("div", { class: "row bar" }, train,
      el("button", { onclick: () => act(async () => { await api.post(`${path}/pictures`); fill(said, t("teach.asked")); }) }, t("teach.ask")),
      el("button", { onclick: () => act(reload) }, t("teach.reload"))),
    counts, said, lesson, none, grid, more);

  async function act(work) {
    try {
      fill(said);
      said.className = "";
      await work();
    } catch (error) {
      said.className = "fault";
      fill(said, told(error));
    }
  }

  function drawHead() {
    const figures = zone.on && zone.figures ? t("teach.on_since", { at: moment(zone.taught), clean: zone.figures.clean, full: zone.figures.full, auc: zone.figures.auc.toFixed(3) }) : "";
    fill(head, state(zone), " ", figures, " ",
      zone.on && mayChange && el("button", { class: "danger", onclick: () => act(async () => {
        if (!confirm(t("teach.off_sure"))) return;
        ({ zone } = await api.post(`${path}/off`));
        drawHead();
        fill(said, t("teach.off_done"));
        await reload();
      }) }, t("teach.off")));
    fill(counts, t("teach.counts", { pictures: zone.pictures, clean: zone.clean, full: zone.full }));
  }

  async function learn() {
    train.disabled = true;
    fill(said, t("teach.training"));
    try {
      await sending;
      ({ candidate } = await api.post(`${path}/train`));
      fill(said, t(candidate.learnt ? "teach.learnt" : "teach.not_learnt"));
      await reload();
      drawLesson();
      lesson.scrollIntoView({ block: "nearest" });
    } finally {
      train.disabled = false;
    }
  }

  function drawLesson() {
    if (!candidate) { fill(lesson); return; }
    const figures = candidate.figures;
    fill(lesson, el("div", { class: "card" },
      el("h2", {}, t("teach.candidate")),
      !candidate.learnt && el("p", { class: "fault" }, t(`teach.refused.${candidate.refusal}`, {
        least: candidate.least, clean: zone.clean, full: zone.full, needed: candidate.needed_auc, auc: figures?.auc ?? "", balanced: figures?.balanced ?? "", least_balanced: candidate.least_balanced })),
      figures && el("dl", { class: "figures" }, ["clean", "full", "auc", "balanced", "margin"].map((key) => el("div", {},
        el("dt", {}, t(`teach.figure.${key}`)), el("dd", {}, key === "clean" || key === "full" ? figures[key] : figures[key].toFixed(key === "margin" ? 2 : 3))))),
      candidate.passed_over > 0 && el("p", {}, t("teach.passed_over", { n: candidate.passed_over })),
      candidate.wrong.length > 0 && el("p", {}, t("teach.wrong", { n: candidate.wrong.length })),
      candidate.learnt && el("h3", {}, t("teach.curve")),
      candidate.learnt && (candidate.curve.length ? curve(candidate) : el("p", { class: "soft" }, t("teach.no_curve"))),
      mayChange && el("div", { class: "row" },
        candidate.learnt && el("button", { class: "main", onclick: () => act(switchOn) }, t("teach.switch_on")),
        el("button", { onclick: () => act(async () => { ({ zone } = await api.post(`${path}/discard`)); candidate = null; drawLesson(); await reload(); }) }, t("teach.discard")))));
  }

  async function switchOn() {
    ({ zone } = await api.post(`${path}/on`));
    candidate = null;
    drawLesson();
    drawHead();
    await reload();
    fill(said, t("teach.on_done"));
  }

  async function reload() {
    const count = Math.max(tiles.length, 60);
    tiles.length = 0;
    marks.clear();
    before = null;
    const kept = [];
    do {
      const page = await api.get(`${path}/pictures?limit=60${before ? `&before=${before}` : ""}`);
      kept.push(...page.pictures);
      before = page.before;
    } while (before && kept.length < count);
    fill(grid);
    kept.forEach(addTile);
    ({ zone, candidate } = await api.get(path));
    drawHead();
    after();
  }

  async function loadMore() {
    const page = await api.get(`${path}/pictures?limit=60&before=${before}`);
    before = page.before;
    page.pictures.forEach(addTile);
    after();
  }

  function after() {
    more.hidden = !before;
    none.hidden = tiles.length > 0;
    tiles.forEach((tile, n) => { tile.node.tabIndex = n === 0 ? 0 : -1; });
  }

  function addTile(picture) {
    const word = el("span", { class: "mark" });
    const node = el("button", { type: "button", class: "tile", disabled: !picture.usable && !picture.mark, "data-picture": picture.id,
      onclick: () => mayChange && mark(tile, { clean: "full", full: null }[tile.mark] ?? (tile.mark === null ? "clean" : null)) },
    el("img", { src: `${path}/pictures/${picture.id}`, alt: "", loading: "lazy" }),
    el("span", { class: "when" }, moment(picture.utc, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" })),
    picture.full !== null && el("span", { class: "when" }, t("teach.says", { n: Math.round(picture.full * 100) })),
    !picture.usable && el("span", { class: "when" }, t("teach.stale")),
    picture.wrong && el("span", { class: "badge warn" }, t("teach.look")), word);
    const tile = { node, word, picture, mark: picture.mark };
    tiles.push(tile);
    grid.append(node);
    drawTile(tile);
  }

  function drawTile(tile) {
    tile.node.dataset.mark = tile.mark ?? "";
    fill(tile.word, t(`teach.mark_${tile.mark ?? "none"}`));
    tile.node.setAttribute("aria-label", `${moment(tile.picture.utc)}: ${t(`teach.mark_${tile.mark ?? "none"}`)}`);
  }

  let sending = Promise.resolve();
  function mark(tile, next) {
    if (tile.node.disabled || tile.mark === next) return;
    tile.mark = next;
    drawTile(tile);
    marks.set(tile.picture.id, next);
    sending = sending.then(() => act(send));
  }

  async function send() {
    if (marks.size === 0) return;
    const body = { marks: Object.fromEntries(marks) };
    marks.clear();
    try {
      ({ zone } = await api.post(`${path}/marks`, body));
    } catch (error) {
      await reload();
      throw error;
    }
    drawHead();
  }

  function keyed(event) {
    const at = tiles.findIndex((tile) => tile.node === document.activeElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const across = Math.max(tiles.filter((tile) => tile.node.offsetTop === tiles[0].node.offsetTop).length, 1);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[key];
    if (step) focus(at + step);
    else if (key in KEYS && mayChange) { mark(tiles[at], KEYS[key]); if (key === "c" || key === "f") focus(at + 1); }
    else return;
    event.preventDefault();
  }

  function focus(n) {
    const tile = tiles[Math.min(Math.max(n, 0), tiles.length - 1)];
    tiles.forEach((it) => { it.node.tabIndex = it === tile ? 0 : -1; });
    tile.node.focus();
  }

  await reload();
  drawLesson();
  return null;
}

/** What the lesson says of the last day: probability over time, and the line above which the zone counts as full. */
function curve({ curve: points, threshold }) {
  const [width, height, left, bottom, top] = [640, 200, 44, 24, 10];
  const times = points.map((point) => Date.parse(point.utc));
  const [first, last] = [times[0], Math.max(times.at(-1), times[0] + 1)];
  const x = (time) => left + ((width - left - 10) * (time - first)) / (last - first);
  const y = (full) => top + (height - bottom - top) * (1 - full);
  const line = (value, kind) => el("line", { class: kind, x1: left, x2: width - 10, y1: y(value), y2: y(value) });
  const above = points.filter((point) => point.full > threshold).length;
  const words = t("teach.curve_words", { n: points.length, above, share: Math.round((100 * above) / points.length) });
  return el("figure", { class: "curve" },
    el("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words },
      [0, 0.5, 1].map((value) => el("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, `${value * 100}%`)),
      line(0, "axis"), line(1, "axis"), line(threshold, "threshold"),
      [0, 1].map((end) => el("text", { x: end ? width - 10 : left, y: height - 6, "text-anchor": end ? "end" : "start" }, moment(end ? last : first, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" }))),
      el("polyline", { class: "said", points: points.map((point, n) => `${x(times[n]).toFixed(1)},${y(point.full).toFixed(1)}`).join(" ") }),
      points.map((point, n) => point.mark && el("circle", { class: `dot ${point.mark}`, cx: x(times[n]), cy: y(point.full), r: 4 }))),
    el("figcaption", { class: "soft" }, words));
}
