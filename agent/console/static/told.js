// What all pages say in the same way.

import { el } from "./dom.js";
import { has, t } from "./i18n.js";
import { offset, siteZone } from "./time.js";

/** An error: with the words of texts/LANG/shell.json, else as the box says it. */
export function told(error) {
  const key = `shell.error.${error.code}`;
  return has(key) ? t(key, error.facts ?? {}) : error.message;
}

/** By which clock the times of a page are. */
export function zoneNote() {
  const key = `shell.zone.${siteZone()}`;
  return el("p", { class: "soft zone-note" }, t("shell.times", { zone: has(key) ? t(key) : siteZone(), offset: offset() }));
}
