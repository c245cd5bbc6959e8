// What is new, by server-sent events: subscribe("camera", f) calls f with each new state; returns how to end that.

import { whoAmI } from "./api.js";

const listeners = new Map();
let source = null;
let state = "closed";
const stateListeners = new Set();

function tell(next) {
  if (next === state) return;
  state = next;
  for (const listener of stateListeners) listener(state);
}

function hear(topic) {
  source.addEventListener(topic, (event) => {
    const content = JSON.parse(event.data);
    for (const listener of listeners.get(topic) ?? []) listener(content);
  });
}

function open() {
  source = new EventSource("/api/stream");
  source.onopen = () => tell("open");
  source.onerror = () => {
    tell("lost");
    if (source?.readyState === EventSource.CLOSED) { // refused: the browser does not try again by itself
      source = null;
      setTimeout(again, 3000);
    }
  };
  for (const topic of listeners.keys()) hear(topic);
}

/** After a new start of the box the login may be over: then its page is shown, and no more is asked. */
async function again() {
  if (source !== null || listeners.size === 0) return;
  try {
    await whoAmI();
  } catch (error) {
    if (error.status !== 401) setTimeout(again, 3000);
    return;
  }
  if (source === null && listeners.size) open();
}

export function subscribe(topic, listener) {
  const known = listeners.has(topic);
  if (!known) listeners.set(topic, new Set());
  listeners.get(topic).add(listener);
  if (source === null) open();
  else if (!known) hear(topic);
  return () => {
    listeners.get(topic)?.delete(listener);
    if (![...listeners.values()].some((set) => set.size)) { source?.close(); source = null; listeners.clear(); tell("closed"); }
  };
}

/** Calls back with "open", "lost" or "closed"; returns how to end that. */
export function onFeed(listener) {
  stateListeners.add(listener);
  return () => stateListeners.delete(listener);
}
