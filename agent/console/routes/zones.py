"""HTTP of the zone editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import operator, unrecorded, user_of, viewer
from agent.console.faults import ConsoleFault
from agent.console.requests import body_of, number_in_path, text_of
from agent.console.zone_edits import edits_of, lang_of
from agent.ports.console.zones import EditRefused, Overtaken, ZoneEditor

T = TypeVar("T")


def routes(editor: ZoneEditor) -> list[Route]:
    """Zones of a camera, what an edit comes to, saving it, and earlier versions."""

    @viewer
    async def zones(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(editor.zones, request.path_params["camera"]))

    @unrecorded
    async def draft(request: Request) -> Response:
        """Changes nothing, so it is not in the record; but it tells much of the document."""
        body, camera = await body_of(request, finite=False), request.path_params["camera"]
        asked = camera, edits_of(body), text_of(body, "version"), lang_of(body)
        return JSONResponse(await _asked(editor.draft, *asked, whole=body.get("whole") is True))

    @operator("zones.save")
    async def save(request: Request) -> Response:
        body, camera = await body_of(request, finite=False), request.path_params["camera"]
        request.state.subject = camera
        edits = edits_of(body)
        by, lang = user_of(request).name, lang_of(body)
        status = await _asked(editor.save, camera, edits, text_of(body, "version"), by, lang)
        changed = "; ".join(["", *(f"calendar {name}" for name in edits.calendars)])
        names = ", ".join(str(edit.zone.get("id")) for edit in edits.zones)
        request.state.detail = f"version {status['version']}: {names}{changed}"
        return JSONResponse(status)

    @viewer
    async def status(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(editor.status))

    @viewer
    async def versions(_request: Request) -> Response:
        return JSONResponse({"versions": await run_in_threadpool(editor.versions)})

    @unrecorded
    async def changes(request: Request) -> Response:
        number = number_in_path(request, "number")
        return JSONResponse({"diff": await run_in_threadpool(editor.changes_since, number)})

    @operator("zones.rollback")
    async def roll_back(request: Request) -> Response:
        body, number = await body_of(request), number_in_path(request, "number")
        request.state.subject = f"version {number}"
        told = await _asked(editor.roll_back, number, text_of(body, "version"), user_of(request).name)
        request.state.detail = f"version {told['version']}"
        return JSONResponse(told)

    return [
        Route("/api/zones/{camera}", zones),
        Route("/api/zones/{camera}/draft", draft, methods=["POST"]),
        Route("/api/zones/{camera}/save", save, methods=["POST"]),
        Route("/api/config/status", status),
        Route("/api/config/versions", versions),
        Route("/api/config/versions/{number}", changes),
        Route("/api/config/versions/{number}/put", roll_back, methods=["POST"]),
    ]


async def _asked(work: Callable[..., T], *given: object, **named: object) -> T:
    try:
        return await run_in_threadpool(work, *given, **named)
    except EditRefused as refused:
        raise ConsoleFault(400, "invalid", refused.message, facts={"problems": refused.problems}) from refused
    except Overtaken as late:
        facts: dict[str, object] = {"how": late.how, "by": late.by, "at": late.at}
        raise ConsoleFault(409, late.code.value, late.message, facts=facts) from late
