// One incident: its pictures, why it opened, what happened since, and what can be done about it.

import { api } from "../api.js";
import { badges, kindName, placeName, word } from "../case.js";
import { against, curve } from "../charts.js";
import { el, fill } from "../dom.js";
import { duration, moment, t } from "../i18n.js";
import { told } from "../told.js";

const REFRESH_MS = 10_000;
const ASK_MS = 1000;

export async function show(root, [id], { mayChange, signal }) {
  const path = `/api/incidents/${id}`;
  const parts = Object.fromEntries(["head", "pictures", "why", "timeline"].map((name) => [name, el("section", { class: name })]));
  const result = el("div", { class: "result", "aria-live": "polite", tabindex: -1 });
  const actions = el("section", { class: "card actions", "aria-label": t("incidents.actions") });
  let seen = "", shown = null;

  async function refresh() {
    const page = await api.get(path);
    const now = JSON.stringify(page);
    if (now === seen || signal.aborted) return;
    seen = now;
    fill(parts.head, head(page));
    fill(parts.pictures, pictures(page));
    fill(parts.why, why(page));
    fill(parts.timeline, timeline(page));
    // Only when other buttons are needed: whoever has one of them in focus keeps it.
    const { acknowledged, disposition } = page.incident;
    const wanted = JSON.stringify([acknowledged, disposition]);
    if (mayChange && wanted !== shown) fill(actions, buttons(page, { path, refresh, result, signal }), result);
    shown = wanted;
  }

  fill(root, el("p", {}, el("a", { href: "#/incidents" }, t("incidents.back"))), parts.head, parts.pictures, mayChange && actions, parts.why, parts.timeline);
  await refresh();
  // Not while somebody is filling in a form.
  const timer = setInterval(() => { if (!document.querySelector("dialog[open]")) refresh().catch(() => {}); }, REFRESH_MS);
  return () => clearInterval(timer);
}

function head({ incident, blind_s }) {
  return [el("h1", {}, kindName(incident)), el("p", { class: "row" }, badges(incident)),
    el("dl", { class: "facts" }, [
      ["place", placeName(incident)], ["opened", moment(incident.opened)],
      incident.closed && ["ended", `${moment(incident.closed)} (${word("closed", incident.close_reason)})`],
      [incident.closed ? "dwell" : "dwell_so_far", duration(incident.dwell_s)], blind_s >= 1 && ["blind", duration(blind_s)],
    ].filter(Boolean).map(([name, value]) => el("div", {}, el("dt", {}, t(`incidents.fact.${name}`)), el("dd", {}, value)))),
    el("p", { class: "soft id" }, incident.id)];
}

const url = (picture) => `/api/evidence/${picture.id}`;
const about = (picture) => `${word("picture", picture.kind)}, ${moment(picture.captured)}`;

function figure(picture, caption) {
  const failed = (event) => event.currentTarget.closest("figure").replaceWith(el("p", { class: "soft" }, t("incidents.picture_gone")));
  return el("figure", {}, el("a", { href: url(picture), target: "_blank", rel: "noopener" },
    el("img", { src: url(picture), alt: about(picture), loading: "lazy", onerror: failed })),
  el("figcaption", {}, caption ? `${caption}: ${about(picture)}` : about(picture)));
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
    el("div", { class: "pair" }, figure(before, t("incidents.before")), after && figure(after, t("incidents.after"))),
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
      && [el("p", {}, t("incidents.scores")), curve(t("incidents.scores"), page.scores, limits?.min_score ?? null, marks)]);
}

/** Events and what people said, oldest first; of heartbeats only the last. */
function timeline(page) {
  const beats = page.moments.filter((it) => it.reason === "heartbeat");
  const entries = [
    ...page.moments.filter((it) => it.reason !== "heartbeat" || it === beats.at(-1)).map((it) => ({ at: it.at, node: event(it, beats) })),
    ...page.remarks.map((it) => ({ at: it.at, node: remark(it) })),
  ].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  if (page.first_seen) entries.unshift({ at: page.first_seen, node: el("strong", {}, t("incidents.seen_first")) });
  return el("div", { class: "card" }, el("h2", {}, t("incidents.timeline")),
    entries.length === 0 && el("p", { class: "soft" }, t("incidents.forgotten")),
    el("ol", { class: "line" }, entries.map(({ at, node }) => el("li", {}, el("time", { datetime: at }, moment(at)), el("div", {}, node)))));
}

function event(it, beats) {
  const what = it.phase === "updated" ? word("update", it.reason) : `${word("phase", it.phase)}${it.reason ? `: ${word("closed", it.reason)}` : ""}`;
  const sent = it.set_aside !== null ? t("incidents.set_aside", { why: it.set_aside })
    : it.acked ? t("incidents.acked", { at: moment(it.acked, { timeStyle: "medium" }) })
      : it.taken ? t("incidents.taken", { at: moment(it.taken, { timeStyle: "medium" }) }) : t("incidents.waits");
  return [el("strong", {}, what), it.reason === "heartbeat" && beats.length > 1 && ` ×${beats.length}`,
    el("span", { class: "soft" }, ` ${t("incidents.event", { n: it.sequence, dwell: duration(it.dwell_s) })}`), el("br"), el("span", { class: "soft" }, sent)];
}

