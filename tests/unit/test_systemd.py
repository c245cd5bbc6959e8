"""What systemd is told, on a real socket; and what it told us."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from agent.adapters.systemd import Systemd
from agent.core.types import Stamp
from agent.ports import ServiceManager
from tests.fakes import START
from tests.notify import notify_socket

SAID: tuple[tuple[Callable[[ServiceManager], None], str], ...] = (
    (lambda it: it.starting(90.5), "EXTEND_TIMEOUT_USEC=90500000"),
    (lambda it: it.ready(), "READY=1"),
    (lambda it: it.feed(), "WATCHDOG=1"),
    (lambda it: it.status("cameras looking:\n  3 of 4"), "STATUS=cameras looking: 3 of 4"),
    (lambda it: it.status("摄" * 300), f"STATUS={'摄' * 200}"),
    (lambda it: it.reloading(Stamp(utc=START, mono_s=12.345678)), "RELOADING=1\nMONOTONIC_USEC=12345678\nWATCHDOG=1"),
    (lambda it: it.stopping(), "STOPPING=1"),
)


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_each_message_is_one_datagram(kind: str, tmp_path: Path) -> None:
    address = str(tmp_path / "notify") if kind == "path" else f"@cityeye-{uuid4()}"
    with notify_socket(address) as heard:
        told = Systemd({"NOTIFY_SOCKET": address})
        for say, _ in SAID:
            say(told)
        heard.wait_for("STOPPING")
    assert [it.text for it in heard.told] == [text for _, text in SAID]


def test_without_systemd_nothing_is_said(caplog: pytest.LogCaptureFixture) -> None:
    for say, _ in SAID:
        say(Systemd({}))
    assert caplog.records == []


@pytest.mark.parametrize("fault", ["missing", "full", "too long"])
def test_a_socket_that_takes_nothing_is_said_once_and_never_raises(
    fault: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(tmp_path / ("x" * 200 if fault == "too long" else "notify"))
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as us,
    ):
        if fault == "full":
            deaf.bind(path)
            us.setblocking(False)
            with pytest.raises(BlockingIOError):
                while True:
                    us.sendto(b"x", path)
        told = Systemd({"NOTIFY_SOCKET": path})
        told.feed()
        told.feed()
    [record] = caplog.records
    assert (record.levelno, "expected a socket that takes messages" in record.getMessage()) == (logging.ERROR, True)


@pytest.mark.parametrize(
    ("environment", "expected_s"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdogs_interval_is_that_of_this_process(environment: dict[str, str], expected_s: float | None) -> None:
    assert Systemd({"NOTIFY_SOCKET": "/run/notify", **environment}, pid=7).watchdog_s == expected_s
    assert Systemd(environment, pid=7).watchdog_s is None, "nobody listens"
