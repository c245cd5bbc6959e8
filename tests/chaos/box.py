"""The box: the real agent under something like an init system, on a small disk of its own."""

from __future__ import annotations

import subprocess
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.e2e.agent_process import AgentProcess
from tests.e2e.street import KERB, write_street
from tests.memory_disk import fill

BOX = "cityeye/v1/gongshu/box-7"
DWELL_S = 2.0
CLEAR_S = 2.0
DISK = "size=64m"
WATCHES = "watching with"
"""What the agent logs once it has begun."""


def write_config(folder: Path, url: str, port: int, data: Path) -> Path:
    """The street with short times, so that much happens; delivery waits for the centre's own word."""
    folder.mkdir(parents=True, exist_ok=True)
    rule = {"dwell": f"{DWELL_S:.0f}s", "clear_after": f"{CLEAR_S:.0f}s", "update_every": "10s"}
    zone = {"id": "kerb", "polygon": KERB, "rules": {"illegal_parking": {**rule, "escalate": {"high": "1m"}}}}
    camera = {"id": "fall", "url": url, "main_stream": "off", "read_timeout": "4s", "sample_every": "500ms"}
    mqtt: dict[str, Any] = {"port": port, "require_ack": True, "resend_after": "5s", "keepalive": "5s"}
    storage = {"folder": str(data), "keep_free": "9MB", "evidence_quota": "20MB"}
    return write_street(folder, cameras=[{**camera, "zones": [zone]}], mqtt=mqtt, storage=storage)


@dataclass(frozen=True, slots=True)
class Life:
    """One process of the agent, by the true clock; `code`: how it ended, as subprocess says it."""

    from_s: float
    to_s: float
    code: int


@dataclass
class Box(AgentProcess):
    """`cityeye run`, started anew whenever it ends."""

    lives: list[Life] = field(default_factory=list)
    slow_stops: int = 0
    boots_s: deque[float] = field(default_factory=lambda: deque(maxlen=5))

    def begin(self) -> None:
        """Start a life."""
        self._born_s = time.time()
        self.start()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def watches(self) -> bool:
        """Whether this life got so far."""
        since = self.watching_since()
        return self.alive and bool(since) and since[-1] >= self._born_s

    def bury(self) -> None:
        """Note the end of a life that ended by itself."""
        if self._process is not None:
            self._noted(self.exit_code())

    def cut_power(self) -> bool:
        """SIGKILL. Returns whether it was alive."""
        if not self.alive:
            self.bury()
            return False
        self.kill()
        self._noted(-9)
        return True

    def ask_to_stop(self) -> int:
        """SIGTERM; returns the exit code. One that takes longer than five seconds is counted and killed."""
        try:
            code = self.stop()
        except subprocess.TimeoutExpired:
            self.slow_stops += 1
            self.kill()
            code = -9
        self._noted(code)
        return code

    def watching_since(self) -> list[float]:
        """When each life that got so far began to watch, by its log."""
        found = []
        for line in list(self.lines):
            if WATCHES in line:
                with suppress(ValueError):  # cut off by the kill
                    found.append(datetime.fromisoformat(line.split()[0]).timestamp())
        return found

    @property
    def boot_s(self) -> float:
        """How long the latest starts took until the watch began; the machine may be busy with other things."""
        return sum(self.boots_s) / len(self.boots_s)

    def _noted(self, code: int) -> None:
        since = self.watching_since()
        if since and since[-1] >= self._born_s:
            self.boots_s.append(since[-1] - self._born_s)
        self.lives.append(Life(self._born_s, time.time(), code))


class Disk:
    """The box's data folder, a disk of its own: it can be filled, and become read-only for whoever opens a file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler: Path | None = None
        self._locked = False

    def fill(self) -> None:
        """Take every byte that is left."""
        if not self._locked:
            self._filler = fill(self.folder)

    def empty(self) -> None:
        """Give the room back."""
        if self._filler is not None:
            self._filler.unlink(missing_ok=True)
            self._filler = None

    def lock(self) -> None:
        """A read-only mount on top: files that are open can still be written, none can be opened for writing."""
        _run("mount", "--bind", str(self.folder), str(self.folder))
        self._locked = True
        _run("mount", "-o", "remount,bind,ro", str(self.folder))

    def unlock(self) -> None:
        """Take it off again."""
        if self._locked:
            _run("umount", "-l", str(self.folder))
            self._locked = False


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
