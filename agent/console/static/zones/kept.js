// Edits that are not saved, in the browser's tab: with the version and the document's parts that they began with.
// They are of whoever made them: nobody else gets them, and logging out empties the tab.

import { onTop, same } from "./merge.js";

const parts = ({ version, zones, calendars }) => ({ version, zones, calendars });

export class Kept {
  /** `user`: whose; null for somebody who may change nothing, and of whom nothing is kept. */
  constructor(camera, user) { this.key = user === null ? null : ["zones", user, camera].map(encodeURIComponent).join("/"); }

  /** What to go on with where `force` is in force: {base, kept}. Edits of another version go on with that, and it is the
   *  box that tells whoever saves them; where nothing is left of them they are forgotten. */
  start(force) {
    const kept = JSON.parse((this.key && sessionStorage.getItem(this.key)) ?? "null");
    if (!kept?.base) return { base: force, kept: null };
    if (kept.base.version === force.version) return { base: force, kept };
    if (this.putOnTop(kept.base, kept, force)) return { base: kept.base, kept };
    this.drop();
    return { base: force, kept: null };
  }

  write(base, { zones, calendars, clashes }) {
    if (this.key) sessionStorage.setItem(this.key, JSON.stringify({ base: parts(base), zones, calendars, clashes }));
  }

  drop() { if (this.key) sessionStorage.removeItem(this.key); }

  /** A change of document `version` is asked for: `what` is "save" or "roll_back". Remembered until `known`, also by the page
   *  that is shown after a new login. */
  asked(what, version) { if (this.key) sessionStorage.setItem(`${this.key}/asked`, JSON.stringify({ what, version })); }
  known() { if (this.key) sessionStorage.removeItem(`${this.key}/asked`); }

  /** What came of the change of which no answer came, where `force` is in force and `kept` what `start` found: "done",
   *  "undone", "not_back"; null where there was none. */
  came(force, kept) {
    const { what, version } = JSON.parse((this.key && sessionStorage.getItem(`${this.key}/asked`)) ?? "{}");
    this.known();
    if (what === "roll_back") return force.version === version ? "not_back" : "done";
    if (what === "save") return kept ? "undone" : "done";
    return null;
  }

  /** One's own changes put on what is in force now; null where nothing is left of them. */
  putOnTop(base, mine, force) {
    const merged = onTop(base, mine, force), zones = merged.zones.map(({ zone }) => zone);
    return same(zones, force.zones) && same(merged.calendars, force.calendars) ? null : merged;
  }
}
