"""How a thing's place and what one picture shows relate: the same thing, another one there, or one in front of it.

Questions of pairs; no state, and no time but that of the sightings.
"""

from __future__ import annotations

from collections.abc import Collection

from agent.core.geometry import contained, iou, same_ground
from agent.core.taxonomy import FIXTURE
from agent.core.tracking.sighting import SCREEN, Sighting
from agent.core.tracking.track import SETTLED_HITS, SETTLED_S, Track
from agent.core.types import Box, Channel

STILL_IOU = 0.6
"""Overlap from which it has not moved. Parked cars measure 0.83 to 0.99 between pictures, clipped views go lower."""
SAME_HEAP_SHARE = 0.6
"""A fixture's box that lies this deep in its place, or the other way round, is that fixture."""
MORE_SHARE = 0.9
"""A vehicle's place that lies this deep in a box on the same ground was a part of that vehicle."""
DUPLICATE_COVERAGE = 0.8
"""Two boxes of one picture, one this deep in the other on the same ground, are one thing seen twice."""
OCCLUDER_COVERAGE = 0.25
"""Share of a place that something else must cover to excuse that the thing is not seen."""


def fixture_overlap(place: Box, box: Box) -> float:
    """Like IoU, but a heap that grew, or of which a part is seen, is the same heap."""
    inside = max(contained(place, box), contained(box, place))
    return max(iou(place, box), inside if inside >= SAME_HEAP_SHARE else 0.0)


def has_strayed(track: Track, seen: Sighting, overlap: float) -> bool:
    """Whether it is seen beside its place, with which it has this IoU. The same heap seen by another channel, or grown,
    has not moved.

    Neither has a vehicle of which more is seen than before: what stood in front went. (Less may also mean that it is
    leaving the picture.)
    """
    if track.group == FIXTURE:
        return fixture_overlap(track.place_n, seen.box_n) < STILL_IOU
    if overlap >= STILL_IOU:
        return False
    return contained(track.place_n, seen.box_n) < MORE_SHARE or not same_ground(track.place_n, seen.box_n)


def is_one_thing(a: Sighting, b: Sighting) -> bool:
    """Whether two boxes of one picture are one thing seen twice: nested, on the same ground, of one family."""
    if a.group != b.group or not (a.group == FIXTURE or same_ground(a.box_n, b.box_n)):
        return False
    return max(contained(a.box_n, b.box_n), contained(b.box_n, a.box_n)) >= DUPLICATE_COVERAGE


def untold(track: Track, complete: bool, unread: Collection[str]) -> bool:
    """Whether a channel that saw it cannot tell now: that nobody else sees it says nothing then."""
    seen_by = {channel for channel, _ in track.channels}
    if Channel.SCENE_CHANGE in seen_by and not complete:
        return True
    return Channel.ZONE_STATE in seen_by and track.group in unread


def hides(seen: Sighting, owner: Track | None, track: Track) -> bool:
    """Whether this detection stands in front of the place, so that nobody can tell what is behind it.

    A neighbour that stood there while the thing was seen hides nothing (one that was just arriving does), be it a thing
    that is tracked or anything else the model names there again and again; and one of the same family on the same
    ground stands IN the place: then the thing has gone. A heap that was joined to a greater one is a part of that.
    """
    cover = contained(track.place_n, seen.box_n)
    if cover < OCCLUDER_COVERAGE:
        return False
    if seen.group == track.group == FIXTURE and cover >= SAME_HEAP_SHARE:
        return owner is not None
    if keeps_company(seen, track):
        return False
    if seen.group == SCREEN:
        return track.group != "motor_vehicle"
    if seen.channels[0][0] is not Channel.MODEL:
        return False  # what nobody named may be a shadow or wet ground: no reason to believe that a car is behind it
    if seen.group == FIXTURE and "@" in track.group:
        return False  # rubbish in a bin's zone is what the zone is asked about
    if owner is not None and stood_before(owner, track):
        return False
    return seen.group != track.group or not same_ground(seen.box_n, track.place_n)


def keeps_company(seen: Sighting, track: Track) -> bool:
    """Whether this was there again and again while the thing was seen."""
    return any(hits >= SETTLED_HITS and iou(box, seen.box_n) >= STILL_IOU for box, hits in track.company)


def stood_before(owner: Track, track: Track) -> bool:
    """Whether another thing stood there already when the thing was seen last."""
    return owner.settled and owner.stay_since.mono_s + SETTLED_S <= track.last_seen.mono_s


def rival_of(track: Track, owners: dict[int, Track]) -> Track | None:
    """A settled newcomer of the same family on the very same ground, if there is one."""
    for other in owners.values():
        if (
            other.stay_since.mono_s > track.last_seen.mono_s
            and other.settled
            and other.group == track.group
            and same_ground(other.place_n, track.place_n)
            and iou(other.place_n, track.place_n) >= STILL_IOU
        ):
            return other
    return None
