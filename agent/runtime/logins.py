"""Keeps the box from being locked out of a camera.

Hikvision locks an address after 5 wrong logins, for 30 minutes and for every program on that address. So whoever is
about to log in asks here first, be it for RTSP or for ISAPI. A recorder has many cameras on one address: they share one
budget, and until the device has accepted a login, only one of them is trying it.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Hashable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from agent.core.errors import CameraRefused, StoreFull, StoreUnusable
from agent.core.types import Stamp
from agent.ports import Clock, LoginLedger

log = logging.getLogger(__name__)

MAX_REFUSALS = 2
"""5 wrong logins lock (7 for the administrator); other programs behind the same address may have used some up."""
LOCK_S = 35 * 60.0
"""A locked address is let in again after 30 minutes; five more to be on the safe side."""


TURN_S = 30.0
"""Who has tried a login for so long was not refused (that takes a moment): the next one need not wait any longer."""
TURN_STEP_S = 0.1
"""How often somebody who waits for a turn asks again."""


@dataclass(frozen=True, slots=True)
class Login:
    """One credential at one device. `fingerprint`: names it without telling it; empty: there is none."""

    device: str
    fingerprint: str


class Door:
    """Where everybody with one `Login` passes: one at a time until it was accepted, then all at once."""

    def __init__(self) -> None:
        self.unrecorded = 0
        """Refusals that the ledger could not keep."""
        self.last: Stamp | None = None
        """The last refusal in this run."""
        self._lock = Lock()
        self._open = False
        self._holder: Hashable | None = None
        self._since_s = 0.0

    def enter(self, who: Hashable, now_s: float) -> bool:
        """Take the turn; False while somebody else has it."""
        with self._lock:
            if self._open:
                return True
            if self._holder not in (None, who) and now_s - self._since_s < TURN_S:
                return False
            self._holder, self._since_s = who, now_s
            return True

    def leave(self, who: Hashable) -> None:
        """Give the turn back, if it is still one's own."""
        with self._lock:
            if self._holder is who:
                self._holder = None

    def judged(self, *, accepted: bool) -> None:
        """What became of the login."""
        with self._lock:
            self._open = accepted


class Doors:
    """The door of each login, for as long as the agent runs."""

    def __init__(self) -> None:
        self._doors: dict[Login, Door] = {}
        self._lock = Lock()

    def of(self, login: Login) -> Door:
        """The same one for the same login."""
        with self._lock:
            return self._doors.setdefault(login, Door())


class LoginBudget:
    """Lets a credential be refused twice and no more, until it changes or the device's lock must be over.

    The ledger is shared with every other client of that device on this box, and outlives a restart. What it cannot
    keep (full disk) is remembered at the door: a lost count could lock the box out.
    """

    def __init__(
        self,
        *,
        camera: str,
        login: Login,
        ledger: LoginLedger,
        clock: Clock,
        door: Door | None = None,
        most: int = MAX_REFUSALS,
    ) -> None:
        """Of one client.

        Args:
            door: the one that all clients with this login pass; None: there is no other client.
            most: refusals after which this client tries no more; who can be done without leaves some to others.
        """
        self._camera = camera
        self._login = login
        self._ledger = ledger
        self._clock = clock
        self._door = door or Door()
        self._most = most
        self._reason = ""

    def enter(self) -> bool:
        """Take the turn to log in, and `leave` when its outcome is known; False while another client has it.

        Without a login, and once one was accepted, everybody has it. Raises CameraRefused as `check` does.
        """
        if self._login.fingerprint and not self._door.enter(self, self._clock.now().mono_s):
            return False
        try:
            self.check()
        except CameraRefused:
            self.leave()
            raise
        return True

    def leave(self) -> None:
        """The login was tried, or could not be."""
        self._door.leave(self)

    def check(self) -> None:
        """Return when a login may be tried. Raises CameraRefused (attempted=False) when not."""
        count, waited_s = self._standing()
        if count < self._most or waited_s >= LOCK_S:
            return
        text = (
            self._reason
            or f"camera {self._camera}: expected the login to be accepted, found that this device refused it earlier"
        )
        raise CameraRefused(
            f"{text}. No more tries with this login until {LOCK_S / 60:.0f} minutes after the last one, so that the "
            "camera does not lock this box out; a changed password is tried at once",
            attempted=False,
        )

    def refused(self, reason: str) -> None:
        """A login was spent in vain."""
        door, login, now = self._door, self._login, self._clock.now()
        door.last, self._reason = now, reason
        door.judged(accepted=False)
        try:
            self._ledger.refused(login.device, login.fingerprint, now.utc.timestamp())
        except (StoreFull, StoreUnusable) as error:
            door.unrecorded += 1
            log.error("camera %s: a refused login is remembered until the next restart only: %s", self._camera, error)

    def accepted(self) -> None:
        """The login works; forget earlier refusals."""
        if self._standing()[0]:
            self._door.unrecorded, self._door.last = 0, None
            with suppress(StoreFull, StoreUnusable):  # What stays is a warning too many after a later fault.
                self._ledger.clear(self._login.device)
        self._door.judged(accepted=True)
        self.leave()

    def _standing(self) -> tuple[int, float]:
        """How many refusals count, and for how many seconds there was none."""
        door, login, now = self._door, self._login, self._clock.now()
        try:
            count, at_utc_s = self._ledger.refusals(login.device, login.fingerprint)
        except (StoreFull, StoreUnusable):
            count, at_utc_s = 0, 0.0
        waited_s = [] if count == 0 else [now.utc.timestamp() - at_utc_s]
        if waited_s and waited_s[0] < 0:
            # The box's clock was set back since: count from the moment that was noticed.
            waited_s, door.last = [], door.last or now
        if door.last is not None:
            waited_s.append(now.mono_s - door.last.mono_s)
        return count + door.unrecorded, min(waited_s, default=math.inf)
