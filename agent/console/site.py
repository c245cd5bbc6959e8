"""The console as one ASGI application: pages, texts, and the routes of all that is shown."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.console import access, faults
from agent.console.access import Gatekeeper
from agent.console.feed import Feed
from agent.core.errors import CityEyeError

STATIC = Path(__file__).parent / "static"
LANGUAGES = ("zh-CN", "en")
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def site(gatekeeper: Gatekeeper, feed: Feed, routes: Sequence[BaseRoute]) -> ASGIApp:
    """The application. `routes`: of all that is shown, each guarded by `access.viewer` or `access.operator`."""
    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/texts/{lang}.json", _texts),
            Mount("/static", StaticFiles(directory=STATIC)),
            *access.routes(),
            *feed.routes(),
            *routes,
        ],
        exception_handlers={faults.ConsoleFault: faults.answer, CityEyeError: faults.answer},
    )
    app.state.gatekeeper = gatekeeper
    return _Guard(app, local=gatekeeper.local, secure=gatekeeper.secure)


async def _page(_request: Request) -> Response:
    return Response((STATIC / "index.html").read_bytes(), media_type="text/html", headers={"Cache-Control": "no-cache"})


async def _texts(request: Request) -> Response:
    lang = request.path_params["lang"]
    if lang not in LANGUAGES:
        raise faults.ConsoleFault(404, "not_found", "no such language")
    return JSONResponse(texts_of(lang), headers={"Cache-Control": "no-cache"})


@lru_cache
def texts_of(lang: str) -> dict[str, dict[str, str]]:
    """All texts of the pages in one language, by part and key."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted((STATIC / "texts" / lang).glob("*.json"))}


class _Guard:
    """What holds for every answer: its headers, and that a foreign name for this box's own address is not answered.

    The latter keeps a page elsewhere, whose name was made to lead here (DNS rebinding), from being taken for ours.
    """

    def __init__(self, app: ASGIApp, *, local: bool, secure: bool) -> None:
        self._app = app
        self._local = local
        self._headers = {**_HEADERS, **({"Strict-Transport-Security": "max-age=31536000"} if secure else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if self._local and not _is_loopback(Headers(scope=scope).get("host", "")):
            await PlainTextResponse("expected localhost or 127.0.0.1 as host\n", 421)(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["Cache-Control"] = "no-store" if scope["path"].startswith("/api/") else "no-cache"
            await send(message)

        await self._app(scope, receive, sent)


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    if name.lower() in ("localhost", "localhost."):
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
