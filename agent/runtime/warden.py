"""Sees to it that no loop hangs unnoticed: says so, has a capture replaced, or has the agent ended.

The one place that feeds the service manager's watchdog, and only while nothing speaks against the agent. It touches
neither disk nor network nor any lock that is held for long, so that it does not hang with what it watches.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Event as StopEvent

from agent.core.types import Stamp
from agent.ports import Clock, ServiceManager
from agent.runtime.supervisor import LoopState, Supervisor
from agent.runtime.wellness import Reason, not_alive

log = logging.getLogger(__name__)

NAME = "warden"
"""Of its own loop, which the main thread watches."""
LOOK_S = 1.0
STOOD_STILL_S = 10.0
"""Looks that are further apart say that the whole process stood still (a paused machine): everybody gets a second."""
RELIEVE_AFTER_S = 5.0
"""How long a loop has to be seen hanging before another thread takes its place."""
GIVE_UP_AFTER_S = 30.0
"""How long before the agent is ended, which gives others time to see why. Less than two thirds of a sensible watchdog
interval of a minute, so that the agent ends in order before it is ended."""
STATUS_EVERY_S = 10.0


class Warden:
    """Give `run` to a supervisor."""

    def __init__(
        self,
        *,
        clock: Clock,
        supervisors: Iterable[Supervisor],
        relieve: Callable[[str], bool],
        give_up: Callable[[str], None],
        service: ServiceManager,
        status: Callable[[], str],
    ) -> None:
        """A warden over all loops of these supervisors.

        Args:
            relieve: puts another thread in the place of the loop of that name; returns False when that cannot be done.
            give_up: ends the agent because of that loop. status: a short line for people.
        """
        self._clock = clock
        self._supervisors = tuple(supervisors)
        self._relieve = relieve
        self._give_up = give_up
        self._service = service
        self._status = status
        self._looked_s: float | None = None
        self._hung_since_s: dict[str, float] = {}
        self._against: list[Reason] = []
        self._fed_s = float("-inf")
        self._told_s = float("-inf")

    def run(self, stop: StopEvent) -> None:
        """Look until stopped."""
        while not stop.is_set():
            self.look()
            stop.wait(LOOK_S)

    def look(self) -> None:
        """Once: judge all loops, and act."""
        now = self._clock.now()
        away_s = 0.0 if self._looked_s is None else now.mono_s - self._looked_s
        self._looked_s = now.mono_s
        loops = [state for supervisor in self._supervisors for state in supervisor.states()]
        if away_s > STOOD_STILL_S:
            log.info("the agent stood still for %.0f s", away_s)
        else:
            self._judge({loop.name: loop for loop in loops if loop.stuck}, now)
        self._report(not_alive(loops), now)

    def _judge(self, hung: dict[str, LoopState], now: Stamp) -> None:
        for name in [name for name in self._hung_since_s if name not in hung]:
            del self._hung_since_s[name]
            log.warning("%s: gets on again", name)
        for name, loop in hung.items():
            hung_s = now.mono_s - self._hung_since_s.setdefault(name, now.mono_s)
            if hung_s == 0.0:
                log.error("%s: hangs, no sign of life for %.0f s; it is at %s", name, loop.silent_s, self._where(name))
            elif hung_s >= RELIEVE_AFTER_S and self._relieve(name):
                del self._hung_since_s[name]
            elif hung_s >= GIVE_UP_AFTER_S:
                self._give_up(name)

    def _where(self, name: str) -> str:
        known = [where for supervisor in self._supervisors if (where := supervisor.where(name))]
        return known[0] if known else "an unknown place"

    def _report(self, against: list[Reason], now: Stamp) -> None:
        """Tell the service manager; it is fed well within half of the time it allows."""
        every_s = self._service.watchdog_s
        if every_s is not None and not against and now.mono_s - self._fed_s >= every_s / 3 - LOOK_S:
            self._fed_s = now.mono_s
            self._service.feed()
        if against != self._against or now.mono_s - self._told_s >= STATUS_EVERY_S:
            self._against, self._told_s = against, now.mono_s
            trouble = f"NOT WELL: {', '.join(map(str, against))}; " if against else ""
            self._service.status(trouble + self._status())
