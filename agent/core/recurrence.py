"""Incidents that ended a short while ago: what comes back to the same place is told of together with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from agent.core.geometry import contained, iou
from agent.core.presence import Presence
from agent.core.tracking.sighting import group_of
from agent.core.tracking.track import Look, Track
from agent.core.types import Box, Stamp

SAME_PLACE_IOU = 0.3
SAME_PLACE_SHARE = 0.5
"""Two stays are at one place from this IoU, or when this share of the smaller one lies in the other: the next car is
larger and stands a step further, the next heap has fewer bags."""
MOST_ENDED = 100
"""How many are remembered for each camera; the oldest are forgotten first."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ended:
    """An incident that ended, as far as a later one at its place must know it, or a command of the centre."""

    incident_id: UUID
    rule: str
    zone: str
    group: str
    box_n: Box
    at: Stamp
    class_name: str = ""
    track_id: int | None = None
    look: Look = field(default_factory=lambda: np.zeros(0, np.float32))


def ended_of(presence: Presence, track: Track | None, now: Stamp) -> Ended:
    """What is remembered of an incident that ends now. `track`: the thing, where the tracker still knows it."""
    assert presence.incident_id is not None
    return Ended(
        incident_id=presence.incident_id,
        rule=presence.rule,
        zone=presence.zone,
        group=group_of(presence.class_name),
        box_n=presence.box_n,
        at=now,
        class_name=presence.class_name,
        track_id=presence.track_id,
        look=track.look if track else np.zeros(0, np.float32),
    )


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
