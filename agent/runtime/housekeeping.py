"""Keeps evidence pictures no longer than they may be kept, also while nothing happens on the street."""

from __future__ import annotations

import logging
from threading import Event as StopEvent

from agent.ports import Clock, Parcels, Pictures, Store

log = logging.getLogger(__name__)

TIDY_EVERY_S = 600.0


class Housekeeping:
    """Tells the pictures which of them are still needed; give `run` to the supervisor."""

    def __init__(self, *, clock: Clock, store: Store, parcels: Parcels, pictures: Pictures) -> None:
        self._clock = clock
        self._store = store
        self._parcels = parcels
        self._pictures = pictures

    def run(self, stop: StopEvent) -> None:
        """Tidy up until stopped. Raises StoreUnusable."""
        while not stop.is_set():
            self.tidy()
            stop.wait(TIDY_EVERY_S)

    def tidy(self) -> None:
        """Once: hold the pictures that are needed, delete those that are too old."""
        self._pictures.hold(self._store.unfinished(), self._parcels.paths())
        if gone := self._pictures.expire(self._clock.now().utc):
            log.info("evidence pictures deleted for their age: %d", gone)
