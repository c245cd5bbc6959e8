"""Keeps evidence pictures no longer than they may be kept, also while nothing happens on the street."""

from __future__ import annotations

import logging
from threading import Event as StopEvent

from agent.ports import Clock, IncidentRow, Pictures, Store

log = logging.getLogger(__name__)

TIDY_EVERY_S = 600.0
MOST_INCIDENTS = 10_000
"""How far back incidents are looked at: those before have been closed and sent, or nobody will ask for them."""


class Housekeeping:
    """Tells the pictures which incidents they are still needed for; give `run` to the supervisor."""

    def __init__(self, *, clock: Clock, store: Store, pictures: Pictures) -> None:
        self._clock = clock
        self._store = store
        self._pictures = pictures

    def run(self, stop: StopEvent) -> None:
        """Tidy up until stopped. Raises StoreUnusable."""
        while not stop.is_set():
            self.tidy()
            stop.wait(TIDY_EVERY_S)

    def tidy(self) -> None:
        """Once: hold the pictures that are needed, delete those that are too old."""
        rows = self._store.incidents(limit=MOST_INCIDENTS)
        self._pictures.hold([row.incident_id for row in rows if _needed(row)])
        if gone := self._pictures.expire(self._clock.now().utc):
            log.info("evidence pictures deleted for their age: %d", gone)


def _needed(row: IncidentRow) -> bool:
    """Open, or not wholly known to the centre."""
    return row.closed_at is None or not row.delivered
