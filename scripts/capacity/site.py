"""One site for a measurement: N virtual cameras, a broker, a subscriber and the real agent, each a process."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from scripts.capacity.arrivals import Subscriber
from scripts.capacity.machine import environment
from scripts.capacity.servers import Cameras, serving
from scripts.capacity.streams import Streams
from tests.e2e.agent_process import AgentProcess
from tests.e2e.street import KERB
from tests.mosquitto import Mosquitto

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ("illegal_parking",)
BEAT_TIMEOUT_S: Final = 60.0
POLL_S: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Task:
    """What the agent is to do.

    Attributes:
        model: an ONNX file, or the id of a model in models/. workers, threads, batch, recheck_s: as in the
            configuration; recheck_s 0 shows the detector every picture.
        dwell_s, spread_s: the cameras' dwell times are spread from the one over the other, so that incidents open all
            through the measurement and not in its first second.
    """

    model: str
    rules: tuple[str, ...] = RULES
    dwell_s: float = 20.0
    spread_s: float = 0.0
    workers: int = 0
    threads: int = 1
    batch: int = 1
    recheck_s: float = 10.0
    runtime: str = "onnxruntime"


@dataclass(frozen=True, kw_only=True)
class Beat:
    """The agent's own account, from its heartbeat file. `cameras` are those of the health message, by id.

    `rests`: pictures that the detector was not shown, since nothing had changed.
    """

    at: datetime
    cameras: dict[str, dict[str, Any]]
    inference_ms: float | None
    rests: int


@dataclass(frozen=True, kw_only=True)
class Site:
    """All of it, running."""

    agent: AgentProcess
    server: Cameras
    centre: Subscriber
    heartbeat: Path
    broker_port: int
    started: datetime

    def beat_after(self, at: datetime | None, timeout_s: float = BEAT_TIMEOUT_S) -> Beat:
        """The first heartbeat that is later, read within a tenth of a second of being written; every 10 s one comes.

        Raises:
            TimeoutError: none came; with the agent's log.
        """
        until_s = time.monotonic() + timeout_s
        while time.monotonic() < until_s:
            beat = self._beat()
            if beat is not None and (at is None or beat.at > at):
                return beat
            time.sleep(POLL_S)
        raise TimeoutError(f"no heartbeat of the agent within {timeout_s:.0f} s; its log:\n{self.agent.log}")

    def _beat(self) -> Beat | None:
        try:
            kept = json.loads(self.heartbeat.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        cameras = {camera["camera"]: camera for camera in kept["watched"]}
        return Beat(
            at=datetime.fromisoformat(kept["at"]),
            cameras=cameras,
            inference_ms=kept["inference_ms"],
            rests=kept["detector_rests"],
        )


@contextmanager
def running(folder: Path, streams: Streams, cameras: int, task: Task) -> Iterator[Site]:
    """Start everything in a folder, end it afterwards, the agent first."""
    with ExitStack() as stack:
        server = stack.enter_context(serving(streams))
        broker = stack.enter_context(Mosquitto(folder / "broker", options=("max_queued_messages 0",)))
        centre = stack.enter_context(Subscriber(broker.port))
        config = write_config(folder, cameras=cameras, task=task, server=server, broker_port=broker.port)
        started = datetime.now(UTC)
        agent = stack.enter_context(AgentProcess(config, environment()))
        yield Site(
            agent=agent,
            server=server,
            centre=centre,
            heartbeat=folder / "data" / "alive.json",
            broker_port=broker.port,
            started=started,
        )


def write_config(folder: Path, *, cameras: int, task: Task, server: Cameras, broker_port: int) -> Path:
    """The agent's configuration; returns its path."""
    settings = {
        "box": {"id": "capacity"},
        "mqtt": {"host": "127.0.0.1", "port": broker_port},
        "model": {
            **({"file": task.model} if task.model.endswith(".onnx") else {"id": task.model}),
            "folder": str(ROOT / "models"),
            "workers": task.workers,
            "threads": task.threads,
            "batch": task.batch,
            "recheck": f"{task.recheck_s:g}s",
            "runtime": task.runtime,
        },
        "storage": {"folder": str(folder / "data")},
        "cameras": [_camera(number, cameras, task, server) for number in range(cameras)],
    }
    path = folder / "capacity.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def _camera(number: int, cameras: int, task: Task, server: Cameras) -> dict[str, Any]:
    dwell_s = task.dwell_s + task.spread_s * number / cameras
    rules = {name: {"dwell": f"{dwell_s:.1f}s"} for name in task.rules}
    return {
        "id": f"c{number + 1:03d}",
        "url": server.url(number),
        "zones": [{"id": "kerb", "polygon": KERB, "rules": rules}],
    }
