// One incident: its pictures, why it opened, what happened since, and what can be done about it.

import { api } from "../api.js";
import { badges, kindName, placeName, speaker, word } from "../case.js";
import { against, curve } from "../charts.js";
import { compare } from "../compare.js";
import { dismissal } from "../dismissal.js";
import { el, fill } from "../dom.js";
import { refreshOn } from "../feed.js";
import { duration, moment, t } from "../i18n.js";
import { told, zoneNote } from "../told.js";

const ASK_MS = 1000;
/** What changes where an incident stands. */
const JUDGING = ["acknowledged", "dismissed", "restored"];

export async function show(root, [id], { mayChange, signal }) {
  const path = `/api/incidents/${id}`;
  const parts = Object.fromEntries(["head", "pictures", "why", "timeline"].map((name) => [name, el("section", { class: name })]));
  const result = el("div", { class: "result", "aria-live": "polite", tabindex: -1 });
  const actions = el("section", { class: "card actions", "aria-label": t("incidents.actions") });
  const changed = el("p", { class: "unseen", role: "status", "aria-live": "polite" });
  const shown = new Map();
  let state = null;
  const means = { path, refresh, result, signal, said: null, heard: () => {} };

  /** Draw a part anew, only when it is about something else now, and not under the hands of somebody who is at it. */
  function part(name, about, node, draw) {
    const told = JSON.stringify(about);
    if (told === shown.get(name) || (shown.has(name) && isHeld(node))) return;
    shown.set(name, told);
    draw();
  }

  async function refresh() {
    const page = await api.get(path);
    if (signal.aborted) return;
    const { incident, moments, remarks, scores, ...rest } = page;
    part("head", [incident, remarks, rest.blind_s], parts.head, () => fill(parts.head, head(page)));
    part("pictures", [page.pictures, moments.find((it) => it.evidence_note)], parts.pictures, () => fill(parts.pictures, pictures(page)));
    part("why", [rest.limits, scores, rest.first_seen, rest.previous_incident, moments.filter((it) => it.phase !== "updated")], parts.why, () => fill(parts.why, why(page)));
    follow(parts.timeline, timeline(page));
    // Only when other buttons are needed: whoever has one of them in focus keeps it.
    part("actions", [incident.acknowledged, incident.disposition], actions.querySelector("dialog[open]"),
      () => fill(actions, buttons(page, means), result));
    means.heard(page);
    confirm(page, means);
    const before = state;
    state = badgeTexts(incident);
    if (before !== null && before !== state) fill(changed, t("incidents.now", { state }));
  }

  fill(root, el("p", {}, el("a", { href: "#/incidents" }, t("incidents.back"))), changed, parts.head, parts.pictures, mayChange && actions, parts.why, parts.timeline);
  await refresh();
  return refreshOn("incidents", refresh);
}

/** Say what was done, and how far the centre has it; no more once something else was said since. */
function confirm({ remarks }, means) {
  if (means.said === null) return;
  const { kind, done, shown } = means.said;
  const mine = remarks.findLast((it) => JUDGING.includes(it.kind));
  const now = mine?.kind !== kind || (means.said.at ?? mine.at) !== mine.at ? "" : mine.taken || mine.acked ? "has_told" : mine.sequence === null || mine.set_aside !== null ? "here" : "will_tell";
  if (now === shown) return;
  fill(means.result, now && el("p", { class: "good" }, t(done), now !== "here" && ` ${t(`incidents.${now}`)}`));
  means.said = now ? { kind, done, shown: now, at: mine.at } : null;
}

const badgeTexts = (incident) => badges(incident).filter(Boolean).map((it) => it.textContent).join(" · ");

/** Whether somebody is at a part of the page: with the keyboard, or with a text that is marked. */
function isHeld(node) {
  const chosen = getSelection();
  return node !== null && (node.matches("dialog") || node.contains(document.activeElement) || (chosen !== null && !chosen.isCollapsed && node.contains(chosen.anchorNode)));
}

