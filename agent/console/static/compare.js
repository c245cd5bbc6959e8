// Two pictures of one place: beside each other, or one laid over the other with a seam that is moved across.

import { el, fill } from "./dom.js";
import { t } from "./i18n.js";

let chosen = null; // whether they are laid over each other, once somebody said so

/** `before`, `after`: {figure, src, name}. Laid over each other only where both have the same size. */
export function compare(before, after) {
  const pair = el("div", { class: "pair" }, before.figure, after.figure);
  const images = [before, after].map(({ src, name }) => el("img", { src, alt: name }));
  const range = el("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": t("incidents.compare"), oninput: place });
  const stage = el("div", { class: "overlay" }, images, el("span", { class: "seam", "aria-hidden": "true" }), range);
  const legend = el("p", { class: "legend" }, [before, after].map(({ src, name }) =>
    el("a", { href: src, target: "_blank", rel: "noopener" }, name)));
  const laid = el("div", { hidden: true }, stage, legend);
  const toggle = el("button", { type: "button", hidden: true, onclick: () => { chosen = laid.hidden; lay(chosen); } });

  function place() {
    stage.style.setProperty("--at", `${range.value}%`);
    range.setAttribute("aria-valuetext", t("incidents.compare_at", { n: range.value }));
  }

  function lay(over) {
    laid.hidden = !over;
    pair.hidden = over;
    fill(toggle, t(over ? "incidents.side_by_side" : "incidents.lay_over"));
  }

  place();
  Promise.all(images.map((image) => image.decode())).then(() => {
    const [one, other] = images;
    if (one.naturalWidth !== other.naturalWidth || one.naturalHeight !== other.naturalHeight) return;
    toggle.hidden = false;
    lay(chosen ?? matchMedia("(max-width: 47.99rem)").matches);
  }).catch(() => {}); // one is gone: the pair says so
  return el("div", { class: "compare" }, pair, laid, toggle);
}
