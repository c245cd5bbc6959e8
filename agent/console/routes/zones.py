"""HTTP of the zone editor."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import operator, unrecorded, user_of, viewer
from agent.console.faults import ConsoleFault
from agent.console.requests import body_of, number_in_path, text_of
from agent.ports.console.zones import Edit, EditRefused, Lang, Overtaken, ProblemShown, ZoneEditor

T = TypeVar("T")
MOST_ZONES = 100
MOST_OF_ZONE = 20_000
"""Characters of one zone, several hundred corners: longer ones keep the box busy for many seconds."""
_SHOWN = 100
_TOO_LONG: dict[Lang, tuple[str, str, str]] = {
    "en": ("at most {most} characters for one zone", "{n}", "shorten it"),
    "zh-CN": ("每个区域最多 {most} 个字符", "{n} 个字符", "请缩短"),
}
"""Expected, found, mend."""


def routes(editor: ZoneEditor) -> list[Route]:
    """Zones of a camera, what an edit comes to, saving it, and earlier versions."""

    @viewer
    async def zones(request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(editor.zones, request.path_params["camera"]))

    @unrecorded
    async def draft(request: Request) -> Response:
        """Changes nothing, so it is not in the record; but it tells much of the document."""
        body, camera = await body_of(request, finite=False), request.path_params["camera"]
        asked = camera, _edits(body), text_of(body, "version"), _lang(body)
        return JSONResponse(await _asked(editor.draft, *asked, whole=body.get("whole") is True))

    @operator("zones.save")
    async def save(request: Request) -> Response:
        body, camera = await body_of(request, finite=False), request.path_params["camera"]
        request.state.subject = camera
        edits = _edits(body)
        by, lang = user_of(request).name, _lang(body)
        status = await _asked(editor.save, camera, edits, text_of(body, "version"), by, lang)
        request.state.detail = f"version {status['version']}: {', '.join(str(edit.zone.get('id')) for edit in edits)}"
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


def _lang(body: dict[str, Any]) -> Lang:
    return "zh-CN" if text_of(body, "lang") == "zh-CN" else "en"


def _edits(body: dict[str, Any]) -> list[Edit]:
    found = body.get("zones")
    if not isinstance(found, list) or len(found) > MOST_ZONES:
        raise ConsoleFault(400, "invalid", f"zones: expected a list of at most {MOST_ZONES}")
    edits = []
    for number, item in enumerate(found):
        zone, was = (item.get("zone"), item.get("was")) if isinstance(item, dict) else (None, None)
        if not isinstance(zone, dict) or not (was is None or isinstance(was, str)):
            raise ConsoleFault(400, "invalid", f"zones[{number}]: expected {{was, zone}}, an id or null and an object")
        if (characters := _size(zone)) > MOST_OF_ZONE:
            raise _too_long(number, max(zone, key=lambda key: _size(zone[key])), characters, _lang(body))
        edits.append(Edit(was=was, zone=zone))
    return edits


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def _too_long(zone: int, field: str, characters: int, lang: Lang) -> ConsoleFault:
    """Told at the longest field of that zone."""
    expected, found, mend = (text.format(most=MOST_OF_ZONE, n=characters) for text in _TOO_LONG[lang])
    problem = ProblemShown(
        zone=zone, field=field[:_SHOWN], point=None, expected=expected, found=found, mend=mend, warning=False
    )
    message = f"zones[{zone}].zone: expected {expected}, found {found}; {mend}"
    return ConsoleFault(400, "invalid", message, facts={"problems": [problem]})