function head({ incident, blind_s, remarks }) {
  return [el("h1", {}, kindName(incident)), el("p", { class: "row" }, badges(incident)),
    el("dl", { class: "facts" }, [
      ["place", placeName(incident)], ["opened", moment(incident.opened)],
      incident.closed && ["ended", `${moment(incident.closed)} (${word("closed", incident.close_reason)})`],
      incident.closed && ["ended_by", endedBy(incident, remarks)],
      [incident.closed ? "dwell" : "dwell_so_far", duration(incident.dwell_s)], blind_s >= 1 && ["blind", duration(blind_s)],
    ].filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, t(`incidents.fact.${name}`)), el("dd", {}, value)))),
    zoneNote(), el("p", { class: "soft id" }, incident.id)];
}

/** Who ended it: a person at this box, the centre, or nobody, as the thing went. */
function endedBy(incident, remarks) {
  if (incident.close_reason !== "dismissed") return word("ended_by", incident.close_reason);
  const said = remarks.findLast((it) => it.kind === "dismissed" && Date.parse(it.at) <= Date.parse(incident.closed) + 1000);
  return t("incidents.ended_by.dismissed", { who: (said && speaker(said)) || t("incidents.by_somebody") });
}

/** Sorts behind all that the centre is told at the same moment. */
const UNTOLD = Number.MAX_SAFE_INTEGER;

const url = (picture) => `/api/evidence/${picture.id}`;
const about = (picture) => `${word("picture", picture.kind)}, ${moment(picture.captured)}`;

function figure(picture, caption) {
  const failed = (event) => event.currentTarget.closest("figure").replaceWith(el("p", { class: "soft" }, t("incidents.picture_gone")));
  return el("figure", {}, el("a", { href: url(picture), target: "_blank", rel: "noopener" },
    el("img", { src: url(picture), alt: about(picture), loading: "lazy", onerror: failed })),
  el("figcaption", {}, caption ? `${caption}: ${about(picture)}` : about(picture)));
}

/** One of two that are compared. */
function beside(picture, which) {
  const caption = t(`incidents.${which}`);
  return { figure: figure(picture, caption), src: url(picture), name: `${caption}: ${about(picture)}` };
}

/** The pictures: the place before and after as two beside each other, then all others small. */
function pictures(page) {
  const all = page.pictures;
  if (all.length === 0) {
    const why = page.moments.find((it) => it.evidence_note)?.evidence_note;
    return [el("h2", {}, t("incidents.pictures")), el("p", { class: "soft" }, t("incidents.no_pictures"), why && ` (${word("note", why)})`)];
  }
  const first = Math.min(...all.map((it) => it.sequence ?? Infinity));
  const opening = all.filter((it) => it.sequence === first);
  const before = ["close_up", "wide"].map((kind) => opening.find((it) => it.kind === kind)).find(Boolean) ?? all[0];
  const later = all.filter((it) => it !== before && it.captured > before.captured && ["after", before.kind].includes(it.kind));
  const after = later.at(-1);
  const rest = all.filter((it) => it !== before && it !== after);
  return [el("h2", {}, t("incidents.pictures")),
    after ? compare(beside(before, "before"), beside(after, "after")) : el("div", { class: "pair" }, figure(before, t("incidents.before"))),
    rest.length > 0 && el("details", {}, el("summary", {}, t("incidents.more_pictures", { n: rest.length })),
      el("div", { class: "thumbs" }, rest.map((it) => figure(it))))];
}

