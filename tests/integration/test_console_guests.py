"""Connections that ask for nothing, or do not read what they asked for, keep nobody out and do not stay."""

from __future__ import annotations

import logging
import select
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.console.doorway import LEAST_READ, MOST_CONNECTIONS, MOST_UNREAD, SLOW_S, WAIT_S
from agent.console.feed import Feed
from tests.certificates import authority, issued
from tests.e2e.agent_process import wait_until
from tests.fakes import FakeClock
from tests.integration.test_console_server import gatekeeper, running
from tests.mosquitto import free_port
from tests.watching import listening

pytestmark = pytest.mark.server

MANY = 200
BIG = 3_000_000
HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ELSEWHERE = "127.0.0.2"


@dataclass
class Server:
    """A console that answers, whose time the test moves on."""

    port: int
    clock: FakeClock
    feed: Feed
    stack: ExitStack

    def guest(self, said: bytes = b"", *, host: str = "127.0.0.1", reads: int | None = None) -> socket.socket:
        """A connection from `host` that says something; `reads`: how little its system takes unasked."""
        guest = self.stack.enter_context(socket.socket())
        if reads is not None:
            guest.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, reads)
        guest.bind((host, 0))
        guest.settimeout(60)
        guest.connect(("127.0.0.1", self.port))
        guest.sendall(said)
        return guest

    def later(self, seconds: float) -> None:
        """Time goes by, and is noticed at the console."""
        self.clock.advance(seconds)


@contextmanager
def serving(folder: Path, tls: tuple[Path, Path] | None = None) -> Iterator[Server]:
    async def big(_request: Request) -> Response:
        return Response(b"x" * BIG)

    port, clock, feed = free_port(), FakeClock(), Feed()
    with (
        running(gatekeeper(folder, clock=clock), feed, port, tls=tls, routes=[Route("/api/big", big)]),
        ExitStack() as stack,
    ):
        wait_until(lambda: listening(port), "the console")
        yield Server(port, clock, feed, stack)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as running:
        yield running


def is_ended(guest: socket.socket) -> bool:
    """Whether the console has ended a connection that says nothing more; asked without waiting."""
    guest.setblocking(False)
    try:
        return guest.recv(100_000) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def is_reset(guest: socket.socket) -> bool:
    """As `is_ended`, of one that still has something to read."""
    poll = select.poll()
    poll.register(guest, 0)
    return bool(poll.poll(0))


def ended(guests: list[socket.socket]) -> int:
    return sum(is_ended(guest) for guest in guests)


def drained(guest: socket.socket) -> int:
    """Bytes until its end."""
    count = 0
    with suppress(ConnectionResetError):
        while part := guest.recv(1_000_000):
            count += len(part)
    return count


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
    ],
)
def test_who_asks_is_answered_however_many_do_not(server: Server, said: bytes) -> None:
    guests = [server.guest(said) for _ in range(MANY)]
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as user:
        for _ in range(20):
            assert user.get("/static/app.js").status_code == 200
            guests += [server.guest(said) for _ in range(10)]
    wait_until(lambda: ended(guests) >= len(guests) - MOST_CONNECTIONS, "places to be given up")


def test_a_user_keeps_his_connection_before_those_of_a_host_that_has_many(server: Server) -> None:
    user = server.guest(HEAD)
    assert user.recv(12) == b"HTTP/1.1 200"
    for _ in range(MANY):
        server.guest(host=ELSEWHERE)
    user.sendall(HEAD)
    heads = b""
    while heads.count(b"HTTP/1.1 200") < 1:
        part = user.recv(100_000)
        assert part, "was ended"
        heads += part


