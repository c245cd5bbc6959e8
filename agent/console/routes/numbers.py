"""Numbers of a period, and the same as CSV."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent.console.access import viewer
from agent.console.faults import ConsoleFault
from agent.ports.console.numbers import Figures, NumbersBook, Period

_BOM = "\ufeff"
"""Without it, Excel takes UTF-8 for the code page of its computer, and Chinese for nonsense."""


def routes(book: NumbersBook) -> list[Route]:
    """The routes of this slice."""

    def period(request: Request) -> Period:
        asked = request.query_params
        name = asked.get("period", "week")
        return book.named_period(name, asked.get("since"), asked.get("until"), asked.get("camera") or None)

    def counted(request: Request) -> Figures:
        return book.figures(period(request))

    def written(request: Request) -> str:
        return book.csv(request.path_params["table"], period(request))

    @viewer
    async def figures(request: Request) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(counted, request))
        except ValueError as error:
            raise ConsoleFault(400, "invalid", str(error)) from error

    @viewer
    async def table(request: Request) -> Response:
        try:
            text = await run_in_threadpool(written, request)
        except ValueError as error:
            raise ConsoleFault(400, "invalid", str(error)) from error
        name = f"city-eye-{request.path_params['table']}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response((_BOM + text).encode(), media_type="text/csv; charset=utf-8", headers=headers)

    return [Route("/api/numbers", figures), Route("/api/numbers/{table}.csv", table)]
