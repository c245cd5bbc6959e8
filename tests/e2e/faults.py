"""What must hold in every fault, and servers that take no calls."""

from __future__ import annotations

import json
import re
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from agent.adapters.sqlite import read_incidents
from agent.core.errors import StoreUnusable
from tests.e2e.agent_process import wait_until
from tests.e2e.street import PARKED
from tests.spellings import spelt_in

SYN_SENT = "02"
"""State of a connection in /proc/net/tcp (include/net/tcp_states.h) that nobody has answered."""


def check_log(log: str, *secrets: str) -> None:
    """No traceback, and no password in any spelling."""
    assert "Traceback" not in log, log
    assert "died" not in log, log
    for secret in secrets:
        assert spelt_in(log, secret) == [], log


def told(log: str, text: str) -> str:
    """The one line of the log that contains the text; a repeated fault is said once."""
    lines = [line for line in log.splitlines() if text in line]
    assert len(lines) == 1, f"expected one line with {text!r}, found {len(lines)} in:\n{log}"
    return lines[0]


def check_message(line: str, *, where: str, expected: str, found: str, mend: str) -> None:
    """A message a person reads says all four, in this order."""
    parts = (where, "expected ", expected, "found", found, mend)
    assert re.search(".*?".join(map(re.escape, parts)), line, re.DOTALL), f"{parts} not in {line!r}"


def incidents_of(data: Path, camera: str | None = None) -> int:
    """How many incidents of a camera the running agent has kept; 0 also while it has made no database yet."""
    try:
        return len(read_incidents(data / "cityeye.db", limit=100, camera=camera))
    except StoreUnusable:
        return 0


def wait_for_parked_cars(data: Path, camera: str = "file") -> None:
    """Wait until this camera has reported each of the parked cars."""
    wait_until(lambda: incidents_of(data, camera) == len(PARKED), f"the incidents of camera {camera}")


def events_of(payloads: list[bytes]) -> list[dict[str, Any]]:
    """CloudEvents in order of arrival, repeated deliveries left out."""
    return list({event["id"]: event for event in map(json.loads, payloads)}.values())


@contextmanager
def silent_server() -> Iterator[tuple[socket.socket, int]]:
    """Completes TCP connections and then says nothing: it never accepts them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server, server.getsockname()[1]


def wait_for_caller(server: socket.socket) -> None:
    """Wait until somebody is connected to a silent server."""
    assert select.select([server], [], [], 60.0)[0], "nobody called"


@contextmanager
def black_hole() -> Iterator[int]:
    """A port whose connection requests get no answer at all, as behind a firewall: its queue of callers is full."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        callers = []
        try:
            with suppress(TimeoutError):  # the one that gets no answer shows that the queue is full
                while True:
                    callers.append(socket.create_connection(("127.0.0.1", port), timeout=0.3))
            yield port
        finally:
            for caller in callers:
                caller.close()


def wait_for_unanswered_caller(port: int) -> None:
    """Wait until somebody asks a black hole for a connection."""
    wait_until(lambda: _unanswered(port) > 0, f"a caller of port {port}")


def _unanswered(port: int) -> int:
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[2].endswith(f":{port:04X}") and row[3] == SYN_SENT for row in rows)
