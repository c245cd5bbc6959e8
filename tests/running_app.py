"""The whole agent within the test's process, with every kind of loop it has, and a clock that strikes one of them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Condition, Event, Thread, current_thread
from typing import Literal

import yaml

from agent.adapters.clock import SystemClock
from agent.app.run import App
from agent.app.site import Site
from agent.config import inspect
from agent.core.types import Stamp
from agent.runtime.supervisor import LoopState
from tests.e2e.agent_process import wait_until
from tests.mosquitto import free_port

ROOT = Path(__file__).parents[1]
WAIT_S = 60.0
_NOT_THE_LOOPS_OWN = {"agent.runtime.supervisor", "agent.runtime.pulse"}

Strike = Literal["exception", "hang"]


class Injected(Exception):
    """A fault that nobody foresaw."""


class StrikingClock:
    """The box's clock, which can be moved on. Implements `ports.Clock`.

    One call of it by the code of one loop does not come back, or raises what nobody expects; it strikes once.
    """

    def __init__(self, victim: str | None = None, strike: Strike = "exception") -> None:
        """`victim`: the name of the loop; None: it strikes nobody."""
        self._victim = victim
        self._strike = strike
        self._ahead_s = 0.0
        self.struck, self.release = Event(), Event()

    def now(self) -> Stamp:
        caller = sys._getframe(1).f_globals["__name__"]
        if current_thread().name == self._victim and caller not in _NOT_THE_LOOPS_OWN and not self.struck.is_set():
            self.struck.set()
            if self._strike == "exception":
                raise Injected(self._victim)
            self.release.wait()
        true = SystemClock().now()
        return Stamp(utc=true.utc + timedelta(seconds=self._ahead_s), mono_s=true.mono_s + self._ahead_s)

    def advance(self, seconds: float) -> None:
        """Time passes for everybody."""
        self._ahead_s += seconds


@dataclass
class HeardService:
    """A service manager that keeps what it is told. Implements `ports.ServiceManager`."""

    watchdog_s: float | None = 3.0
    told: list[str] = field(default_factory=list)
    news: Condition = field(default_factory=Condition)

    def starting(self, within_s: float) -> None:
        self._keep(f"starting {within_s:g}")

    def ready(self) -> None:
        self._keep("ready")

    def feed(self) -> None:
        self._keep("feed")

    def status(self, text: str) -> None:
        self._keep(text)

    def stopping(self) -> None:
        self._keep("stopping")

    def reloading(self, now: Stamp) -> None:
        self._keep("reloading")

    def wait_for(self, beginning: str) -> int:
        """Wait until something was told that begins like this. Returns how many came before the last one."""
        with self.news:
            assert self.news.wait_for(lambda: any(it.startswith(beginning) for it in self.told), WAIT_S), self.told
            return max(i for i, it in enumerate(self.told) if it.startswith(beginning))

    def _keep(self, what: str) -> None:
        with self.news:
            self.told.append(what)
            self.news.notify_all()


@dataclass
class Running:
    """The agent as it runs."""

    app: App
    clock: StrikingClock
    service: HeardService
    thread: Thread
    stop: Event
    others: set[Thread]
    """Threads that were there before."""
    late: list[str] = field(default_factory=list)

    def loop(self, name: str) -> LoopState:
        [state] = [state for state in self.app.loops() if state.name == name]
        return state

    def end(self) -> list[str]:
        """As SIGTERM would. Returns the loops that did not end."""
        self.stop.set()
        return self.ended()

    def ended(self) -> list[str]:
        """Wait until it has ended by itself."""
        self.thread.join(WAIT_S)
        assert not self.thread.is_alive()
        return self.late


def write_everything(folder: Path, *, broker_port: int, store_url: str, metrics_port: int, **cameras: str) -> Path:
    """A configuration with every part that has a loop; a camera is the clip that comes with the repository.

    Args:
        cameras: further ones, id to address.
    """
    square = [[0.05, 0.5], [0.95, 0.5], [0.95, 0.95], [0.05, 0.95]]
    settings = {
        "box": {"id": "box-7", "tenant": "gongshu"},
        "mqtt": {"host": "127.0.0.1", "port": broker_port},
        "model": {"workers": 1},
        "storage": {"folder": str(folder / "data")},
        "metrics": {"listen": f"127.0.0.1:{metrics_port}"},
        "console": {"listen": f"127.0.0.1:{free_port()}"},
        "evidence": {"send": "put", "put_url": f"{store_url}/{{id}}.jpg"},
        "cameras": [
            {
                "id": "street",
                "url": f"file:{ROOT / 'demo' / 'street.mp4'}",
                "zones": [{"id": "kerb", "polygon": square, "rules": {"illegal_parking": {"dwell": "5s"}}}],
            },
            *({"id": camera, "url": url, "open_timeout": "1s"} for camera, url in cameras.items()),
        ],
    }
    path = folder / "street.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path


@contextmanager
def running_app(path: Path, clock: StrikingClock) -> Iterator[Running]:
    """The agent with this configuration, in threads of the test."""
    config = inspect(path).config
    assert config is not None
    service, stop = HeardService(), Event()
    app = App(config, Site(path), path.read_text(), clock=clock, service=service)
    others = set(threading.enumerate())
    thread = Thread(target=lambda: running.late.extend(app.run(stop)))
    running = Running(app, clock, service, thread, stop, others)
    running.thread.start()
    try:
        service.wait_for("ready")
        yield running
    finally:
        stop.set()
        clock.release.set()
        running.thread.join(WAIT_S)
        wait_until(lambda: all(loop.phase == "ended" for loop in app.loops()), "all loops to end")
