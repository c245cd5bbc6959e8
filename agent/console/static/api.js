// Requests to this box. Changes carry the login's CSRF token. A login that is over leads to the login page.

import { setSite } from "./time.js";

export class ApiError extends Error {
  constructor(status, error) {
    super(error.message ?? String(status));
    this.status = status;
    this.code = error.code ?? "failed";
    this.facts = error;
  }
}

let me = null;
let onLogin = () => {};

export const session = () => me;
export const mayChange = () => me?.role === "operator";
export function whenLoggedOut(callback) { onLogin = callback; }

async function ask(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && me) headers["X-CSRF-Token"] = me.csrf;
  let response, content;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    const type = response.headers.get("content-type") ?? "";
    content = type.includes("json") ? await response.json() : await response.text();
  } catch { // also where it broke off midway
    throw new ApiError(0, { code: "unreachable", message: "no answer from the box" });
  }
  if (response.ok) return content;
  const error = new ApiError(response.status, content?.error ?? { message: String(content).slice(0, 200) });
  if (response.status === 401 && error.code === "login") { me = null; onLogin(error.facts.open === true); }
  throw error;
}

export const api = {
  get: (path) => ask("GET", path),
  post: (path, body = {}) => ask("POST", path, body),
  put: (path, body = {}) => ask("PUT", path, body),
  delete: (path) => ask("DELETE", path, {}),
};

export async function login(name, password) { known(await ask("POST", "/api/login", { name, password })); }
function known(session) {
  me = session;
  setSite(session);
}

/** Whoever comes next finds nothing in this tab. Throws ApiError: 401 where the login was over already. */
export async function logout() {
  try {
    await api.post("/api/logout");
  } catch (error) {
    if (error.status === 401) sessionStorage.clear();
    throw error;
  }
  sessionStorage.clear();
  me = null;
}

/** Who is logged in; where no password is asked for, whoever comes is. Throws ApiError. */
export async function whoAmI() {
  try {
    known(await ask("GET", "/api/me"));
  } catch (error) {
    if (error.facts?.open !== true) throw error;
    await login("", "");
  }
  return me;
}
