// Try it: other values over what the cameras showed in the last days, compared with what is in force.

import { api } from "../api.js";
import { el, fill, put } from "../dom.js";
import { duration, has, language, moment, t } from "../i18n.js";
import { instant } from "../time.js";
import { told, zoneNote } from "../told.js";

const PERIODS = { day: 24, days3: 72, all: null, own: null };
const ASK_MS = 700;
const SEVERITIES = ["low", "medium", "high"];

export async function show(root, params, { signal, mayChange }) {
  const form = await api.get("/api/whatif");
  const kept = form.cameras.filter((camera) => camera.first);
  const draft = sessionStorage.getItem("draft");
  const status = el("p", { role: "status", "aria-live": "polite" });
  const fault = el("p", { class: "fault", role: "alert" });
  const bar = el("progress", { max: 1, value: 0, "aria-label": t("whatif.progress"), hidden: true });
  const cancel = el("button", { type: "button", hidden: true, onclick: () => act(() => api.delete("/api/whatif/run")) }, t("whatif.cancel"));
  const begin = el("button", { class: "main", type: "submit", disabled: !mayChange || kept.length === 0 }, t("whatif.start"));
  const results = el("section", { "aria-label": t("whatif.result"), hidden: true });
  const values = el("div", { class: "whatif-values" });
  const cameras = kept.map((camera) => el("input", { type: "checkbox", id: `camera-${camera.id}`, value: camera.id, checked: true, onchange: drawValues }));
  const period = el("select", { id: "period", onchange: drawPeriod }, Object.keys(PERIODS).map((name) => el("option", { value: name }, t(`whatif.period.${name}`))));
  const since = el("input", { type: "datetime-local", id: "since" });
  const until = el("input", { type: "datetime-local", id: "until" });
  const own = el("div", { class: "row", hidden: true },
    el("div", {}, el("label", { for: "since" }, t("whatif.since")), since), el("div", {}, el("label", { for: "until" }, t("whatif.until")), until));
  const useDraft = el("input", { type: "checkbox", id: "use-draft", checked: true });
  const exact = el("input", { type: "checkbox", id: "exact" });
  let timer = 0, begun = 0;

  fill(root, el("h1", {}, t("shell.whatif")), el("p", { class: "soft" }, t("whatif.about")), zoneNote(),
    kept.length === 0 ? el("p", { class: "card" }, t("whatif.nothing_kept")) : null,
    !mayChange && el("p", { class: "soft" }, t("whatif.operators_only")),
    el("form", { class: "card", onsubmit: start },
      el("div", { class: "row" },
        el("div", {}, el("label", { for: "period" }, t("whatif.period")), period), own),
      el("fieldset", {}, el("legend", {}, t("whatif.cameras")),
        kept.map((camera, i) => el("div", { class: "whatif-check" }, cameras[i],
          el("label", { for: `camera-${camera.id}` }, camera.name, " ", el("span", { class: "soft" }, t("whatif.kept", { first: brief(camera.first), last: brief(camera.last) })))))),
      draft ? el("div", { class: "whatif-check" }, useDraft, el("label", { for: "use-draft" }, t("whatif.use_draft"))) : null,
      el("h2", {}, t("whatif.values")), values,
      el("div", { class: "whatif-check" }, exact, el("label", { for: "exact" }, t("whatif.exact"))), el("div", { class: "row whatif-go" }, begin, cancel, bar)),
    fault, status, results);
  drawValues();
  await look();
  return () => clearTimeout(timer);

  function drawPeriod() { own.hidden = period.value !== "own"; }

  function drawValues() {
    const chosen = new Set(cameras.filter((box) => box.checked).map((box) => box.value));
    for (const camera of kept) {
      const known = values.querySelector(`[data-camera="${CSS.escape(camera.id)}"]`);
      if (known) known.hidden = !chosen.has(camera.id);
      else values.append(valuesOf(camera, form));
    }
  }

  async function start(event) {
    event.preventDefault();
    begun += 1;
    results.hidden = true;
    fill(results);
    fill(status);
    await act(async () => {
      const [from, to] = span(period.value, since.value, until.value, kept);
      await api.post("/api/whatif/run", {
        cameras: cameras.filter((box) => box.checked).map((box) => box.value), since: from, until: to,
        draft: draft && useDraft.checked ? draft : "", edits: edited(values), quick: !exact.checked, lang: language(),
      });
      await look();
    });
  }

  async function act(what) {
    fill(fault);
    unmark(values);
    try { await what(); } catch (error) { fill(fault, error.facts?.problems?.length ? atFields(error.facts.problems, form) : told(error)); }
  }

  async function look() {
    clearTimeout(timer);
    if (signal.aborted) return;
    const mine = begun;
    const run = await api.get("/api/whatif/run");
    if (signal.aborted || mine !== begun) return; // of the run before
    const running = run.phase === "running";
    bar.hidden = cancel.hidden = !running;
    cancel.disabled = begin.disabled = !mayChange || (running ? false : kept.length === 0);
    begin.disabled ||= running;
    bar.value = run.progress;
    const text = run.phase === "idle" ? "" : t(`whatif.phase.${run.phase}`, { percent: Math.round(run.progress * 100), error: run.error });
    if (status.textContent !== text) fill(status, text);
    if (run.result && results.hidden) drawResult(results, run.result, run.tried, form);
    if (running) timer = setTimeout(() => look().catch((error) => fill(fault, told(error))), ASK_MS);
  }
}

