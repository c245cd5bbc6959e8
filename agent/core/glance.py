"""What one look says about the place of one incident, to somebody who asked at a certain moment.

The tracker decides what happens to a thing in the long run; here only the newest look counts, and doubt is an answer.
So this is stricter than the tracker: something that stands there and is not it by its look alone, a changed region that
nobody can name, or whatever stands close to the camera, make an empty place doubtful.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from agent.core.geometry import contained, iou, same_ground
from agent.core.taxonomy import FIXTURE
from agent.core.tracking.places import (
    OCCLUDER_COVERAGE,
    STILL_IOU,
    fixture_overlap,
    hides,
    keeps_company,
    rival_of,
    stood_before,
    untold,
)
from agent.core.tracking.sighted import BRIDGE_S, SAME_LOOK
from agent.core.tracking.sighting import FULL_HOLDS, SCREEN, Sighting
from agent.core.tracking.track import Sight, Track, similarity
from agent.core.tracking.tracker import MATCH_IOU
from agent.core.types import ChangeKind, Channel, Gap, GapReason, Observation, Stamp, ZoneReading

CHANGED_SHARE = 0.5
"""A changed region that covers this share of a vehicle's place says that something stands there, whatever it is."""


class Sees(StrEnum):
    """What a look says about the incident's thing."""

    PRESENT = "present"
    EMPTY = "empty"
    REPLACED = "replaced"
    """Another thing of its family has settled on its ground since."""
    LEFT = "left"
    """The rule itself found the place empty for its `clear_after`, and closed the incident."""
    SUCCEEDED = "succeeded"
    """The rule itself found that another thing took the place, and closed the incident."""
    DOUBTFUL = "doubtful"
    OCCLUDED = "occluded"
    UNTOLD = "untold"
    """A way of seeing that knows it cannot tell now."""
    BLIND = "blind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """One look at the place of an incident.

    Attributes:
        at: when what it rests on was seen: the picture, or the newest reading of a taught zone.
        why: of a blind one, the gap's reason or the picture's fault.
        miss_rate: of an empty one, the chance (0..1) that such a look misses the thing by its record.
        survived_s: seconds for which it was missed once although it was there.
    """

    sees: Sees
    at: Stamp
    why: str | None = None
    miss_rate: float = 0.0
    survived_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The newest step of a scene.

    Attributes:
        everything: all that is in the picture. unread: families of whole zones that were not read of late.
        tracks: the tracker's, after the step.
    """

    seen: Observation | Gap
    everything: Sequence[Sighting] = ()
    unread: Collection[str] = ()
    tracks: Sequence[Track] = ()


def blind(seen: Observation | Gap) -> Glance | None:
    """The glance of somebody who cannot see anything, or None when the picture is good."""
    if isinstance(seen, Gap):
        return Glance(sees=Sees.BLIND, at=seen.stamp, why=seen.reason.value)
    return Glance(sees=Sees.BLIND, at=seen.stamp, why=seen.fault.value) if seen.fault else None


def glance_at_camera(fault: str, seen: Observation | Gap) -> Glance:
    """Whether a camera still has the fault that it was reported for (`offline` for any gap but the agent's own)."""
    nothing = blind(seen)
    if nothing is None:
        suspected = isinstance(seen, Observation) and seen.suspected
        return Glance(sees=Sees.UNTOLD if suspected else Sees.EMPTY, at=seen.stamp)
    away = isinstance(seen, Gap) and seen.reason is not GapReason.RESTART
    same = fault == ("offline" if away else nothing.why)
    return Glance(sees=Sees.PRESENT, at=seen.stamp) if same else nothing


def glance_at(track: Track, newest: Newest, asked: Stamp, *, live: bool) -> Glance:
    """What the newest look says about a thing.

    Args:
        track: the thing: one of `newest.tracks`, or what was known of it when its incident ended.
        asked: what was seen before that does not count.
        live: whether it is tracked still.
    """
    seen = newest.seen
    if (nothing := blind(seen)) or isinstance(seen, Gap):
        assert nothing is not None
        return nothing
    if "@" in track.group:
        return _zone_glance(track, newest, seen, asked, live=live)
    sees = _seen(track, newest, live=live) or _unseen(track, newest, seen, live=live)
    return _glance(sees, seen.stamp, track)


def _glance(sees: Sees, at: Stamp, track: Track) -> Glance:
    miss_rate = max(track.miss_rate, track.missed_lately)
    return Glance(sees=sees, at=at, miss_rate=miss_rate, survived_s=track.survived_s)


