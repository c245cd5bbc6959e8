"""A small HTTP server for a few readers, which nobody can use to hold up or wear out the agent.

Each connection has a thread, one request, and a deadline; there are few at a time, and when one more comes the oldest
has to go, so that somebody who only keeps connections open shuts nobody out. The agent never waits for any of them.
"""

from __future__ import annotations

import logging
import socket
import socketserver
import sys
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Event as StopEvent
from threading import Lock
from typing import Any

from agent.adapters.metrics.pages import Page
from agent.ports import Clock

log = logging.getLogger(__name__)

Answer = Callable[[str, str], Page]
"""Path and `Accept` to a page."""

MOST_CONNECTIONS = 8
DEADLINE_S = 10.0
"""From its acceptance to its end, whatever a connection does."""
SILENCE_S = 5.0
MOST_THREADS = 32
"""Also of connections that were hung up on: what such a thread waits for may take a while."""
_POLL_S = 0.5
RETRY_S = 30.0
"""How often a port that another program has is tried again."""


class StatusServer:
    """Give `run` to a supervisor. A port that cannot be had is said, and tried again: the agent works without it."""

    def __init__(self, place: tuple[str, int], answer: Answer, clock: Clock) -> None:
        """`place`: address and port to listen at."""
        self._place = place
        self._answer = answer
        self._clock = clock
        self.fault: str | None = None
        """Why nobody can ask now, or None; for health."""

    def run(self, stop: StopEvent) -> None:
        """Answer until stopped."""
        while not stop.is_set():
            try:
                server = _Server(self._place, self._answer, self._clock)
            except OSError as error:
                self._failed(error)
                stop.wait(RETRY_S)
                continue
            self.fault = None
            log.info("metrics and probes are told at http://%s", _shown(self._place))
            with server:
                server.serve(stop)

    def _failed(self, error: OSError) -> None:
        where = _shown(self._place)
        fault = f"metrics.listen: {where}: {error.strerror or type(error).__name__}"
        if fault != self.fault:
            log.error(
                "metrics.listen: expected an address of this box and a free port, found %s: %s; end the program that "
                "has the port, or name another one. Until then nobody can ask for metrics; all else goes on",
                where,
                error.strerror or error,
            )
        self.fault = fault


class _Server(socketserver.ThreadingTCPServer):
    """Listens from its construction on."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    timeout = _POLL_S

    def __init__(self, place: tuple[str, int], answer: Answer, clock: Clock) -> None:
        self.address_family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
        self.answer = answer
        self._clock = clock
        self._lock = Lock()
        self._open: dict[socket.socket, float] = {}
        """Connections by the moment of their acceptance, oldest first."""
        self._exhausted = False
        self._busy = 0
        super().__init__(place, _Handler)

    def serve(self, stop: StopEvent) -> None:
        """Accept until stopped; then whoever is still there is hung up on."""
        while not stop.is_set():
            self.handle_request()
            self._end(self._clock.now().mono_s - DEADLINE_S, MOST_CONNECTIONS)
            if self._exhausted:  # no descriptors are left: the caller waits in line, and asking at once is of no use
                self._exhausted = False
                stop.wait(_POLL_S)
        self._end(float("inf"), 0)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept one; a failure is passed over by the caller of this."""
        try:
            return super().get_request()
        except OSError:
            self._exhausted = True
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own; the oldest connection makes room."""
        now_s = self._clock.now().mono_s
        self._end(now_s - DEADLINE_S, MOST_CONNECTIONS - 1)
        with self._lock:
            crowded = self._busy >= MOST_THREADS
            if not crowded:
                self._open[request] = now_s
                self._busy += 1
        if crowded:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread is to be had now
            self._thread_ended()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Whatever becomes of the request, its thread is counted until it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._thread_ended()

    def _thread_ended(self) -> None:
        with self._lock:
            self._busy -= 1

    def shutdown_request(self, request: Any) -> None:
        """The connection is over."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def still_has(self, request: socket.socket) -> bool:
        """Whether the connection was not hung up on."""
        with self._lock:
            return request in self._open

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (socketserver's)
        """A caller that hangs up or is too slow is no event; anything else is a fault of ours."""
        error = sys.exception()
        if isinstance(error, OSError):
            log.debug("%s: the request was not answered: %s", client_address, error)
        else:
            log.error("%s: the request was not answered", client_address, exc_info=error)

    def _end(self, before_s: float, most: int) -> None:
        """Hang up on those that were accepted before, and on the oldest of those that are too many."""
        with self._lock:
            surplus = len(self._open) - most
            ended = [peer for i, (peer, since_s) in enumerate(self._open.items()) if since_s < before_s or i < surplus]
            for peer in ended:
                del self._open[peer]
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)  # its thread wakes up, and closes it


class _Handler(BaseHTTPRequestHandler):
    """One GET or HEAD; HTTP/1.0, so that the connection ends with the answer."""

    timeout = SILENCE_S
    server: _Server
    server_version, sys_version = "cityeye", ""

    def do_GET(self) -> None:
        """The page, or 404."""
        self._answer(whole=True)

    def do_HEAD(self) -> None:
        """The same without its content."""
        self._answer(whole=False)

    def _answer(self, *, whole: bool) -> None:
        if not self.server.still_has(self.connection):  # the end of a connection looks like the end of a request
            return
        page = self.server.answer(self.path.partition("?")[0], self.headers.get("Accept", ""))
        self.send_response_only(page.status)
        self.send_header("Content-Type", page.content_type)
        self.send_header("Content-Length", str(len(page.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if whole:
            self.wfile.write(page.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002 (http.server's)
        """Scrapes are no events."""
        log.debug("%s %r", self.client_address, args)


def _shown(place: tuple[str, int]) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
