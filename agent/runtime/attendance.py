"""How long a camera was watched in each hour, until the store has taken it. Used under the desk's lock."""

from __future__ import annotations

from dataclasses import replace

from agent.core.types import Stamp
from agent.ports import WatchHour

HOUR_S = 3600
MOST_HOURS = 24 * 14
"""Hours that wait for a disk that takes nothing; beyond, the oldest are given up."""


class Attendance:
    """Seconds of looking and of blindness, by the hour (UTC) in which they were."""

    def __init__(self) -> None:
        self._hours: dict[int, WatchHour] = {}

    def add(self, until: Stamp, seconds: float, *, blind: bool) -> None:
        """The last `seconds` before a moment. What began in an earlier hour is shared among the hours."""
        end_s = until.utc.timestamp()
        while seconds > 0:
            # The last hour is the one that the stretch ends in; one that ends on the full hour was in the hour before.
            hour = int(-(-end_s // HOUR_S)) - 1
            part_s = min(seconds, end_s - hour * HOUR_S)
            known = self._hours.get(hour, WatchHour(hour=hour))
            looked_s, blind_s = (0.0, part_s) if blind else (part_s, 0.0)
            self._hours[hour] = replace(known, looked_s=known.looked_s + looked_s, blind_s=known.blind_s + blind_s)
            seconds, end_s = seconds - part_s, end_s - part_s
        while len(self._hours) > MOST_HOURS:
            del self._hours[min(self._hours)]

    @property
    def waiting(self) -> tuple[WatchHour, ...]:
        """What the store has not taken yet."""
        return tuple(self._hours.values())

    def taken(self) -> None:
        """The store has it."""
        self._hours.clear()
