"""Watching: samples in, decisions kept. One or more workers run this loop over all cameras."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Event as StopEvent

from agent.core.types import Detections, Frame, Gap, GapReason, Observation
from agent.ports import Clock, Detector, Sample
from agent.runtime.desk import Desk
from agent.runtime.mailbox import Item, Mailroom

log = logging.getLogger(__name__)

IDLE_S = 0.5
"""How soon an idle worker looks at the stop event."""


class Watch:
    """One worker: give `run` to the supervisor, as often as there are cores for it."""

    def __init__(
        self,
        *,
        mailroom: Mailroom,
        detector: Detector,
        desks: Mapping[str, Desk],
        clock: Clock,
        batch: int = 1,
    ) -> None:
        """A worker over these desks. `batch` cameras at most are shown to the detector at once."""
        self._mailroom = mailroom
        self._detector = detector
        self._desks = desks
        self._clock = clock
        self._batch = batch
        self.inference_ms: float | None = None
        """Smoothed milliseconds per picture; for health."""

    def run(self, stop: StopEvent) -> None:
        """Serve cameras, those that have waited longest first, until stopped."""
        while not stop.is_set():
            served = self._take()
            try:
                self._serve(served)
            finally:
                for camera in served:
                    self._mailroom.done(camera)

    def _take(self) -> dict[str, list[Item]]:
        """What waits for up to `batch` cameras; only the first is waited for."""
        served: dict[str, list[Item]] = {}
        while len(served) < self._batch:
            taken = self._mailroom.take(0.0 if served else IDLE_S)
            if taken is None:
                break
            served[taken[0]] = taken[1]
        return served

    def _serve(self, served: Mapping[str, list[Item]]) -> None:
        frames = {camera: _decoded(items) for camera, items in served.items()}
        pictures = [frame for frame in frames.values() if frame is not None]
        seen = dict(zip((frame.camera for frame in pictures), self._observe(pictures), strict=True))
        for camera, items in served.items():
            desk, frame = self._desks[camera], frames[camera]
            for item in items:
                if isinstance(item, Gap):
                    desk.gap(item)
                elif frame is None:
                    desk.gap(Gap(camera=camera, stamp=item.stamp, reason=GapReason.UNDECODABLE))
                else:
                    desk.look(seen[camera], frame)

    def _observe(self, frames: list[Frame]) -> list[Observation]:
        if not frames:
            return []
        start = self._clock.now()
        found = self._detector.detect([frame.image for frame in frames])
        spent_ms = (self._clock.now().mono_s - start.mono_s) * 1000 / len(frames)
        self.inference_ms = spent_ms if self.inference_ms is None else self.inference_ms * 0.9 + spent_ms * 0.1
        return [observed(frame, detections) for frame, detections in zip(frames, found, strict=True)]


def observed(frame: Frame, found: Detections) -> Observation:
    """All that the core may know about a picture."""
    return Observation(
        camera=frame.camera,
        seq=frame.seq,
        stamp=frame.stamp,
        size_px=frame.size_px,
        detections=found,
    )


def _decoded(items: list[Item]) -> Frame | None:
    """The picture of the one sample that may wait for a camera."""
    samples: list[Sample] = [item for item in items if not isinstance(item, Gap)]
    return samples[-1].decode() if samples else None