function why(page) {
  const { incident, limits, moments } = page;
  const opened = moments.find((it) => it.phase === "opened");
  const stood = opened?.dwell_s ?? incident.dwell_s;
  const channel = opened?.channel ?? page.channel;
  const lines = [
    channel && t("incidents.by_channel", { channel: word("channel", channel) }),
    page.class_name && t("incidents.as_class", { name: word("class", page.class_name), score: (opened?.score ?? page.score ?? 0).toFixed(2) }),
    limits?.min_score != null && t("incidents.min_score", { score: limits.min_score.toFixed(2) }),
    page.first_seen && t("incidents.first_seen", { at: moment(page.first_seen) }),
    page.previous_incident && el("a", { href: `#/incident/${page.previous_incident}` }, t("incidents.previous")),
  ].filter(Boolean);
  const marks = moments.filter((it) => it.phase !== "updated").map((it) => [it.at, word("phase", it.phase)]);
  const label = limits && t("incidents.against", { stood: duration(stood), limit: duration(limits.dwell_s) });
  return el("div", { class: "card" }, el("h2", {}, t("incidents.why")), el("ul", {}, lines.map((line) => el("li", {}, line))),
    limits && [el("p", {}, label), against(label, stood, limits.dwell_s)],
    page.scores.length > 0 && incident.rule !== "camera_health"
      && [el("p", {}, t("incidents.scores")), curve(t("incidents.scores"), page.scores, page.channel === "model" ? limits?.min_score ?? null : null, marks)]);
}

