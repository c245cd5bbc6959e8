// The list of incidents: what is open first, then the newest. The filters stand in the address, so that "back" works.
// It follows what happens: rows say what is so now, and new ones come in where that moves nothing that somebody reads.

import { api } from "../api.js";
import { badges, kindName, placeName } from "../case.js";
import { el, fill } from "../dom.js";
import { refreshOn } from "../feed.js";
import { duration, moment, t } from "../i18n.js";
import { dayAfter, instant, now } from "../time.js";
import { zoneNote } from "../told.js";

const FIELDS = ["state", "camera", "rule", "zone", "dismissed", "since", "until"];
const MOST = 100; // rows that the box gives at once
const MOST_FOLLOWED = 500;
const SLACK_MS = 60_000; // cameras do not report in the order of their moments; what is older is behind "show more"

export async function show(root, _params, { query, go }) {
  const choices = await api.get("/api/incidents/choices");
  const wanted = Object.fromEntries(FIELDS.map((field) => [field, query.get(field) ?? ""]));
  const cards = new Map();
  const list = el("ul", { class: "cases" });
  const more = el("button", { hidden: true, onclick: () => load() }, t("incidents.more"));
  const said = el("p", { class: "soft", "aria-live": "polite" });
  const news = el("div", { class: "news", role: "status", "aria-live": "polite" });
  let after = null;

  const draw = (incident) => {
    const known = cards.get(incident.id);
    if (known) { known.update(incident); return known; }
    const card = new Card(incident);
    cards.set(incident.id, card);
    return card;
  };

  async function load() {
    more.disabled = true;
    const page = await api.get(`/api/incidents?${asked(wanted, { after })}`);
    for (const incident of page.incidents) if (!cards.has(incident.id)) list.append(draw(incident).node);
    reached(page);
  }

  function reached(page) {
    after = page.next;
    more.hidden = after === null;
    more.disabled = false;
    fill(said, list.children.length ? null : t("incidents.none"));
  }

  async function refresh() {
    const page = await api.get(`/api/incidents?${asked(wanted, { limit: Math.min(MOST, Math.max(30, cards.size)) })}`);
    const told = new Set(page.incidents.map((it) => it.id));
    const newest = Math.max(...[...cards.values()].map((card) => Date.parse(card.incident.opened)));
    const fresh = page.incidents.filter((it) => !cards.has(it.id) && (after === null || Date.parse(it.opened) > newest - SLACK_MS));
    page.incidents.filter((it) => cards.has(it.id)).forEach(draw);
    const others = [...cards.keys()].filter((id) => !told.has(id)).slice(0, MOST_FOLLOWED);
    for (let i = 0; i < others.length; i += MOST) {
      const { incidents } = await api.get(`/api/incidents/lines?ids=${others.slice(i, i + MOST).join(",")}`);
      incidents.forEach(draw);
    }
    if (fresh.length === 0) news.querySelector("button")?.remove();
    else if (isRead(list)) {
      if (news.dataset.n !== String(fresh.length) || !news.firstChild) fill(news, el("button", { class: "main", onclick: top }, t("incidents.news", { n: fresh.length })));
      news.dataset.n = fresh.length;
    } else {
      insert(page.incidents, new Set(fresh));
      fill(news, el("span", { class: "unseen" }, t("incidents.came", { n: fresh.length })));
      fill(said);
    }
  }

  /** Put those that are new behind the ones that they follow; all others stay where they are. */
  function insert(incidents, fresh) {
    let last = null;
    for (const incident of incidents.filter((it) => fresh.has(it) || cards.has(it.id))) {
      const { node } = draw(incident);
      if (fresh.has(incident)) list.insertBefore(node, last === null ? list.firstChild : last.nextSibling);
      last = node;
    }
  }

  /** From the top, as it is now. */
  async function top() {
    const page = await api.get(`/api/incidents?${asked(wanted, { limit: MOST })}`);
    const fresh = page.incidents.find((it) => !cards.has(it.id));
    const gone = new Set(cards.keys());
    page.incidents.forEach((it) => gone.delete(it.id));
    gone.forEach((id) => cards.delete(id));
    fill(list, page.incidents.map((it) => draw(it).node));
    reached(page);
    fill(news);
    scrollTo({ top: 0 });
    cards.get(fresh?.id)?.link.focus({ preventScroll: true });
  }

  const narrow = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const chosen = FIELDS.map((field) => [field, form.get(field)]).filter(([, value]) => value);
    go(`#/incidents?${new URLSearchParams(chosen)}`);
  };
  const count = Object.values(wanted).filter(Boolean).length;
  fill(root, el("h1", {}, t("shell.incidents")), zoneNote(),
    el("details", { class: "card filters", open: count > 0 },
      el("summary", {}, count ? t("incidents.filtered", { n: count }) : t("incidents.filter")),
      el("form", { class: "fields", onsubmit: narrow },
        select("state", wanted, ["open", "closed"].map((id) => ({ id, name: t(`incidents.state.${id}`) }))),
        select("camera", wanted, choices.cameras),
        select("rule", wanted, choices.rules.map(({ id }) => ({ id, name: t(`incidents.rule.${id}`) }))),
        select("zone", wanted, zones(choices, wanted.camera)),
        select("dismissed", wanted, ["none", "any", "false_report", "tolerated"].map((id) => ({ id, name: t(`incidents.dismissed.${id}`) }))),
        day("since", wanted), day("until", wanted),
        el("div", { class: "row" }, el("button", { class: "main" }, t("incidents.apply")),
          count > 0 && el("a", { class: "button", href: "#/incidents" }, t("incidents.all"))))),
    news, list, said, more);
  await load();
  const end = refreshOn("incidents", refresh);
  const ticking = setInterval(() => cards.forEach((card) => card.tick()), 1000);
  return () => { end(); clearInterval(ticking); };
}

