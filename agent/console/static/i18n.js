// Texts in the language of the user: t(PART.KEY, {n: 3}) is that key of texts/LANG/PART.json, with {n} filled in.

import { siteZone } from "./time.js";

export const LANGUAGES = { "zh-CN": "中文", en: "English" };
let texts = {};

export function language() {
  const kept = localStorage.getItem("language");
  if (kept in LANGUAGES) return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

export async function loadTexts() {
  document.documentElement.lang = language();
  texts = await (await fetch(`/texts/${language()}.json`)).json();
}

export async function setLanguage(lang) {
  localStorage.setItem("language", lang);
  await loadTexts();
}

/** The text of `PART.KEY`; the key itself where there is none, so that it is seen. */
export function t(key, values = {}) {
  const dot = key.indexOf(".");
  const text = texts[key.slice(0, dot)]?.[key.slice(dot + 1)] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Whether there is a text for that key. */
export const has = (key) => t(key) !== key;

/** A moment (ISO text or Date), in the language's way and the site's time zone, wherever this device is. */
export function moment(at, options = { dateStyle: "short", timeStyle: "medium" }) {
  return at ? new Intl.DateTimeFormat(language(), { ...options, timeZone: siteZone() }).format(new Date(at)) : "";
}

/** Seconds as h:mm:ss or m:ss. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(s / 60) % 60, s % 60].map((n) => String(n).padStart(2, "0"));
  return s < 3600 ? `${Math.floor(s / 60)}:${parts[1]}` : `${Math.floor(s / 3600)}:${parts.join(":")}`;
}
