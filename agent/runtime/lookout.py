"""One camera's lookout: prepares its pictures, says what they show, and keeps what a clean view looks like."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Lock

from agent.core.errors import StoreFull, StoreUnusable
from agent.core.types import Detections, Frame, Observation, Stamp
from agent.core.view import Prepared, View
from agent.ports import Views, ZoneReader
from agent.runtime.desk import Desk

log = logging.getLogger(__name__)

CHORES_EVERY_S = 10.0
"""How often requests of the operator are looked for."""
SAVE_EVERY_S = 300.0
"""How often a view is kept: a power cut may cost the drift of the light since then, nothing more."""

Outline = Sequence[tuple[float, float]]


class Lookout:
    """Serves one worker at a time: the mailroom never gives a camera to two."""

    def __init__(
        self,
        camera: str,
        *,
        view: View,
        views: Views,
        outlines_n: Mapping[str, Outline],
        recheck_s: float = 0.0,
        reader: ZoneReader | None = None,
    ) -> None:
        """A lookout whose view has been recalled already.

        Args:
            outlines_n: zone id to corners. recheck_s: how long the detector may rest over them.
            reader: reads the taught zones; None where no rule listens to it.
        """
        self._camera = camera
        self._view = view
        self._views = views
        self._outlines_n = outlines_n
        self._recheck_s = recheck_s
        self._began = False
        self._reader = reader
        self._lock = Lock()
        self._chores_at_s: float | None = None
        self._saved_at_s: float | None = None
        self._was_ready = view.ready
        self._incidents = 0
        self._faulty = False

    def prepare(self, frame: Frame) -> Prepared:
        """The picture in its place, and what is wrong with it."""
        with self._lock:
            if not self._began:  # until then the view serves the lookout before this one
                self._view.watch_over(self._outlines_n.values(), self._recheck_s)
                self._began = True
            return self._view.prepare(frame)

    def observe(self, seen: Prepared, found: Detections) -> Observation:
        """All that the core may know about the picture."""
        with self._lock:
            readings = self._reader.read(seen.frame) if self._reader and seen.fault is None else ()
            return self._view.observe(seen, found, readings)

    def interrupt(self) -> None:
        """Nobody looked since the last picture."""
        with self._lock:
            self._view.interrupt()

    def chores(self, desk: Desk, now: Stamp) -> None:
        """From time to time: carry out what the operator asked for, and keep the view.

        With every incident that comes or goes too, so that after a power cut the view still shows what it is about.
        """
        rested = self._chores_at_s is not None and now.mono_s - self._chores_at_s < CHORES_EVERY_S
        moved = self._view.watches_changes and desk.state.open_incidents != self._incidents
        if rested and not moved:
            return
        self._incidents, self._chores_at_s = desk.state.open_incidents, now.mono_s
        try:
            self._reset(desk, now)
            if self._saved_at_s is None:
                self._saved_at_s = now.mono_s
            newly_ready = self._view.ready and not self._was_ready
            if newly_ready or moved or now.mono_s - self._saved_at_s >= SAVE_EVERY_S:
                self._save(now)
            self._was_ready = self._view.ready
            self._faulty = False
        except (StoreFull, StoreUnusable) as error:
            if not self._faulty:
                log.error("%s: the view is not kept: %s", self._camera, error)
            self._faulty = True

    def close(self, timeout_s: float) -> None:
        """Keep the view a last time. Raises StoreFull, StoreUnusable, TimeoutError."""
        if not self._lock.acquire(timeout=timeout_s):
            raise TimeoutError(f"{self._camera}: a worker is still looking")
        try:
            self._views.save(self._camera, self._view.keep())
        finally:
            self._lock.release()

    @property
    def view(self) -> View:
        """For the lookout that takes over, once no worker has this camera."""
        return self._view

    def _save(self, now: Stamp) -> None:
        with self._lock:
            kept = self._view.keep()
        self._views.save(self._camera, kept)
        self._saved_at_s = now.mono_s

    def _reset(self, desk: Desk, now: Stamp) -> None:
        requests = self._views.resets(self._camera)
        if not requests:
            return
        for zone in dict.fromkeys(request.zone for request in requests):
            if zone is not None and zone not in self._outlines_n:
                log.warning("%s: asked to reset zone %s, which is no longer configured", self._camera, zone)
                continue
            with self._lock:
                self._view.reset(None if zone is None else self._outlines_n[zone])
            desk.accept(zone, now)
            log.info("%s: what stands in %s now is taken for normal", self._camera, zone or "the whole picture")
        self._save(now)
        self._views.done(requests)  # last: what is asked for twice does no harm