def test_half_a_request_is_not_waited_for_for_ever(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    half_a_body = (
        b"POST /api/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
    )
    guests = [server.guest(), server.guest(b"GET /api/me HTTP/1.1\r\nHost:"), server.guest(half_a_body)]
    slow = server.guest(b"GET / HTT")

    def all_ended() -> bool:
        server.later(WAIT_S / 8)
        with suppress(OSError):
            slow.sendall(b"P")
        return ended([*guests, slow]) == 4

    wait_until(all_ended, "them to be ended")
    assert not caplog.records


def test_over_tls_too_from_the_handshake_on(tmp_path: Path) -> None:
    root = authority(tmp_path, "root")
    mine = issued(tmp_path, "box", root)
    trusted = ssl.create_default_context(cafile=str(root.cert_file))
    with serving(tmp_path, tls=(mine.cert_file, mine.key_file)) as server:
        guests = [server.guest(b"\x16\x03\x01") for _ in range(MANY)]
        shaken = trusted.wrap_socket(server.guest(), server_hostname="localhost")
        server.stack.enter_context(shaken)
        wait_until(lambda: ended(guests) >= MANY - MOST_CONNECTIONS, "places to be given up")
        assert httpx.get(f"https://localhost:{server.port}/", verify=trusted).status_code == 200
        server.later(WAIT_S)
        wait_until(lambda: ended(guests) == MANY, "the rest to be ended")
        wait_until(lambda: shaken.recv(1) == b"", "the one who said nothing since")


def test_who_does_not_read_is_ended_and_who_reads_slowly_is_not(server: Server) -> None:
    asked = HEAD.replace(b"GET /", b"GET /api/big").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    never, slow = server.guest(asked, reads=4096), server.guest(asked, reads=65536)
    read = 0

    def never_is_ended() -> bool:
        nonlocal read
        read += len(slow.recv(LEAST_READ, socket.MSG_WAITALL))
        server.later(SLOW_S / 10)
        return is_reset(never)

    wait_until(never_is_ended, "who does not read to be ended")
    assert read + drained(slow) > BIG
    assert drained(never) < BIG


def test_those_who_do_not_read_give_way_to_who_does(server: Server, tmp_path: Path) -> None:
    """However many ask for much and read nothing, little of it is kept for them; no time has to go by for that."""
    asked = HEAD.replace(b"GET /", b"GET /api/big").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    user = server.guest(asked, host=ELSEWHERE, reads=65536)
    begun = len(user.recv(LEAST_READ, socket.MSG_WAITALL))
    guests = [server.guest(asked, reads=4096) for _ in range(MOST_CONNECTIONS - 4)]
    wait_until(lambda: sum(map(is_reset, guests)) >= len(guests) - MOST_UNREAD // BIG, "them to give way")
    assert begun + drained(user) > BIG, "who reads slowly is no host of many"
    assert drained(server.guest(asked)) > BIG, "who asks now is answered"
    stayed = [guest for guest in guests if not is_reset(guest)]
    assert stayed, "no more are ended than have to be"
    assert drained(stayed[-1]) > BIG, "and who is left gets all of it"


def test_a_stop_waits_for_nobody_who_does_not_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    with serving(tmp_path) as server:
        guests = [server.guest(HEAD.replace(b"GET /", b"GET /api/big"), reads=4096) for _ in range(10)]
        assert [guest.recv(12) for guest in guests] == [b"HTTP/1.1 200"] * 10
        server.guest(b"GET")
    assert not caplog.records


def test_a_page_that_listens_but_does_not_read_is_ended(server: Server) -> None:
    login = httpx.post(f"http://127.0.0.1:{server.port}/api/login", json={"name": "", "password": ""})
    cookie = login.headers["set-cookie"].partition(";")[0].encode()
    page = server.guest(
        HEAD.replace(b"GET /", b"GET /api/stream").replace(b"\r\n\r\n", b"\r\nCookie: " + cookie + b"\r\n\r\n"),
        reads=4096,
    )
    assert page.recv(12) == b"HTTP/1.1 200"
    wait_until(lambda: server.feed.wanted("camera"), "the page to listen")

    def told() -> bool:
        for number in range(20):
            server.feed.publish("camera", f"gate-{number}", {"boxes": "x" * 10_000})
        server.later(1.0)
        return not server.feed.wanted("camera")

    wait_until(told, "the page to be given up")
    assert drained(page) < 50 * 20 * 10_000
