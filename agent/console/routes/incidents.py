"""Incidents: the list, one of them, its pictures, and what people want done about it."""

from __future__ import annotations

from functools import partial
from typing import Any, cast, get_args
from uuid import UUID

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import operator, user_of, viewer
from agent.console.faults import ConsoleFault
from agent.console.requests import body_of, moment_of, number_of, text_of
from agent.core.errors import CommandRejected, RejectCode, StoreFull, StoreHeld, StoreUnusable
from agent.ports.console.incidents import (
    DISK,
    DISK_FULL,
    JUDGED_MEANWHILE,
    MOST_ROWS,
    STORE_HELD,
    Asked,
    Disposition,
    IncidentDesk,
    IncidentFilter,
    State,
)

_NOTE_CHARS = 1000
"""As in the commands of the contract."""
_REASONS = ("false_report", "tolerated")
_OF_STORE = {DISK_FULL: StoreFull, STORE_HELD: StoreHeld, DISK: StoreUnusable}


def routes(desk: IncidentDesk) -> list[Route]:
    """The routes of this slice."""

    @viewer
    async def choices(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(desk.choices))

    @viewer
    async def listed(request: Request) -> Response:
        wanted, limit = _filter(request), number_of(request, "limit", 30, least=1, most=MOST_ROWS)
        after = request.query_params.get("after")
        try:
            return JSONResponse(await run_in_threadpool(desk.listed, wanted, after=after, limit=limit))
        except ValueError as error:
            raise ConsoleFault(400, "invalid", str(error)) from error

    @viewer
    async def lines(request: Request) -> Response:
        wanted = [_uuid(text) for text in request.query_params.get("ids", "").split(",")[:MOST_ROWS]]
        return JSONResponse({"incidents": await run_in_threadpool(desk.lines, wanted)})

    @viewer
    async def one(request: Request) -> Response:
        page = await run_in_threadpool(desk.page, _id(request))
        if page is None:
            raise ConsoleFault(404, "unknown_incident", "this box does not know that incident, or has forgotten it")
        return JSONResponse(page)

    @viewer
    async def picture(request: Request) -> Response:
        found = await run_in_threadpool(desk.picture, _id(request))
        if found is None:
            raise ConsoleFault(404, "no_picture", "the picture is not known, or was deleted for its age")
        mime, data = found
        return Response(data, media_type=mime, headers={"Cache-Control": "private, max-age=3600, immutable"})

    @viewer
    async def wish(request: Request) -> Response:
        asked = await run_in_threadpool(desk.asked, request.path_params["wish"])
        if asked is None:
            raise ConsoleFault(404, "unknown_wish", "this is not known, or was forgotten")
        return JSONResponse(asked)

    @operator("incident.acknowledge")
    async def acknowledge(request: Request) -> Response:
        incident, body = _about(request), await body_of(request)
        note = text_of(body, "note", most=_NOTE_CHARS) or None
        by = user_of(request).name
        return _answer(request, await run_in_threadpool(desk.acknowledge, incident, by=by, note=note))

    @operator("incident.dismiss")
    async def dismiss(request: Request) -> Response:
        incident, body = _about(request), await body_of(request)
        reason, note = text_of(body, "reason"), text_of(body, "note", most=_NOTE_CHARS) or None
        if reason not in _REASONS:
            raise ConsoleFault(400, "invalid", f"reason: expected one of {', '.join(_REASONS)}")
        until = moment_of("until", text_of(body, "until") or None)
        request.state.detail = " ".join(part for part in (reason, until and until.isoformat(), note) if part)
        seen = cast("Disposition | None", _one_of("expected", text_of(body, "expected"), (*_REASONS, "none")))
        by = user_of(request).name
        judge = partial(desk.dismiss, incident, by=by, reason=reason, until=until, note=note, expected=seen)
        return _answer(request, await run_in_threadpool(judge))

    @operator("incident.restore")
    async def restore(request: Request) -> Response:
        incident, _ = _about(request), await body_of(request)
        return _answer(request, await run_in_threadpool(desk.restore, incident, by=user_of(request).name))

    @operator("incident.verify")
    async def verify(request: Request) -> Response:
        incident, _ = _about(request), await body_of(request)
        return _answer(request, await run_in_threadpool(desk.verify, incident, by=user_of(request).name))

    about = "/api/incidents/{id}"
    return [
        Route("/api/incidents", listed),
        Route("/api/incidents/choices", choices),
        Route("/api/incidents/lines", lines),
        Route("/api/wishes/{wish}", wish),
        Route("/api/evidence/{id}", picture),
        Route(about, one),
        Route(f"{about}/acknowledge", acknowledge, methods=["POST"]),
        Route(f"{about}/dismiss", dismiss, methods=["POST"]),
        Route(f"{about}/restore", restore, methods=["POST"]),
        Route(f"{about}/verify", verify, methods=["POST"]),
    ]


def _filter(request: Request) -> IncidentFilter:
    asked = request.query_params
    return IncidentFilter(
        state=cast("State | None", _one_of("state", asked.get("state"), get_args(State))),
        camera=asked.get("camera") or None,
        rule=asked.get("rule") or None,
        zone=asked.get("zone") or None,
        since=moment_of("since", asked.get("since")),
        until=moment_of("until", asked.get("until")),
        dismissed=cast("Disposition | None", _one_of("dismissed", asked.get("dismissed"), get_args(Disposition))),
    )


def _one_of(key: str, value: str | None, known: tuple[Any, ...]) -> str | None:
    if not value:
        return None
    if value not in known:
        raise ConsoleFault(400, "invalid", f"{key}: expected one of {', '.join(known)}")
    return value


def _id(request: Request) -> UUID:
    return _uuid(request.path_params["id"])


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise ConsoleFault(404, "not_found", "expected a UUID") from error


def _about(request: Request) -> UUID:
    """The incident, which the record of changes is to name."""
    incident = _id(request)
    request.state.subject = str(incident)
    return incident


def _answer(request: Request, asked: Asked) -> Response:
    """What became of it. Raises CommandRejected, ConsoleFault, StoreFull, StoreUnusable."""
    if asked["status"] == "done":
        request.state.outcome = asked["code"] or ""
    if asked["status"] == "rejected":
        code, message = asked["code"] or "failed", asked["message"] or ""
        if code == JUDGED_MEANWHILE:
            raise ConsoleFault(409, code, message)
        if code in _OF_STORE:
            raise _OF_STORE[code](message)
        raise CommandRejected(RejectCode(code), message)
    return JSONResponse(asked, status_code=202 if asked["status"] == "waiting" else 200)
