// A field whose text counts as it is typed, and is one step of undo until the field is left.

import { el } from "../dom.js";

/** `put(text)` is called with what stands there, trimmed; not with the letters of which an input method has yet to make
 *  a word. `left()`: after the field was left. */
export function typed(attributes, { put, left }) {
  const now = (event) => { if (!event.isComposing) put(event.target.value.trim()); };
  return el("input", { autocomplete: "off", oninput: now, oncompositionend: (event) => put(event.target.value.trim()), onchange: left, onblur: left, ...attributes });
}
