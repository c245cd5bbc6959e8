"""One measurement: N cameras for so long, and whether the agent kept up with all of them."""

from __future__ import annotations

import math
import re
import statistics
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Final

from scripts.capacity.arrivals import Arrival
from scripts.capacity.process import CpuTime, Footprint, cpu_time, footprint, machine_busy_s
from scripts.capacity.site import Beat, Site, Task, running
from scripts.capacity.streams import KEYFRAME_S, Streams

_LOOKING: Final = re.compile(r"(?P<at>\S+) +INFO .*: (?P<camera>\S+): looking")


@dataclass(frozen=True, kw_only=True)
class Pace:
    """Warm-up covers the model's loading, the learning of the clean views and the first openings."""

    warm_s: float = 45.0
    window_s: float = 60.0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One camera in the window.

    Attributes:
        sent: keyframes that the camera sent, by the clock; looks: those that were analysed; drops: those replaced by a
            newer one before a worker was free. interval_s, interval_p99_s: between looks, in the last minute.
    """

    camera: str
    state: str
    sent: float
    looks: int
    drops: int
    interval_s: float | None
    interval_p99_s: float | None

    @property
    def in_real_time(self) -> bool:
        """Every keyframe was analysed: one may be under way at either end of the window."""
        return self.state == "online" and self.drops == 0 and self.looks >= math.floor(self.sent) - 1

    @property
    def received(self) -> int:
        """Keyframes that reached the agent; clearly fewer than `sent` means that the server did not keep up."""
        return self.looks + self.drops


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What came out. CPU figures are cores kept busy on average: 1.0 is one core.

    `rests`: of the looks, those for which the detector could rest, since nothing had changed.
    """

    cameras: int
    window_s: float
    watched: tuple[Watched, ...]
    agent_cores: float
    agent_system_share: float
    server_cores: float
    machine_cores: float
    holds: Footprint
    inference_ms: float | None
    rests: int
    openings: int
    latencies_s: tuple[float, ...]
    tracebacks: int
    first_looks_s: tuple[float, ...]
    """Seconds from the start of the agent's process to the first analysed picture of each camera, in order."""

    @property
    def kept(self) -> int:
        """Cameras in real time."""
        return sum(camera.in_real_time for camera in self.watched)

    @property
    def held(self) -> bool:
        """Whether all cameras were kept in real time."""
        return self.kept == self.cameras and self.tracebacks == 0

    @property
    def analysed_share(self) -> float:
        """Of all keyframes sent; a little above 1 where one more fell into the window."""
        return sum(camera.looks for camera in self.watched) / sum(camera.sent for camera in self.watched)

    @property
    def rested_share(self) -> float:
        """Of all looks, those for which the detector rested."""
        return self.rests / max(sum(camera.looks for camera in self.watched), 1)

    @property
    def received_share(self) -> float:
        """Likewise: keyframes that reached the agent."""
        return sum(camera.received for camera in self.watched) / sum(camera.sent for camera in self.watched)

    @property
    def ms_per_camera_second(self) -> float:
        """CPU milliseconds of the agent for one camera and second."""
        return self.agent_cores / self.cameras * 1000

    @property
    def interval_s(self) -> float | None:
        """Median over the cameras of their median time between looks."""
        return statistics.median(found) if (found := self._of("interval_s")) else None

    @property
    def interval_p99_s(self) -> float | None:
        """The worst camera's."""
        return max(self._of("interval_p99_s"), default=None)

    def _of(self, name: str) -> list[float]:
        return [value for camera in self.watched if (value := getattr(camera, name)) is not None]


def measure(streams: Streams, cameras: int, task: Task, pace: Pace, keep: Path | None = None) -> Trial:
    """Run everything once. `keep`: a folder for the agent's log and configuration."""
    with tempfile.TemporaryDirectory(prefix="capacity-") as folder:
        with running(Path(folder), streams, cameras, task) as site:
            warm_at = site.beat_after(None)
            first = _beat_from(site, warm_at, pace.warm_s)
            before = _readings(site)
            last = _beat_from(site, first, pace.window_s)
            after = _readings(site)
            holds = footprint(site.agent.pid)
            with suppress(TimeoutExpired):  # an agent with far too many cameras; it is killed with the rest
                site.agent.stop()
            arrivals = site.centre.arrivals
            log = site.agent.log
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"agent-{cameras}.log").write_text(log, encoding="utf-8")
            (Path(folder) / "capacity.yaml").replace(keep / f"agent-{cameras}.yaml")
    opened = [arrival for arrival in arrivals if arrival.phase == "opened" and arrival.kind != "camera_health"]
    return Trial(
        cameras=cameras,
        window_s=(last.at - first.at).total_seconds(),
        watched=_watched(first, last),
        agent_cores=after.agent.cores_since(before.agent),
        agent_system_share=after.agent.system_share_since(before.agent),
        server_cores=after.server.cores_since(before.server),
        machine_cores=(after.busy_s - before.busy_s) / (after.agent.at_s - before.agent.at_s),
        holds=holds,
        inference_ms=last.inference_ms,
        rests=last.rests - first.rests,
        openings=len(opened),
        latencies_s=tuple(sorted(arrival.latency_s for arrival in _within(opened, first.at, last.at))),
        tracebacks=log.count("Traceback"),
        first_looks_s=first_looks_s(log, site.started),
    )


def first_looks_s(log: str, started: datetime) -> tuple[float, ...]:
    """When each camera was first looked at, in seconds after the start, in order, by the agent's log."""
    first: dict[str, float] = {}
    for line in log.splitlines():
        if match := _LOOKING.fullmatch(line):
            at = datetime.fromisoformat(match["at"])
            first.setdefault(match["camera"], (at - started).total_seconds())
    return tuple(sorted(first.values()))


@dataclass(frozen=True, kw_only=True)
class _Readings:
    agent: CpuTime
    server: CpuTime
    busy_s: float


def _readings(site: Site) -> _Readings:
    return _Readings(agent=cpu_time(site.agent.pid), server=cpu_time(site.server.pid), busy_s=machine_busy_s())


def _beat_from(site: Site, start: Beat, later_s: float) -> Beat:
    """The first beat that is at least so much later."""
    beat = start
    while (beat.at - start.at).total_seconds() < later_s:
        beat = site.beat_after(beat.at)
    return beat


def _watched(first: Beat, last: Beat) -> tuple[Watched, ...]:
    sent = (last.at - first.at).total_seconds() / KEYFRAME_S
    return tuple(
        Watched(
            camera=name,
            state=now["state"],
            sent=sent,
            looks=now["looks"] - first.cameras[name]["looks"],
            drops=now["drops"] - first.cameras[name]["drops"],
            interval_s=now["interval_s"],
            interval_p99_s=now["interval_p99_s"],
        )
        for name, now in last.cameras.items()
    )


def _within(arrivals: Sequence[Arrival], first: datetime, last: datetime) -> list[Arrival]:
    return [arrival for arrival in arrivals if first <= arrival.seen <= last]
