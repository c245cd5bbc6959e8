"""Telling systemd how the service is: the protocol of sd_notify(3), one datagram for each message.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html; podman and others speak it too.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

from agent.core.types import Stamp

log = logging.getLogger(__name__)

SEND_S = 1.0
"""How long systemd may take to make room for a datagram."""
_STATUS_CHARS = 200


class Systemd:
    """Implements `ports.ServiceManager`; does nothing where nobody listens."""

    def __init__(self, environment: Mapping[str, str] | None = None, pid: int | None = None) -> None:
        """`environment`, `pid`: of this process, unless others are given."""
        environment = os.environ if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        self._watchdog_s = _watchdog_s(environment, os.getpid() if pid is None else pid) if self._address else None
        self._faulty = False

    @property
    def watchdog_s(self) -> float | None:
        """See `ports.ServiceManager`, as for all below."""
        return self._watchdog_s

    def starting(self, within_s: float) -> None:
        """EXTEND_TIMEOUT_USEC=, which puts off the unit's TimeoutStartSec, and WatchdogSec where it counts already.

        In a datagram of its own: systemd reads WATCHDOG=1 later than this, and would put its own interval back.
        """
        self._tell(f"EXTEND_TIMEOUT_USEC={round(within_s * 1e6)}")

    def ready(self) -> None:
        """READY=1."""
        self._tell("READY=1")

    def feed(self) -> None:
        """WATCHDOG=1."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """STATUS=, in one line."""
        self._tell(f"STATUS={' '.join(text.split())[:_STATUS_CHARS]}")

    def stopping(self) -> None:
        """STOPPING=1."""
        self._tell("STOPPING=1")

    def reloading(self, now: Stamp) -> None:
        """RELOADING=1, with the moment on CLOCK_MONOTONIC, which systemd asks for since version 253.

        The watchdog goes on counting meanwhile: it is fed, and has the whole interval for the stop.
        """
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={round(now.mono_s * 1e6)}\nWATCHDOG=1")

    def _tell(self, message: str) -> None:
        if not self._address:
            return
        # A name that begins with @ is one of Linux' abstract sockets, whose first byte is 0.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as ours:
                ours.settimeout(SEND_S)
                ours.sendto(message.encode("utf-8"), address)
        except (OSError, ValueError) as error:
            if not self._faulty:
                log.error(
                    "NOTIFY_SOCKET: expected a socket that takes messages for the service manager at %s, found: %s; "
                    "it may take this agent for dead. NotifyAccess=main and Type=notify belong into the unit",
                    self._address,
                    error,
                )
            self._faulty = True
        else:
            self._faulty = False


def _watchdog_s(environment: Mapping[str, str], pid: int) -> float | None:
    """As sd_watchdog_enabled(3) reads it: the variables may have been left over from another process."""
    microseconds, meant = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if meant and meant != str(pid):
        return None
    if not microseconds.isascii() or not microseconds.isdigit() or int(microseconds) == 0:
        return None
    return int(microseconds) / 1e6
