import { el, fill } from "../dom.js";
import { t } from "../i18n.js";

export async function show(root) {
  fill(root, el("h1", {}, t("shell.nowhere")), el("p", {}, el("a", { href: "#/wall" }, t("shell.to_wall"))));
}
