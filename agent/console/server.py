"""Answers browsers, by uvicorn in a loop of the agent. A port that cannot be had is said, and tried again."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from threading import Event as StopEvent

import uvicorn
from starlette.types import ASGIApp

from agent.console.access import Gatekeeper
from agent.console.feed import Feed
from agent.core.errors import StoreUnusable

log = logging.getLogger(__name__)

RETRY_S = 30.0
"""How often a port that another program has is tried again, and whether somebody has a password now."""
_LOOK_S = 0.2
_GRACE_S = 1
MOST_CONNECTIONS = 64
MOST_WAITING = 32


class ConsoleServer:
    """Give `run` to a supervisor."""

    def __init__(
        self,
        place: tuple[str, int],
        gatekeeper: Gatekeeper,
        feed: Feed,
        app: Callable[[], ASGIApp],
        *,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        """`place`: address and port to listen at. `tls`: certificate and key. `app`: made once, when it begins."""
        self._place = place
        self._gatekeeper = gatekeeper
        self._feed = feed
        self._app = app
        self._tls = tls
        self._said = ""

    def run(self, stop: StopEvent) -> None:
        """Answer until stopped."""
        while not stop.is_set():
            try:
                self._check_passwords()
                with _listening(self._place) as listener:
                    self._said = ""
                    asyncio.run(self._serve(listener, stop))
            except (OSError, StoreUnusable) as error:
                self._failed(str(getattr(error, "strerror", None) or error))
                stop.wait(RETRY_S)

    def _check_passwords(self) -> None:
        if not self._gatekeeper.local and not self._gatekeeper.users.known():
            raise StoreUnusable(
                "expected somebody with a password, found nobody; add one: cityeye console add NAME --config FILE"
            )

    def _failed(self, why: str) -> None:
        if why != self._said:
            log.error("console.listen: nobody is answered at %s: %s; all else goes on", _shown(self._place), why)
        self._said = why

    async def _serve(self, listener: socket.socket, stop: StopEvent) -> None:
        settings = uvicorn.Config(
            self._app(),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=20,
            timeout_graceful_shutdown=_GRACE_S,
            limit_concurrency=MOST_CONNECTIONS,
            backlog=MOST_WAITING,
            ssl_certfile=self._tls[0] if self._tls else None,
            ssl_keyfile=self._tls[1] if self._tls else None,
        )
        try:
            settings.load()
        except (OSError, ssl.SSLError) as error:
            raise StoreUnusable(f"console.tls: expected a certificate and its key, found: {error}") from error
        server = uvicorn.Server(settings)
        self._feed.begin()
        scheme = "https" if self._tls else "http"
        log.info("the console is at %s://%s", scheme, _shown(self._place))
        watcher = asyncio.create_task(self._until(stop, server))
        watcher.add_done_callback(lambda _: setattr(server, "should_exit", True))
        try:
            await server.serve(sockets=[listener])
        finally:
            self._feed.end()
            watcher.cancel()
        if not watcher.done():
            raise OSError("the web server ended by itself")
        await watcher

    async def _until(self, stop: StopEvent, server: uvicorn.Server) -> None:
        while not stop.is_set():
            self._gatekeeper.sessions.sweep(self._gatekeeper.clock.now().mono_s)
            await asyncio.sleep(_LOOK_S)
        self._feed.end()
        server.should_exit = True


def _listening(place: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
    except BaseException:
        listener.close()
        raise
    return listener


def _shown(place: tuple[str, int]) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
