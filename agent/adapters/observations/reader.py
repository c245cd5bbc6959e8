"""Reads kept observations, also while the agent writes them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from agent.adapters.observations.segments import Segment, blocks, last_moment, segments
from agent.adapters.observations.unpacked import SealedStep, sealed_steps_of
from agent.core.types import Gap, Observation, Stamp

log = logging.getLogger(__name__)

SEGMENT_S = 2 * 3600.0
"""Longer than a file lasts: each begins with an hour, or with a run of the agent."""
TOLERANCE_S = 30.0
"""How far the two clocks of a step may drift apart within a file: the wall clock is set now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What is kept of one camera."""

    camera: str
    first: datetime
    last: datetime
    bytes: int


class ObservationReader:
    """A folder of observations. What cannot be read is passed over: it is as if nobody had looked then."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def extents(self) -> list[Extent]:
        """Of each camera of which something is kept, in the order of their names."""
        by_camera: dict[str, list[Segment]] = {}
        for segment in segments(self._root):
            by_camera.setdefault(segment.camera, []).append(segment)
        return [
            Extent(camera=camera, first=kept[0].begun, last=_last(kept), bytes=sum(segment.size for segment in kept))
            for camera, kept in sorted(by_camera.items())
        ]

    def steps(
        self, camera: str, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[Observation | Gap]:
        """One camera's steps of a period, as `sealed` has them, each read whole."""
        for step in self.sealed(camera, since, until):
            yield step.open()

    def sealed(self, camera: str, since: datetime | None = None, until: datetime | None = None) -> Iterator[SealedStep]:
        """One camera's steps of a period, both ends included, in order, on one monotonic clock that never runs back.

        `mono_s` of several runs of the box are put one behind the other by their wall clocks. A step whose clocks both
        run back, as after the box's clock was corrected, is set right behind the one before it.
        """
        clock = _OneClock()
        for segment in segments(self._root, camera):
            if until is not None and segment.begun > until:
                break
            if since is not None and (since - segment.begun).total_seconds() > SEGMENT_S:
                continue
            clock.another_file()
            for step in self._read(segment, since, until):
                if (since is None or step.stamp.utc >= since) and (until is None or step.stamp.utc <= until):
                    stamp = clock.read(step.stamp)
                    yield step if stamp is step.stamp else step.at(stamp)

    @staticmethod
    def _read(segment: Segment, since: datetime | None, until: datetime | None) -> Iterator[SealedStep]:
        found = blocks(segment.path, since, until)
        while True:
            try:
                _, body = next(found)
                steps = sealed_steps_of(body, segment.camera)
            except StopIteration:
                return
            except (OSError, ValueError) as error:
                log.warning("%s: the rest is passed over: %s", segment.path, error)
                return
            yield from steps


class _OneClock:
    """Turns the stamps of several runs into those of one clock."""

    def __init__(self) -> None:
        self._last: Stamp | None = None
        """As given out."""
        self._shift_s = 0.0
        self._fresh = False

    def another_file(self) -> None:
        """The next step may be of another run."""
        self._fresh = True

    def read(self, stamp: Stamp) -> Stamp:
        """The same moment on the one clock."""
        last = self._last
        ran_back = last is not None and stamp.mono_s + self._shift_s < last.mono_s
        if last is not None and (ran_back or self._fresh):
            by_wall_s = (stamp.utc - last.utc) / timedelta(seconds=1)
            off_s = stamp.mono_s + self._shift_s - last.mono_s - by_wall_s
            if ran_back or abs(off_s) > TOLERANCE_S:
                self._shift_s += max(0.0, by_wall_s) + last.mono_s - stamp.mono_s - self._shift_s
        self._fresh = False
        self._last = stamp.shifted(self._shift_s) if self._shift_s else stamp
        return self._last


def _last(kept: list[Segment]) -> datetime:
    """The last moment of which something can be read."""
    for segment in reversed(kept):
        try:
            last = last_moment(segment.path)
        except OSError:
            continue
        if last is not None:
            return last
    return kept[-1].begun
