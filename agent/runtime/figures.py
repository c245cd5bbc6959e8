"""What is counted of one camera's watching. Used under the desk's lock."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace

from agent.core.tracking.tracker import BLIND_AFTER_S
from agent.core.types import Gap, GapReason, Observation, PictureFault, Stamp
from agent.runtime.attendance import Attendance
from agent.runtime.intervals import last_minute

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskState:
    """One camera's watching, for health.

    Attributes:
        last_look: the newest observation, or None. interval_s: smoothed seconds between observations, or None.
        recent_s: seconds between observations in the last minute of watching, oldest first.
        blind: why nobody is looking now, or None while somebody is.
        fault: why nothing can be concluded from the newest picture, or None.
        blind_s: seconds so far in which nobody looked. looks: observations so far.
        open_incidents: now. unkept: events that wait for room on the disk. kept: the disk took what came last.
    """

    camera: str
    last_look: Stamp | None = None
    interval_s: float | None = None
    recent_s: tuple[float, ...] = ()
    blind: GapReason | None = None
    fault: PictureFault | None = None
    blind_s: float = 0.0
    looks: int = 0
    open_incidents: int = 0
    unkept: int = 0
    kept: bool = True


@dataclass(slots=True)
class Figures:
    """A desk's figures as of now. `mark`: the newest look or gap. `attendance`: what the store is still to take."""

    state: DeskState
    mark: Stamp | None = None
    attendance: Attendance = field(default_factory=Attendance)

    def looked(self, seen: Observation, open_incidents: int) -> None:
        """Count one look."""
        now = seen.stamp
        previous, since_s = self.state, self._since_mark_s(now)
        if seen.fault is not previous.fault:
            level = logging.WARNING if seen.fault else logging.INFO
            log.log(level, "%s: picture: %s", previous.camera, seen.fault or "good")
        blind = previous.fault is not None or previous.blind is not None or since_s > BLIND_AFTER_S
        self.attendance.add(now, since_s, blind=blind)
        seamless = bool(previous.looks) and not blind
        if previous.blind is not None:
            log.info("%s: looking", previous.camera)
        self.state = replace(
            previous,
            last_look=now,
            interval_s=_smoothed(previous.interval_s, since_s) if seamless else previous.interval_s,
            recent_s=last_minute(previous.recent_s, since_s) if seamless else previous.recent_s,
            blind=None,
            fault=seen.fault,
            blind_s=previous.blind_s + (since_s if blind else 0.0),
            looks=previous.looks + 1,
            open_incidents=open_incidents,
        )

    def missed(self, gap: Gap) -> None:
        """Count the time up to a gap."""
        if self.state.blind is not gap.reason:
            log.info("%s: nobody is looking: %s", self.state.camera, gap.reason)
        since_s = self._since_mark_s(gap.stamp)
        self.attendance.add(gap.stamp, since_s, blind=True)
        self.state = replace(self.state, blind=gap.reason, blind_s=self.state.blind_s + since_s)

    def note(self, *, open_incidents: int | None = None, unkept: int | None = None, kept: bool | None = None) -> None:
        """As they are now, where something else than a look changed them."""
        state = self.state
        self.state = replace(
            state,
            open_incidents=state.open_incidents if open_incidents is None else open_incidents,
            unkept=state.unkept if unkept is None else unkept,
            kept=state.kept if kept is None else kept,
        )

    def _since_mark_s(self, now: Stamp) -> float:
        """Seconds since the previous look or gap; 0 at the first."""
        since_s = 0.0 if self.mark is None else now.mono_s - self.mark.mono_s
        self.mark = now
        return since_s


def _smoothed(average_s: float | None, latest_s: float) -> float:
    return latest_s if average_s is None else average_s * 0.8 + latest_s * 0.2
