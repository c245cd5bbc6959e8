"""Lets people in, asks whether they may, and keeps the record of what they change."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import wraps
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.faults import ConsoleFault, fault_of
from agent.console.requests import body_of, text_of
from agent.console.sessions import Guesses, Session, Sessions
from agent.core.errors import StoreFull, StoreUnusable
from agent.ports import Clock
from agent.ports.console.access import Audit, AuditEntry, Role, User, Users

log = logging.getLogger(__name__)

COOKIE = "cityeye_session"
ACCEPTED = 202
"""What is begun, and answered later."""
CSRF_HEADER = "X-CSRF-Token"
_AT_THE_BOX = User(name="local", role=Role.OPERATOR, stamp="")
"""Whoever reaches a console that answers this box alone and for which nobody has a password."""

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who does what, as the record tells it. `id`: where it is told when it is begun, and when it has ended."""

    who: str
    address: str
    action: str
    subject: str = ""
    detail: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gatekeeper:
    """What is needed to let people in.

    Attributes:
        local: the console answers this box only. secure: over HTTPS.
        time_zone: the site's (IANA): what pages show and ask is by its clock, wherever the browser is.
    """

    users: Users
    audit: Audit
    clock: Clock
    sessions: Sessions
    guesses: Guesses
    local: bool
    secure: bool
    time_zone: str

    def session(self, request: Request) -> Session | None:
        """Whose request it is; none of somebody whose password or role is another since. Raises StoreUnusable."""
        session = self.sessions.find(request.cookies.get(COOKIE, ""), self.clock.now().mono_s)
        if session is None:
            return None
        known = self.users.known()
        if session.user == _AT_THE_BOX:
            return session if self.local and not known else None
        return session if known.get(session.user.name) == session.user else None

    def open(self) -> bool:
        """Whether no password is asked for. Raises StoreUnusable."""
        return self.local and not self.users.known()

    def login(self, name: str, password: str, address: str) -> tuple[str, Session]:
        """Blocks for a fifth of a second. Raises ConsoleFault, StoreUnusable."""
        now = self.clock.now()
        if self.open():
            return self.sessions.begin(_AT_THE_BOX, now.mono_s)
        keys = (f"address {address}", f"name {name}")
        if (wait_s := self.guesses.wait_s(keys, now.mono_s)) > 0:
            facts: dict[str, object] = {"wait_s": int(wait_s) + 1}
            raise ConsoleFault(429, "wait", f"too many wrong passwords; wait {wait_s:.0f} s", facts=facts)
        self.guesses.wrong(keys, now.mono_s)  # first: those who guess side by side are counted too
        user, attempt = self.users.check(name, password), Told(who=name, address=address, action="login")
        if user is None:
            log.warning("console: a wrong password for %r from %s", name, address)
            self.record(attempt, outcome="refused")
            raise ConsoleFault(401, "wrong_password", "no such name and password")
        self.guesses.right(keys)
        self.record(attempt, outcome="done")
        return self.sessions.begin(user, now.mono_s)

    def record(self, told: Told, *, outcome: str) -> None:
        """Write down what was done, or refused; a disk that does not take it gets it later."""
        self.audit.note(self._entry(told, outcome))

    def begin(self, told: Told) -> None:
        """Write down what is about to be done: no change is made of which nothing is known. Raises ConsoleFault."""
        try:
            self.audit.write(self._entry(told, "begun"))
        except (StoreFull, StoreUnusable) as error:
            log.error("console: %s of %s is refused: it cannot be written down: %s", told.action, told.who, error)
            raise ConsoleFault(503, "unrecorded", f"nothing was changed: {error}") from error

    def _entry(self, told: Told, outcome: str) -> AuditEntry:
        return AuditEntry(
            at=self.clock.now().utc,
            who=told.who[:60],
            address=told.address,
            action=told.action,
            subject=told.subject[:200],
            outcome=outcome,
            detail=told.detail[:2000],
            id=told.id,
        )


