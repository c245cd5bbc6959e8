// How an error is told to the user: with the words of texts/LANG/shell.json, else as the box says it.

import { has, t } from "./i18n.js";

export function told(error) {
  const key = `shell.error.${error.code}`;
  return has(key) ? t(key, error.facts ?? {}) : error.message;
}
