"""What a person at the centre or at the box wants to hear no more of: a dismissed spot, a paused rule.

Nothing new opens there; clocks go on, and what is an incident already is told of and closed as ever. Times are UTC, as
people gave them, and hold across restarts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import numpy as np
from pydantic import TypeAdapter

from agent.core.geometry import contained, iou
from agent.core.presence import Presence
from agent.core.tracking.sighting import group_of
from agent.core.tracking.track import Look, Track, similarity
from agent.core.types import Box, Floats

SAME_SPOT_IOU = 0.5
"""A parked car is boxed at 0.8 and more in every picture; the next one at this kerb, half a length further, at 0.3."""
SAME_SPOT_SHARE = 0.8
"""Things that people put down: a heap of which some bags are left still lies within the dismissed one."""
LIKE_SPOT = 0.5
"""Likeness (cosine of the descriptors) from which it is the same look. Lower than the tracker's 0.6, which compares
pictures of the same minute: a dismissal holds for days, and their light."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dismissal:
    """One incident that was none: the same place and look stays silent until `until`, or until it is taken back.

    Attributes:
        class_name: what it was taken for; a thing of another family at that place is another matter.
        track_id: the thing itself: while the tracker holds it there, it is known whatever the light does to its look.
        look: (D,) descriptor, or (0,) when unknown.
        reason: `false_report` or `tolerated`. until: None for never.
        by, note: who said so and why, in their words. at_box: a person at the box did, not the centre; None: not known.
    """

    incident_id: UUID
    camera: str
    rule: str
    zone: str
    class_name: str
    track_id: int | None
    box_n: Box
    look: Look
    reason: str
    at: datetime
    until: datetime | None = None
    by: str | None = None
    note: str | None = None
    at_box: bool | None = None

    def in_force(self, now: datetime) -> bool:
        """Whether it still holds."""
        return self.until is None or now < self.until

    def fits(self, spot: Spot) -> bool:
        """Whether it is the dismissed thing, or one that looks like it at its place."""
        if (spot.rule, spot.zone, group_of(spot.class_name)) != (self.rule, self.zone, group_of(self.class_name)):
            return False
        within = max(contained(spot.box_n, self.box_n), contained(self.box_n, spot.box_n))
        here = iou(spot.box_n, self.box_n) >= SAME_SPOT_IOU or (not self.look.size and within >= SAME_SPOT_SHARE)
        if not here:
            return False
        # Numbers of tracks begin anew where a camera's memory was lost: then the thing came after it was dismissed.
        itself = spot.track_id is not None and spot.track_id == self.track_id and spot.since <= self.at
        return itself or similarity(spot.look, self.look) >= LIKE_SPOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Nothing new is reported of all that matches; what is None matches everything."""

    until: datetime
    camera: str | None = None
    zone: str | None = None
    rule: str | None = None

    def covers(self, camera: str, zone: str, rule: str) -> bool:
        """Whether it is about this place and rule."""
        asked = ((self.camera, camera), (self.zone, zone), (self.rule, rule))
        return all(wanted is None or wanted == found for wanted, found in asked)

    def within(self, wider: Pause) -> bool:
        """Whether everything that this one is about, the other is about too."""
        pairs = ((self.camera, wider.camera), (self.zone, wider.zone), (self.rule, wider.rule))
        return all(theirs is None or own == theirs for own, theirs in pairs)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spot:
    """A thing that is an incident, was one, or would become one now. `since`: when it came to its place."""

    rule: str
    zone: str
    class_name: str
    track_id: int | None
    since: datetime
    box_n: Box
    look: Floats

    @staticmethod
    def of(presence: Presence, track: Track | None) -> Spot:
        """Of a presence and its track, where the tracker still knows it."""
        return Spot(
            rule=presence.rule,
            zone=presence.zone,
            class_name=presence.class_name,
            track_id=presence.track_id,
            since=(track.stay_since if track else presence.entered).utc,
            box_n=track.place_n if track else presence.box_n,
            look=track.look if track else np.zeros(0, np.float32),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Silences:
    """All that holds for one camera."""

    dismissals: tuple[Dismissal, ...] = ()
    pauses: tuple[Pause, ...] = ()

    def hush(self, camera: str, spot: Spot, now: datetime) -> bool:
        """Whether nothing is to be opened here at this moment."""
        return self.paused(camera, spot.zone, spot.rule, now) or any(
            known.in_force(now) and known.fits(spot) for known in self.dismissals
        )

    def paused(self, camera: str, zone: str, rule: str, now: datetime) -> bool:
        """Whether this rule rests here."""
        return any(pause.until > now and pause.covers(camera, zone, rule) for pause in self.pauses)


def paused_until(pauses: Iterable[Pause], asked: Pause, now: datetime) -> datetime | None:
    """Until when all that `asked` is about rests, by that pause or a wider one; None: it does not."""
    return max((p.until for p in pauses if p.until > now and asked.within(p)), default=None)


DISMISSAL: TypeAdapter[Dismissal] = TypeAdapter(Dismissal)
PAUSE: TypeAdapter[Pause] = TypeAdapter(Pause)
