"""Who gets in, what he may do, and what is written down."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.adapters.console_users import UsersFile
from agent.console.access import operator
from agent.console.sessions import FREE_GUESSES, LONGEST_WAIT_S, WAIT_S, Guesses
from agent.console.site import LANGUAGES, STATIC, texts_of
from agent.core.errors import StoreUnusable
from agent.ports.console.access import Role
from tests.unit.console.rig import OPERATOR, VIEWER, Rig, rig


@pytest.fixture
def it(tmp_path: Path) -> Rig:
    return rig(tmp_path)


def test_nothing_is_told_to_whom_nobody_knows(it: Rig) -> None:
    for path in ("/api/thing", "/api/me", "/api/audit", "/api/stream"):
        answer = it.client.get(path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "login")
    assert it.client.post("/api/thing/change", json={}).status_code == 401


def test_a_login_is_a_cookie_that_no_script_and_no_other_site_gets(tmp_path: Path) -> None:
    it = rig(tmp_path, local=False, secure=True)
    answer = it.client.post("/api/login", json={"name": OPERATOR[0], "password": OPERATOR[1]})
    cookie = answer.headers["set-cookie"].lower()
    assert all(word in cookie for word in ("httponly", "samesite=strict", "secure", "path=/"))
    assert it.client.get("/api/thing").json() == {"user": "operator"}


def test_a_viewer_looks_but_changes_nothing(it: Rig) -> None:
    headers = it.log_in(VIEWER)
    assert it.client.get("/api/thing").status_code == 200
    answer = it.client.post("/api/thing/change", json={"subject": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert (it.audit.newest(1)[0].action, it.audit.newest(1)[0].outcome) == ("thing.change", "not_allowed")


def test_a_change_without_the_pages_token_is_refused(it: Rig) -> None:
    headers = it.log_in()
    for wrong in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": "ü".encode()}):
        answer = it.client.post("/api/thing/change", json={}, headers=wrong)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")
    assert it.client.post("/api/thing/change", json={}, headers=headers).status_code == 200


def test_a_form_of_another_site_is_no_request(it: Rig) -> None:
    answer = it.client.post("/api/login", data={"name": "operator"})
    assert answer.status_code == 415


def test_every_change_is_written_down(it: Rig) -> None:
    headers = it.log_in()
    it.client.post("/api/thing/change", json={"subject": "gate/kerb"}, headers=headers)
    entry = it.audit.newest(1)[0]
    assert (entry.who, entry.action, entry.subject, entry.outcome, entry.detail) == (
        "operator",
        "thing.change",
        "gate/kerb",
        "done",
        "from 1 to 2",
    )
    it.client.post("/api/thing/change", content=b"[]", headers={**headers, "Content-Type": "application/json"})
    assert it.audit.newest(1)[0].outcome == "invalid"


def test_what_is_answered_later_is_written_down_as_accepted(tmp_path: Path) -> None:
    @operator("thing.ask")
    async def ask(_request: Request) -> Response:
        return JSONResponse({}, status_code=202)

    it = rig(tmp_path, [Route("/api/thing/ask", ask, methods=["POST"])])
    it.client.post("/api/thing/ask", json={}, headers=it.log_in())
    assert [(entry.action, entry.outcome) for entry in it.audit.newest(1)] == [("thing.ask", "accepted")]


def test_wrong_passwords_have_to_wait_ever_longer(it: Rig) -> None:
    def guess(password: str = "wrong wrong wrong") -> tuple[int, str]:
        answer = it.client.post("/api/login", json={"name": "operator", "password": password})
        return answer.status_code, answer.json().get("error", {}).get("code", "")

    for _ in range(FREE_GUESSES["address"]):
        assert guess() == (401, "wrong_password")
    assert guess(OPERATOR[1]) == (429, "wait"), "also the right one"
    it.clock.advance(WAIT_S + 1)
    assert guess() == (401, "wrong_password")
    it.clock.advance(WAIT_S + 1)
    assert guess(OPERATOR[1]) == (429, "wait"), "twice as long"
    it.clock.advance(WAIT_S)
    assert guess(OPERATOR[1]) == (200, "")
    assert guess() == (401, "wrong_password"), "counts anew"


def test_one_who_guesses_from_many_addresses_waits_too_and_nobody_for_ever() -> None:
    guesses, keys = Guesses(), ("name operator",)
    for _ in range(FREE_GUESSES["name"]):
        assert guesses.wait_s(keys, 0.0) == 0
        guesses.wrong(keys, 0.0)
    assert guesses.wait_s(keys, 0.0) == WAIT_S
    for _ in range(100):
        guesses.wrong(keys, 0.0)
    assert guesses.wait_s(keys, 0.0) == LONGEST_WAIT_S


def test_a_login_ends_with_its_time_its_password_and_its_role(it: Rig) -> None:
    it.log_in()
    it.clock.advance(601)
    assert it.client.get("/api/thing").status_code == 401
    it.log_in()
    it.users.put("operator", "another password", Role.OPERATOR)
    assert it.client.get("/api/thing").status_code == 401
    it.log_in(("operator", "another password"))
    it.users.put("operator", "another password", Role.VIEWER)
    assert it.client.get("/api/thing").status_code == 401
    it.log_in(VIEWER)
    it.users.remove("viewer")
    assert it.client.get("/api/thing").status_code == 401


def test_logging_out_ends_it_at_the_box_too(it: Rig) -> None:
    headers = it.log_in()
    token = it.client.cookies["cityeye_session"]
    assert it.client.post("/api/logout").status_code == 403
    assert it.client.post("/api/logout", headers=headers).status_code == 200
    it.client.cookies.set("cityeye_session", token)
    assert it.client.get("/api/thing").status_code == 401


def test_without_passwords_whoever_is_at_the_box_is_the_operator_until_there_are_some(tmp_path: Path) -> None:
    it = rig(tmp_path, people=False)
    assert it.client.get("/api/me").json()["error"]["open"] is True
    headers = it.log_in(("", ""))
    assert it.client.post("/api/thing/change", json={}, headers=headers).status_code == 200
    it.users.put(*OPERATOR, Role.OPERATOR)
    assert it.client.get("/api/thing").json()["error"]["open"] is False


def test_in_the_lan_nobody_gets_in_without_a_password(tmp_path: Path) -> None:
    it = rig(tmp_path, people=False, local=False)
    assert it.client.post("/api/login", json={"name": "", "password": ""}).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8190", "127.0.0.1.evil.example", ""])
def test_a_foreign_name_for_this_box_is_not_answered(it: Rig, host: str) -> None:
    assert it.client.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8190", "127.0.0.1", "[::1]:8190", "[::1]", "LOCALHOST"])
def test_its_own_names_are(it: Rig, host: str) -> None:
    assert it.client.get("/", headers={"Host": host}).status_code == 200


def test_every_answer_says_what_a_browser_must_not_do(it: Rig) -> None:
    for path in ("/", "/static/app.js", "/api/me", "/nowhere", "/texts/en.json", "/texts/xx.json"):
        headers = it.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert it.client.get("/api/me").headers["cache-control"] == "no-store"


def test_nothing_beside_the_pages_is_given_out(it: Rig) -> None:
    for path in ("/static/../site.py", "/static/%2e%2e/site.py", "/static/..%2fsite.py"):
        assert it.client.get(path).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[", b"[]", b"1", b"[" * 100_000])
def test_what_is_no_json_object_is_told(it: Rig, body: bytes) -> None:
    answer = it.client.post("/api/login", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


def test_a_body_without_end_is_cut_off(it: Rig) -> None:
    answer = it.client.post("/api/login", content=b" " * 1_000_001, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_passwords_lie_as_slow_hashes_in_a_file_of_the_agent_alone(tmp_path: Path) -> None:
    users = UsersFile(tmp_path / "users.json")
    users.put("王芳", "correct horse battery", Role.OPERATOR)
    text = (tmp_path / "users.json").read_text()
    assert "correct horse" not in text
    assert stat.S_IMODE((tmp_path / "users.json").stat().st_mode) == 0o600
    assert users.check("王芳", "correct horse battery") is not None
    assert users.check("王芳", "correct horse batterY") is None
    assert users.check("nobody", "correct horse battery") is None
    for name, password in (("", "long enough 1"), ("a b", "long enough 1"), ("a", "short"), ("a", "x" * 201)):
        with pytest.raises(ValueError, match=r"a (name|password)"):
            users.put(name, password, Role.VIEWER)


def test_a_users_file_that_cannot_be_read_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text("{")
    with pytest.raises(StoreUnusable, match=r"expected the console's users"):
        UsersFile(tmp_path / "users.json").known()
    assert rig(tmp_path, people=False).client.post("/api/login", json={}).status_code == 500


def test_both_languages_say_the_same_things() -> None:
    chinese, english = texts_of("zh-CN"), texts_of("en")
    assert {part: set(texts) for part, texts in chinese.items()} == {
        part: set(texts) for part, texts in english.items()
    }
    for part, texts in english.items():
        for key, text in texts.items():
            assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", chinese[part][key])), key


def test_every_text_that_a_page_names_is_there() -> None:
    known = {f"{part}.{key}" for part, texts in texts_of("en").items() for key in texts}
    named = {
        key
        for path in STATIC.rglob("*.js")
        for key in re.findall(r"""\bt\(["']([a-z_]+\.[\w.]+)["']""", path.read_text("utf-8"))
    }
    assert named - known == set()
    assert set(LANGUAGES) == {path.name for path in (STATIC / "texts").iterdir()}


def test_pages_hold_no_script_or_style_that_the_policy_forbids() -> None:
    for path in (*STATIC.rglob("*.html"), *STATIC.rglob("*.js")):
        text = path.read_text("utf-8")
        assert not re.search(
            r"""\sstyle=["']|\bstyle: ?["'`](?!percent|unit)|<script>|javascript:|\beval\(|innerHTML""", text
        ), path


def test_a_torn_line_of_the_record_is_passed_over(it: Rig, tmp_path: Path) -> None:
    it.log_in()
    with (tmp_path / "audit.jsonl").open("a") as stream:
        stream.write('{"at": "2026')
    assert [entry.action for entry in it.audit.newest(10)] == ["login"]
    json.loads((tmp_path / "audit.jsonl").read_text().splitlines()[0])
