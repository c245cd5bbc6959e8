"""Teaching bin zones from the pictures that were kept of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import operator, viewer
from agent.console.faults import ConsoleFault
from agent.console.requests import body_of, number_in_path, number_of
from agent.ports.console.teaching import Mark, TeachBackend

PAGE = 60
MOST_MARKS = 200
_LONGEST_NUMBER = 10**16
_MARKS: dict[object, Mark | None] = {"clean": "clean", "full": "full", None: None}

T = TypeVar("T")


async def _called(work: Callable[..., T], *given: object, **named: object) -> T:
    try:
        return await run_in_threadpool(work, *given, **named)
    except LookupError as error:
        raise ConsoleFault(404, "unknown_zone", str(error)) from error


def routes(teaching: TeachBackend) -> list[Route]:
    """`/api/teach` and all below it."""

    @viewer
    async def zones(_request: Request) -> Response:
        return JSONResponse({"zones": await run_in_threadpool(teaching.zones)})

    @viewer
    async def zone(request: Request) -> Response:
        place = _place(request)
        shown, candidate = await _called(teaching.zone, *place), await _called(teaching.candidate, *place)
        return JSONResponse({"zone": shown, "candidate": candidate})

    @viewer
    async def pictures(request: Request) -> Response:
        before = number_of(request, "before", 0, least=0, most=_LONGEST_NUMBER) or None
        limit = number_of(request, "limit", PAGE, least=1, most=100)
        return JSONResponse(await _called(teaching.pictures, *_place(request), before=before, limit=limit))

    @viewer
    async def picture(request: Request) -> Response:
        jpeg = await _called(teaching.jpeg, *_place(request), number_in_path(request, "picture"))
        if jpeg is None:
            raise ConsoleFault(404, "no_picture", "this picture is not kept any more")
        headers = {"Cache-Control": "private, max-age=3600, immutable"}
        return Response(jpeg, media_type="image/jpeg", headers=headers)

    return [
        Route("/api/teach", zones),
        Route("/api/teach/{camera}/{zone}", zone),
        Route("/api/teach/{camera}/{zone}/pictures", pictures),
        Route("/api/teach/{camera}/{zone}/pictures/{picture}", picture),
        *_changes(teaching),
    ]


def _changes(teaching: TeachBackend) -> list[Route]:
    @operator("teach.picture")
    async def ask(request: Request) -> Response:
        await _called(teaching.ask, *_place(request))
        return JSONResponse({}, status_code=202)

    @operator("teach.mark")
    async def mark(request: Request) -> Response:
        place, marks = _place(request), _marks_of(await body_of(request))
        request.state.detail = ", ".join(f"{number}: {said or 'neither'}" for number, said in marks.items())
        return JSONResponse({"zone": await _called(teaching.mark, *place, marks)})

    @operator("teach.train")
    async def train(request: Request) -> Response:
        lesson = await _called(teaching.train, *_place(request))
        request.state.detail = "learnt" if lesson["learnt"] else f"refused: {lesson['refusal']}"
        return JSONResponse({"candidate": lesson})

    @operator("teach.on")
    async def switch_on(request: Request) -> Response:
        return JSONResponse({"zone": await _called(teaching.switch_on, *_place(request))})

    @operator("teach.discard")
    async def discard(request: Request) -> Response:
        return JSONResponse({"zone": await _called(teaching.discard, *_place(request))})

    @operator("teach.off")
    async def switch_off(request: Request) -> Response:
        return JSONResponse({"zone": await _called(teaching.switch_off, *_place(request))})

    handlers = {"marks": mark, "train": train, "on": switch_on, "discard": discard, "off": switch_off}
    return [
        Route("/api/teach/{camera}/{zone}/pictures", ask, methods=["POST"]),
        *(Route(f"/api/teach/{{camera}}/{{zone}}/{name}", it, methods=["POST"]) for name, it in handlers.items()),
    ]


def _place(request: Request) -> tuple[str, str]:
    camera, zone = request.path_params["camera"], request.path_params["zone"]
    request.state.subject = f"{camera}/{zone}"
    return camera, zone


def _marks_of(body: dict[str, object]) -> dict[int, Mark | None]:
    """The marks of a request, by picture. Raises ConsoleFault."""
    marks = body.get("marks")
    if not isinstance(marks, dict) or not 0 < len(marks) <= MOST_MARKS:
        raise ConsoleFault(400, "invalid", f"marks: expected 1 to {MOST_MARKS} pictures with clean, full or null")
    if not all(name.isascii() and name.isdecimal() and len(name) <= 16 for name in marks):
        raise ConsoleFault(400, "invalid", "marks: expected ids of pictures as keys")
    if not all(said is None or said in ("clean", "full") for said in marks.values()):
        raise ConsoleFault(400, "invalid", "marks: expected clean, full or null")
    return {int(name): _MARKS[said] for name, said in marks.items()}
