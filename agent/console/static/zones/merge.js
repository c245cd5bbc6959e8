// Somebody else's zones, with one's own changes made in them. Pure functions; zones as in the file.

export const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
const DATES = new Set(["holidays", "workdays"]); // of a calendar
const isParts = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !("points" in value); // a line is one thing

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

/** `base`: what both began with, {zones, calendars}; `mine`: {zones: [{was, zone}], calendars}; `theirs`: as `base`.
 *  What comes out is like `mine`, to be put on theirs, with `clashes` [{name, path, mine, theirs}]: what both have
 *  changed, and in which it says what mine says; null is a value that is not there. An empty path is a whole zone that
 *  one has changed and the other deleted. */
export function onTop(base, mine, theirs) {
  const clashes = [];
  const zones = [...theirs.zones.flatMap((zone) => overTheirs(zone, base, mine, clashes)), ...mine.zones.flatMap((edit) => onlyMine(edit, base, theirs, clashes))];
  const clash = ([name, ...path], ...values) => clashes.push({ name, path: name in theirs.calendars ? ["calendars", ...path] : [], ...both(...values) });
  const all = three(base.calendars, mine.calendars, theirs.calendars, [], clash);
  const calendars = Object.fromEntries(Object.entries(all).filter(([name]) => name in theirs.calendars)); // none is made here
  return { zones, calendars, clashes };
}

const both = (mine, theirs) => ({ mine: mine ?? null, theirs: theirs ?? null });

function overTheirs(zone, base, mine, clashes) {
  const was = base.zones.find(({ id }) => id === zone.id), edit = mine.zones.find((one) => one.was === zone.id);
  if (!was) return [{ was: zone.id, zone }];
  const name = edit?.zone.name || zone.name || zone.id;
  if (edit) return [{ was: zone.id, zone: three(was, edit.zone, zone, [], (path, ...values) => clashes.push({ name, path, ...both(...values) })) }];
  if (!same(was, zone)) clashes.push({ name, path: [] });
  return [];
}

function onlyMine({ was, zone }, base, theirs, clashes) {
  const added = (one) => !base.zones.some(({ id }) => id === one.id);
  if (was === null) return theirs.zones.some((one) => added(one) && same(one, zone)) ? [] : [{ was, zone }]; // it was saved, though no answer came
  if (theirs.zones.some(({ id }) => id === was) || same(base.zones.find(({ id }) => id === was), zone)) return [];
  clashes.push({ name: zone.name || zone.id, path: [] });
  return [{ was: null, zone }];
}

function three(base, mine, theirs, path, clash) {
  if (same(mine, theirs) || same(mine, base)) return theirs;
  if (same(theirs, base)) return mine;
  if (![base, mine, theirs].every(isParts)) {
    const added = DATES.has(path.at(-1)) && addedBy(base ?? [], mine, theirs);
    if (added) return [...theirs, ...added];
    clash(path, mine, theirs);
    return mine;
  }
  const keys = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
  const parts = keys.map((key) => [key, three(base[key], mine[key], theirs[key], [...path, key], clash)]);
  return Object.fromEntries(parts.filter(([, value]) => value !== undefined));
}

/** What is to be added to theirs where both have only added to a list of dates, else null. */
function addedBy(base, mine, theirs) {
  const only = (list) => Array.isArray(list) && base.every((date) => list.includes(date));
  return only(mine) && only(theirs) ? mine.filter((date) => !theirs.includes(date)) : null;
}
