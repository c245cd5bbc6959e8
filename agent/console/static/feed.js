// What is new, by server-sent events: subscribe("camera", f) calls f with each new state; returns how to end that.
// The box is asked only for what somebody listens to, and for nothing while the page is hidden.

import { whoAmI } from "./api.js";

const listeners = new Map();
let source = null;
let asked = "";
let state = "closed";
const stateListeners = new Set();

function tell(next) {
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener(state);
}

/** Listen to what is wanted now, or to nothing. */
function tune() {
  const topics = document.hidden ? "" : [...listeners.keys()].sort().join(",");
  if (source !== null && topics === asked) return;
  source?.close();
  source = null;
  asked = topics;
  if (topics) open(); else tell("closed");
}

function open() {
  const mine = source = new EventSource(`/api/stream?topics=${encodeURIComponent(asked)}`);
  source.onopen = () => tell("open");
  source.onerror = () => {
    if (mine !== source) return;
    tell("lost");
    if (source.readyState === EventSource.CLOSED) { // refused: the browser does not try again by itself
      source = null;
      setTimeout(again, 3000);
    }
  };
  for (const topic of listeners.keys()) {
    source.addEventListener(topic, (event) => {
      const content = JSON.parse(event.data);
      for (const listener of listeners.get(topic) ?? []) listener(content);
    });
  }
}

/** After a new start of the box the login may be over: then its page is shown, and no more is asked. */
async function again() {
  if (source !== null || listeners.size === 0 || document.hidden) return;
  try {
    await whoAmI();
  } catch (error) {
    if (error.status !== 401) setTimeout(again, 3000);
    return;
  }
  if (source === null) tune();
}

export function subscribe(topic, listener) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  tune();
  return () => {
    listeners.get(topic)?.delete(listener);
    if (listeners.get(topic)?.size === 0) listeners.delete(topic);
    tune();
  };
}

/** Calls `work`, which may take a while, when something of a topic is new: at once, then once a second at most. */
export function refreshOn(topic, work) {
  let [waits, runs, over] = [false, false, false];
  const run = async () => {
    if (runs) { waits = true; return; }
    runs = true;
    do {
      waits = false;
      await work().catch(() => {}); // the box does not answer: the next news tries again
      await new Promise((wake) => setTimeout(wake, 1000));
    } while (waits && !over);
    runs = false;
  };
  const end = subscribe(topic, run);
  return () => { over = true; end(); };
}

/** Calls back with "open", "lost" or "closed"; returns how to end that. */
export function onFeed(listener) {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}

document.addEventListener("visibilitychange", tune);
