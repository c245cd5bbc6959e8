// The dialog that asks why an incident is dismissed.

import { speaker, word } from "./case.js";
import { el, fill } from "./dom.js";
import { t } from "./i18n.js";
import { now } from "./time.js";

/** Asks why, and for how long; and once more, when somebody else has judged the incident since the page showed it.
 *
 *  `send(body, finished)` calls `finished` once it is answered, and returns false where somebody else was first.
 *  `means.heard` is told the page whenever it is read anew. */
export function dismissal(page, send, means) {
  const dialog = el("dialog", { class: "card", "aria-labelledby": "dismiss-title" });
  const days = el("div", {}, el("label", { for: "dismiss-days" }, t("incidents.how_long")),
    el("select", { id: "dismiss-days", name: "days" }, [1, 7, 30, 90].map((n) => el("option", { value: n, selected: n === 30 }, t("incidents.days", { n }))),
      el("option", { value: "" }, t("incidents.for_ever"))));
  const choice = (reason, checked) => el("label", {}, el("input", { type: "radio", name: "reason", value: reason, checked }), " ", t(`incidents.because.${reason}`));
  const news = el("p", { class: "judged", role: "alert" });
  const go = el("button", { class: "danger" }, t("incidents.dismiss_now"));
  const standing = ({ incident }) => incident.disposition ?? "none";
  let [expected, latest] = [standing(page), page];
  means.heard = (fresh) => {
    latest = fresh;
    const [was, is] = [news.dataset.of ?? expected, standing(fresh)];
    if (!dialog.open || is === was) return;
    news.dataset.of = is;
    const said = fresh.remarks.findLast((it) => it.kind === "dismissed");
    fill(news, is === "none" ? t("incidents.judged_back")
      : t("incidents.judged_meanwhile", { who: (said && speaker(said)) || t("incidents.by_somebody"), what: word("dismissed", is) }));
  };
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const until = form.get("days") ? new Date(now() + Number(form.get("days")) * 86_400_000).toISOString() : "";
    go.disabled = true;
    const settled = await send({ reason: form.get("reason"), note: form.get("note"), until, expected }, () => dialog.close());
    go.disabled = false;
    if (settled) return;
    await means.refresh().catch(() => {}); // who it was
    expected = standing(latest); // what is said above the buttons now
    fill(go, t("incidents.dismiss_anyway"));
    go.focus();
  };
  const drawAgain = () => means.refresh().catch(() => {}); // what was held as long as it was open
  dialog.addEventListener("close", drawAgain);
  return fill(dialog, el("h2", { id: "dismiss-title" }, t("incidents.dismiss_now")), el("p", {}, t("incidents.dismiss_means")),
    el("form", { onsubmit: submit }, el("fieldset", {}, el("legend", {}, t("incidents.reason_why")), choice("false_report", true), choice("tolerated", false)),
      days, el("label", { for: "dismiss-note" }, t("incidents.note")), el("textarea", { id: "dismiss-note", name: "note", maxlength: 1000, rows: 2 }), news,
      el("div", { class: "row" }, go, el("button", { type: "button", onclick: () => dialog.close() }, t("incidents.cancel")))));
}
