"""The console's server on a real port: over TLS, in trouble, and at its end."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from starlette.routing import BaseRoute

from agent.adapters.audit import AuditFile
from agent.adapters.clock import SystemClock
from agent.adapters.console_users import UsersFile
from agent.console.access import Gatekeeper
from agent.console.feed import MOST_LISTENERS, Feed
from agent.console.server import ConsoleServer
from agent.console.sessions import Guesses, Sessions
from agent.console.site import site
from agent.core.errors import StoreUnusable
from agent.ports import Clock
from agent.ports.console.access import Role
from tests.certificates import authority, issued
from tests.e2e.agent_process import wait_until
from tests.mosquitto import free_port
from tests.watching import listening

pytestmark = pytest.mark.server


def gatekeeper(folder: Path, *, local: bool = True, clock: Clock | None = None) -> Gatekeeper:
    return Gatekeeper(
        users=UsersFile(folder / "users.json"),
        audit=AuditFile(folder / "audit.jsonl"),
        clock=clock or SystemClock(),
        sessions=Sessions(600.0),
        guesses=Guesses(),
        local=local,
        secure=False,
        time_zone="Asia/Shanghai",
    )


@contextmanager
def running(
    gate: Gatekeeper,
    feed: Feed,
    port: int,
    *,
    tls: tuple[Path, Path] | None = None,
    routes: Sequence[BaseRoute] = (),
) -> Iterator[tuple[Event, Thread]]:
    server = ConsoleServer(("127.0.0.1", port), gate, feed, lambda: site(gate, feed, routes), tls=tls)
    stop = Event()
    thread = Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield stop, thread
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def test_over_tls_with_a_certificate_of_the_site(tmp_path: Path) -> None:
    root = authority(tmp_path, "root")
    mine = issued(tmp_path, "box", root)
    port = free_port()
    with running(gatekeeper(tmp_path), Feed(), port, tls=(mine.cert_file, mine.key_file)):
        wait_until(lambda: listening(port), "the console")
        answer = httpx.get(f"https://localhost:{port}/", verify=ssl.create_default_context(cafile=str(root.cert_file)))
        assert answer.status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://localhost:{port}/")


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    bad = tmp_path / "bad.pem"
    with running(gatekeeper(tmp_path), Feed(), free_port(), tls=(bad, bad)):
        wait_until(lambda: "console.tls: expected a certificate and its key" in caplog.text, "the log")


def test_in_the_lan_it_waits_for_somebody_with_a_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    with running(gatekeeper(tmp_path, local=False), Feed(), port):
        wait_until(lambda: "found nobody; add one: cityeye console add NAME" in caplog.text, "the log")
        assert not listening(port)


def test_a_port_that_another_program_has_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with running(gatekeeper(tmp_path), Feed(), port):
            wait_until(lambda: f"nobody is answered at 127.0.0.1:{port}" in caplog.text, "the log")


def test_a_page_that_listens_hears_what_is_new_and_does_not_hold_up_a_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    gate, feed, port = gatekeeper(tmp_path), Feed(), free_port()
    gate.users.put("operator", "correct horse battery", Role.OPERATOR)  # type: ignore[attr-defined]
    with (
        running(gate, feed, port) as (stop, thread),
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        wait_until(lambda: listening(port), "the console")
        client.post("/api/login", json={"name": "operator", "password": "correct horse battery"})
        assert not feed.wanted("camera")
        with client.stream("GET", "/api/stream") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            assert feed.wanted("camera")
            feed.publish("camera", "gate", {"seq": 1})
            told = [next(lines) for _ in range(3)]
            assert told == ["", "event: camera", 'data: {"seq":1}']
            stop.set()
            thread.join(30)
            assert not thread.is_alive()
        assert not feed.wanted("camera")
    assert not caplog.records


def test_a_version_is_looked_at_only_while_somebody_wants_to_hear_of_it(tmp_path: Path) -> None:
    gate, feed, port = gatekeeper(tmp_path), Feed(), free_port()
    looks: list[str] = []
    versions = iter(["1", "1", "2"])

    def version() -> str:
        looks.append(next(versions, "2"))
        if len(looks) == 2:
            raise StoreUnusable("busy")
        return looks[-1]

    feed.attend("incidents", version)
    with running(gate, feed, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        wait_until(lambda: listening(port), "the console")
        client.post("/api/login", json={"name": "", "password": ""})
        with client.stream("GET", "/api/stream?topics=camera") as stream:
            lines = stream.iter_lines()
            assert next(lines) == "retry: 2000"
            assert (feed.wanted("camera"), feed.wanted("incidents"), looks) == (True, False, [])
        with client.stream("GET", "/api/stream?topics=incidents") as stream:
            told = (line for line in stream.iter_lines() if line.startswith("data"))
            wait_until(lambda: not feed.wanted("camera"), "the end of the first page to be noticed")
            assert [next(told) for _ in range(3)] == ["data: null", 'data: "1"', 'data: "2"']
        wait_until(lambda: not feed.wanted("incidents"), "nobody to listen")
        assert feed._watchers["incidents"]
        wait_until(lambda: feed._watchers["incidents"].done(), "nobody to look")


def test_too_many_pages_are_told_so(tmp_path: Path) -> None:
    gate, feed, port = gatekeeper(tmp_path), Feed(), free_port()
    with running(gate, feed, port), httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        wait_until(lambda: listening(port), "the console")
        client.post("/api/login", json={"name": "", "password": ""})
        streams = [client.stream("GET", "/api/stream") for _ in range(MOST_LISTENERS)]
        for stream in streams:
            stream.__enter__()
        wait_until(lambda: len(feed._listeners) == MOST_LISTENERS, "all of them to listen")
        assert client.get("/api/stream").status_code == 503
        for stream in streams:
            stream.__exit__(None, None, None)
        wait_until(lambda: not feed.wanted("camera"), "all of them to be gone")
