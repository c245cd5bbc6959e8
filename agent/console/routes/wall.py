"""How each camera is and what it sees; `/api/stream` has the same as events `camera`."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import viewer
from agent.console.faults import ConsoleFault
from agent.console.requests import number_of
from agent.ports.console.wall import WallBackend

WIDTH_PX = 640


def routes(wall: WallBackend) -> list[Route]:
    """`/api/cameras`, one of them, and its picture."""

    @viewer
    async def cameras(_request: Request) -> Response:
        return JSONResponse({"cameras": await run_in_threadpool(wall.cameras)})

    @viewer
    async def camera(request: Request) -> Response:
        shown = await run_in_threadpool(wall.camera, request.path_params["camera"])
        if shown is None:
            raise ConsoleFault(404, "unknown_camera", "there is no such camera")
        return JSONResponse(shown)

    @viewer
    async def picture(request: Request) -> Response:
        width_px = number_of(request, "width", WIDTH_PX, least=1, most=10_000)
        found = await run_in_threadpool(wall.picture, request.path_params["camera"], width_px)
        if found is None:
            raise ConsoleFault(404, "no_picture", "the camera gives no picture now")
        headers = {"ETag": f'"{found.tag}"', "Cache-Control": "private, no-cache"}
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(found.jpeg, media_type="image/jpeg", headers=headers)

    return [
        Route("/api/cameras", cameras),
        Route("/api/cameras/{camera}", camera),
        Route("/api/cameras/{camera}/picture", picture),
    ]
