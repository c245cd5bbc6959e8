"""All that a scene must remember, as the text that is kept across restarts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import TypeAdapter, ValidationError

from agent.core.presence import Presence
from agent.core.recurrence import Ended
from agent.core.tracking.sighted import BRIDGE_S
from agent.core.tracking.track import Track
from agent.core.types import Stamp

UNKNOWN_AWAY_S = BRIDGE_S + 1.0
"""How long the agent is taken to have been away when the clock cannot tell."""
VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """A scene at the moment `stamp`, None before its first step.

    Attributes:
        boot: names the run of the system in which monotonic stamps are comparable, across processes; empty: unknown.
        next_id, last_look, interrupted, tracks: the tracker's. health: the camera health's own text.
    """

    version: int = VERSION
    stamp: Stamp | None
    boot: str = ""
    next_id: int
    last_look: Stamp | None
    interrupted: bool
    tracks: tuple[Track, ...]
    presences: tuple[Presence, ...]
    health: str | None = None
    ended: tuple[Ended, ...] = ()

    @staticmethod
    def read(kept: str, camera: str) -> Memory:
        """What `text` gave. Raises ValueError for a foreign text."""
        try:
            memory = _MEMORY.validate_json(kept)
        except ValidationError as error:
            raise ValueError(f"{camera}: kept scene state cannot be read ({error.error_count()} faults)") from error
        if memory.version != VERSION:
            raise ValueError(f"{camera}: kept scene state: expected version {VERSION}, found {memory.version}")
        return memory

    def text(self) -> str:
        """As it is kept."""
        return _MEMORY.dump_json(self).decode()

    def away_s(self, now: Stamp, boot: str) -> float | None:
        """Seconds since it was kept; None when nobody can tell, or it never saw anything.

        While the system runs on, its monotonic clock tells, however the wall clock is set. After a boot UTC has to do;
        where that was set back meanwhile the time is unknown.
        """
        if self.stamp is None:
            return None
        if boot and boot == self.boot and now.mono_s >= self.stamp.mono_s:
            return now.mono_s - self.stamp.mono_s
        away_s = (now.utc - self.stamp.utc) / timedelta(seconds=1)
        return away_s if away_s >= 0 else None

    def as_of(self, now: Stamp, boot: str) -> Memory:
        """The same on the monotonic clock of `now`, perhaps of another run of the agent.

        An unknown absence is taken for a moment too long for anything to be attested across it.
        """
        if self.stamp is None:
            return self
        away_s = self.away_s(now, boot)
        known = away_s is not None
        shift_s = now.mono_s - (UNKNOWN_AWAY_S if away_s is None else away_s) - self.stamp.mono_s
        return replace(
            self,
            stamp=self.stamp.shifted(shift_s),
            last_look=self.last_look.shifted(shift_s) if self.last_look else None,
            interrupted=self.interrupted or not known,
            tracks=tuple(track.shifted(shift_s) for track in self.tracks),
            presences=tuple(presence.shifted(shift_s) for presence in self.presences),
            ended=tuple(past.shifted(shift_s) for past in self.ended),
        )


_MEMORY: TypeAdapter[Memory] = TypeAdapter(Memory)
