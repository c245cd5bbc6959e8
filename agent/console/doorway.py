"""Keeps the console's connections few, and ends those that only hold a place.

uvicorn ends a connection that is idle after an answer, but waits for ever for the first request, for the rest of one,
and for somebody who does not read; and whoever is refused for the number of connections holds a file of the process all
the same. So places are counted where connections are accepted, before TLS. When all are taken, one that waits for a
request gives way, of the address that has most of these: a guest who asks at once gets his answer, however many do not.
"""

from __future__ import annotations

import math
import socket
import struct
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, cast

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 64
"""Each is a file of the process, which has others to open."""
WAIT_S = 20.0
"""How long a connection may be without a whole request: TLS, its head, its body, the next one."""
SLOW_S = 30.0
LEAST_READ = 30_000
"""Bytes that somebody takes of what waits for him in `SLOW_S`, if it is as much: a poor mobile link takes more."""
KERNEL_BUFFER = 128 * 1024
"""Of each connection, for what is sent: left alone, it grows to megabytes for those who do not read."""

PORTION = 64 * 1024
"""Of a larger answer, as much as is handed to the connection at once, which keeps a copy of what is not read."""
UNGIVEN = "cityeye.ungiven"
"""Of a request's scope: bytes of its answer that were not handed to the connection yet."""
MOST_UNREAD = 16_000_000
"""Bytes of large answers that wait for those who asked for them, all together."""


class Doing(Enum):
    """What a connection is there for at this moment."""

    WAITING = auto()
    """For a whole request."""
    READING = auto()
    """More of an answer waits than the reader takes at once."""
    BUSY = auto()
    """A request is being answered, or a page listens."""


class Connection(H11Protocol):
    """A connection of uvicorn's that can be asked what it is doing."""

    @property
    def unread(self) -> int:
        """Bytes that wait for the reader; they only become fewer as long as this is `Doing.READING`."""
        scope = cast("Mapping[str, Any] | None", self.scope)  # none before the first request
        ungiven: int = 0 if scope is None else scope.get(UNGIVEN, 0)
        return self.transport.get_write_buffer_size() + ungiven

    @property
    def doing(self) -> Doing:
        """What it is doing now."""
        asked = self.cycle is not None and not self.cycle.response_complete
        if self.unread and (self.flow.write_paused or not asked):
            return Doing.READING
        return Doing.BUSY if asked and not self.cycle.more_body else Doing.WAITING


_NO_LINGER = struct.pack("ii", 1, 0)
_PATIENCE_S = {Doing.WAITING: WAIT_S, Doing.READING: SLOW_S, Doing.BUSY: math.inf}


@dataclass(slots=True, kw_only=True, eq=False)
class _Guest:
    """A connection that was accepted, and since when it does one thing for one request."""

    socket: socket.socket
    host: str
    since_s: float
    was: Doing = Doing.WAITING
    request: object = None
    unread: int = 0
    connection: Connection | None = None
    """None during TLS's handshake."""

    @property
    def doing(self) -> Doing:
        return Doing.WAITING if self.connection is None else self.connection.doing

    @property
    def unread_now(self) -> int:
        """Bytes that wait for it."""
        return 0 if self.connection is None else self.connection.unread

    @property
    def has_asked(self) -> bool:
        """Whether a request of it was ever answered, or only waits for its body."""
        return self.connection is not None and self.connection.cycle is not None

    def outstays(self, now_s: float) -> bool:
        """Whether it does the same thing for too long; what it does now is remembered."""
        request, unread = None if self.connection is None else self.connection.cycle, self.unread_now
        known, now = (self.was, self.request), (self.doing, request)
        if known == now and now_s - self.since_s < _PATIENCE_S[self.was]:
            return False
        reads = self.was is Doing.READING and self.unread - unread >= min(LEAST_READ, self.unread)
        if known == now and not reads:
            return True
        (self.was, self.request), self.unread, self.since_s = now, unread, now_s
        return False

    def end(self) -> None:
        """At once, whatever it still has to read."""
        with suppress(OSError):
            if (
                self.doing is Doing.READING
            ):  # or the kernel keeps what is not read, and asks for minutes whether it is now
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            if self.connection is None:
                self.socket.shutdown(socket.SHUT_RDWR)
        if self.connection is not None:
            self.connection.transport.abort()


