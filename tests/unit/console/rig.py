"""The console as an application within the test, with real files for its users and its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.testclient import TestClient

from agent.adapters.audit import AuditFile
from agent.adapters.console_users import UsersFile
from agent.console.access import Gatekeeper, operator, user_of, viewer
from agent.console.feed import Feed
from agent.console.requests import body_of
from agent.console.sessions import Guesses, Sessions
from agent.console.site import site
from agent.ports.console.access import Role
from tests.fakes import FakeClock

OPERATOR, VIEWER = ("operator", "correct horse battery"), ("viewer", "staple staple staple")


@viewer
async def look(request: Request) -> Response:
    return JSONResponse({"user": user_of(request).name})


@operator("thing.change")
async def change(request: Request) -> Response:
    body = await body_of(request)
    request.state.subject, request.state.detail = str(body.get("subject", "")), "from 1 to 2"
    return JSONResponse({})


THINGS: Sequence[BaseRoute] = [Route("/api/thing", look), Route("/api/thing/change", change, methods=["POST"])]


@dataclass
class Rig:
    """`client` talks to the console as a browser would; `clock` is moved on by hand."""

    client: TestClient
    users: UsersFile
    audit: AuditFile
    clock: FakeClock
    feed: Feed

    def log_in(self, who: tuple[str, str] = OPERATOR) -> dict[str, str]:
        """The headers of a page of ours, once logged in."""
        answer = self.client.post("/api/login", json={"name": who[0], "password": who[1]})
        assert answer.status_code == 200, answer.text
        return {"X-CSRF-Token": answer.json()["csrf"]}


def rig(
    folder: Path, routes: Sequence[BaseRoute] = THINGS, *, local: bool = True, secure: bool = False, people: bool = True
) -> Rig:
    """A console for `routes`; `people`: whether somebody has a password."""
    users, audit, clock, feed = UsersFile(folder / "users.json"), AuditFile(folder / "audit.jsonl"), FakeClock(), Feed()
    if people:
        users.put(*OPERATOR, Role.OPERATOR)
        users.put(*VIEWER, Role.VIEWER)
    gatekeeper = Gatekeeper(
        users=users,
        audit=audit,
        clock=clock,
        sessions=Sessions(600.0),
        guesses=Guesses(),
        local=local,
        secure=secure,
        time_zone="Asia/Shanghai",
    )
    base = f"{'https' if secure else 'http'}://127.0.0.1:8190"
    return Rig(TestClient(site(gatekeeper, feed, routes), base_url=base), users, audit, clock, feed)