/** Events and what people said, oldest first, as [key, about, draw]; of heartbeats only the last. */
function timeline(page) {
  const beats = page.moments.filter((it) => it.reason === "heartbeat");
  const told = page.moments.some((it) => it.reason === "dismissed");
  const entries = [
    ...page.moments.filter((it) => it.reason !== "heartbeat" || it === beats.at(-1))
      .map((it) => ({ key: it.reason === "heartbeat" ? "beat" : `event ${it.sequence}`, at: it.at, n: it.sequence, about: [it, beats.length], draw: () => event(it, beats) })),
    ...page.remarks.map((it) => ({ key: `${it.kind} ${it.at}`, at: it.at, n: it.sequence, about: [it, told], draw: () => remark(it, told) })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || (a.n ?? UNTOLD) - (b.n ?? UNTOLD));
  if (page.first_seen) entries.unshift({ key: "first", at: page.first_seen, about: 0, draw: () => el("strong", {}, t("incidents.seen_first")) });
  return entries;
}

/** Draw the timeline, or what is new in it; entries that say the same stay the same elements. */
function follow(root, entries) {
  if (!root.firstChild) {
    fill(root, el("div", { class: "card" }, el("h2", {}, t("incidents.timeline")), el("p", { class: "soft" }, t("incidents.forgotten")), el("ol", { class: "line" })));
  }
  const list = root.querySelector("ol");
  root.querySelector("p").hidden = entries.length > 0;
  const known = new Map([...list.children].map((it) => [it.dataset.key, it]));
  let last = null;
  for (const { key, at, about, draw } of entries) {
    let item = known.get(key);
    known.delete(key);
    const told = JSON.stringify(about);
    if (item === undefined || (item.dataset.told !== told && !isHeld(item))) {
      item?.remove();
      item = el("li", { "data-key": key, "data-told": told }, el("time", { datetime: at }, moment(at)), el("div", {}, draw()));
    }
    const place = last === null ? list.firstChild : last.nextSibling;
    if (place !== item) list.insertBefore(item, place);
    last = item;
  }
  known.forEach((item) => item.remove());
}

function event(it, beats) {
  const what = it.phase === "updated" ? word("update", it.reason) : `${word("phase", it.phase)}${it.reason ? `: ${word("closed", it.reason)}` : ""}`;
  return [el("strong", {}, what), it.reason === "heartbeat" && beats.length > 1 && ` ×${beats.length}`,
    el("span", { class: "soft" }, ` ${t("incidents.event", { n: it.sequence, dwell: duration(it.dwell_s) })}`), el("br"), el("span", { class: "soft" }, sent(it))];
}

/** How far the centre has it. */
function sent({ set_aside, acked, taken }) {
  if (set_aside !== null) return t("incidents.set_aside", { why: set_aside });
  if (acked) return t("incidents.acked", { at: moment(acked, { timeStyle: "medium" }) });
  return taken ? t("incidents.taken", { at: moment(taken, { timeStyle: "medium" }) }) : t("incidents.waits");
}

/** `told`: the centre was told of a dismissal by the event that ended the incident, before it was told of each by itself. */
function remark(it, told) {
  const said = it.details;
  const who = speaker(it);
  const here = said.at_box && (["acknowledged", "restored"].includes(it.kind) || (it.kind === "dismissed" && !told));
  const way = it.sequence !== null ? t("incidents.told_centre", { n: it.sequence, how: sent(it) }) : here && t("incidents.box_only");
  const what = it.kind === "verified" ? t("incidents.said.verified", { verdict: verdict(said) })
    : it.kind === "dismissed" ? t("incidents.said.dismissed", { reason: word("dismissed", said.reason) }) : word("said", it.kind);
  return [el("strong", {}, what), who && ` · ${who}`, said.until && ` · ${t("incidents.until_at", { at: moment(said.until) })}`,
    said.note && el("blockquote", {}, said.note), way && el("div", { class: "soft" }, way)];
}

const verdict = (said) => word("verdict", said.verdict) + (said.reason ? `（${word("reason", said.reason)}）` : "");

/** The buttons; while what one of them asked for is under way, none of them does anything. */
function buttons(page, means) {
  const { incident } = page;
  const { path, refresh, result, signal } = means;
  const row = el("div", { class: "row" });
  const act = async (name, body, kind, finished = () => {}) => {
    const held = [...row.querySelectorAll("button:enabled")];
    held.forEach((it) => { it.disabled = true; });
    means.said = null;
    try {
      const asked = await api.post(`${path}/${name}`, body);
      if (asked.status === "waiting") fill(result, el("p", { class: "looking" }, t("incidents.waiting")));
      const { code } = await answered(asked, signal);
      if (signal.aborted) return true;
      finished();
      if (code === "already") fill(result, el("p", {}, t(`incidents.already.${name}`)));
      else means.said = { kind, done: `incidents.done.${kind}`, shown: null };
      await refresh();
      result.focus(); // the button may be gone
    } catch (error) {
      if (error.code === "judged_meanwhile") return false;
      finished();
      fill(result, fault(error));
      await refresh().catch(() => {}); // the timeline tells what was kept
    } finally { held.forEach((it) => { it.disabled = false; }); }
    return true;
  };
  const dialog = dismissal(page, (body, finished) => act("dismiss", body, "dismissed", finished), means);
  return [fill(row,
    el("button", { class: "main", onclick: (event) => verify(event.currentTarget, means) }, t("incidents.verify")),
    !incident.acknowledged && el("button", { onclick: () => act("acknowledge", {}, "acknowledged") }, t("incidents.acknowledge")),
    incident.disposition
      ? el("button", { onclick: () => act("restore", {}, "restored") }, t("incidents.restore"))
      : incident.rule !== "camera_health" && el("button", { class: "danger", onclick: () => dialog.showModal() }, t("incidents.dismiss")),
  ), dialog];
}

function fault(error) {
  const key = `incidents.error.${error.code}`;
  return el("p", { class: "fault", role: "alert" }, t(key) === key ? told(error) : t(key, error.facts ?? {}));
}

/** What became of something that was asked for, however long that takes; it throws what was in the way. */
async function answered(asked, signal) {
  let now = asked;
  while (now.status === "waiting" && !signal.aborted) {
    await new Promise((wake) => setTimeout(wake, ASK_MS));
    now = await api.get(`/api/wishes/${asked.id}`);
  }
  if (now.status === "rejected") throw Object.assign(new Error(now.message), { code: now.code, facts: now });
  return now;
}

/** Ask for a fresh look and wait for the answer: some ten seconds to two minutes. */
async function verify(button, means) {
  const { path, refresh, result, signal } = means;
  means.said = null;
  button.disabled = true;
  fill(result, el("p", { class: "looking" }, t("incidents.looking")));
  try {
    const asked = await answered(await api.post(`${path}/verify`), signal);
    if (signal.aborted) return;
    await refresh();
    const said = asked.result;
    fill(result, el("p", { class: "verdict" }, el("strong", {}, verdict(said))),
      said.after && el("div", { class: "pair" }, [["before", said.before], ["after", said.after]].filter(([, it]) => it)
        .map(([name, it]) => figure({ id: it.id, kind: it.kind, captured: it.captured_at }, t(`incidents.${name}`)))));
  } catch (error) { fill(result, fault(error)); } finally { button.disabled = false; }
}
