"""Finding an incident again: what the newest look of a scene says about it, whether it is open or ended of late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from agent.core.camera_health import RULE as CAMERA_HEALTH
from agent.core.glance import Glance, Newest, Sees, blind, glance_at, glance_at_camera
from agent.core.lifecycle import Trigger
from agent.core.presence import Presence
from agent.core.recurrence import Ended
from agent.core.silence import Spot
from agent.core.tracking.track import Track
from agent.core.types import Stamp

OPENING_PICTURES = ("close_up", "wide")
"""Of the pictures of an opening the first of these kinds is what a later one is compared with."""
_FOUND_EMPTY = {Trigger.LEFT: Sees.LEFT, Trigger.REPLACED: Sees.SUCCEEDED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """The incidents that a scene can say something about."""

    open: Sequence[Presence]
    ended: Sequence[Ended]

    def presence(self, incident: UUID) -> Presence | None:
        """As it is, or as it ended; None when it is not known, or forgotten since."""
        ended = self._ended(incident)
        return next((p for p in self.open if p.incident_id == incident), ended.presence if ended else None)

    def spot(self, incident: UUID, tracks: Sequence[Track]) -> Spot | None:
        """Where and what it is, or was; None as above. `tracks`: those of now."""
        presence, ended = self.presence(incident), self._ended(incident)
        if presence is None:
            return None
        now = None if ended else next((t for t in tracks if t.track_id == presence.track_id), None)
        return Spot.of(presence, ended.track if ended else now)

    def glance(self, incident: UUID, newest: Newest | None, asked: Stamp) -> Glance | None:
        """What the newest step says about it; None when it is not known, or nobody has looked yet.

        Args:
            asked: what was seen before that does not count. An incident that its rule closed since is settled by that;
                one that was closed before is looked for anew, at the place where it was.
        """
        presence, ended = self.presence(incident), self._ended(incident)
        if presence is None or newest is None:
            return None
        nothing = blind(newest.seen)
        if ended and nothing is None and ended.trigger in _FOUND_EMPTY and ended.at.mono_s > asked.mono_s:
            return Glance(sees=_FOUND_EMPTY[ended.trigger], at=newest.seen.stamp)
        if presence.rule == CAMERA_HEALTH:
            return glance_at_camera(presence.class_name, newest.seen)
        if nothing is not None:
            return nothing
        tracks = newest.tracks if ended is None else ()
        track = next((t for t in tracks if t.track_id == presence.track_id), ended.track if ended else None)
        if track is None:
            return Glance(sees=Sees.UNTOLD, at=newest.seen.stamp)
        return glance_at(track, newest, asked, live=ended is None)

    def _ended(self, incident: UUID) -> Ended | None:
        return next((past for past in self.ended if past.incident_id == incident), None)