def _seen(track: Track, newest: Newest, *, live: bool) -> Sees | None:
    """What a sighting of it says; None when it is not seen."""
    if live:
        if track.sight is not Sight.SEEN:
            return None
        return Sees.PRESENT if track.strays == 0 else Sees.DOUBTFUL  # beside its place: on its way
    alike = [s for s in _there(track, newest) if similarity(track.look, s.look) >= SAME_LOOK]
    return Sees.PRESENT if any(_overlap(track, s) >= STILL_IOU for s in alike) else None


def _unseen(track: Track, newest: Newest, seen: Observation, *, live: bool) -> Sees:
    """What it says that it is not seen."""
    if seen.suspected or untold(track, seen.changes.complete, newest.unread):
        return Sees.UNTOLD
    if _is_hidden(track, newest, live=live):
        return Sees.OCCLUDED
    if _there(track, newest):
        return Sees.REPLACED if _is_replaced(track, _owners(newest), live=live) else Sees.DOUBTFUL
    return Sees.DOUBTFUL if track.group != FIXTURE and _is_changed(track, seen) else Sees.EMPTY


def _is_hidden(track: Track, newest: Newest, *, live: bool) -> bool:
    owners = _owners(newest)
    return (live and track.sight is Sight.OCCLUDED) or any(
        (s.group == SCREEN and contained(track.place_n, s.box_n) >= OCCLUDER_COVERAGE)
        or hides(s, owners.get(id(s)), track)
        for s in newest.everything
    )


def _is_replaced(track: Track, owners: dict[int, Track], *, live: bool) -> bool:
    """Whether another thing came, not another light: not across an outage, nor sooner than one can go and one come."""
    rival = rival_of(track, owners)
    if rival is None or (live and track.unseen_s > 0):
        return False
    return rival.stay_since.mono_s - track.last_seen.mono_s >= BRIDGE_S


def _is_changed(track: Track, seen: Observation) -> bool:
    """Whether the scene-change channel sees something there. The tracker takes such a region for the vehicle."""
    rows = zip(seen.changes.boxes_n.tolist(), seen.changes.kinds, strict=True)
    return any(
        kind is ChangeKind.LEFT and contained(track.place_n, (x1, y1, x2, y2)) >= CHANGED_SHARE
        for (x1, y1, x2, y2), kind in rows
    )


def _there(track: Track, newest: Newest) -> list[Sighting]:
    """What of its family stands where it stood, apart from neighbours that were there while it was."""
    owners = _owners(newest)
    found = []
    for sighting in newest.everything:
        if sighting.group != track.group or keeps_company(sighting, track):
            continue
        owner = owners.get(id(sighting))
        if owner is not None and owner.track_id != track.track_id and stood_before(owner, track):
            continue
        grounded = track.group == FIXTURE or same_ground(track.place_n, sighting.box_n)
        if grounded and _overlap(track, sighting) >= MATCH_IOU:
            found.append(sighting)
    return found


def _overlap(track: Track, sighting: Sighting) -> float:
    match = fixture_overlap if track.group == FIXTURE else iou
    return match(track.place_n, sighting.box_n)


def _owners(newest: Newest) -> dict[int, Track]:
    """By identity of the sighting: the track that it belongs to. A track's box is that of its last sighting."""
    seen_now = {(t.group, t.box_n): t for t in newest.tracks if t.sight is Sight.SEEN}
    return {id(s): owner for s in newest.everything if (owner := seen_now.get((s.group, s.box_n)))}


def _zone_glance(track: Track, newest: Newest, seen: Observation, asked: Stamp, *, live: bool) -> Glance:
    """A whole zone: what was read of it before the question does not count, neither for it nor against it."""
    zone = track.group.partition("@")[2]
    readings = [r for r in seen.readings if r.zone == zone and r.stamp.mono_s > asked.mono_s]
    reading = readings[-1] if readings else None
    asserts = [s for s in newest.everything if s.group == track.group]
    named = any(channel is not Channel.ZONE_STATE for s in asserts for channel, _ in s.channels)
    if named or (asserts and reading and reading.full >= FULL_HOLDS):
        return _glance(Sees.PRESENT, seen.stamp if named or reading is None else reading.stamp, track)
    return _empty_zone(track, newest, seen, reading, live=live)


def _empty_zone(track: Track, newest: Newest, seen: Observation, reading: ZoneReading | None, *, live: bool) -> Glance:
    read = any(channel is Channel.ZONE_STATE for channel, _ in track.channels)
    told = not seen.suspected and not untold(track, seen.changes.complete, newest.unread)
    if not told or (read and reading is None):
        return _glance(Sees.UNTOLD, seen.stamp, track)
    if _is_hidden(track, newest, live=live):
        return _glance(Sees.OCCLUDED, seen.stamp, track)
    return _glance(Sees.EMPTY, reading.stamp if read and reading else seen.stamp, track)
