// Somebody else was faster: what happened, and the ways on.

import { el } from "../dom.js";
import { has, moment, t } from "../i18n.js";

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

/** What it is now, after one's own changes were put on top of somebody else's. */
export function merged(clashes) {
  return el("div", { role: "status" }, el("p", {}, t("zones.merged")), clashes.length > 0 && [el("p", { class: "warned" }, t("zones.clashes")),
    el("ul", {}, clashes.map(({ name, path }) => el("li", {}, t(path.length ? "zones.clash" : "zones.clash_zone", { name, what: label(path) }))))]);
}

const text = (...keys) => keys.map((key) => `zones.${key}`).find(has);

function label([part, ...path]) {
  if (part === "rules" && path.length > 0) return path.slice(0, 2).map((key) => { const found = text(`key_${key}`, `word_${key}`); return found ? t(found) : key; }).join(" · ");
  if (part === "calendars") return t(path[0] ? `zones.cal_${path[0]}` : "zones.key_calendar");
  const found = text({ polygon: "outline", rules: "settings" }[part] ?? part);
  return found ? t(found) : part;
}
