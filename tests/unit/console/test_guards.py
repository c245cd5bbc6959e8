"""No route of any slice is answered to whoever should not get it: also not one that somebody adds tomorrow."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from agent.app.console.compose import routes_of
from tests.unit.console.rig import OPERATOR, VIEWER, Rig, rig

FOR_ALL = {("POST", "/api/login")}
"""What somebody needs who is not logged in."""
FOR_VIEWERS = {("POST", "/api/logout")}
"""What a viewer may send; it is asked for the token all the same."""
READABLE = {"GET", "HEAD"}


@pytest.fixture
def console(tmp_path: Path) -> Rig:
    """All slices, before parts that would answer anything: a guard that lets somebody through is seen at once."""
    return rig(tmp_path, routes_of(MagicMock()))


def asked(console: Rig) -> Iterator[tuple[str, str, str]]:
    """Method, path as it is declared, and one that leads there, of each route that is not a file of the pages."""
    app = console.client.app._app  # type: ignore[attr-defined]
    assert isinstance(app, Starlette)
    for route in app.routes:
        if isinstance(route, Route) and route.path.startswith("/api/"):
            for method in sorted(route.methods or ()):
                yield method, route.path, re.sub(r"\{\w+\}", "7", route.path)


def answers(
    console: Rig, headers: dict[str, str], *, reading: bool, but: Set[tuple[str, str]] = frozenset()
) -> dict[tuple[str, str], int]:
    """The status with which each route answers; what anybody may ask is left out."""
    return {
        (method, path): console.client.request(method, url, headers=headers, json=None if reading else {}).status_code
        for method, path, url in asked(console)
        if (method in READABLE) is reading and (method, path) not in FOR_ALL | but
    }


def test_what_is_not_below_api_is_the_page_alone(console: Rig) -> None:
    app = console.client.app._app  # type: ignore[attr-defined]
    paths = {getattr(route, "path", "") for route in app.routes}
    assert {path for path in paths if not path.startswith("/api/")} == {"/", "/texts/{lang}.json", "/static"}


@pytest.mark.parametrize("reading", [True, False])
def test_nothing_is_answered_without_a_login(console: Rig, reading: bool) -> None:
    found = answers(console, {}, reading=reading)
    assert len(found) > 10
    assert {where: status for where, status in found.items() if status != 401} == {}


def test_a_viewer_changes_nothing(console: Rig) -> None:
    found = answers(console, console.log_in(VIEWER), reading=False, but=FOR_VIEWERS)
    assert {where: status for where, status in found.items() if status != 403} == {}


def test_nothing_is_changed_without_the_token_of_a_page(console: Rig) -> None:
    console.log_in(OPERATOR)
    found = answers(console, {}, reading=False)
    assert {where: status for where, status in found.items() if status != 403} == {}


def test_nothing_is_changed_by_the_token_of_another_login(console: Rig) -> None:
    former = console.log_in(OPERATOR)
    console.log_in(OPERATOR)
    found = answers(console, former, reading=False)
    assert {where: status for where, status in found.items() if status != 403} == {}


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "x", "password": "\\ud800"}',
        b'{"name": "\\ud800", "password": "x"}',
        b'{"name": NaN, "password": "x"}',
        b'{"name": 1e999, "password": "x"}',
        b'{"name": ' + b"[" * 100 + b"]" * 100 + b', "password": "x"}',
        b'{"name": ' + b"9" * 5000 + b', "password": "x"}',
    ],
)
def test_what_no_page_sends_is_refused_and_not_a_fault_of_ours(console: Rig, body: bytes) -> None:
    answer = console.client.post("/api/login", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 17, "-1", "1.5", "x", "²"])
@pytest.mark.parametrize("path", ["/api/config/versions", "/api/teach/camera/zone/pictures"])
def test_numbers_of_paths_are_looked_at_after_the_login(console: Rig, path: str, number: str) -> None:
    assert console.client.get(f"{path}/{number}").status_code == 401
    console.log_in()
    assert console.client.get(f"{path}/{number}").status_code == 404


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-27T06:00:00"])
def test_moments_that_are_none_are_told(console: Rig, moment: str) -> None:
    headers = console.log_in()
    assert console.client.get("/api/incidents", params={"since": moment}).status_code == 400
    assert console.client.post("/api/whatif/run", json={"since": moment}, headers=headers).status_code == 400


def test_a_zone_that_would_keep_the_box_busy_is_refused(console: Rig) -> None:
    zone = {"id": "kerb", "polygon": [[0.12345, 0.12345]] * 2000, "rules": {}}
    edit = {"version": "x", "zones": [{"was": "kerb", "zone": zone}]}
    answer = console.client.post("/api/zones/gate/draft", json=edit, headers=console.log_in())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
