// A box that is away: a change of which no answer came, and going on once it is there again.

import { ApiError, whoAmI } from "../api.js";
import { onFeed, subscribe } from "../feed.js";
import { t } from "../i18n.js";

const AGAIN_MS = 2000;

/** The answer to a change of document `version`. Where none comes, `lock` keeps others from being made, and `found` is
 *  called once the box answers: the page that is then shown tells what came of it. Throws ApiError. */
export async function decided(what, request, { drafts, version, signal, lock, found }) {
  drafts.asked(what, version);
  try {
    const done = await request();
    drafts.known();
    return done;
  } catch (error) {
    if (error.code !== "unreachable") { drafts.known(); throw error; }
    lock();
    untilThere(signal).then(() => { if (!signal.aborted) found(); });
    throw new ApiError(0, { code: "not_known", message: t("zones.not_known") });
  }
}

async function untilThere(signal) {
  for (let there = false; !there && !signal.aborted;) {
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    there = await whoAmI().then(() => true, () => false);
  }
}

/** Listens to the box, so that the shell tells when it is away; `back` is called once it is there again. Returns how to
 *  end that. */
export function whenBack(back) {
  let lost = false;
  const ends = [subscribe("incidents", () => {}), onFeed((state) => {
    if (state === "open" && lost) back();
    lost = state === "lost" || (lost && state !== "open");
  })];
  return () => { for (const end of ends) end(); };
}
