"""The socket on which a service manager listens: a real one, by path or abstract."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Thread

from agent.adapters.clock import SystemClock

WAIT_S = 90.0
_END = b"\0end"


@dataclass(frozen=True)
class Told:
    """One datagram, and when it came (monotonic seconds)."""

    text: str
    at_s: float


@dataclass
class NotifySocket:
    """What came so far. `address` is what belongs into `NOTIFY_SOCKET`."""

    address: str
    told: list[Told] = field(default_factory=list)
    news: Condition = field(default_factory=Condition)

    def on(self, beginning: str) -> list[Told]:
        """What began like this, in order."""
        with self.news:
            return [it for it in self.told if it.text.startswith(beginning)]

    def wait_for(self, beginning: str, count: int = 1) -> list[Told]:
        """Wait until so many began like this."""
        with self.news:
            enough = self.news.wait_for(lambda: len(self.on(beginning)) >= count, WAIT_S)
            assert enough, f"no {count} × {beginning!r} among {self.told}"
            return self.on(beginning)


@contextmanager
def notify_socket(address: str) -> Iterator[NotifySocket]:
    """Listen at a path, or at an abstract address that begins with @."""
    raw = f"\0{address[1:]}" if address.startswith("@") else address
    heard = NotifySocket(address)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ours:
        ours.bind(raw)

        def listen() -> None:
            while (data := ours.recv(65536)) != _END:
                with heard.news:
                    heard.told.append(Told(data.decode("utf-8"), SystemClock().now().mono_s))
                    heard.news.notify_all()

        thread = Thread(target=listen, daemon=True)
        thread.start()
        try:
            yield heard
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                end.sendto(_END, raw)
            thread.join()
