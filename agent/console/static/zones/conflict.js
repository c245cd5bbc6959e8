// Somebody else was faster: what happened, and the ways on.

import { el, fill } from "../dom.js";
import { has, moment, t } from "../i18n.js";
import { told } from "./calendar.js";
import { word } from "./word.js";

const LEAST_SEEN = 120; // px

/** `changed`: there are edits that are not saved. */
export function conflict({ how, by, at }, { changed, loadTheirs, keepMine }) {
  const known = how !== "saved" || at;
  const happened = t(`zones.conflict_${known ? how : "unknown"}`, { by: by || t("zones.somebody"), at: moment(at) });
  const button = (key, act) => el("button", { type: "button", onclick: act }, t(`zones.${key}`));
  const ways = changed ? [button("keep_mine", keepMine), button("load_theirs", loadTheirs)] : [button("reload", loadTheirs)];
  return el("div", { class: "conflict", role: "alert" },
    el("p", { class: "fault" }, [happened, t(changed ? "zones.conflict_mine" : "zones.conflict_none")].join(t("zones.gap"))),
    how !== "edited" && [changed && el("p", {}, t("zones.conflict_ways")), el("div", { class: "row" }, ways)]);
}

/** Show it in `place`. Where that is out of sight, as below a long form on a phone, it is scrolled to and has the focus,
 *  which tells it; so it is no live part then, or it would be told twice. */
export function bring(place, node) {
  const { top } = place.getBoundingClientRect(), height = window.visualViewport?.height ?? innerHeight;
  const away = top < 0 || top > height - LEAST_SEEN;
  if (away) for (const [name, value] of Object.entries({ role: "group", "aria-live": "off", tabindex: "-1", "aria-label": node.querySelector("p").textContent })) node.setAttribute(name, value);
  fill(place, node);
  if (!away) return;
  node.scrollIntoView({ block: "center" });
  node.focus({ preventScroll: true });
}

/** What it is now, after one's own changes were put on top of somebody else's. */
export function merged(clashes) {
  return el("div", { role: "status" }, el("p", {}, t("zones.merged")), clashes.length > 0 && [el("p", { class: "warned" }, t("zones.clashes")),
    el("ul", {}, clashes.map((clash) => el("li", {}, t(clash.path.length ? "zones.clash" : "zones.clash_zone", { name: clash.name, what: label(clash.path) }), values(clash))))]);
}

/** What each wants, where a line can tell it. */
function values({ path, mine, theirs }) {
  const [one, other] = [mine, theirs].map((value) => inWords(path, value));
  return path.length > 0 && one !== null && other !== null && el("div", { class: "soft" }, t("zones.clash_values", { mine: one, theirs: other }));
}

function inWords(path, value) {
  const key = path.at(-1);
  if (value === null || value?.length === 0) return t("zones.nothing");
  if (["active", "permitted", "holidays", "workdays"].includes(key)) return told({ [key]: value });
  if (Array.isArray(value)) return value.every((one) => typeof one === "string") ? value.map(word).join(t("zones.and")) : null;
  return typeof value === "object" ? null : word(value);
}

const text = (...keys) => keys.map((key) => `zones.${key}`).find(has);

function label([part, ...path]) {
  if (part === "rules" && path.length > 0) return path.slice(0, 2).map((key) => { const found = text(`key_${key}`, `word_${key}`); return found ? t(found) : key; }).join(" · ");
  if (part === "calendars") return t(path[0] ? `zones.cal_${path[0]}` : "zones.key_calendar");
  const found = text({ polygon: "outline", rules: "settings" }[part] ?? part);
  return found ? t(found) : part;
}
