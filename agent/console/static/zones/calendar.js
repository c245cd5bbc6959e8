// A calendar in words, and in a form: its windows and dates. What a calendar or a window has beside them stays as it is.

import { el } from "../dom.js";
import { t } from "../i18n.js";
import { word } from "./word.js";

export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WINDOWS = ["active", "permitted"], DATES = ["holidays", "workdays"];
const NEW = { active: { days: DAYS, from: "07:00", to: "22:00" }, permitted: { days: ["sat", "sun"], from: "18:00", to: "23:00" } };
const from = (window) => window.from ?? "00:00", to = (window) => window.to ?? "24:00", days = (window) => window.days ?? DAYS;
const overnight = (window) => /^\d\d:\d\d$/.test(from(window)) && /^\d\d:\d\d$/.test(to(window)) && from(window) >= to(window);

/** A calendar in words. */
export function told(calendar) {
  const window = (one) => t("zones.told_window", { days: days(one).length === 7 ? t("zones.every_day") : days(one).map(word).join(t("zones.and")),
    from: from(one), to: overnight(one) ? t("zones.next_day", { to: to(one) }) : to(one) });
  const parts = WINDOWS.filter((key) => calendar[key]?.length).map((key) => t(`zones.told_${key}`, { windows: calendar[key].map(window).join(t("zones.and")) }));
  return [...parts, ...DATES.filter((key) => calendar[key]?.length).map((key) => t(`zones.told_${key}`, { dates: calendar[key].join(t("zones.and")) }))].join(t("zones.then"));
}

/** A calendar that somebody begins with. */
export const usual = () => ({ active: [structuredClone(NEW.active)] });

export class CalendarFields {
  /** `set(section, key, value, redraw, of)` changes a value; `typed(attributes, put)` is a field to type in; `fault(path)`
   *  is where faults are told. */
  constructor({ set, typed, fault }) { Object.assign(this, { set, typed, fault }); }

  /** The fields of the calendar that is `section[key]`. */
  all(section, key, path) {
    const holder = { get now() { return section[key]; }, put: (...change) => this.set(section, key, ...change) };
    return [WINDOWS.map((part) => this.#windows(holder, path, part)), DATES.map((part) => this.#dates(holder, path, part))];
  }

  /** A key of a calendar has another list; without one, where it may be left out. */
  #put(calendar, key, list, redraw = false, of = null) {
    const { [key]: _, ...rest } = calendar.now;
    calendar.put(list.length || key === "active" ? { ...calendar.now, [key]: list } : rest, redraw, of);
  }

  #more(calendar, path, key, shown, added) {
    const here = `${path}.${key}`;
    return el("button", { type: "button", id: `add-${here}`, onclick: () => {
      const list = calendar.now[key] ?? shown; // what is shown may have been typed over since
      this.#put(calendar, key, [...list, added], true);
      document.getElementById(`first-${here}[${list.length}]`)?.focus();
    } }, t(`zones.add_${key}`));
  }

  #less(calendar, path, key, i, what) {
    return el("button", { type: "button", class: "danger small-button", "aria-label": t("zones.remove_it", { what }), onclick: () => {
      this.#put(calendar, key, calendar.now[key].filter((_, n) => n !== i), true);
      document.getElementById(`add-${path}.${key}`)?.focus();
    } }, t("zones.remove_short"));
  }

  #windows(calendar, path, key) {
    const written = calendar.now[key] ?? [], list = written.length || key !== "active" ? written : [{}];
    const here = `${path}.${key}`;
    return el("fieldset", { class: "part", id: `f-${here}`, "aria-describedby": `p-${here}` }, el("legend", {}, t(`zones.cal_${key}`)),
      list.map((window, i) => this.#window(calendar, path, key, list, window, i)), this.fault(here), this.#more(calendar, path, key, list, structuredClone(NEW[key])));
  }

  #window(calendar, path, key, list, window, i) {
    const here = `${path}.${key}[${i}]`, what = t("zones.window_n", { what: t(`zones.cal_${key}`), n: i + 1 });
    const note = el("span", { class: "soft" }, overnight(window) && t("zones.overnight"));
    const change = (part, of = null) => {
      const now = calendar.now[key]?.length ? calendar.now[key] : list;
      const next = { ...now[i], ...part };
      note.textContent = overnight(next) ? t("zones.overnight") : "";
      this.#put(calendar, key, now.map((one, n) => (n === i ? next : one)), false, of);
    };
    const chosen = () => days(calendar.now[key]?.[i] ?? window);
    const boxes = DAYS.map((name, n) => el("label", { class: "check" }, el("input", { type: "checkbox", id: n === 0 ? `first-${here}` : null, checked: chosen().includes(name),
      onchange: (event) => change({ days: DAYS.filter((one) => (one === name ? event.target.checked : chosen().includes(one))) }) }), word(name)));
    const times = [["from", from(window)], ["to", to(window)]].map(([name, value]) => el("label", { class: "small" }, t(`zones.${name}`),
      this.typed({ value, size: 5, maxlength: 5, id: `f-${here}.${name}`, "aria-describedby": `p-${here}.${name}` }, (text) => change({ [name]: text.replace("：", ":") }, `${here}.${name}`))));
    return el("div", { class: "window", role: "group", "aria-label": what },
      el("div", { class: "row", id: `f-${here}.days` }, boxes), this.fault(`${here}.days`),
      el("div", { class: "row" }, times, note, (key !== "active" || list.length > 1) && this.#less(calendar, path, key, i, what)),
      this.fault(`${here}.from`), this.fault(`${here}.to`), this.fault(here));
  }

  #dates(calendar, path, key) {
    const list = calendar.now[key] ?? [], here = `${path}.${key}`;
    const rows = list.map((date, i) => {
      const what = t("zones.date_n", { what: t(`zones.cal_${key}`), date });
      return el("div", { class: "date" },
        el("input", { type: "date", value: date, id: `first-${here}[${i}]`, "aria-label": what, "aria-describedby": `p-${here}[${i}]`,
          onchange: (event) => this.#put(calendar, key, calendar.now[key].map((one, n) => (n === i ? event.target.value : one))) }),
        this.#less(calendar, path, key, i, what), this.fault(`${here}[${i}]`));
    });
    return el("fieldset", { class: "part", id: `f-${here}`, "aria-describedby": `p-${here}` }, el("legend", {}, t(`zones.cal_${key}`)), rows, this.fault(here),
      this.#more(calendar, path, key, list, ""));
  }
}
