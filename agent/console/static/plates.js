// Where the clocks go: beside what they are about, none over another, and not so many that the picture is hidden.

const GAP = 3;

/** Places in a picture of `width` x `height` for plates that would like to lie at their `x`, `y`, each [`wide`, `high`]; the first ones matter most.
 *  They cover `share` of the picture at most. Of what finds no place the number goes on a plate as large as `rest`, in the corner below on the right.
 *  Returns {places: for each plate {x, y} or null, rest: {x, y} or null}. The same plates are given the same places. */
export function arranged(plates, { width, height, share, rest }) {
  const first = placed(plates, [], width, height, share);
  if (!first.includes(null)) return { places: first, rest: null };
  const corner = { x: width - rest.wide, y: height - rest.high, wide: rest.wide, high: rest.high };
  return { places: placed(plates, [corner], width, height, share), rest: corner };
}

function placed(plates, taken, width, height, share) {
  const there = [...taken];
  let left = share * width * height;
  return plates.map((plate) => {
    left -= plate.wide * plate.high;
    const place = left < 0 ? null : nearest(plate, there, width - plate.wide, height - plate.high);
    if (place) there.push({ ...plate, ...place });
    return place;
  });
}

/** The free place that is nearest to where a plate would like to lie: in the row of its own, or rows above and below. */
function nearest(plate, there, right, bottom) {
  if (right < 0 || bottom < 0) return null;
  const own = { x: clamped(plate.x, right), y: clamped(plate.y, bottom) };
  const step = plate.high + GAP;
  const rows = [own.y, 0, bottom];
  for (let y = own.y - step; y > 0; y -= step) rows.push(y);
  for (let y = own.y + step; y < bottom; y += step) rows.push(y);
  let best = null, least = Infinity;
  for (const y of rows) {
    const near = there.filter((it) => it.y < y + step && y < it.y + it.high + GAP);
    const free = (x) => x >= 0 && x <= right && near.every((it) => x + plate.wide + GAP <= it.x || it.x + it.wide + GAP <= x);
    for (const x of [own.x, ...near.flatMap((it) => [it.x - plate.wide - GAP, it.x + it.wide + GAP])]) {
      const far = Math.hypot(x - own.x, y > own.y ? 2 * (y - own.y) : own.y - y); // rather above: below it hides the thing itself
      if (far < least && free(x)) [best, least] = [{ x, y }, far];
    }
  }
  return best;
}

const clamped = (value, most) => Math.min(Math.max(value, 0), most);