function remark(it) {
  const said = it.details;
  const what = it.kind === "verified" ? t("incidents.said.verified", { verdict: verdict(said) })
    : it.kind === "dismissed" ? t("incidents.said.dismissed", { reason: word("dismissed", said.reason) }) : word("said", it.kind);
  return [el("strong", {}, what), it.by && ` · ${it.by}`, said.until && ` · ${t("incidents.until_at", { at: moment(said.until) })}`,
    said.note && el("blockquote", {}, said.note)];
}

const verdict = (said) => word("verdict", said.verdict) + (said.reason ? `（${word("reason", said.reason)}）` : "");

function buttons(page, means) {
  const { incident } = page;
  const { path, refresh, result } = means;
  const act = async (name, body, done) => {
    try {
      await api.post(`${path}/${name}`, body);
      fill(result, el("p", { class: "good" }, t(done)));
      await refresh();
      result.focus(); // the button may be gone
    } catch (error) { fill(result, fault(error)); }
  };
  const dialog = dismissal((body) => act("dismiss", body, "incidents.done.dismissed"));
  return [el("div", { class: "row" },
    el("button", { class: "main", onclick: (event) => verify(event.currentTarget, means) }, t("incidents.verify")),
    !incident.acknowledged && el("button", { onclick: () => act("acknowledge", {}, "incidents.done.acknowledged") }, t("incidents.acknowledge")),
    incident.disposition
      ? el("button", { onclick: () => act("restore", {}, "incidents.done.restored") }, t("incidents.restore"))
      : incident.rule !== "camera_health" && el("button", { class: "danger", onclick: () => dialog.showModal() }, t("incidents.dismiss")),
  ), dialog];
}

function fault(error) {
  const key = `incidents.error.${error.code}`;
  return el("p", { class: "fault", role: "alert" }, t(key) === key ? told(error) : t(key));
}

/** Ask for a fresh look and wait for the answer: some ten seconds to two minutes. */
async function verify(button, { path, refresh, result, signal }) {
  button.disabled = true;
  fill(result, el("p", { class: "looking" }, t("incidents.looking")));
  try {
    let asked = await api.post(`${path}/verify`);
    while (asked.status === "waiting" && !signal.aborted) {
      await new Promise((wake) => setTimeout(wake, ASK_MS));
      asked = await api.get(`/api/wishes/${asked.id}`);
    }
    if (signal.aborted) return;
    if (asked.status === "rejected") throw Object.assign(new Error(asked.message), { code: asked.code });
    await refresh();
    const said = asked.result;
    fill(result, el("p", { class: "verdict" }, el("strong", {}, verdict(said))),
      said.after && el("div", { class: "pair" }, [["before", said.before], ["after", said.after]].filter(([, it]) => it)
        .map(([name, it]) => figure({ id: it.id, kind: it.kind, captured: it.captured_at }, t(`incidents.${name}`)))));
  } catch (error) { fill(result, fault(error)); } finally { button.disabled = false; }
}

/** Asks why, and for how long. */
function dismissal(send) {
  const dialog = el("dialog", { class: "card", "aria-labelledby": "dismiss-title" });
  const days = el("div", {}, el("label", { for: "dismiss-days" }, t("incidents.how_long")),
    el("select", { id: "dismiss-days", name: "days" }, [1, 7, 30, 90].map((n) => el("option", { value: n, selected: n === 30 }, t("incidents.days", { n }))),
      el("option", { value: "" }, t("incidents.for_ever"))));
  const choice = (reason, checked) => el("label", {}, el("input", { type: "radio", name: "reason", value: reason, checked }), " ", t(`incidents.because.${reason}`));
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const until = form.get("days") ? new Date(Date.now() + Number(form.get("days")) * 86_400_000).toISOString() : "";
    dialog.close();
    send({ reason: form.get("reason"), note: form.get("note"), until });
  };
  return fill(dialog, el("h2", { id: "dismiss-title" }, t("incidents.dismiss_now")), el("p", {}, t("incidents.dismiss_means")),
    el("form", { onsubmit: submit }, el("fieldset", {}, el("legend", {}, t("incidents.reason_why")), choice("false_report", true), choice("tolerated", false)),
      days, el("label", { for: "dismiss-note" }, t("incidents.note")), el("textarea", { id: "dismiss-note", name: "note", maxlength: 500, rows: 2 }),
      el("div", { class: "row" }, el("button", { class: "danger" }, t("incidents.dismiss_now")),
        el("button", { type: "button", onclick: () => dialog.close() }, t("incidents.cancel")))));
}