function valuesOf(camera, form) {
  return el("div", { "data-camera": camera.id }, camera.zones.flatMap((zone) => zone.rules.map(({ rule, values }) =>
    el("details", { class: "whatif-rule" },
      el("summary", {}, `${camera.name} · ${zone.name} · ${t(`whatif.rule.${rule}`)}`),
      el("div", { class: "row" }, form.keys.map((key) => field({ camera: camera.id, zone: zone.id, rule, key }, values[key], form)))))));
}

function field(place, value, form) {
  const id = idOf(place);
  const was = value === null || value === undefined ? "" : String(value);
  const facts = { id, "aria-describedby": `p-${id}`, "data-was": was, ...Object.fromEntries(Object.entries(place).map(([name, text]) => [`data-${name}`, text])) };
  let input;
  if (place.key === "severity") input = el("select", facts, SEVERITIES.map((name) => el("option", { value: name, selected: name === was }, t(`whatif.severity.${name}`))));
  else if (place.key === "calendar") {
    const asIs = el("option", { value: "", selected: was === "" }, t("whatif.calendar_as_is"));
    input = el("select", facts, asIs, form.calendars.map((name) => el("option", { value: name, selected: name === was }, name)));
  } else if (place.key === "min_score" || place.key === "overlap") input = el("input", { ...facts, type: "number", min: 0.01, max: 1, step: 0.01, value: was });
  else input = el("input", { ...facts, type: "text", value: was, size: 6, autocomplete: "off" });
  return el("div", {}, el("label", { for: id }, t(`whatif.key.${place.key}`)), input, el("p", { class: "problem", id: `p-${id}` }));
}

const idOf = ({ camera, zone, rule, key }) => ["v", camera, zone, rule, key].join("-");

