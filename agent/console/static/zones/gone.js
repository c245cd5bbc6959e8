// What a save takes away: open incidents of it are closed, so whoever saves is asked first.

import { el } from "../dom.js";
import { t } from "../i18n.js";
import { word } from "./word.js";

/** The zones and rules in force, `base`, that are not among the edits any more: texts. An incident is of a zone's id, so
 *  another id takes away all that was there too. */
export function gone(base, now) {
  return base.flatMap((zone) => {
    const edit = now.find(({ was }) => was === zone.id)?.zone, name = zone.name || zone.id;
    const rules = Object.keys(zone.rules ?? {});
    if (!edit) return [t("zones.gone_zone", { name })];
    if (edit.id !== zone.id) return rules.length ? [t("zones.gone_id", { name, id: zone.id })] : [];
    return rules.filter((rule) => zone.rules[rule] && !edit.rules?.[rule])
      .map((rule) => t("zones.gone_rule", { name, rule: word(rule) }));
  });
}

/** Asks whether they are to go: the box, and where the focus belongs at first. */
export function question(texts, { yes, no }) {
  const back = el("button", { type: "button", onclick: no }, t("zones.gone_no"));
  const node = el("div", { class: "card asked", role: "alertdialog", "aria-label": t("zones.gone_ask"), "aria-describedby": "gone", "aria-live": "off", "data-asked": "" },
    el("div", { id: "gone" }, el("p", { class: "warned" }, t("zones.gone_ask")), el("ul", {}, texts.map((text) => el("li", {}, text))), el("p", {}, t("zones.gone_told"))),
    el("div", { class: "row" }, el("button", { type: "button", class: "danger", onclick: yes }, t("zones.gone_yes")), back));
  return { node, back };
}
