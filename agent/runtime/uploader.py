"""Carries pictures to an object store, one after another, in a thread of its own: no event waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event as StopEvent

from agent.core.errors import StoreFull, UploadFailed, UploadRefused
from agent.core.types import Evidence
from agent.ports import Clock, ObjectStore, Parcel, Parcels
from agent.runtime.backoff import Backoff, Jitter

log = logging.getLogger(__name__)

_POLL_S = 10.0
"""How soon a postponed picture is noticed when nothing wakes the uploader."""
_STORE_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSettings:
    """Times in seconds.

    Attributes:
        refused_wait_s: between attempts after the store refused what it would refuse of every picture.
        first_postpone_s: for a picture that the store calls unfit; doubles up to longest_postpone_s.
        attempts: after so many of those a picture is given up.
    """

    first_wait_s: float = 1.0
    longest_wait_s: float = 300.0
    refused_wait_s: float = 600.0
    first_postpone_s: float = 600.0
    longest_postpone_s: float = 3600.0
    attempts: int = 10


class Uploader:
    """Give `run` to the supervisor. A picture stays in `parcels` until the store said that it has it."""

    def __init__(
        self,
        *,
        parcels: Parcels,
        read: Callable[[Evidence], bytes | None],
        store: ObjectStore,
        clock: Clock,
        jitter: Jitter,
        settings: UploadSettings | None = None,
    ) -> None:
        """`read`: the bytes of a kept picture, or None when they are gone."""
        self._parcels = parcels
        self._read = read
        self._store = store
        self._clock = clock
        self._settings = settings or UploadSettings()
        self._backoff = Backoff(jitter, base_s=self._settings.first_wait_s, cap_s=self._settings.longest_wait_s)
        self._woken = StopEvent()
        self._last_fault = ""
        self._failed: set[int] = set()

    @property
    def fault(self) -> str | None:
        """Why the store did not take the last picture, or None. Safe from any thread."""
        return self._last_fault or None

    def wake(self) -> None:
        """There is a new picture, or a reason to stop. Safe from any thread."""
        self._woken.set()

    def run(self, stop: StopEvent) -> None:
        """Carry until stopped. Raises StoreUnusable."""
        while not stop.is_set():
            self._woken.clear()
            parcel = self._next()
            if parcel is None:
                self._woken.wait(_POLL_S)
            elif (wait_s := self._carry(parcel, stop)) > 0:
                stop.wait(wait_s)  # a new picture is no reason to try sooner

    def _next(self) -> Parcel | None:
        """The first that did not fail just now: one at which the store stumbles lets the others go before it."""
        parcels = self._parcels.due(self._clock.now(), len(self._failed) + 1)
        for parcel in parcels:
            if parcel.row not in self._failed:
                return parcel
        self._failed.clear()
        return parcels[0] if parcels else None

    def _carry(self, parcel: Parcel, stop: StopEvent) -> float:
        """Put one picture; returns the seconds to leave the store alone."""
        try:
            return self._put(parcel, stop)
        except StoreFull as error:
            log.error("pictures wait for %g s: %s", _STORE_PAUSE_S, error)
            return _STORE_PAUSE_S

    def _put(self, parcel: Parcel, stop: StopEvent) -> float:
        data = self._read(parcel.picture)
        if data is None:
            log.warning("%s: cannot be sent: the file is gone from the disk", parcel.picture.path)
            self._parcels.drop(parcel.row)
            return 0.0
        try:
            self._store.put(parcel, data, stop)
        except UploadFailed as error:
            if stop.is_set():
                return 0.0
            self._fault(str(error))
            self._failed.add(parcel.row)
            return max(self._backoff.next_s(), error.retry_after_s)
        except UploadRefused as error:
            self._fault(str(error))
            if not error.unfit:
                self._failed.add(parcel.row)
                return self._settings.refused_wait_s
            self._refused(parcel)
            return self._backoff.next_s()
        self._arrived(parcel)
        return 0.0

    def _arrived(self, parcel: Parcel) -> None:
        self._backoff.reset()
        if self._last_fault:
            log.info("the object store takes pictures again")
        self._last_fault = ""
        self._parcels.done(parcel.row)

    def _refused(self, parcel: Parcel) -> None:
        if parcel.attempts + 1 >= self._settings.attempts:
            log.error("%s: given up after %d attempts", parcel.picture.path, parcel.attempts + 1)
            self._parcels.drop(parcel.row)
            return
        wait_s = min(self._settings.longest_postpone_s, self._settings.first_postpone_s * 2.0**parcel.attempts)
        self._parcels.postpone(parcel.row, self._clock.now().utc.timestamp() + wait_s)

    def _fault(self, reason: str) -> None:
        """Say a new trouble once, not at every attempt."""
        if reason != self._last_fault:
            log.warning("%s", reason)
        self._last_fault = reason
