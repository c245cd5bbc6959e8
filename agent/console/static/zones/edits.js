// The zones that are being edited, with undo. A zone is {was, zone}: `was` is its id in force, null for a new one.

const MOST_STEPS = 100;
const copy = (value) => JSON.parse(JSON.stringify(value));

export class Edits {
  constructor(zones, kept) {
    this.force = copy(zones);
    this.now = kept ?? zones.map((zone) => ({ was: zone.id, zone: copy(zone) }));
    this.selected = this.now.length ? 0 : -1;
    this.past = [];
    this.future = [];
  }

  get current() { return this.now[this.selected] ?? null; }
  get changed() { return JSON.stringify(this.now.map(({ zone }) => zone)) !== JSON.stringify(this.force); }

  /** Remember how it is, before it is changed. */
  step() {
    this.past.push(JSON.stringify([this.now, this.selected]));
    if (this.past.length > MOST_STEPS) this.past.shift();
    this.future = [];
  }

  /** Forget the last step again, since nothing came of it. */
  unstep() { this.past.pop(); }

  /** Go back to the last step and forget what came of it. */
  abandon() { [this.now, this.selected] = JSON.parse(this.past.pop()); }

  undo() { this.#turn(this.past, this.future); }
  redo() { this.#turn(this.future, this.past); }

  #turn(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify([this.now, this.selected]));
    [this.now, this.selected] = JSON.parse(from.pop());
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
