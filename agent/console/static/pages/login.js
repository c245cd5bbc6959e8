import { login } from "../api.js";
import { el, fill } from "../dom.js";
import { t } from "../i18n.js";
import { told } from "../told.js";

export async function show(root, _params, { go }) {
  const name = el("input", { id: "name", autocomplete: "username", required: true, maxlength: 60 });
  const password = el("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const fault = el("p", { class: "fault", role: "alert" });
  const button = el("button", { class: "main", type: "submit" }, t("shell.enter"));
  fill(root, el("form", { class: "card narrow", onsubmit: async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await login(name.value, password.value);
      const after = sessionStorage.getItem("after");
      sessionStorage.removeItem("after");
      go(after && !after.startsWith("#/login") ? after : "#/wall");
    } catch (error) {
      fill(fault, told(error));
      password.value = "";
      password.focus();
    } finally {
      button.disabled = false;
    }
  } },
  el("h1", {}, t("shell.login")),
  el("label", { for: "name" }, t("shell.name")), name,
  el("label", { for: "password" }, t("shell.password")), password,
  fault, button));
  name.focus();
}
