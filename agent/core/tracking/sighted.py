"""One track after one look: what a sighting changes about it, and what a look that did not show it does."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.core.changed import changed
from agent.core.geometry import between, contained, iou
from agent.core.tracking.places import SAME_HEAP_SHARE, STILL_IOU, has_strayed, hides, rival_of, untold
from agent.core.tracking.sighting import Sighting, strongest
from agent.core.tracking.track import SETTLED_HITS, Report, Sight, Track, similarity
from agent.core.types import Box, Floats, Stamp

SAME_LOOK = 0.6
"""Least likeness of looks (dot product of unit vectors) of one thing at two times; measured, see adapters/looks.py."""
COMPANY = 5
"""Boxes of either kind, known and new, that are remembered as a thing's company."""
COMPANY_HITS = 20
"""Sightings beyond which company counts no higher, so that it is forgotten in as many when it leaves."""
BRIDGE_S = 10.0
"""Sightings this close together count as sight in between: nothing can leave and be back as it was."""
ANCHOR_HITS = 10
"""Sightings over which the place is averaged."""
_OLD, _NEW = np.float32(0.9), np.float32(0.1)
"""Weights of a thing's look so far, and of how it looks now."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look in time: seconds looked since the one before, or seconds of the gap between them."""

    now: Stamp
    looked_s: float
    gap_s: float
    unbroken: bool
    complete: bool
    unread: Collection[str]


def sighted(track: Track, seen: Sighting, covering: list[Sighting], look: Look) -> Report:
    """The track after it was seen, with what covers its place now."""
    since_s = look.now.mono_s - track.last_seen.mono_s
    attested = since_s <= BRIDGE_S or (look.unbroken and track.sight is Sight.SEEN)
    overlap = iou(track.place_n, seen.box_n)
    strayed = has_strayed(track, seen, overlap)
    moved = strayed and (not track.settled or track.strays + 1 >= SETTLED_HITS)
    if moved:
        stay = {"place_n": seen.box_n, "look": seen.look, "stay_since": look.now, "hits": 1, "strays": 0, "misses": 0}
    elif strayed:
        stay = {"strays": track.strays + 1}
    else:
        stay = {
            "place_n": _anchored(track, seen, overlap),
            "hits": track.hits + 1,
            "strays": 0,
            **_relooked(track, seen),
        }
    track = changed(
        track,
        box_n=seen.box_n,
        class_weights=_weigh(track.class_weights, seen),
        score=seen.score,
        best_score=max(track.best_score, seen.score),
        channels=strongest((*track.channels, *seen.channels)),
        last_seen=look.now,
        sight=Sight.SEEN,
        survived_s=0.0 if moved else max(track.survived_s, track.absent_s),
        missed_lately=track.missed_lately_until_now,
        absent_s=0.0,
        empties=0,
        unseen_s=0.0,
        looked_s=0.0,
        company=_company(track, seen, covering),
        **stay,
    )
    if moved:
        return Report(track=track, looked_s=look.looked_s, moved=True)
    seen_s, blind_s = (since_s, 0.0) if attested else (0.0, since_s)
    return Report(track=track, looked_s=look.looked_s, seen_s=seen_s, blind_s=blind_s)


def _anchored(track: Track, seen: Sighting, overlap: float) -> Box:
    """The place, averaged with where it is seen now, unless that is just a part of it. `overlap`: their IoU."""
    place = track.place_n
    if overlap >= STILL_IOU or contained(place, seen.box_n) >= SAME_HEAP_SHARE:
        return between(place, seen.box_n, 1.0 / min(track.hits + 1, ANCHOR_HITS))
    return place


def _company(track: Track, seen: Sighting, covering: list[Sighting]) -> tuple[tuple[Box, int], ...]:
    """The track's company after a sighting: who is there counts up, who is not counts down and out."""
    others = [d.box_n for d in covering if d is not seen]
    if not others and not track.company:
        return ()
    company = []
    for box, hits in track.company:
        here = next((other for other in others if iou(box, other) >= STILL_IOU), None)
        if here is not None:
            others.remove(here)
            company.append((here, min(hits + 1, COMPANY_HITS)))
        elif hits > 1:
            company.append((box, hits - 1))
    return tuple(sorted(company, key=lambda entry: -entry[1]))[:COMPANY] + tuple((box, 1) for box in others[:COMPANY])


def _relooked(track: Track, seen: Sighting) -> dict[str, Any]:
    """The look brought up to date: slowly while it agrees, at once when a new one proves steady."""
    if similarity(track.look, seen.look) >= SAME_LOOK:
        return {"look": _blend(track.look, seen.look), "doubts": 0}
    steady = track.doubts > 0 and similarity(track.doubt_look, seen.look) >= SAME_LOOK
    doubts = track.doubts + 1 if steady else 1
    if doubts >= SETTLED_HITS:
        return {"look": seen.look, "doubts": 0}
    return {"doubt_look": seen.look, "doubts": doubts}


def _blend(old: Floats, new: Floats) -> Floats:
    if old.size != new.size or not new.size:
        return new if new.size else old
    mixed = old * _OLD
    mixed += new * _NEW
    mixed /= math.sqrt(mixed.dot(mixed))  # `linalg.norm` takes four times as long for so few numbers
    return mixed


def _weigh(weights: tuple[tuple[str, float], ...], seen: Sighting) -> tuple[tuple[str, float], ...]:
    name = seen.class_name
    if len(weights) == 1 and weights[0][0] == name:  # most things have one name all the time
        return ((name, weights[0][1] + seen.score),)
    summed = dict(weights)
    summed[name] = summed.get(name, 0.0) + seen.score
    return tuple(sorted(summed.items()))


def missed(track: Track, covering: list[Sighting], owners: dict[int, Track], look: Look) -> Report:
    """The track after a look that did not show it: hidden by what covers its place, or not there."""
    hidden = untold(track, look.complete, look.unread) or any(hides(d, owners.get(id(d)), track) for d in covering)
    # The first empty look says that it left some time before, not for how long it has been gone: it earns nothing. Two
    # looks far apart may both have missed it, so no pair of them earns more than can be bridged.
    gone_s = min(look.looked_s, BRIDGE_S) if not hidden and track.sight is Sight.ABSENT else 0.0
    track = changed(
        track,
        sight=Sight.OCCLUDED if hidden else Sight.ABSENT,
        absent_s=track.absent_s + gone_s,
        unseen_s=track.unseen_s + look.gap_s + (look.looked_s if hidden else 0.0),
        looked_s=track.looked_s + look.looked_s,
        misses=track.misses if hidden else track.misses + 1,
        empties=track.empties if hidden else track.empties + 1,
    )
    return Report(track=track, looked_s=look.looked_s, rival=rival_of(track, owners))
