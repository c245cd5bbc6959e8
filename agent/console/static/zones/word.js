// What a person calls a word of the file.

import { has, t } from "../i18n.js";

/** A rule, class, weekday or choice in the language of the page; as the file has it where there is no word for it. */
export const word = (name) => (has(`zones.word_${name}`) ? t(`zones.word_${name}`) : String(name));
