// Which page is shown: #/NAME/PARAMETER… is pages/NAME.js, a module with `show(root, params, context)`.
// A page may return a function, which is called when it is left. `context.signal` is aborted then too.

import { ApiError, logout, mayChange, session, whenLoggedOut, whoAmI } from "./api.js";
import { el, fill } from "./dom.js";
import { LANGUAGES, language, loadTexts, setLanguage, t } from "./i18n.js";
import { told } from "./told.js";
import { onFeed } from "./feed.js";

// The pages; those with `nav` stand in the head. `operator`: not for viewers.
const PAGES = {
  wall: { nav: true }, camera: {}, zones: {}, incidents: { nav: true }, incident: {}, whatif: { nav: true },
  teach: { nav: true }, numbers: { nav: true }, audit: { nav: true, operator: true }, login: {},
};
const NOWHERE = "nowhere", AGAIN_MS = 3000;
const page = document.getElementById("page");
const trouble = document.getElementById("trouble");
let leave = () => {};
let turn = 0;

function route() {
  const [path, search] = location.hash.replace(/^#\/?/, "").split("?");
  const query = new URLSearchParams(search ?? "");
  try {
    const [name, ...params] = path.split("/").map(decodeURIComponent);
    return { name: name || "wall", params, query };
  } catch { // half a %XX
    return { name: NOWHERE, params: [], query };
  }
}

async function show() {
  const mine = ++turn;
  leave();
  const { name, params, query } = route();
  const known = Object.hasOwn(PAGES, name) ? name : NOWHERE;
  drawHead(known);
  const controller = new AbortController();
  const root = el("div", { class: `page page-${known}` });
  fill(page, root);
  document.title = `${t(`shell.${known}`)} – City Eye`;
  let end = null;
  leave = () => { controller.abort(); end?.(); };
  try {
    const module = await import(`./pages/${known}.js`).catch(() => { throw new ApiError(0, { code: "unreachable" }); });
    if (mine !== turn) return;
    end = await module.show(root, params, { query, signal: controller.signal, mayChange: mayChange(), go });
    if (mine !== turn) end?.();
  } catch (error) {
    if (mine !== turn || error.name === "AbortError") return;
    const away = error.code === "unreachable";
    fill(root, el("p", { class: "fault", role: "alert" }, away ? t("shell.away") : told(error)),
      error.status === 404 && el("p", {}, el("a", { href: "#/wall" }, t("shell.to_wall"))));
    if (away) setTimeout(again, AGAIN_MS, mine);
  }
  if (mine === turn && !root.contains(document.activeElement)) page.focus({ preventScroll: true });
}

/** The box was away: once it is back, the page is loaded anew, since it may be another version; or a login is asked for. */
async function again(mine) {
  if (mine !== turn) return;
  try {
    await whoAmI();
    location.reload();
  } catch (error) {
    if (error.status !== 401) setTimeout(again, AGAIN_MS, mine);
  }
}

function go(hash) {
  if (location.hash === hash) show(); else location.hash = hash;
}

function drawHead(current) {
  document.getElementById("skip").textContent = t("shell.skip");
  const links = Object.entries(PAGES)
    .filter(([, it]) => it.nav && session() && (!it.operator || mayChange()))
    .map(([name]) => el("a", { href: `#/${name}`, "aria-current": name === current ? "page" : null }, t(`shell.${name}`)));
  const lang = el("select", { "aria-label": t("shell.language"), onchange: async (event) => {
    await setLanguage(event.target.value);
    show();
  } }, Object.entries(LANGUAGES).map(([code, name]) => el("option", { value: code, selected: code === language() }, name)));
  const head = document.getElementById("head");
  fill(head,
    el("a", { class: "brand", href: "#/wall", "aria-label": "City Eye" },
      el("img", { src: "/static/icon.svg", alt: "", width: 24, height: 24 }), el("span", {}, "City Eye")),
    el("nav", { "aria-label": t("shell.pages") }, links),
    session() && menu(),
    el("div", { class: "who", id: "who" }, session() ? [session().user,
      session().user !== "local" && el("button", { onclick: leaveTheBox }, t("shell.logout")),
    ] : null, lang));
  reveal(head.querySelector("nav"));
}

/** Whoever leaves must be told when he is still logged in. */
async function leaveTheBox() {
  try {
    await logout();
    fill(trouble);
    go("#/login");
  } catch (error) {
    if (error.status !== 401) fill(trouble, told(error)); // 401: over already, and its page is shown
  }
}

/** On a phone the pages scroll sideways: the one that is shown is in view. */
function reveal(nav) {
  const current = nav.querySelector("[aria-current]");
  if (current) nav.scrollLeft = current.offsetLeft + current.offsetWidth - nav.offsetLeft - nav.clientWidth + 24;
}

/** On a phone: what opens the name, logging out and the language. */
function menu() {
  const button = el("button", { class: "menu", "aria-expanded": "false", "aria-controls": "who", "aria-label": t("shell.menu"), onclick: () => open(!isOpen()) },
    el("svg", { width: 24, height: 24, viewBox: "0 0 24 24", "aria-hidden": "true" }, [5, 12, 19].map((cy) => el("circle", { cx: 12, cy, r: 2 }))));
  const isOpen = () => button.getAttribute("aria-expanded") === "true";
  const open = (yes) => button.setAttribute("aria-expanded", String(yes));
  const head = document.getElementById("head");
  head.onkeydown = (event) => { if (event.key === "Escape" && isOpen()) { open(false); button.focus(); } };
  head.onfocusout = (event) => { if (event.relatedTarget && !head.contains(event.relatedTarget)) open(false); };
  return button;
}

onFeed((state) => fill(trouble, state === "lost" ? t("shell.lost") : null));
whenLoggedOut((open) => { if (!open && route().name !== "login") { sessionStorage.setItem("after", location.hash); go("#/login"); } });
window.addEventListener("hashchange", show);
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); page.focus(); });

async function begin() {
  try {
    await loadTexts();
    await whoAmI();
    fill(trouble);
  } catch (error) {
    if (error.status !== 401) {
      fill(trouble, error instanceof ApiError && error.code !== "unreachable" ? told(error) : t("shell.away"));
      setTimeout(begin, AGAIN_MS);
    }
  }
  if (session() || route().name === "login") await show();
}

begin();
