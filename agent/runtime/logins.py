"""Keeps the box from being locked out of a camera.

Hikvision locks an address after 5 wrong logins, for 30 minutes and for every program on that address. So whoever is
about to log in asks here first, be it for RTSP or for ISAPI.
"""

from __future__ import annotations

import logging
import math
from contextlib import suppress

from agent.core.errors import CameraRefused, StoreFull, StoreUnusable
from agent.core.types import Stamp
from agent.ports import Clock, LoginLedger

log = logging.getLogger(__name__)

MAX_REFUSALS = 2
"""5 wrong logins lock (7 for the administrator); other programs behind the same address may have used some up."""
LOCK_S = 35 * 60.0
"""A locked address is let in again after 30 minutes; five more to be on the safe side."""


class LoginBudget:
    """Lets a credential be refused twice and no more, until it changes or the camera's lock must be over.

    The ledger is shared with every other client of that camera on this box, and outlives a restart. What it cannot
    keep (full disk) is remembered here: a lost count could lock the box out.
    """

    def __init__(
        self, *, camera: str, fingerprint: str, ledger: LoginLedger, clock: Clock, most: int = MAX_REFUSALS
    ) -> None:
        """`most`: refusals after which this client tries no more; who can be done without leaves some to others."""
        self._camera = camera
        self._fingerprint = fingerprint
        self._ledger = ledger
        self._clock = clock
        self._most = most
        self._unrecorded = 0
        self._last: Stamp | None = None
        self._reason = ""

    def check(self) -> None:
        """Return when a login may be tried. Raises CameraRefused (attempted=False) when not."""
        count, waited_s = self._standing()
        if count < self._most or waited_s >= LOCK_S:
            return
        text = self._reason or f"camera {self._camera}: expected the login to be accepted, found it refused earlier"
        raise CameraRefused(
            f"{text}. No more tries with this login until {LOCK_S / 60:.0f} minutes after the last one, so that the "
            "camera does not lock this box out; a changed password is tried at once",
            attempted=False,
        )

    def refused(self, reason: str) -> None:
        """A login was spent in vain."""
        self._last, self._reason = self._clock.now(), reason
        try:
            self._ledger.refused(self._camera, self._fingerprint, self._last.utc.timestamp())
        except (StoreFull, StoreUnusable) as error:
            self._unrecorded += 1
            log.error("camera %s: a refused login is remembered until the next restart only: %s", self._camera, error)

    def accepted(self) -> None:
        """The login works; forget earlier refusals."""
        if self._standing()[0]:
            self._unrecorded, self._last = 0, None
            with suppress(StoreFull, StoreUnusable):  # What stays is a warning too many after a later fault.
                self._ledger.clear(self._camera)

    def _standing(self) -> tuple[int, float]:
        """How many refusals count, and for how many seconds there was none."""
        now = self._clock.now()
        try:
            count, at_utc_s = self._ledger.refusals(self._camera, self._fingerprint)
        except (StoreFull, StoreUnusable):
            count, at_utc_s = 0, 0.0
        waited_s = [] if count == 0 else [now.utc.timestamp() - at_utc_s]
        if waited_s and waited_s[0] < 0:
            # The box's clock was set back since: count from the moment that was noticed.
            waited_s, self._last = [], self._last or now
        if self._last is not None:
            waited_s.append(now.mono_s - self._last.mono_s)
        return count + self._unrecorded, min(waited_s, default=math.inf)
