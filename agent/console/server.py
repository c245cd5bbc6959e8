"""Answers browsers, by uvicorn in a loop of the agent. A port that cannot be had is said, and tried again."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from pathlib import Path
from threading import Event as StopEvent
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from agent.console.access import Gatekeeper
from agent.console.doorway import WAIT_S, Connection, Doorway, Portions
from agent.console.feed import Feed
from agent.core.errors import StoreUnusable

log = logging.getLogger(__name__)

RETRY_S = 30.0
"""How often a port that another program has is tried again, and whether somebody has a password now."""
_LOOK_S = 0.2
_GRACE_S = 1
MOST_WAITING = 128
"""Connections that the kernel holds until they are accepted."""


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
                with Doorway(self._place, self._now_s) as doorway:
                    self._said = ""
                    asyncio.run(self._serve(doorway, stop))
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

    def _now_s(self) -> float:
        return self._gatekeeper.clock.now().mono_s

    async def _serve(self, doorway: Doorway, stop: StopEvent) -> None:
        settings = uvicorn.Config(
            Portions(self._app(), doorway.make_room),
            http=Connection,
            log_config=None,
            log_level="error",  # what strangers send is no reason to write a line each
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=int(WAIT_S),
            timeout_graceful_shutdown=_GRACE_S,
            backlog=MOST_WAITING,
            ssl_certfile=self._tls[0] if self._tls else None,
            ssl_keyfile=self._tls[1] if self._tls else None,
        )
        try:
            settings.load()
        except (OSError, ssl.SSLError) as error:
            raise StoreUnusable(f"console.tls: expected a certificate and its key, found: {error}") from error
        server = uvicorn.Server(settings)
        doorway.connections = cast("set[Connection]", server.server_state.connections)
        self._feed.begin()
        scheme = "https" if self._tls else "http"
        log.info("the console is at %s://%s", scheme, _shown(self._place))
        watcher = asyncio.create_task(self._until(stop, server, doorway))
        watcher.add_done_callback(lambda _: setattr(server, "should_exit", True))
        try:
            await server.serve(sockets=[doorway])
        finally:
            self._feed.end()
            watcher.cancel()
            doorway.end()
        if not watcher.done():
            raise OSError("the web server ended by itself")
        await watcher

    async def _until(self, stop: StopEvent, server: uvicorn.Server, doorway: Doorway) -> None:
        while not stop.is_set():
            self._gatekeeper.sessions.sweep(self._now_s())
            doorway.sweep()
            await asyncio.sleep(_LOOK_S)
        self._feed.end()
        doorway.end(busy=False)  # a stop waits for nobody who does not read
        server.should_exit = True


def _shown(place: tuple[str, int]) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
