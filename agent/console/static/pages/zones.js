// The zone editor: the picture with its zones, their settings beside it, what is wrong with them, and saving.

import { api, session, whoAmI } from "../api.js";
import { el, fill } from "../dom.js";
import { language, t } from "../i18n.js";
import { told } from "../told.js";
import { Canvas } from "../zones/canvas.js";
import { Car } from "../zones/car.js";
import { bring, conflict, merged } from "../zones/conflict.js";
import { Edits } from "../zones/edits.js";
import { Form, sentence } from "../zones/form.js";
import { gone, question } from "../zones/gone.js";
import { Kept } from "../zones/kept.js";
import { undoKeys } from "../zones/keys.js";
import { Shot } from "../zones/shot.js";
import * as unsure from "../zones/unsure.js";
import { difference, fate, versions } from "../zones/versions.js";
import { copied } from "../zones/whole.js";

const CHECK_MS = 400, STATUS_MS = 2000;

export async function show(root, [camera], { mayChange, signal, go }) {
  const get = () => api.get(`/api/zones/${encodeURIComponent(camera)}`);
  const force = await get(), drafts = new Kept(camera, mayChange ? session().user : null);
  const { base, kept } = drafts.start(force), came = drafts.came(force, kept), edits = new Edits(base, kept);
  let timer = 0, checked = null, asked = 0, asking = null, following = false;

  const hint = el("p", { class: "soft hint", role: "status", "aria-live": "polite" });
  const answer = el("div", { class: "answer", "aria-live": "polite" });
  const status = el("div", { class: "status", role: "status", "aria-live": "polite" }, fate(force.status));
  const elsewhere = el("div", { class: "elsewhere", "aria-live": "polite" });
  const say = (...keys) => { hint.textContent = keys.map((key) => t(`zones.hint_${key}`)).join(t("zones.gap")); };

  const car = new Car(camera);
  const canvas = new Canvas(edits, { changed, picked: () => { form.draw(); place(); list(); }, say, may: mayChange, car });
  const shot = new Shot(camera, { canvas, say, signal });
  const form = new Form({ edits, force, may: mayChange, changed, drawLine: () => canvas.begin("line") });
  const button = (key, act, more = {}) => el("button", { type: "button", onclick: act, ...more }, t(`zones.${key}`));
  const tools = {
    new: button("new", () => canvas.begin(canvas.mode === "draw" ? "edit" : "draw")),
    split: button("split", () => canvas.begin(canvas.mode === "split" ? "edit" : "split")),
    copy: button("copy", () => act(() => edits.addLike(copied(edits.current.zone)))),
    corner: button("remove_corner", () => canvas.removeTouched()),
    remove: button("remove", () => act(() => edits.remove()), { class: "danger" }),
    undo: button("undo", () => { edits.undo(); changed(); }),
    redo: button("redo", () => { edits.redo(); changed(); }),
  };
  const carButton = button("car", () => { car.on = !car.on; carButton.setAttribute("aria-pressed", String(car.on)); carTools.hidden = !car.on; canvas.draw(); }, { "aria-pressed": "false" });
  const carTools = el("div", { class: "row", hidden: true }, el("span", { class: "soft" }, t("zones.car_hint")), button("car_seen", proposeCar));
  const zooms = [["+", "zoom_in", () => canvas.zoom(1.4)], ["−", "zoom_out", () => canvas.zoom(1 / 1.4)], ["⤢", "zoom_all", () => canvas.look(0, 0, 1)], ["⟳", "refresh", () => shot.load()]]
    .map(([sign, key, run]) => el("button", { type: "button", class: "sign", "aria-label": t(`zones.${key}`), title: t(`zones.${key}`), onclick: run }, sign));
  const choices = el("div", { class: "row", role: "group", "aria-label": t("zones.zones") });
  const unsaved = el("span", { class: "badge warn", hidden: true }, t("zones.unsaved"));
  const names = el("div", { class: "row zone-names" }, choices, unsaved);
  const saves = {
    changes: button("show_changes", showChanges),
    save: button("save", () => save(), { class: "main" }),
    versions: button("versions", showVersions),
    try: button("try", tryIt),
  };

  const editor = el("div", { class: "zone-editor" },
    el("div", { class: "zone-picture" },
      mayChange && el("div", { class: "row tools", role: "toolbar", "aria-label": t("zones.tools") }, Object.values(tools)),
      canvas.svg,
      el("div", { class: "row tools" }, zooms, carButton), carTools, hint),
    form.root);
  const saving = el("div", { class: "row saves" }, mayChange ? Object.values(saves) : [saves.versions]);
  fill(root, el("h1", {}, t("zones.title", { name: force.name })), names,
    editor, elsewhere, saving, status, answer);

  function act(change) {
    if (!edits.current) return;
    edits.step();
    change();
    changed();
  }

  /** After a change: what it comes to is asked when nothing changes for a moment. */
  function changed(redraw = true) {
    checked = null;
    if (answer.querySelector("[data-asked]")) fill(answer); // what was asked is not what it would be now
    if (edits.changed) drafts.write(base, { zones: edits.now, calendars: edits.calendars });
    else drafts.drop();
    after(redraw);
  }

  function after(redraw = true) {
    canvas.draw();
    if (redraw) form.draw(); else form.refresh();
    list();
    place();
    clearTimeout(timer);
    if (mayChange) timer = setTimeout(() => check().catch((error) => tell(error)), CHECK_MS);
  }

  function list() {
    while (choices.children.length > edits.now.length) choices.lastChild.remove();
    edits.now.forEach(({ zone }, i) => { // in place: one of them may be about to be clicked
      if (!choices.children[i]) choices.append(el("button", { type: "button", onclick: () => { edits.selected = i; after(); } }));
      choices.children[i].setAttribute("aria-pressed", String(i === edits.selected));
      fill(choices.children[i], zone.name || zone.id, wrong(i) && [" ", el("span", { class: "badge bad" }, "!")]);
    });
    unsaved.hidden = !(mayChange && edits.changed);
    tools.undo.disabled = edits.past.length === 0;
    tools.redo.disabled = edits.future.length === 0;
    for (const key of ["split", "copy", "remove", "corner"]) tools[key].disabled = !edits.current;
    saves.save.disabled = !edits.changed || problems().some((problem) => !problem.warning);
  }

  /** Those that are seen at once, and those that the box told last. */
  function problems() {
    const { doubles } = edits, sameId = (zone) => doubles.some((double) => double.zone === zone && double.field === "id");
    return [...doubles, ...(checked?.problems ?? []).filter(({ zone, field }) => field !== "id" || !sameId(zone))];
  }

  const wrong = (i) => problems().some((problem) => problem.zone === i && !problem.warning);

  /** Problems at their fields, and those of no field of a zone below. */
  function place() {
    form.problems(problems().filter((problem) => problem.zone === edits.selected || problem.calendar));
    const others = problems().filter((problem) => problem.zone === null && !problem.calendar && (problem.camera || !problem.warning));
    const lines = others.map((problem) => el("p", { class: problem.warning ? "warned" : "fault" }, t("zones.at", { where: problem.camera ? t("zones.zones") : problem.field, what: sentence(problem) })));
    if (elsewhere.textContent !== lines.map((line) => line.textContent).join("")) fill(elsewhere, lines); // each change asks anew
  }

  /** What the edits come to, by the code of `cityeye check`. */
  async function check(whole = false) {
    clearTimeout(timer); // this is the answer that was to be asked for in a moment; a second one would make it void
    const mine = ++asked;
    const now = await send("draft", { whole });
    if (mine !== asked || signal.aborted) return null;
    take(now.problems);
    return now;
  }

  /** Send the edits; what the box refuses is shown at its fields. Throws ApiError. */
  async function send(what, more = {}) {
    try {
      return await api.post(`/api/zones/${encodeURIComponent(camera)}/${what}`, { version: base.version, zones: edits.now, calendars: edits.changedCalendars, lang: language(), ...more });
    } catch (error) {
      if (Array.isArray(error.facts?.problems)) take(error.facts.problems);
      throw error;
    }
  }

  function take(problems) {
    checked = { problems };
    if (answer.querySelector(isWrong(checked) ? "[data-away]" : "[data-away], [data-mend]")) fill(answer);
    place();
    list();
  }

  const isWrong = (now) => now.problems.some((problem) => !problem.warning);
  const askToMend = () => fill(answer, el("p", { class: "fault", role: "alert", "data-mend": "" }, t("zones.mend_first")));

  function tell(error) {
    if (signal.aborted) return;
    if (Array.isArray(error.facts?.problems)) { askToMend(); return; }
    const away = error.code === "unreachable", over = error.status === 401; // a login that the shell sees to
    if ((away || over) && mayChange) { clearTimeout(timer); timer = setTimeout(() => whoAmI().then(() => check()).catch(tell), STATUS_MS); }
    if (over) return;
    const node = error.code === "conflict" ? conflict(error.facts, { changed: edits.changed, loadTheirs, keepMine })
      : el("p", { class: "fault", role: "alert", "data-away": away }, told(error));
    if (answer.textContent === node.textContent) return; // each change asks anew, and is not to be told of anew
    if (error.code === "conflict") bring(answer, node); else fill(answer, node);
    if (error.code === "conflict") look().catch(() => {});
  }

  /** What is in force now: how it fares is told, and it is shown where nothing of one's own is left to be saved. */
  async function look() {
    const { now, mine } = await onTop();
    if (signal.aborted) return;
    fill(status, fate(now.status));
    follow();
    if (edits.changed ? !mine : now.version !== base.version && !answer.querySelector(".conflict")) loadTheirs();
  }

  function loadTheirs() {
    drafts.drop();
    go(location.hash);
  }

  /** What is in force now, and one's own changes on top of it: null where it has all of them, as after a lost answer. */
  async function onTop() {
    const now = await get();
    return { now, mine: drafts.putOnTop(base, { zones: edits.now, calendars: edits.calendars }, now) };
  }

  function keepMine() {
    return guarded(async () => {
      const { now, mine } = await onTop();
      if (!mine) { loadTheirs(); return; }
      drafts.write(now, mine);
      go(location.hash);
    });
  }

  async function guarded(run) {
    try { await run(); } catch (error) { tell(error); }
  }

  function showChanges() {
    return guarded(async () => {
      const now = await check(true);
      if (now && isWrong(now) && !now.document) askToMend(); // it cannot even be written
      else if (now) fill(answer, el("h2", {}, t("zones.changes")), difference(now.diff));
    });
  }

  /** `sure`: who saves was asked already whether what he has deleted is to go. */
  function save(sure = false) {
    return put(async () => {
      const now = await check(), going = gone(base.zones, edits.now);
      if (now && isWrong(now)) askToMend();
      if (now === null || isWrong(now)) return false;
      if (!sure && going.length) { ask(going); return false; }
      return decided("save", () => send("save"));
    });
  }

  function ask(going) {
    const { node, back } = question(going, { yes: () => save(true), no: () => { fill(answer); saves.save.focus(); } });
    fill(answer, node);
    asking = back;
  }

  const decided = (what, request) => unsure.decided(what, request, {
    drafts, version: base.version, signal, lock: () => { for (const part of [names, editor, saving]) part.inert = true; }, found: () => go(location.hash),
  });

  /** Put a document in force, then go on with the one that is in force now. `run` comes to nothing where it did not. */
  function put(run) {
    return guarded(async () => {
      let done = null;
      root.inert = true; // what somebody drew meanwhile would be neither saved nor kept
      try { done = await run(); } finally { root.inert = false; list(); asking?.focus(); asking = null; }
      if (!done) return;
      drafts.drop();
      if (!signal.aborted) go(location.hash);
    });
  }

  function showVersions() { return guarded(() => versions(answer, {
    may: mayChange, goBack: (number) => put(() => decided("roll_back", () => api.post(`/api/config/versions/${number}/put`, { version: base.version }))),
  })); }

  function tryIt() {
    return guarded(async () => {
      const now = await check(true);
      if (!now) return;
      if (!now.document) { askToMend(); return; }
      sessionStorage.setItem("draft", now.document);
      go("#/whatif");
    });
  }

  function proposeCar() {
    return guarded(async () => {
      const boxes = await shot.cars();
      if (boxes) car.take(boxes);
      say(boxes ? "edit" : "no_cars");
      canvas.draw();
    });
  }

  async function follow() {
    if (following) return;
    following = true;
    while (!signal.aborted && status.querySelector(".badge.warn")) {
      await new Promise((resolve) => { setTimeout(resolve, STATUS_MS); });
      if (signal.aborted) return;
      const now = await api.get("/api/config/status").catch(() => null);
      if (now) fill(status, fate(now));
      if (now?.state === "taken_back" && !edits.changed) go(location.hash);
    }
    following = false;
  }

  /** The box answers again. */
  async function back() {
    if (answer.querySelector("[data-away]")) fill(answer);
    await look();
    if (mayChange && !editor.inert) await check();
  }

  if (mayChange) undoKeys(edits, changed, signal);
  const resized = new ResizeObserver(() => canvas.draw());
  resized.observe(canvas.svg);
  say(mayChange ? "edit" : "look");
  if (kept?.clashes && base === force) fill(answer, merged(kept.clashes));
  if (came) fill(answer, el("p", { role: "status" }, t(`zones.came_${came}`)));
  after();
  shot.load();
  follow();
  const end = unsure.whenBack(() => guarded(back));
  return () => { end(); clearTimeout(timer); resized.disconnect(); shot.forget(); };
}
