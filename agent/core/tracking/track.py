"""A thing at a place: what the tracker remembers about it, and what one look says about it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import numpy as np
from pydantic import PlainSerializer, PlainValidator

from agent.core.changed import changed
from agent.core.taxonomy import FIXTURE, OBJECT
from agent.core.types import Box, Channel, Floats, Stamp

SETTLED_HITS = 3
"""Sightings at the same place that a thing needs to count as standing rather than passing, and"""
SETTLED_S = 4.0
"""the seconds that they must span: a truck that crosses a picture overlaps itself for a second or two."""

NAMED_MEAN = 0.3
"""Mean detector score over all sightings from which something left standing has a name."""
GONE_S = 5.0
"""Seconds of emptiness that it takes at least: whatever passes in front unseen is gone by then."""
LEFT_EMPTIES, LEFT_CHANCE = 2, 0.005
"""Empty looks, and chance, that suffice after it was seen beside its place."""
LATELY = 0.1
"""Weight of one look in `missed_lately`."""
GONE_CHANCE = 0.0005
"""Chance up to which a row of empty looks is not taken for a row of misses, which come in rows in rain and at night."""


def _look_of(value: object) -> Floats:
    if isinstance(value, str):
        return np.frombuffer(base64.b64decode(value), np.float32)
    return np.asarray(value, np.float32)


Look = Annotated[
    Floats, PlainValidator(_look_of), PlainSerializer(lambda look: base64.b64encode(look.tobytes()).decode())
]
"""(D,) float32 unit vector, or (0,) when unknown; base64 of its bytes where it is kept."""


class Sight(StrEnum):
    """What one look said about one track."""

    SEEN = "seen"
    OCCLUDED = "occluded"
    ABSENT = "absent"


@dataclass(frozen=True, kw_only=True, eq=False)  # without slots, for `changed`
class Track:
    """A thing at a place.

    Attributes:
        place_n: where it stands, averaged over its sightings; box_n: where it was seen last.
        look: (D,) unit vector, or (0,) when unknown. doubt_look, doubts: another look seen at the same pixels, and how
            often in a row. strays: sightings in a row beside the place.
        class_weights: summed scores per class name, since small models flip between vehicle classes.
        stay_since: when it came to this place. hits: sightings of this stay.
        absent_s: seconds in which the place was seen empty. unseen_s: seconds in which it could not be seen.
        misses: empty looks of this stay, which a thing that has not settled survives few of. empties: those in a row.
        looked_s: seconds since the last sighting in which somebody was looking.
        channels: the best score of each way of seeing that saw it.
        survived_s: the longest it was missed in this stay, in seconds of seen absence, before it was seen again.
        missed_lately: share of the last ten looks or so, up to its last sighting, that missed it: dusk and rain come.
        company: boxes (0..1) that overlapped the place while it was seen, and how often each was there, at most ten.
    """

    track_id: int
    group: str
    place_n: Box
    box_n: Box
    look: Look
    doubt_look: Look
    doubts: int = 0
    strays: int = 0
    class_weights: tuple[tuple[str, float], ...]
    score: float
    best_score: float
    stay_since: Stamp
    last_seen: Stamp
    hits: int = 1
    misses: int = 0
    empties: int = 0
    sight: Sight = Sight.SEEN
    absent_s: float = 0.0
    unseen_s: float = 0.0
    looked_s: float = 0.0
    channels: tuple[tuple[Channel, float], ...] = ()
    company: tuple[tuple[Box, int], ...] = ()
    survived_s: float = 0.0
    missed_lately: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether it was seen often and long enough at this place to count as standing."""
        return self.hits >= SETTLED_HITS and self.last_seen.mono_s - self.stay_since.mono_s >= SETTLED_S

    @property
    def gone(self) -> bool:
        """Whether its place was seen empty so often in a row that the detector, by its record, did not just miss it.

        A car that is found in every picture is gone after four empty ones; at night, when every third is missed, it
        takes more (rule of succession). One that was last seen beside its place was on its way.
        """
        rate = self.miss_rate
        if self.strays > 0 and self.empties >= LEFT_EMPTIES:
            return rate**self.empties < LEFT_CHANCE
        return self.absent_s >= GONE_S and rate**self.empties < GONE_CHANCE

    @property
    def miss_rate(self) -> float:
        """Chance that a look misses it, by its record up to its last sighting (rule of succession)."""
        before = self.misses - self.empties
        return (before + 1) / (self.hits + before + 2)

    @property
    def missed_lately_until_now(self) -> float:
        """`missed_lately` with a sighting now, after the empty looks in a row before it."""
        return (1.0 - (1.0 - self.missed_lately) * (1.0 - LATELY) ** self.empties) * (1.0 - LATELY)

    def shifted(self, by_s: float) -> Track:
        """The same on a monotonic clock that shows `by_s` more."""
        return changed(self, stay_since=self.stay_since.shifted(by_s), last_seen=self.last_seen.shifted(by_s))

    @property
    def class_name(self) -> str:
        """The class with the greatest summed score; the first in the alphabet on a tie.

        A thing that the scene-change channel saw has that name only if the detector gave it on average: small models
        call anything a chair now and then, and one weak name must not decide what was left standing.
        """
        weights = self.class_weights
        if len(weights) > 1:
            weights = tuple(entry for entry in weights if entry[0] != OBJECT)
        name, weight = min(weights, key=lambda entry: (-entry[1], entry[0])) if len(weights) > 1 else weights[0]
        if self.group != FIXTURE or weight >= NAMED_MEAN * self.hits:
            return name
        left_standing = any(channel is Channel.SCENE_CHANGE for channel, _ in self.channels)
        return OBJECT if left_standing else name


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """What one look changed about one track.

    Attributes:
        seen_s, blind_s: seconds since the previous sighting, attested by sight or not; both 0 unless seen now.
        looked_s: seconds since the look before, 0 over a gap.
        moved: it left its place and stands somewhere else now; its stay began anew.
        rival: the settled track that now stands on this very ground, if any.
        dropped: the tracker forgets it with this report.
    """

    track: Track
    seen_s: float = 0.0
    blind_s: float = 0.0
    looked_s: float = 0.0
    moved: bool = False
    rival: Track | None = None
    dropped: bool = False


def similarity(a: Floats, b: Floats) -> float:
    """Likeness of two looks, 1 for the same; 1 also when either is unknown, so that it never separates."""
    return float(a.dot(b)) if a.size and a.size == b.size else 1.0
