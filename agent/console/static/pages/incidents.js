// The list of incidents: what is open first, then the newest. The filters stand in the address, so that "back" works.

import { api } from "../api.js";
import { badges, kindName, placeName } from "../case.js";
import { el, fill } from "../dom.js";
import { duration, moment, t } from "../i18n.js";

const FIELDS = ["state", "camera", "rule", "zone", "dismissed", "since", "until"];

export async function show(root, _params, { query, go }) {
  const choices = await api.get("/api/incidents/choices");
  const wanted = Object.fromEntries(FIELDS.map((field) => [field, query.get(field) ?? ""]));
  const list = el("ul", { class: "cases" });
  const more = el("button", { hidden: true, onclick: () => load() }, t("incidents.more"));
  const said = el("p", { class: "soft", "aria-live": "polite" });
  let after = null;

  async function load() {
    more.disabled = true;
    const page = await api.get(`/api/incidents?${asked(wanted, after)}`);
    list.append(...page.incidents.map(card));
    after = page.next;
    more.hidden = after === null;
    more.disabled = false;
    fill(said, list.children.length ? null : t("incidents.none"));
  }

  const narrow = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const chosen = FIELDS.map((field) => [field, form.get(field)]).filter(([, value]) => value);
    go(`#/incidents?${new URLSearchParams(chosen)}`);
  };
  const count = Object.values(wanted).filter(Boolean).length;
  fill(root, el("h1", {}, t("shell.incidents")),
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
    list, said, more);
  await load();
}

function asked(wanted, after) {
  const query = new URLSearchParams();
  for (const [field, value] of Object.entries(wanted)) if (value && !["since", "until"].includes(field)) query.set(field, value);
  if (wanted.since) query.set("since", midnight(wanted.since, 0));
  if (wanted.until) query.set("until", midnight(wanted.until, 1));
  if (after) query.set("after", after);
  return query;
}

function midnight(day, later) {
  const at = new Date(`${day}T00:00`);
  at.setDate(at.getDate() + later);
  return at.toISOString();
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
  : t("incidents.open_for", { time: duration((Date.now() - Date.parse(it.opened)) / 1000) }));

function card(incident) {
  return el("li", {}, el("a", { class: "card case", href: `#/incident/${incident.id}` },
    incident.picture ? el("img", { src: `/api/evidence/${incident.picture}`, alt: "", loading: "lazy" }) : el("span", { class: "nothing" }),
    el("span", { class: "what" },
      el("strong", {}, kindName(incident)), el("span", {}, placeName(incident)),
      el("span", { class: "soft" }, t("incidents.opened_at", { at: moment(incident.opened) }), " · ", lasted(incident))),
    el("span", { class: "marks" }, badges(incident))));
}
