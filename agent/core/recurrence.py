"""Incidents that ended a short while ago: what comes back to the same place is told of together with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from agent.core.geometry import contained, iou
from agent.core.lifecycle import Trigger
from agent.core.presence import Presence
from agent.core.tracking.sighting import group_of
from agent.core.tracking.track import Track
from agent.core.types import Box, Stamp

SAME_PLACE_IOU = 0.3
SAME_PLACE_SHARE = 0.5
"""Two stays are at one place from this IoU, or when this share of the smaller one lies in the other: the next car is
larger and stands a step further, the next heap has fewer bags."""
MOST_ENDED = 100
"""How many are remembered for each camera; the oldest are forgotten first."""
MOST_REVISITED = 12
"""How many of them the centre can ask to be looked at again: that takes 3 kB of memory for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An incident that ended, as far as a later one at its place must know it.

    Attributes:
        trigger: why it ended. presence, track: as they were then, for who looks there again; None of older ones, and
            `track` of the camera's own. The track is where it was when the incident opened: it may have been driven on.
    """

    incident_id: UUID
    rule: str
    zone: str
    group: str
    box_n: Box
    at: Stamp
    trigger: Trigger | None = None
    presence: Presence | None = None
    track: Track | None = None

    def shifted(self, by_s: float) -> Ended:
        """The same on a monotonic clock that shows `by_s` more."""
        presence = self.presence.shifted(by_s) if self.presence else None
        track = self.track.shifted(by_s) if self.track else None
        return replace(self, at=self.at.shifted(by_s), presence=presence, track=track)


def ended_of(presence: Presence, now: Stamp, trigger: Trigger | None = None, track: Track | None = None) -> Ended:
    """What is remembered of an incident that ends now."""
    assert presence.incident_id is not None
    return Ended(
        incident_id=presence.incident_id,
        rule=presence.rule,
        zone=presence.zone,
        group=group_of(presence.class_name),
        box_n=presence.box_n,
        at=now,
        trigger=trigger,
        presence=presence,
        track=replace(track, place_n=presence.opened_box_n or presence.box_n) if track else None,
    )


def remembered(ended: tuple[Ended, ...], newest: Ended) -> tuple[Ended, ...]:
    """What is remembered with one more: the oldest are forgotten, and of most no more than their place is kept."""
    older = ended[-(MOST_ENDED - 1) :]
    brief = max(0, len(older) + 1 - MOST_REVISITED)
    return (*(replace(past, presence=None, track=None) for past in older[:brief]), *older[brief:], newest)


def previous_of(presence: Presence, ended: Iterable[Ended], now: Stamp, within_s: float) -> UUID | None:
    """The incident of the same rule, zone and family that ended last at this place, at most `within_s` ago."""
    fitting = [
        past
        for past in ended
        if (past.rule, past.zone, past.group) == (presence.rule, presence.zone, group_of(presence.class_name))
        and now.mono_s - past.at.mono_s <= within_s
        and _is_same_place(past.box_n, presence.box_n)
    ]
    return max(fitting, key=lambda past: past.at.mono_s).incident_id if within_s > 0 and fitting else None


def _is_same_place(a: Box, b: Box) -> bool:
    return iou(a, b) >= SAME_PLACE_IOU or max(contained(a, b), contained(b, a)) >= SAME_PLACE_SHARE
