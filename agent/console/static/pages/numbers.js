// Figures of a period: charts, the same as tables, and as CSV.

import { api } from "../api.js";
import { columns, figures, rows } from "../charts.js";
import { el, fill } from "../dom.js";
import { duration, language, t } from "../i18n.js";
import { zoneNote } from "../told.js";

const PERIODS = ["today", "week", "month", "days"];

export async function show(root, _params, { query, go }) {
  const period = PERIODS.includes(query.get("period")) ? query.get("period") : "week";
  const asked = new URLSearchParams({ period });
  for (const field of ["since", "until", "camera"]) if (query.get(field)) asked.set(field, query.get(field));
  const choices = await api.get("/api/incidents/choices");
  const content = el("div", { class: "numbers" });
  fill(root, el("h1", {}, t("shell.numbers")), zoneNote(), chooser(asked, choices, go), content);
  if (period === "days" && !(asked.get("since") && asked.get("until"))) { fill(content, el("p", {}, t("numbers.choose"))); return; }
  const found = await api.get(`/api/numbers?${asked}`);
  fill(content, totals(found), tables(found, asked));
}

function chooser(asked, choices, go) {
  const input = (field) => el("div", {}, el("label", { for: `n-${field}` }, t(`numbers.${field}`)),
    el("input", { id: `n-${field}`, name: field, type: "date", value: asked.get(field) ?? "" }));
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const chosen = new URLSearchParams([...form].filter(([, value]) => value));
    if (chosen.get("period") !== "days") ["since", "until"].forEach((field) => chosen.delete(field));
    go(`#/numbers?${chosen}`);
  };
  const days = el("div", { class: "row", hidden: asked.get("period") !== "days" }, input("since"), input("until"));
  return el("form", { class: "card fields", onsubmit: submit },
    el("div", {}, el("label", { for: "n-period" }, t("numbers.period")),
      el("select", { id: "n-period", name: "period", onchange: (event) => { days.hidden = event.currentTarget.value !== "days"; } },
        PERIODS.map((name) => el("option", { value: name, selected: name === asked.get("period") }, t(`numbers.of.${name}`))))),
    days,
    el("div", {}, el("label", { for: "n-camera" }, t("numbers.camera")), el("select", { id: "n-camera", name: "camera" },
      el("option", { value: "" }, t("numbers.all")),
      choices.cameras.map(({ id, name }) => el("option", { value: id, selected: id === asked.get("camera") }, name)))),
    el("button", { class: "main" }, t("numbers.show")));
}

const share = (part, all) => (all ? new Intl.NumberFormat(language(), { style: "percent", maximumFractionDigits: 1 }).format(part / all) : "–");
const named = (it) => (language() === "en" ? it.en : it.zh);
const long = (seconds) => (seconds === null ? "–" : duration(seconds));

function totals(found) {
  const all = (spreads) => spreads.find((it) => it.rule === "");
  const reaction = all(found.reaction), closing = all(found.closing);
  const tiles = [
    ["incidents", found.incidents, t("numbers.open_now", { n: found.open })],
    ["false_share", share(found.false, found.judged), t("numbers.false_detail", { n: found.false, judged: found.judged, share: share(found.false, found.incidents) })],
    ["reaction", long(reaction?.median_s ?? null), reaction && t("numbers.p90", { time: long(reaction.p90_s) })],
    ["closing", long(closing?.median_s ?? null), closing && t("numbers.p90", { time: long(closing.p90_s) })],
  ];
  return el("dl", { class: "tiles" }, tiles.map(([name, value, detail]) => el("div", { class: "card" },
    el("dt", {}, t(`numbers.${name}`)), el("dd", { class: "big" }, value), el("dd", { class: "soft" }, detail))));
}

function tables(found, asked) {
  const bars = (counts) => counts.map((it) => ({ name: named(it), value: it.incidents, part: it.false }));
  const lines = (counts) => counts.map((it) => [named(it), it.incidents, it.false]);
  const heads = (what) => [t(`numbers.${what}`), t("numbers.incidents"), t("numbers.false_reports")];
  const block = (name, chart, table) => el("section", { class: "card" }, el("h2", {}, t(`numbers.per_${name}`)),
    el("div", { class: "beside" }, chart, table), el("p", {}, el("a", { href: `/api/numbers/${name}.csv?${asked}`, download: `${name}.csv` }, t("numbers.csv"))));
  const hours = found.hours.map((it) => ({ name: it.id.slice(0, 2), value: it.incidents, part: it.false }));
  const busy = found.hours.filter((it) => it.incidents > 0);
  const times = [["reaction", found.reaction], ["closing", found.closing]].flatMap(([what, spreads]) => spreads.map((it) =>
    [`${t(`numbers.${what}`)} · ${it.rule ? t(`incidents.rule.${it.rule}`) : t("numbers.all")}`, it.count, long(it.median_s), long(it.p90_s)]));
  const watched = found.watched.map((it) => ({ name: it.name, value: Math.round(it.blind_s / 60), part: 0 }));
  const empty = () => el("p", { class: "soft" }, t("numbers.nothing"));
  return [
    block("kinds", found.kinds.length ? rows(t("numbers.per_kinds"), bars(found.kinds)) : empty(), figures(t("numbers.per_kinds"), heads("kind"), lines(found.kinds))),
    block("zones", found.zones.length ? rows(t("numbers.per_zones"), bars(found.zones.slice(0, 12))) : empty(), figures(t("numbers.per_zones"), heads("zone"), lines(found.zones))),
    block("hours", columns(t("numbers.per_hours"), hours, { every: 3 }), figures(t("numbers.per_hours"), heads("hour"), lines(busy))),
    block("times", null, figures(t("numbers.per_times"), [t("numbers.what"), t("numbers.incidents"), t("numbers.median"), t("numbers.ninety")], times)),
    block("watched", watched.length ? rows(t("numbers.blind_minutes"), watched) : empty(),
      figures(t("numbers.per_watched"), [t("numbers.camera"), t("numbers.looked"), t("numbers.blind"), t("numbers.share")],
        found.watched.map((it) => [it.name, duration(it.looked_s), duration(it.blind_s), share(it.blind_s, it.looked_s + it.blind_s)]))),
    el("p", {}, el("a", { href: `/api/numbers/incidents.csv?${asked}`, download: "incidents.csv" }, t("numbers.csv_incidents"))),
    el("p", { class: "soft" }, t("numbers.lighter")),
  ];
}