function unmark(values) {
  for (const at of values.querySelectorAll(".problem")) fill(at);
  for (const field of values.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
}

/** Tell each problem at its field; of those that have none, what is left to tell. */
function atFields(problems, form) {
  const elsewhere = [];
  let first = null;
  for (const problem of problems) {
    const field = problem.rule && document.getElementById(idOf(problem));
    if (!field) { elsewhere.push(el("span", { class: "whatif-elsewhere" }, [placed(problem, form), t("zones.problem", problem)].filter(Boolean).join(" · "))); continue; }
    put(document.getElementById(`p-${field.id}`), el("span", { class: "fault" }, t("zones.problem", problem)));
    field.setAttribute("aria-invalid", "true");
    field.closest("details").open = true;
    first ??= field;
  }
  first?.focus();
  return [first && t("zones.mend_first"), elsewhere];
}

/** Where a value stands, in the words of the form. */
function placed({ camera, zone, rule, key }, form) {
  const known = form.cameras.find((one) => one.id === camera);
  const area = known?.zones.find((one) => one.id === zone);
  return [known?.name ?? camera, area?.name ?? zone, rule && word("rule", rule), key && word("key", key)].filter(Boolean).join(" · ");
}

function edited(values) {
  return [...values.querySelectorAll("[data-key]")]
    .filter((input) => input.value.trim() !== input.dataset.was && !input.closest("[data-camera][hidden]"))
    .map((input) => ({ camera: input.dataset.camera, zone: input.dataset.zone, rule: input.dataset.rule, key: input.dataset.key,
      value: input.value.trim() === "" ? null : input.type === "number" ? Number(input.value) : input.value.trim() }));
}

function span(name, since, until, kept) {
  if (name === "own") return [since, until].map((text) => (text ? instant(text).toISOString() : ""));
  if (PERIODS[name] === null) return ["", ""];
  const last = Math.max(...kept.map((camera) => new Date(camera.last).getTime()));
  return [new Date(last - PERIODS[name] * 3_600_000).toISOString(), ""];
}

/** What the result is of: fields may show something else by now. */
function triedOf(tried, form) {
  const of = (key, value) => (value === null || value === undefined ? t("whatif.tried.default") : key === "severity" ? t(`whatif.severity.${value}`) : String(value));
  return el("section", { class: "whatif-tried", "aria-label": t("whatif.tried") }, el("h3", {}, t("whatif.tried")), el("ul", {},
    tried.cameras.length > 0 && el("li", {}, tried.cameras.map((id) => form.cameras.find((one) => one.id === id)?.name ?? id).join(t("zones.and"))),
    tried.draft && el("li", {}, t("whatif.tried.draft")),
    tried.edits.map((edit) => el("li", {}, t("whatif.tried.value", { place: placed(edit, form), was: of(edit.key, edit.was), value: of(edit.key, edit.value) }))),
    !tried.draft && tried.edits.length === 0 && el("li", {}, t("whatif.tried.nothing")),
    el("li", {}, t(tried.quick ? "whatif.tried.quick" : "whatif.exact"))));
}

function drawResult(root, result, tried, form) {
  root.hidden = false;
  const count = (name) => result[name].length;
  fill(root, el("h2", {}, t("whatif.result")),
    el("p", { class: "soft" }, t("whatif.over", { since: brief(result.since), until: brief(result.until), looks: result.looks })),
    tried && triedOf(tried, form),
    el("div", { class: "row whatif-counts" },
      ["gained", "lost", "changed"].map((name) => el("span", { class: `badge ${count(name) ? { gained: "warn", lost: "good", changed: "" }[name] : ""}` }, t(`whatif.${name}`, { n: count(name) }))),
      el("span", { class: "badge" }, t("whatif.same", { n: result.same }))),
    el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": t("whatif.precision") }, el("table", { class: "whatif-tally" },
      el("thead", {}, el("tr", {}, ["side", "incidents", "confirmed", "false", "tolerated", "unknown", "precision"].map((head) => el("th", { scope: "col" }, t(`whatif.${head}`))))),
      el("tbody", {}, ["before", "after"].map((side) => el("tr", { "data-side": side }, el("th", { scope: "row" }, t(`whatif.${side}`)),
        ["incidents", "confirmed", "false", "tolerated", "unknown"].map((key) => el("td", {}, result[side][key])),
        el("td", {}, result[side].precision === null ? "–" : `${Math.round(result[side].precision * 100)} %`)))))),
    result.notes.map((note) => el("p", { class: "whatif-note" }, t(`whatif.note.${note.code}`, words(note)))),
    result.left_out ? el("p", { class: "whatif-note" }, t("whatif.left_out", { n: result.left_out })) : null,
    listOf("gained", result.gained.map((stay) => [stay, null]), form),
    listOf("lost", result.lost.map((stay) => [stay, null]), form),
    listOf("changed", result.changed.map((change) => [change.after, change]), form));
}

function listOf(name, rows, form) {
  if (rows.length === 0) return null;
  const cameras = Object.fromEntries(form.cameras.map((camera) => [camera.id, camera]));
  const zone = (stay) => cameras[stay.camera]?.zones.find((known) => known.id === stay.zone)?.name ?? stay.zone;
  return [el("h2", {}, t(`whatif.${name}`, { n: rows.length })), el("ul", { class: "whatif-list", "data-list": name }, rows.map(([stay, change]) =>
    el("li", { class: "card" },
      el("strong", {}, t(`whatif.rule.${stay.rule}`)), ` ${cameras[stay.camera]?.name ?? stay.camera} · ${zone(stay)} · ${word("class", stay.class)}`,
      el("div", { class: "soft" }, change ? change.what.map((what) => `${t(`whatif.differs.${what}`)} ${differs(what, change)}`).join("；")
        : t("whatif.stay", { opened: moment(stay.opened), dwell: duration(stay.dwell_s) })),
      el("div", { class: "row" },
        stay.verdict !== "unknown" && el("span", { class: `badge ${{ confirmed: "good", false: "bad", tolerated: "warn" }[stay.verdict]}` }, t(`whatif.${stay.verdict}`)),
        stay.incident && el("a", { href: `#/incident/${stay.incident}` }, t("whatif.open_incident"))))))];
}

function differs(what, { before, after }) {
  const at = (text) => (text ? moment(text) : t("whatif.open_still"));
  const pair = { opened: [at(before.opened), at(after.opened)], closed: [at(before.closed), at(after.closed)],
    dwell: [duration(before.dwell_s), duration(after.dwell_s)], severity: [before.severity, after.severity].map((name) => t(`whatif.severity.${name}`)) }[what];
  return pair.join(" → ");
}

const word = (kind, name) => (has(`whatif.${kind}.${name}`) ? t(`whatif.${kind}.${name}`) : name);
const words = (note) => ({ ...note, channel: note.channel ? word("channel", note.channel) : "" });
const brief = (text) => moment(text, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
