"""Small stand-ins for the ports. Each passes the contract of its port."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Event as StopEvent
from threading import Lock

import numpy as np

from agent.core.types import Frame, Image, Stamp
from agent.core.zone_state import Head
from agent.ports import ResetRequest, Sample

START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until it is told to go on; the two clocks may be moved apart."""

    def __init__(self, start: datetime = START) -> None:
        self._utc = start
        self._mono_s = 100.0
        self._lock = Lock()

    def now(self) -> Stamp:
        with self._lock:
            return Stamp(utc=self._utc, mono_s=self._mono_s)

    def advance(self, seconds: float) -> None:
        """Time passes."""
        with self._lock:
            self._utc += timedelta(seconds=seconds)
            self._mono_s += seconds

    def set_utc(self, utc: datetime) -> None:
        """Somebody sets the wall clock."""
        with self._lock:
            self._utc = utc


def street_picture(seed: int = 0, size_px: tuple[int, int] = (320, 180)) -> Image:
    """A picture with something in it everywhere, so that no camera fault is seen in it; (h, w, 3) uint8 BGR."""
    width, height = size_px
    coarse = np.random.default_rng(seed).integers(60, 200, (height // 10, width // 10, 3), np.uint8)
    return np.ascontiguousarray(np.kron(coarse, np.ones((10, 10, 1), np.uint8)))


class FakeViews:
    """`ports.Views` in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.asked: list[tuple[int, str, str | None]] = []
        self._numbers = count(1)

    def request(self, camera: str, zone: str | None) -> None:
        """What the command line does."""
        self.asked.append((next(self._numbers), camera, zone))

    def save(self, camera: str, kept: bytes) -> None:
        self.kept[camera] = kept

    def load(self, camera: str) -> bytes | None:
        return self.kept.get(camera)

    def forget(self, camera: str) -> None:
        self.kept.pop(camera, None)

    def resets(self, camera: str) -> list[ResetRequest]:
        return [ResetRequest(number=number, zone=zone) for number, asked, zone in self.asked if asked == camera]

    def done(self, requests: Sequence[ResetRequest]) -> None:
        numbers = {request.number for request in requests}
        self.asked = [entry for entry in self.asked if entry[0] not in numbers]


class FakeStop(StopEvent):
    """A stop event whose waits pass on a fake clock, at once. Sets itself after `limit_s` seconds of it."""

    def __init__(self, clock: FakeClock, limit_s: float) -> None:
        super().__init__()
        self._clock = clock
        self._until_s = clock.now().mono_s + limit_s
        self.waits_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return super().wait()
        if self.is_set():
            return True
        self.waits_s.append(timeout)
        self._clock.advance(timeout)
        if self._clock.now().mono_s >= self._until_s:
            self.set()
        return self.is_set()


class MemoryLoginLedger:
    """A `LoginLedger` that forgets with the process."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str], tuple[int, float]] = {}

    def refusals(self, device: str, fingerprint: str) -> tuple[int, float]:
        return self._rows.get((device, fingerprint), (0, 0.0))

    def refused(self, device: str, fingerprint: str, at_utc_s: float) -> None:
        count, _ = self.refusals(device, fingerprint)
        self._rows[device, fingerprint] = (count + 1, at_utc_s)

    def clear(self, device: str) -> None:
        self._rows = {key: value for key, value in self._rows.items() if key[0] != device}


class MemoryHeads:
    """`Heads` that forget with the process."""

    def __init__(self) -> None:
        self._heads: dict[tuple[str, str], Head] = {}
        self._version = 0

    def save_head(self, camera: str, zone: str, head: Head) -> None:
        self._heads[camera, zone] = head
        self._version += 1

    def heads(self, camera: str | None = None) -> dict[tuple[str, str], Head]:
        return {key: head for key, head in sorted(self._heads.items()) if camera in (None, key[0])}

    def forget_head(self, camera: str, zone: str) -> bool:
        gone = self._heads.pop((camera, zone), None) is not None
        self._version += gone
        return gone

    def version(self) -> int:
        return self._version


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeSample:
    """A grey picture."""

    camera: str
    seq: int
    stamp: Stamp

    def decode(self) -> Frame | None:
        image = np.full((4, 6, 3), 128, np.uint8)
        return Frame(camera=self.camera, seq=self.seq, stamp=self.stamp, image=image)


Act = Callable[[], Iterable[Sample]]
"""What one connection does: gives samples, then raises or ends."""


class FakeSource:
    """Acts out one script entry per connection; the last one again and again."""

    def __init__(self, *acts: Act, keyframe_interval_s: float | None = None) -> None:
        self._acts = acts
        self.opened = 0
        self.closed = 0
        self.keyframe_interval_s = keyframe_interval_s

    def samples(self, stop: StopEvent | None = None) -> Generator[Sample, None, None]:
        act = self._acts[min(self.opened, len(self._acts) - 1)]
        self.opened += 1
        try:
            for sample in act():
                if stop is not None and stop.is_set():
                    return
                yield sample
        finally:
            self.closed += 1
