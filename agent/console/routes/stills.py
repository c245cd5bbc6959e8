"""HTTP of a camera's next picture."""

from __future__ import annotations

from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console.access import viewer
from agent.console.faults import ConsoleFault


class StillBackend(Protocol):
    """Safe from any thread."""

    def jpeg(self, camera: str) -> bytes | None:
        """The next picture, or None."""


def routes(backend: StillBackend) -> list[Route]:
    """`/api/cameras/CAMERA/picture`."""

    @viewer
    async def picture(request: Request) -> Response:
        jpeg = await run_in_threadpool(backend.jpeg, request.path_params["camera"])
        if jpeg is None:
            raise ConsoleFault(404, "no_picture", "the camera gives no picture now")
        return Response(jpeg, media_type="image/jpeg")

    return [Route("/api/cameras/{camera}/picture", picture)]