def viewer(handler: Handler) -> Handler:
    """For whoever is logged in."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        await _known(request)
        return await handler(request)

    return guarded


def operator(action: str) -> Callable[[Handler], Handler]:
    """For operators, and only from a page of ours; it is written down before it is done, and how it went.

    The handler may say what it is about in `request.state.subject` and `request.state.detail`, and in
    `request.state.outcome` what else than `done` came of it.
    """

    def guard(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: Request) -> Response:
            session, gate = await _known(request), keeper(request)
            told = Told(who=session.user.name, address=address_of(request), action=action, subject=_named_in(request))
            try:
                _check_operator(request, session)
            except ConsoleFault as fault:
                await run_in_threadpool(gate.record, told, outcome=fault.code)
                raise
            told = replace(told, id=uuid4().hex)
            await run_in_threadpool(gate.begin, told)
            request.state.subject = request.state.detail = request.state.outcome = ""
            outcome = "failed"
            try:
                response = await handler(request)
                outcome = request.state.outcome or ("accepted" if response.status_code == ACCEPTED else "done")
                return response
            except Exception as error:
                known = fault_of(error)
                outcome = known.code if known else "failed"
                raise
            finally:
                told = replace(told, subject=request.state.subject or told.subject, detail=request.state.detail)
                await run_in_threadpool(gate.record, told, outcome=outcome)

        return guarded

    return guard


def unrecorded(handler: Handler) -> Handler:
    """For operators, as `operator`, but it changes nothing, and so is not written down."""

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        _check_operator(request, await _known(request))
        return await handler(request)

    return guarded


def keeper(request: Request) -> Gatekeeper:
    """Who lets people in."""
    found: Gatekeeper = request.app.state.gatekeeper
    return found


def user_of(request: Request) -> User:
    """Who asks; in a guarded handler."""
    session: Session = request.state.session
    return session.user


def _named_in(request: Request) -> str:
    """What the address of a request names, such as an incident or a camera and its zone."""
    return " ".join(str(part) for part in request.path_params.values())


def address_of(request: Request) -> str:
    """Where a request comes from."""
    return request.client.host if request.client else ""


async def _known(request: Request) -> Session:
    gate = keeper(request)
    session = await run_in_threadpool(gate.session, request)
    if session is None:
        facts: dict[str, object] = {"open": await run_in_threadpool(gate.open)}
        raise ConsoleFault(401, "login", "log in first", facts=facts)
    request.state.session = session
    return session


def _check_page(request: Request, session: Session) -> None:
    if not hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), session.csrf.encode()):
        raise ConsoleFault(403, "csrf", f"expected the header {CSRF_HEADER} of this login; load the page again")


def _check_operator(request: Request, session: Session) -> None:
    if request.method not in ("GET", "HEAD"):
        _check_page(request, session)
    if session.user.role is not Role.OPERATOR:
        raise ConsoleFault(403, "not_allowed", "expected an operator, found a viewer")


async def _login(request: Request) -> Response:
    body = await body_of(request)
    gate = keeper(request)
    name, password = text_of(body, "name", most=60), text_of(body, "password", most=200)
    token, session = await run_in_threadpool(gate.login, name, password, address_of(request))
    response = JSONResponse(_told(gate, session))
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=gate.secure, path="/")
    return response


@viewer
async def _me(request: Request) -> Response:
    return JSONResponse(_told(keeper(request), request.state.session))


@viewer
async def _logout(request: Request) -> Response:
    _check_page(request, request.state.session)
    keeper(request).sessions.end(request.cookies.get(COOKIE, ""))
    response = JSONResponse({})
    response.delete_cookie(COOKIE, path="/")
    return response


@unrecorded
async def _audit(request: Request) -> Response:
    entries = await run_in_threadpool(keeper(request).audit.newest, 200)
    rows = [
        {
            "at": entry.at.isoformat(),
            "who": entry.who,
            "address": entry.address,
            "action": entry.action,
            "subject": entry.subject,
            "outcome": entry.outcome,
            "detail": entry.detail,
        }
        for entry in entries
    ]
    return JSONResponse({"entries": rows})


def _told(gate: Gatekeeper, session: Session) -> dict[str, object]:
    who = {"user": session.user.name, "role": session.user.role.value, "csrf": session.csrf}
    return {**who, "time_zone": gate.time_zone, "now": gate.clock.now().utc.isoformat()}


def routes() -> list[Route]:
    """Login and logout, who one is, and the record."""
    return [
        Route("/api/login", _login, methods=["POST"]),
        Route("/api/logout", _logout, methods=["POST"]),
        Route("/api/me", _me),
        Route("/api/audit", _audit),
    ]
