// The calendars of the file, which many zones share: chosen for a rule, told, and changed for all of them at once.

import { el, fill } from "../dom.js";
import { t } from "../i18n.js";
import { told, usual } from "./calendar.js";
import { word } from "./word.js";

const section = (name) => `calendar-${name}`;

export class Named {
  /** `uses`: of each calendar, on all cameras; those on this camera, whose id and name are `here`, are taken from the
   *  edits. `fields`: those of any calendar. `set`, `fault`: as in them. */
  constructor({ edits, uses, here, fields, set, fault, may }) {
    Object.assign(this, { edits, uses, here, fields, set, fault, may });
    this.opened = new Set();
  }

  /** The field of a rule: always, a calendar of the file, or times of its own. */
  field(settings, path, label) {
    const { calendars } = this.edits, value = settings.calendar, own = typeof value === "object" && value !== null;
    const options = [["", t("zones.always")], ...Object.keys(calendars).map((name) => [`=${name}`, name]), ["own", t("zones.own_times")]];
    const chosen = own ? "own" : value ? `=${value}` : "";
    if (chosen.startsWith("=") && !(value in calendars)) options.push([chosen, String(value)]);
    const select = el("select", { id: `f-${path}`, "aria-describedby": `p-${path}`, onchange: (event) => {
      const choice = event.target.value;
      this.set(settings, "calendar", choice === "own" ? structuredClone(calendars[settings.calendar] ?? usual()) : choice.slice(1), true);
    } }, options.map(([key, text]) => el("option", { value: key, selected: key === chosen }, text)));
    return el("div", { class: "field calendar" }, el("label", { for: `f-${path}` }, label), select, this.fault(path),
      !own && value in calendars && [el("p", { class: "soft", "data-told": value }, told(calendars[value])),
        this.may && el("button", { type: "button", class: "small-button", onclick: () => this.#open(value) }, t("zones.calendar_change", { name: value }))],
      own && this.fields.all(settings, "calendar", path));
  }

  /** All calendars of the file with the zones that they hold for, and their fields. */
  list() {
    const names = Object.keys(this.edits.calendars);
    return names.length > 0 && el("fieldset", { disabled: !this.may, class: "plain calendars", "aria-label": t("zones.calendars") },
      el("h2", {}, t("zones.calendars")), names.map((name) => this.#calendar(name)));
  }

  #calendar(name) {
    const path = `calendars.${name}`;
    return el("details", { id: section(name), class: "calendar", open: this.opened.has(name), ontoggle: (event) => { if (event.target.open) this.opened.add(name); else this.opened.delete(name); } },
      el("summary", {}, name), el("p", { class: "soft", "data-told": name }, told(this.edits.calendars[name])),
      el("div", { "data-uses": name }, this.#holdsFor(name)), this.fault(path), this.fields.all(this.edits.calendars, name, path));
  }

  /** What is told in words is told anew, where the fields stay as they are. */
  refresh(root) {
    for (const node of root.querySelectorAll("[data-told]")) fill(node, told(this.edits.calendars[node.dataset.told]));
    for (const node of root.querySelectorAll("[data-uses]")) fill(node, this.#holdsFor(node.dataset.uses));
  }

  #holdsFor(name) {
    const mine = this.edits.now.flatMap(({ zone }) => Object.entries(zone.rules ?? {}).filter(([, settings]) => settings?.calendar === name)
      .map(([rule]) => ({ camera_name: this.here.name, zone_name: zone.name || zone.id, rule })));
    const all = [...mine, ...(this.uses[name] ?? []).filter(({ camera }) => camera !== this.here.camera)];
    return all.length === 0 ? el("p", {}, t("zones.calendar_unused")) : [el("p", {}, el("strong", {}, t(all.length === 1 ? "zones.calendar_one" : "zones.calendar_shared", { n: all.length }))),
      el("ul", {}, all.map((use) => el("li", {}, t("zones.calendar_use", { camera: use.camera_name, zone: use.zone_name, rule: word(use.rule) }))))];
  }

  #open(name) {
    const details = document.getElementById(section(name));
    details.open = true;
    details.querySelector("summary").focus();
  }
}