/** Whether somebody is at the rows: then none is put between them. */
function isRead(list) {
  const chosen = getSelection();
  return scrollY > 40 || list.matches(":hover") || list.contains(document.activeElement)
    || (chosen !== null && !chosen.isCollapsed && list.contains(chosen.anchorNode));
}

function asked(wanted, { after = null, limit = 30 }) {
  const query = new URLSearchParams({ limit });
  for (const [field, value] of Object.entries(wanted)) if (value && !["since", "until"].includes(field)) query.set(field, value);
  if (wanted.since) query.set("since", instant(wanted.since).toISOString());
  if (wanted.until) query.set("until", instant(dayAfter(wanted.until)).toISOString());
  if (after) query.set("after", after);
  return query;
}

function zones(choices, camera) {
  const known = choices.zones.filter((zone) => !camera || zone.camera === camera);
  return [...new Map(known.map((zone) => [zone.id, zone])).values()];
}

function select(field, wanted, options) {
  return el("div", {}, el("label", { for: `f-${field}` }, t(`incidents.${field}`)),
    el("select", { id: `f-${field}`, name: field }, el("option", { value: "" }, t("incidents.any")),
      options.map(({ id, name }) => el("option", { value: id, selected: id === wanted[field] }, name))));
}

const day = (field, wanted) => el("div", {}, el("label", { for: `f-${field}` }, t(`incidents.${field}`)),
  el("input", { id: `f-${field}`, name: field, type: "date", value: wanted[field] }));

const lasted = (it) => (it.closed ? t("incidents.stood", { time: duration(it.dwell_s) })
  : t("incidents.open_for", { time: duration((now() - Date.parse(it.opened)) / 1000) }));

/** One row; it stays the same element, whatever becomes of its incident. */
class Card {
  constructor(incident) {
    [this.picture, this.kind, this.place, this.lasted] = [el("span", { class: "nothing" }), el("strong"), el("span"), el("span")];
    this.marks = el("span", { class: "marks" });
    this.link = el("a", { class: "card case", href: `#/incident/${incident.id}`, "data-incident": incident.id }, this.picture,
      el("span", { class: "what" }, this.kind, this.place,
        el("span", { class: "soft" }, t("incidents.opened_at", { at: moment(incident.opened) }), " · ", this.lasted)),
      this.marks);
    this.node = el("li", {}, this.link);
    this.told = "";
    this.update(incident);
  }

  update(incident) {
    const now = JSON.stringify(incident);
    if (now === this.told) return;
    if (incident.picture && incident.picture !== this.incident?.picture) {
      const next = el("img", { src: `/api/evidence/${incident.picture}`, alt: "", loading: "lazy" });
      this.picture.replaceWith(next);
      this.picture = next;
    }
    [this.incident, this.told] = [incident, now];
    fill(this.kind, kindName(incident));
    fill(this.place, placeName(incident));
    fill(this.marks, badges(incident));
    this.lasted.textContent = lasted(incident);
  }

  tick() { if (!this.incident.closed) this.lasted.textContent = lasted(this.incident); }
}
