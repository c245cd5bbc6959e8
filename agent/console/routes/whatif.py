"""Trying another configuration: what can be tried, a run, how it goes, and its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import operator, viewer
from agent.console.faults import ConsoleFault
from agent.console.requests import body_of, moment_of, text_of
from agent.console.zone_edits import lang_of
from agent.ports.console.whatif import Edit, Run, Tries, Wish, WishRefused

MOST_DRAFT = 500_000
MOST_EDITS = 500


def routes(tries: Tries) -> list[Route]:
    """All under /api/whatif."""

    @viewer
    async def form(_request: Request) -> Response:
        return JSONResponse(await run_in_threadpool(tries.form))

    @viewer
    async def run(_request: Request) -> Response:
        return JSONResponse(_told(await run_in_threadpool(tries.run)))

    @operator("whatif.start")
    async def start(request: Request) -> Response:
        wish = _wish(await body_of(request))
        request.state.subject = ", ".join(wish.cameras)
        try:
            await run_in_threadpool(tries.start, wish)
        except WishRefused as refused:
            raise ConsoleFault(400, "invalid", refused.message, facts={"problems": refused.problems}) from refused
        return JSONResponse({}, status_code=202)

    @operator("whatif.cancel")
    async def cancel(_request: Request) -> Response:
        await run_in_threadpool(tries.cancel)
        return JSONResponse({})

    return [
        Route("/api/whatif", form),
        Route("/api/whatif/run", run),
        Route("/api/whatif/run", start, methods=["POST"]),
        Route("/api/whatif/run", cancel, methods=["DELETE"]),
    ]


def _told(run: Run) -> dict[str, Any]:
    return {
        "phase": run.phase.value,
        "progress": run.progress,
        "result": run.result,
        "error": run.error,
        "tried": run.tried,
    }


def _wish(body: Mapping[str, Any]) -> Wish:
    """Raises ConsoleFault."""
    cameras, edits = body.get("cameras", []), body.get("edits", [])
    if not isinstance(cameras, list) or not all(isinstance(c, str) and len(c) <= 100 for c in cameras):
        raise ConsoleFault(400, "invalid", "cameras: expected a list of ids")
    if not isinstance(edits, list) or len(edits) > MOST_EDITS:
        raise ConsoleFault(400, "invalid", f"edits: expected a list of at most {MOST_EDITS}")
    return Wish(
        cameras=tuple(cameras),
        since=moment_of("since", text_of(body, "since")),
        until=moment_of("until", text_of(body, "until")),
        draft=text_of(body, "draft", most=MOST_DRAFT) or None,
        edits=tuple(_edit(edit) for edit in edits),
        quick=body.get("quick") is True,
        lang=lang_of(body),
    )


def _edit(told: object) -> Edit:
    if not isinstance(told, dict):
        raise ConsoleFault(400, "invalid", "edits: expected objects")
    value = told.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float | None) or len(str(value)) > 100:
        raise ConsoleFault(400, "invalid", "value: expected a text, a number or nothing")
    places = {key: text_of(told, key) for key in ("camera", "zone", "rule", "key")}
    return Edit(**places, value=value)
