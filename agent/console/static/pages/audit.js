import { api } from "../api.js";
import { el, fill } from "../dom.js";
import { has, moment, t } from "../i18n.js";
import { zoneNote } from "../told.js";

const SHORT = 120;
const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g;

/** What the record says beside: reasons in the user's words, moments by the site's clock. */
const detail = (text) => text.replace(MOMENT, (at) => moment(at))
  .replace(/^(false_report|tolerated)\b/, (reason) => t(`incidents.dismissed.${reason}`))
  .replace(/^begun\b/, t("shell.audit_begun"));

/** A long text is cut to a few lines; a click on it, or Enter, shows all of it. */
const long = (text) => (text.length <= SHORT ? text
  : el("details", { class: "long" }, el("summary", {}, el("span", {}, text))));

export async function show(root) {
  const { entries } = await api.get("/api/audit");
  const heads = ["at", "who", "address", "action", "subject", "outcome", "detail"];
  const named = (kind, name) => (has(`shell.${kind}.${name}`) ? t(`shell.${kind}.${name}`) : name);
  const who = (entry) => entry.who || (entry.address ? "" : t("shell.audit_box"));
  const cells = (entry) => [moment(entry.at), who(entry), entry.address, named("action", entry.action), entry.subject,
    named("outcome", entry.outcome), long(detail(entry.detail))];
  fill(root, el("h1", {}, t("shell.audit")), zoneNote(),
    entries.length === 0 ? el("p", {}, t("shell.audit_empty")) : el("div", { class: "wide stack record", tabindex: 0, role: "region", "aria-label": t("shell.audit") },
      // The roles: where the lines are shown as cards, a browser would not take them for a table any more.
      el("table", { role: "table" },
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads.map((head) => el("th", { scope: "col", role: "columnheader" }, t(`shell.audit_${head}`))))),
        el("tbody", { role: "rowgroup" }, entries.map((entry) => el("tr", { role: "row" }, cells(entry).map((cell, i) =>
          el("td", { role: "cell", class: heads[i], "data-head": t(`shell.audit_${heads[i]}`) }, cell))))))));
}
