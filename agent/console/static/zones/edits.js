// The zones and the named calendars that are being edited, with undo. A zone is {was, zone}: `was` is its id in force, null for a new one.

const MOST_STEPS = 100;
const copy = (value) => JSON.parse(JSON.stringify(value));

export class Edits {
  /** `base`: what the edits began with; `kept`: how far they had come, or null. */
  constructor(base, kept) {
    this.base = copy({ zones: base.zones, calendars: base.calendars });
    this.now = kept?.zones ?? base.zones.map((zone) => ({ was: zone.id, zone: copy(zone) }));
    this.calendars = kept?.calendars ?? copy(base.calendars);
    this.selected = this.now.length ? 0 : -1;
    this.past = [];
    this.future = [];
    this.typing = null; // the field that the last step is of, while it has the focus
  }

  get current() { return this.now[this.selected] ?? null; }
  /** Zones that cannot be told apart, as problems of each of them; without a request, so while somebody types. */
  get doubles() {
    const same = (key, i) => this.now.some(({ zone }, n) => n !== i && zone[key] && zone[key] === this.now[i].zone[key]);
    return this.now.flatMap((_, i) => ["id", "name"].filter((key) => same(key, i)).map((key) => ({ zone: i, field: key, words: `double_${key}`, warning: key === "name" })));
  }

  /** The calendars that are others than those that the edits began with, by name. */
  get changedCalendars() {
    return Object.fromEntries(Object.entries(this.calendars).filter(([name, calendar]) => JSON.stringify(calendar) !== JSON.stringify(this.base.calendars[name])));
  }

  get changed() { return JSON.stringify({ zones: this.now.map(({ zone }) => zone), calendars: this.calendars }) !== JSON.stringify(this.base); }

  /** Remember how it is, before it is changed. All changes `of` the same field until it is left are one step. */
  step(of = null) {
    if (of !== null && of === this.typing) return;
    this.typing = of;
    this.past.push(this.#state());
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
  }

  /** A field is left. Whether its step is forgotten, since it says what it said before. */
  left() {
    const nothing = this.typing !== null && this.past.at(-1) === this.#state();
    this.typing = null;
    if (nothing) this.unstep();
    return nothing;
  }

  /** Forget the last step again, since nothing came of it. */
  unstep() { this.past.pop(); }

  /** Go back to the last step and forget what came of it. */
  abandon() { this.#restore(this.past.pop()); }

  undo() { this.#turn(this.past, this.future); }
  redo() { this.#turn(this.future, this.past); }

  #turn(from, to) {
    if (!from.length) return;
    to.push(this.#state());
    this.#restore(from.pop());
  }

  #state() { return JSON.stringify([this.now, this.selected, this.calendars]); }

  #restore(state) {
    this.typing = null;
    [this.now, this.selected, this.calendars] = JSON.parse(state);
  }

  /** Another zone; its id is given to it. */
  add(zone) { this.#append({ ...copy(zone), id: this.#free("id", "zone-", 1) }); }

  /** Another zone made of one that is there: it is told apart from that by a number. */
  addLike(zone) {
    const { id, name } = zone;
    const own = { id: this.#free("id", `${id}-`, 2), ...(name ? { name: this.#free("name", `${name} `, 2) } : {}) };
    this.#append({ ...copy(zone), ...own });
  }

  #append(zone) {
    this.now.push({ was: null, zone });
    this.selected = this.now.length - 1;
  }

  remove() {
    this.now.splice(this.selected, 1);
    this.selected = Math.min(this.selected, this.now.length - 1);
  }

  #free(key, start, from) {
    const taken = new Set(this.now.map(({ zone }) => zone[key]));
    for (let n = from; ; n++) if (!taken.has(`${start}${n}`)) return `${start}${n}`;
  }
}
