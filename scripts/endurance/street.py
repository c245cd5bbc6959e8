"""The site of an endurance run: cameras of two servers, one of which ends its streams and one that is restarted."""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scripts.capacity.machine import environment
from tests.cameras import PASSWORD, SUB, USER, SimulatedCamera
from tests.e2e.agent_process import AgentProcess
from tests.e2e.street import KERB, write_street
from tests.mosquitto import Mosquitto

PASSWORD_NAME: Final = "CAMERA_PASSWORD"
_LOST = re.compile(r"WARNING camera-\S+ agent\.runtime\.capture: camera ([\w.-]+)[ :]")
_BACK = re.compile(r" agent\.runtime\.capture: camera ([\w.-]+): back,")
_CONNECTED = " agent.runtime.courier: connected to the broker"


@dataclass(frozen=True, kw_only=True)
class Street:
    """All of it, running. The cameras `steady` hang on the server that is restarted, `ending` on the other."""

    agent: AgentProcess
    broker: Mosquitto
    server: SimulatedCamera
    steady: tuple[str, ...]
    ending: tuple[str, ...]
    heartbeat: Path

    @property
    def cameras(self) -> tuple[str, ...]:
        """Both."""
        return (*self.steady, *self.ending)


@contextmanager
def running(folder: Path, film: Path, *, model: str, cameras: int, end_after_s: float) -> Iterator[Street]:
    """Start everything, end it afterwards, the agent first. `film`: MP4 that the cameras play."""
    names = [f"c{number + 1:02d}" for number in range(cameras)]
    steady, ending = tuple(names[::2]), tuple(names[1::2])
    with ExitStack() as stack:
        server = SimulatedCamera(film, "--loop")
        ender = SimulatedCamera(film, "--loop", "--end-after", f"{end_after_s:g}")
        for each in (server, ender):
            stack.callback(each.stop)
            each.start()
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        config = write_street(
            folder,
            cameras=[
                *(_camera(name, server.url(SUB)) for name in steady),
                *(_camera(name, ender.url(SUB)) for name in ending),
            ],
            mqtt={"port": broker.port},
            model={"file": model} if model.endswith(".onnx") else {"id": model},
        )
        agent = stack.enter_context(AgentProcess(config, {PASSWORD_NAME: PASSWORD, **environment()}))
        yield Street(
            agent=agent,
            broker=broker,
            server=server,
            steady=steady,
            ending=ending,
            heartbeat=folder / "data" / "alive.json",
        )


def _camera(name: str, url: str) -> dict[str, Any]:
    """Incidents that go on are told again every ten seconds: there is always something to store and to send."""
    rules = {"illegal_parking": {"dwell": "6s", "clear_after": "8s", "update_every": "10s"}}
    zones = [{"id": "kerb", "polygon": KERB, "rules": rules}]
    login = {"username": USER, "password": {"env": PASSWORD_NAME}}
    return {"id": name, "url": url, "read_timeout": "4s", "zones": zones, **login}


class Journal:
    """What the agent's log tells about its connections. Cameras count as connected until it says otherwise."""

    def __init__(self, lines: list[str]) -> None:
        """`lines` may grow while this is used."""
        self._lines = lines
        self._read = 0
        self._lock = threading.Lock()
        self._lost: set[str] = set()
        self.back: Counter[str] = Counter()
        self.connected = 0

    def read_on(self) -> None:
        """Take in what was logged since the last time."""
        with self._lock:
            while self._read < len(self._lines):
                self._take(self._lines[self._read])
                self._read += 1

    @property
    def lost(self) -> frozenset[str]:
        """Cameras that are not connected now, as far as was read."""
        return frozenset(self._lost)

    def _take(self, line: str) -> None:
        if found := _LOST.search(line):
            self._lost.add(found[1])
        elif found := _BACK.search(line):
            self._lost.discard(found[1])
            self.back[found[1]] += 1
        elif _CONNECTED in line:
            self.connected += 1
