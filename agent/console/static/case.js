// What the pages about incidents say in the same way.

import { el } from "./dom.js";
import { has, language, t } from "./i18n.js";

export const kindName = (incident) => (language() === "en" ? incident.kind.en : incident.kind.zh);
export const placeName = (incident) => [incident.camera_name, incident.zone_name].filter(Boolean).join(" · ");

/** A word of the agent in the user's language; the word itself where there is none. */
export function word(group, value) {
  const key = `incidents.${group}.${value}`;
  return has(key) ? t(key) : String(value ?? "");
}

/** How it ended; what was dismissed, and is no more, does not count as that. */
const ended = ({ close_reason, disposition }) => word("closed", close_reason === "dismissed" && !disposition ? "restored" : close_reason);

/** Where an incident stands, as small marks. */
export function badges(incident) {
  const mark = (kind, text) => el("span", { class: `badge ${kind}` }, text);
  return [
    incident.closed ? mark("good", ended(incident)) : mark("bad", t("incidents.state.open")),
    incident.severity && !incident.closed && mark(incident.severity === "low" ? "" : "warn", word("severity", incident.severity)),
    incident.disposition && mark("", word("dismissed", incident.disposition)),
    incident.acknowledged && mark("", t("incidents.acknowledged")),
  ];
}

/** Who said something, and where, as far as that was kept. */
export function speaker({ by, details }) {
  if (details.at_box === undefined) return by ?? "";
  if (details.at_box) return by ? t("incidents.by_at_box", { name: by }) : t("incidents.by_box");
  return by ? t("incidents.by_at_centre", { name: by }) : t("incidents.by_centre");
}
