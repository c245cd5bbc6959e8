// Earlier documents: what going back would change, and going back. And how the last document fares.

import { api } from "../api.js";
import { el, fill } from "../dom.js";
import { moment, t } from "../i18n.js";
import { told } from "../told.js";

/** A unified diff, coloured by line. */
export function difference(text) {
  if (!text) return el("p", { class: "soft" }, t("zones.no_change"));
  const kind = (line) => ({ "+": "more", "-": "less", "@": "place" })[line[0]] ?? "";
  return el("div", { class: "diff wide", tabindex: 0, role: "region", "aria-label": t("zones.changes") },
    el("pre", {}, text.split("\n").map((line) => el("span", { class: kind(line) }, `${line}\n`))));
}

export async function versions(root, { may, goBack }) {
  const list = (await api.get("/api/config/versions")).versions;
  const shown = el("div", { "aria-live": "polite" });
  fill(root, el("h2", {}, t("zones.versions")), list.length === 0 ? el("p", { class: "soft" }, t("zones.no_versions")) : el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": t("zones.versions") },
    el("table", {}, el("thead", {}, el("tr", {}, ["number", "until", "replaced_by", "size"].map((head) => el("th", { scope: "col" }, t(`zones.${head}`))), may && el("td", {}))),
      el("tbody", {}, list.map((it) => el("tr", {},
        el("td", {}, it.number), el("td", {}, moment(it.until)), el("td", {}, it.by || t("zones.unknown")), el("td", {}, it.size),
        may && el("td", {}, el("button", { "aria-label": t("zones.show_n", { n: it.number }), onclick: async () => {
          try {
            const { diff } = await api.get(`/api/config/versions/${it.number}`);
            fill(shown, el("h3", {}, t("zones.back_to", { n: it.number })), difference(diff),
              el("button", { class: "danger", onclick: () => goBack(it.number) }, t("zones.roll_back", { n: it.number })));
          } catch (error) { fill(shown, el("p", { class: "fault", role: "alert" }, told(error))); }
        } }, t("zones.show")))))))), shown);
}

/** How the last document fares, in words; null where there is nothing to tell. */
export function fate(status) {
  if (status.state === "none") return null;
  const by = status.by || t("zones.unknown");
  const kind = { probation: "warn", in_force: "good", taken_back: "bad" }[status.state];
  return el("p", {}, el("span", { class: `badge ${kind}` }, t(`zones.state_${status.state}`)), " ",
    t(`zones.told_${status.state}`, { by, at: moment(status.at), why: status.why, seconds: Math.round(status.probation_s) }));
}