class Portions:
    """An application whose large answers are handed on in portions, each once the one before was taken; room for them
    is made first."""

    def __init__(self, app: ASGIApp, make_room: Callable[[int], None]) -> None:
        """`make_room`: for so many bytes."""
        self._app = app
        self._make_room = make_room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""

        async def sent(message: Message) -> None:
            body = message.get("body", b"")
            if len(body) <= PORTION:
                await send(message)
                return
            self._make_room(len(body))
            for start in range(0, len(body), PORTION):
                scope[UNGIVEN] = max(len(body) - start - PORTION, 0)
                more = message.get("more_body", False) or scope[UNGIVEN] > 0
                await send({**message, "body": body[start : start + PORTION], "more_body": more})

        await self._app(scope, receive, sent)


class Doorway(socket.socket):
    """The socket that listens. All but the constructor is for the event loop's thread."""

    def __init__(self, place: tuple[str, int], now_s: Callable[[], float]) -> None:
        """Take the port. `now_s`: of a monotonic clock. Raises OSError."""
        super().__init__(socket.AF_INET6 if ":" in place[0] else socket.AF_INET)
        self._now_s = now_s
        self._guests: dict[tuple[str, int], _Guest] = {}
        self.connections: Collection[Connection] = ()
        """Those of the server, as far as TLS's handshake is done."""
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)  # what it accepts inherits that
            self.bind(place)
        except BaseException:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        """As any socket; for one that comes when all places are taken, another has to go."""
        accepted, address = super().accept()
        fresh = self._guests[address[:2]] = _Guest(socket=accepted, host=address[0], since_s=self._now_s())
        present = self._present()
        if len(present) > MOST_CONNECTIONS:
            self._let_go(_dispensable(present, fresh))
        return accepted, address

    def sweep(self) -> None:
        """End those that hold a place for nothing; to be called once a second, or more often."""
        now_s = self._now_s()
        for guest in self._present():
            if guest.outstays(now_s):
                self._let_go(guest)

    def make_room(self, size: int) -> None:
        """Before an answer of so many bytes: where too much waits to be read, those who do not read it give way.

        First of the host for which most waits, and of these who has read least of late.
        """
        reading = [guest for guest in self._present() if guest.doing is Doing.READING]
        waiting: Counter[str] = Counter()
        for guest in reading:
            waiting[guest.host] += guest.unread_now
        while reading and waiting.total() + size > MOST_UNREAD:
            slowest = min(reading, key=lambda guest: (-waiting[guest.host], guest.since_s))
            reading.remove(slowest)
            waiting[slowest.host] -= slowest.unread_now
            self._let_go(slowest)

    def end(self, *, busy: bool = True) -> None:
        """End all of them. `busy`: also those whose request is being answered."""
        for guest in self._present():
            if busy or guest.doing is not Doing.BUSY:
                self._let_go(guest)

    def _present(self) -> list[_Guest]:
        made = {connection.client: connection for connection in self.connections}
        for key, guest in list(self._guests.items()):
            if guest.socket.fileno() < 0:
                del self._guests[key]
            elif key in made:
                guest.connection = made[key]
        return list(self._guests.values())

    def _let_go(self, guest: _Guest) -> None:
        guest.end()
        self._guests = {key: other for key, other in self._guests.items() if other is not guest}


def _dispensable(present: Sequence[_Guest], fresh: _Guest) -> _Guest:
    """Who gives way: who never asked before who did, and of these the oldest of the host that has most."""
    waiting = [guest for guest in present if guest.doing is Doing.WAITING]
    if others := [guest for guest in waiting if guest is not fresh]:
        of_host = Counter(guest.host for guest in waiting)
        return min(others, key=lambda guest: (guest.has_asked, -of_host[guest.host], guest.since_s))
    reading = [guest for guest in present if guest.doing is Doing.READING]
    return min(reading, key=lambda guest: guest.since_s, default=fresh)
