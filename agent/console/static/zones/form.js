// The settings of one zone, in the form of the file: an empty field is a key that is not there, and has its default.
// A field that was typed in is not drawn anew: whoever clicks on the next one must find it where it was.

import { el, fill } from "../dom.js";
import { has, t } from "../i18n.js";
import { CalendarFields } from "./calendar.js";
import { Named } from "./named.js";
import { typed } from "./typed.js";
import { word } from "./word.js";

const FIRST = new Set(["place", "classes", "channels", "goods_line", "dwell", "calendar", "severity", "min_score"]);

export class Form {
  /** `force`: what is in force, as the box tells it. */
  constructor({ edits, force, may, changed, drawLine }) {
    Object.assign(this, { edits, rules: force.rules, may, changed, drawLine });
    const tools = { set: (...change) => this.#set(...change), typed: (...field) => this.#typed(...field), fault: (path) => this.#fault(path) };
    this.calendars = new Named({ ...tools, edits, uses: force.uses, here: force, may, fields: new CalendarFields(tools) });
    this.root = el("section", { class: "zone-form card", "aria-label": t("zones.settings") });
    this.opened = new Set();
  }

  /** Everything anew; what had the focus has it again. */
  draw() {
    const focused = this.root.contains(document.activeElement) ? document.activeElement.id : null;
    const zone = this.edits.current?.zone;
    fill(this.root, el("h2", {}, t("zones.settings")), !zone ? el("p", { class: "soft" }, t("zones.none")) : el("fieldset", { disabled: !this.may, class: "plain" },
      this.#text(zone, "id", t("zones.id")),
      this.#text(zone, "name", t("zones.name")),
      el("p", { class: "soft", id: "f-polygon" }, t("zones.corners_n", { n: zone.polygon?.length ?? 0 })), this.#fault("polygon"),
      this.#fault("rules"), this.#fault("zone"),
      Object.keys(this.rules).map((rule) => this.#rule(zone, rule))), this.calendars.list());
    if (!this.may) this.root.querySelector("fieldset")?.setAttribute("disabled", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  /** What is told of the edits beside the fields, which stay as they are. */
  refresh() { this.calendars.refresh(this.root); }

  /** Show what is wrong with the zone that is shown and with the calendars, each at its field. */
  problems(list) {
    for (const at of this.root.querySelectorAll(".problem")) at.replaceChildren();
    for (const field of this.root.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    for (const problem of list) {
      let field = problem.calendar ? ["calendars", problem.calendar, problem.field].filter(Boolean).join(".") : problem.field; // a problem within a value is told at the field that holds it
      while (field && !document.getElementById(`p-${field}`)) field = field.replace(/(\.[^.[]+|\[\d+\])$|^[^.[]+$/, "");
      const at = document.getElementById(`p-${field || "zone"}`);
      if (!at) continue;
      const where = field ? null : `${problem.field}: `; // of a key for which there is no field
      at.append(el("span", { class: problem.warning ? "warned" : "fault" }, where ?? "", sentence(problem)));
      if (!problem.warning) document.getElementById(`f-${field}`)?.setAttribute("aria-invalid", "true");
      at.closest("details")?.setAttribute("open", "");
    }
  }

  #fault(path) { return el("p", { class: "problem", id: `p-${path}` }); }

  /** `of`: the field in which it is being typed. */
  #set(section, key, value, redraw = false, of = null) {
    this.edits.step(of);
    if (value === null || value === "") delete section[key]; else section[key] = value;
    this.changed(redraw);
  }

  #typed(attributes, put) {
    return typed(attributes, { put, left: () => { if (this.edits.left()) this.changed(false); } });
  }

  #labelled(path, label, field, told) {
    field.id = `f-${path}`;
    field.setAttribute("aria-describedby", `p-${path}`);
    return el("div", { class: "field" }, el("label", { for: `f-${path}`, title: told }, label), field, this.#fault(path));
  }

  #text(section, key, label) {
    return this.#labelled(key, label, this.#typed({ value: section[key] ?? "" }, (text) => this.#set(section, key, text, false, key)));
  }

  #rule(zone, rule) {
    const path = `rules.${rule}`, settings = zone.rules?.[rule];
    const on = settings !== undefined && settings !== null;
    const box = el("input", { type: "checkbox", id: `f-${path}`, checked: on, onchange: () => {
      this.edits.step();
      zone.rules = { ...zone.rules };
      if (on) delete zone.rules[rule]; else zone.rules[rule] = {};
      this.changed(true);
    } });
    const fields = on ? this.rules[rule].map((field) => [field.key, this.#field(settings, path, field)]) : [];
    const further = fields.filter(([key]) => !FIRST.has(key)).map(([, field]) => field);
    return el("div", { class: "rule" }, el("label", { class: "check" }, box, word(rule)), this.#fault(path),
      fields.filter(([key]) => FIRST.has(key)).map(([, field]) => field),
      further.length > 0 && el("details", { open: this.opened.has(rule), ontoggle: (event) => { if (event.target.open) this.opened.add(rule); else this.opened.delete(rule); } },
        el("summary", {}, t("zones.more")), further));
  }

  #field(settings, rulePath, field) {
    const { key, kind } = field, path = `${rulePath}.${key}`, value = settings[key];
    const label = has(`zones.key_${key}`) ? t(`zones.key_${key}`) : key;
    if (kind === "several") return this.#several(settings, path, field, label);
    if (kind === "durations") return this.#durations(settings, path, field, label);
    if (kind === "calendar") return this.calendars.field(settings, path, label);
    if (kind === "line") return this.#line(settings, path, label);
    if (kind === "choice") {
      const options = ["", ...field.options].map((option) => el("option", { value: option, selected: (value ?? "") === option },
        option === "" ? t("zones.default", { value: word(field.default) }) : word(option)));
      return this.#labelled(path, label, el("select", { onchange: (event) => this.#set(settings, key, event.target.value) }, options), field.told);
    }
    if (kind === "other") return value === undefined ? null : el("p", { class: "soft" }, `${label}: ${t("zones.kept")}`);
    const number = (text) => kind === "number" && text !== "" && Number.isFinite(Number(text));
    const input = this.#typed({ value: value ?? "", placeholder: String(field.default), inputmode: kind === "number" ? "decimal" : null },
      (text) => this.#set(settings, key, number(text) ? Number(text) : text, false, path));
    return this.#labelled(path, label, input, field.told);
  }

  #several(settings, path, field, label) {
    const chosen = () => settings[field.key] ?? field.default;
    const boxes = field.options.map((option) => el("label", { class: "check" }, el("input", { type: "checkbox", checked: chosen().includes(option),
      onchange: (event) => {
        const next = field.options.filter((one) => (one === option ? event.target.checked : chosen().includes(one)));
        this.#set(settings, field.key, JSON.stringify(next) === JSON.stringify(field.default) ? null : next);
      } }), word(option)));
    return this.#group(path, label, el("div", { class: "row" }, boxes));
  }

  #durations(settings, path, field, label) {
    const now = () => settings[field.key] ?? {};
    const inputs = field.options.map((option) => el("label", { class: "small" }, word(option), this.#typed({ value: now()[option] ?? "", placeholder: "–", size: 5, id: `f-${path}.${option}` },
      (text) => {
        const next = { ...now() };
        if (text) next[option] = text; else delete next[option];
        this.#set(settings, field.key, Object.keys(next).length ? next : null, false, `${path}.${option}`);
      })));
    return this.#group(path, label, el("div", { class: "row" }, inputs));
  }

  #group(path, label, ...content) {
    return el("fieldset", { class: "field", id: `f-${path}`, "aria-describedby": `p-${path}` }, el("legend", {}, label), content, this.#fault(path));
  }

  /** The goods line is drawn on the picture; here it is begun and deleted. */
  #line(settings, path, label) {
    const line = settings.goods_line;
    return this.#group(path, label, el("div", { class: "row" },
      el("span", { class: "soft" }, line ? t("zones.line_n", { n: line.points?.length ?? 0 }) : t("zones.line_none")),
      el("button", { type: "button", id: `draw-${path}`, onclick: this.drawLine }, t(line ? "zones.line_again" : "zones.line_draw")),
      line && el("button", { type: "button", class: "danger", onclick: () => { this.#set(settings, "goods_line", null, true); document.getElementById(`draw-${path}`)?.focus(); } }, t("zones.line_remove"))));
  }
}

const PLAIN = [[/\.days$/, "no_days"], [/\b(holidays|workdays)\[\d+\]$/, "no_date"]];

/** A problem as one sentence; where the form leaves only one mistake, in its words and not in those of the file. */
export function sentence({ field, expected, found, mend, words }) {
  if (words) return t(`zones.${words}`);
  const plain = PLAIN.find(([pattern]) => pattern.test(field));
  return plain ? t(`zones.${plain[1]}`) : t("zones.problem", { expected, found, mend });
}
