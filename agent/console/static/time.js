// The clock on the wall of the site: its time zone, and what time it is there, whatever this device is set to.

let zone = "UTC";
let ahead_ms = 0;

/** `time_zone`: IANA name; `now`: what time the box says it is. A zone that this browser does not know is shown as UTC. */
export function setSite({ time_zone, now }) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: time_zone });
    zone = time_zone;
  } catch { zone = "UTC"; }
  ahead_ms = now ? Date.parse(now) - Date.now() : 0;
}

export const siteZone = () => zone;

/** Milliseconds since the epoch by the box's clock: a phone's may be wrong. */
export const now = () => Date.now() + ahead_ms;

/** How far the wall of the site is ahead of UTC at a whole second, in milliseconds. */
const gap = (at) => Date.parse(`${wall(at)}Z`) - at;

/** The same, such as UTC+8 or UTC−2:30. */
export function offset(at = now()) {
  const minutes = Math.round(gap(Math.floor(at / 1000) * 1000) / 60_000);
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return minutes === 0 ? "UTC" : `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}

/** What the wall of the site shows at a moment, as YYYY-MM-DDTHH:MM:SS. */
export function wall(at) {
  const parts = new Intl.DateTimeFormat("en", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit" }).formatToParts(at);
  const part = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
  return `${part.year.padStart(4, "0")}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`;
}

/** The moment (Date) at which the wall of the site shows that. Of an hour that comes twice the first, and of one that
 *  summer time leaves out as many minutes after it. */
export function instant(text) {
  const shown = Date.parse(`${text.length === 10 ? `${text}T00:00` : text}Z`);
  const around = [gap(shown - 86_400_000), gap(shown + 86_400_000)];
  const fits = around.map((it) => shown - it).filter((at) => at + gap(at) === shown);
  return new Date(fits.length ? Math.min(...fits) : shown - around[0]);
}

/** The day after, as YYYY-MM-DD. */
export const dayAfter = (day) => new Date(Date.parse(`${day}T00:00Z`) + 86_400_000).toISOString().slice(0, 10);
