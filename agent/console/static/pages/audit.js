import { api } from "../api.js";
import { el, fill } from "../dom.js";
import { has, moment, t } from "../i18n.js";

export async function show(root) {
  const { entries } = await api.get("/api/audit");
  const heads = ["at", "who", "address", "action", "subject", "outcome", "detail"];
  const named = (kind, name) => (has(`shell.${kind}.${name}`) ? t(`shell.${kind}.${name}`) : name);
  fill(root, el("h1", {}, t("shell.audit")),
    entries.length === 0 ? el("p", {}, t("shell.audit_empty")) : el("div", { class: "wide", tabindex: 0, role: "region", "aria-label": t("shell.audit") },
      el("table", {},
        el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, t(`shell.audit_${head}`))))),
        el("tbody", {}, entries.map((entry) => el("tr", {},
          el("td", {}, moment(entry.at)), el("td", {}, entry.who), el("td", {}, entry.address), el("td", {}, named("action", entry.action)),
          el("td", {}, entry.subject), el("td", {}, named("outcome", entry.outcome)), el("td", {}, entry.detail)))))));
}
