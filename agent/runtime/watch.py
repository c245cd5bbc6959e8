"""Watching: samples in, decisions kept. One or more workers run this loop over all cameras."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from threading import Event as StopEvent

from agent.core.types import Detections, Frame, Gap, GapReason
from agent.core.view import Prepared
from agent.ports import Clock, Detector, Sample
from agent.runtime.desk import Desk
from agent.runtime.lookout import Lookout
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
        lookouts: Mapping[str, Lookout],
        desks: Mapping[str, Desk],
        clock: Clock,
        batch: int = 1,
    ) -> None:
        """A worker over these cameras. `batch` cameras at most are shown to the detector at once."""
        self._mailroom = mailroom
        self._detector = detector
        self._lookouts = lookouts
        self._desks = desks
        self._clock = clock
        self._batch = batch
        self.inference_ms: float | None = None
        """Smoothed milliseconds per picture; for health."""
        self.rests = 0
        """Pictures that the detector was not shown, since nothing had changed; for health."""

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
        prepared: dict[str, Prepared] = {}
        for camera, items in served.items():
            if isinstance(items[0], Gap):
                self._lookouts[camera].interrupt()  # before the picture: what was seen before the gap is another time
            if frame := _decoded(items):
                prepared[camera] = self._lookouts[camera].prepare(frame)
        found = self._detect(prepared)
        for camera, items in served.items():
            lookout, desk = self._lookouts[camera], self._desks[camera]
            for item in items:
                if isinstance(item, Gap):
                    desk.gap(item)
                elif camera in prepared:
                    desk.look(lookout.observe(prepared[camera], found[camera]), prepared[camera].frame)
                else:
                    lookout.interrupt()
                    desk.gap(Gap(camera=camera, stamp=item.stamp, reason=GapReason.UNDECODABLE))
            if isinstance(items[-1], Gap):
                lookout.interrupt()
            lookout.chores(desk, items[-1].stamp)

    def _detect(self, prepared: Mapping[str, Prepared]) -> dict[str, Detections]:
        """What the model sees, by camera.

        It is not shown pictures with a fault, from which nothing can be concluded, nor those in whose zones nothing
        changed, unless somebody waits for one or something is in doubt.
        """
        found, fit = {}, {}
        for camera, seen in prepared.items():
            known = seen.known(attentive=self._desks[camera].attentive)
            if known is None:
                fit[camera] = seen.frame.image
            else:
                found[camera] = known
                self.rests += seen.fault is None
        if fit:
            start = self._clock.now()
            found.update(zip(fit, self._detector.detect(list(fit.values())), strict=True))
            spent_ms = (self._clock.now().mono_s - start.mono_s) * 1000 / len(fit)
            self.inference_ms = spent_ms if self.inference_ms is None else self.inference_ms * 0.9 + spent_ms * 0.1
        return found


def _decoded(items: list[Item]) -> Frame | None:
    """The picture of the one sample that may wait for a camera."""
    samples: list[Sample] = [item for item in items if not isinstance(item, Gap)]
    return samples[-1].decode() if samples else None
