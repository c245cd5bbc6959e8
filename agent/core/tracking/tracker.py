"""Which things stand where, from pictures that are seconds apart.

Violations are about things that stand, so a track here is a THING AT A PLACE. Pictures come every few seconds, so a
moving vehicle rarely overlaps itself in two of them and no motion model could help; a standing one covers the same
pixels again and again. Hence: association by overlap with the place, guarded by look (appearance descriptor), and
patience with occlusion instead of prediction.

What the guards are for
- Dense traffic fills the same spot with another vehicle in every picture: without the look a lane would seem parked.
- A swap takes time. While a settled thing is seen in every picture at the same pixels, its look may change as the
  light does (dusk, infra-red at night); only after a break in sight does another look mean another thing.
- A truck in front hides a place for a while: that is blindness, not departure. A neighbour that was there all along
  hides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from agent.core.changed import changed
from agent.core.geometry import as_array, between, contained, iou, ious, same_ground
from agent.core.taxonomy import FIXTURE
from agent.core.tracking.sighting import SCREEN, Sighting, strongest
from agent.core.tracking.track import SETTLED_HITS, SETTLED_S, Report, Sight, Track, similarity
from agent.core.types import Box, Channel, Floats, Stamp

MATCH_IOU = 0.3
"""Least overlap with a place at which a detection may be the thing that stands there."""
STILL_IOU = 0.6
"""Overlap from which it has not moved. Parked cars measure 0.83 to 0.99 between pictures, clipped views go lower."""
PINNED_IOU = 0.7
"""Overlap from which a settled thing that was seen a moment ago is believed whatever its look."""
SAME_LOOK = 0.6
"""Least likeness of looks (dot product of unit vectors) of one thing at two times; measured, see adapters/looks.py."""
OCCLUDER_COVERAGE = 0.25
"""Share of a place that something else must cover to excuse that the thing is not seen."""
COMPANY = 5
"""Boxes of either kind, known and new, that are remembered as a thing's company."""
COMPANY_HITS = 20
"""Sightings beyond which company counts no higher, so that it is forgotten in as many when it leaves."""
SAME_HEAP_SHARE = 0.6
"""A fixture's box that lies this deep in its place, or the other way round, is that fixture."""
MORE_SHARE = 0.9
"""A vehicle's place that lies this deep in a box on the same ground was a part of that vehicle."""
DUPLICATE_COVERAGE = 0.8
"""Two boxes of one picture, one this deep in the other on the same ground, are one thing seen twice."""
BRIDGE_S = 10.0
"""Sightings this close together count as sight in between: nothing can leave and be back as it was."""
BLIND_AFTER_S = 60.0
"""Looks further apart than this have a gap between them, whether or not anybody reported it."""
MISSES_FORGIVEN = 1
"""Empty looks that a thing survives before it has settled. Detectors miss a standing car in 5 to 10 % of pictures."""
PASSING_KEEP_S = 10.0
"""Looked-at seconds for which a thing that never settled is remembered while something hides its place."""
ANCHOR_HITS = 10
"""Sightings over which the place is averaged."""
_RECORD = ("hits", "misses", "empties", "missed_lately", "class_weights", "strays", "doubts")
"""What is counted in looks, not in seconds."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look in time: seconds looked since the one before, or seconds of the gap between them."""

    now: Stamp
    looked_s: float
    gap_s: float
    unbroken: bool
    complete: bool
    unread: Collection[str]


class Tracker:
    """Keeps the tracks of one camera. All state is in `tracks`, `next_id` and `last_look`, so it can be kept."""

    def __init__(self, groups: Iterable[str], *, start_score: float, keep_absent_s: float) -> None:
        """Track the things of these families.

        Args:
            groups: families that some rule asks for; all others only hide places.
            start_score: detector score from which a new thing is believed; weaker ones only confirm known things.
            keep_absent_s: seconds of seen absence after which a settled track is dropped.
        """
        self._groups = frozenset(groups)
        self._start_score = start_score
        self._keep_absent_s = keep_absent_s
        self.tracks: tuple[Track, ...] = ()
        self.next_id = 1
        self.last_look: Stamp | None = None
        self.interrupted = False

    def interrupt(self) -> None:
        """Nobody was looking since the last observation: nothing may be concluded from that time."""
        self.interrupted = True

    def of(self, track_id: int) -> Track | None:
        """The track of that number, or None."""
        return next((track for track in self.tracks if track.track_id == track_id), None)

    def step(
        self,
        everything: list[Sighting],
        now: Stamp,
        *,
        complete: bool = True,
        unread: Collection[str] = (),
        asked: bool = True,
    ) -> list[Report]:
        """Take one look. Returns a report on every track, in the order of ids, those that are dropped now included.

        Args:
            complete: whether the scene-change channel can tell what is not there (`Changes.complete`).
            unread: families of whole zones that were not read of late.
            asked: whether the detector was shown this picture; if not, it is as before, and no proof of anything.
        """
        before = {track.track_id: track for track in self.tracks}
        since_s = now.mono_s - self.last_look.mono_s if self.last_look else 0.0
        unbroken = self.last_look is not None and not self.interrupted and since_s <= BLIND_AFTER_S
        looked_s, gap_s = (since_s, 0.0) if unbroken else (0.0, since_s)
        look = _Look(now, looked_s=looked_s, gap_s=gap_s, unbroken=unbroken, complete=complete, unread=unread)
        candidates = [d for d in everything if d.group in self._groups]
        matches = self._match(candidates, look)
        reports = [
            _sighted(t, candidates[matches[t.track_id]], everything, look) for t in self.tracks if t.track_id in matches
        ]
        owners = {id(candidates[matches[r.track.track_id]]): r.track for r in reports}
        reports += [_missed(t, everything, owners, look) for t in self.tracks if t.track_id not in matches]
        strangers = [d for d in candidates if id(d) not in owners]
        known = [d for d in candidates if id(d) in owners]
        reports += [Report(track=track) for track in self._newcomers(strangers, known, look)]
        if not asked:
            reports = [_unproved(r, before) for r in reports]
        reports = [
            changed(r, dropped=self._is_over(r.track), looked_s=look.looked_s)
            for r in sorted(reports, key=lambda r: r.track.track_id)
        ]
        self.tracks = tuple(r.track for r in reports if not r.dropped)
        self.last_look, self.interrupted = look.now, False
        return reports

    def _is_over(self, track: Track) -> bool:
        if track.settled:
            return track.absent_s >= self._keep_absent_s
        # Whatever passed is gone with the second empty look, lest the next one at that spot be taken for it. The first
        # may be a miss of the detector: if that started the clock anew, incidents would be late.
        return track.misses > MISSES_FORGIVEN or track.looked_s >= PASSING_KEEP_S

    def _match(self, found: list[Sighting], look: _Look) -> dict[int, int]:
        """Track id to index of the detection that is the same thing: greedy by overlap and look."""
        if not found or not self.tracks:
            return {}
        overlaps = ious(as_array(*(t.place_n for t in self.tracks)), as_array(*(d.box_n for d in found)))
        for row, track in enumerate(self.tracks):
            if track.group == FIXTURE:
                overlaps[row] = [fixture_overlap(track.place_n, d.box_n) for d in found]
        pairs = []
        for row, col in np.argwhere(overlaps >= MATCH_IOU).tolist():
            track, seen = self.tracks[row], found[col]
            overlap, likeness = float(overlaps[row, col]), similarity(track.look, seen.look)
            if track.group == seen.group and (likeness >= SAME_LOOK or _pinned(track, overlap, look)):
                pairs.append((-(overlap + 0.3 * likeness), track.track_id, col))
        matches: dict[int, int] = {}
        for _, track_id, col in sorted(pairs):
            if track_id not in matches and col not in matches.values():
                matches[track_id] = col
        return matches

    def _newcomers(self, strangers: list[Sighting], known: list[Sighting], look: _Look) -> list[Track]:
        """New tracks for believable detections that are not a second box around a known thing."""
        tracks = []
        accepted = list(known)
        for seen in sorted(strangers, key=lambda d: (-d.score, d.box_n)):
            believed = seen.sure or seen.score >= self._start_score
            if not believed or any(_one_thing(seen, other) for other in accepted):
                continue
            accepted.append(seen)
            tracks.append(
                Track(
                    track_id=self.next_id,
                    group=seen.group,
                    place_n=seen.box_n,
                    box_n=seen.box_n,
                    look=seen.look,
                    doubt_look=np.zeros(0, np.float32),
                    class_weights=((seen.class_name, seen.score),),
                    score=seen.score,
                    best_score=seen.score,
                    channels=seen.channels,
                    stay_since=_earlier(look.now, seen.still_s),
                    last_seen=look.now,
                )
            )
            self.next_id += 1
        return tracks


def _unproved(report: Report, before: Mapping[int, Track]) -> Report:
    """Time goes on, but neither sightings nor misses are counted: the detector was not asked again."""
    track, was = report.track, before.get(report.track.track_id)
    if was is None or report.moved:
        return report
    record = {name: getattr(was, name) for name in _RECORD}
    if track.sight is Sight.SEEN:
        record["empties"] = 0
    return changed(report, track=changed(track, **record))


def _earlier(now: Stamp, by_s: float) -> Stamp:
    return Stamp(utc=now.utc - timedelta(seconds=by_s), mono_s=now.mono_s - by_s)


def _pinned(track: Track, overlap: float, look: _Look) -> bool:
    """Whether it was seen at these very pixels a moment ago, so that another look means another light.

    A thing that was seen beside its place is on its way; in a queue the next one stands there with the next picture.
    """
    steady = look.unbroken and track.sight is Sight.SEEN and track.strays == 0 and look.looked_s <= BRIDGE_S
    return steady and track.settled and overlap >= PINNED_IOU


def fixture_overlap(place: Box, box: Box) -> float:
    """Like IoU, but a heap that grew, or of which a part is seen, is the same heap."""
    inside = max(contained(place, box), contained(box, place))
    return max(iou(place, box), inside if inside >= SAME_HEAP_SHARE else 0.0)


def _strayed(track: Track, seen: Sighting) -> bool:
    """Whether it is seen beside its place. The same heap seen by another channel, or grown, has not moved.

    Neither has a vehicle of which more is seen than before: what stood in front went. (Less may also mean that it is
    leaving the picture.)
    """
    if track.group == FIXTURE:
        return fixture_overlap(track.place_n, seen.box_n) < STILL_IOU
    more = contained(track.place_n, seen.box_n) >= MORE_SHARE and same_ground(track.place_n, seen.box_n)
    return iou(track.place_n, seen.box_n) < STILL_IOU and not more


def _one_thing(a: Sighting, b: Sighting) -> bool:
    """Whether two boxes of one picture are one thing seen twice: nested, on the same ground, of one family."""
    if a.group != b.group or not (a.group == FIXTURE or same_ground(a.box_n, b.box_n)):
        return False
    return max(contained(a.box_n, b.box_n), contained(b.box_n, a.box_n)) >= DUPLICATE_COVERAGE


def _sighted(track: Track, seen: Sighting, everything: list[Sighting], look: _Look) -> Report:
    """The track after it was seen."""
    since_s = look.now.mono_s - track.last_seen.mono_s
    attested = since_s <= BRIDGE_S or (look.unbroken and track.sight is Sight.SEEN)
    strayed = _strayed(track, seen)
    moved = strayed and (not track.settled or track.strays + 1 >= SETTLED_HITS)
    track = changed(
        _relooked(track, seen, strayed=strayed),
        box_n=seen.box_n,
        class_weights=_weigh(track.class_weights, seen),
        score=seen.score,
        best_score=max(track.best_score, seen.score),
        channels=strongest((*track.channels, *seen.channels)),
        last_seen=look.now,
        sight=Sight.SEEN,
        survived_s=max(track.survived_s, track.absent_s),
        missed_lately=track.missed_lately_until_now,
        absent_s=0.0,
        empties=0,
        unseen_s=0.0,
        looked_s=0.0,
        company=_company(track, seen, everything),
    )
    if moved:
        track = changed(track, place_n=seen.box_n, look=seen.look, stay_since=look.now, hits=1, strays=0, misses=0)
        track = changed(track, survived_s=0.0)
        return Report(track=track, moved=True)
    if strayed:
        track = changed(track, strays=track.strays + 1)
    else:
        place = track.place_n
        if iou(place, seen.box_n) >= STILL_IOU or contained(place, seen.box_n) >= SAME_HEAP_SHARE:  # not just a part
            place = between(place, seen.box_n, 1.0 / min(track.hits + 1, ANCHOR_HITS))
        track = changed(track, place_n=place, hits=track.hits + 1, strays=0)
    return Report(track=track, seen_s=since_s if attested else 0.0, blind_s=0.0 if attested else since_s)


def _company(track: Track, seen: Sighting, everything: list[Sighting]) -> tuple[tuple[Box, int], ...]:
    """The track's company after a sighting: who is there counts up, who is not counts down and out."""
    others = [d.box_n for d in everything if d is not seen and contained(track.place_n, d.box_n) >= OCCLUDER_COVERAGE]
    company = []
    for box, hits in track.company:
        here = next((other for other in others if iou(box, other) >= STILL_IOU), None)
        if here is not None:
            others.remove(here)
            company.append((here, min(hits + 1, COMPANY_HITS)))
        elif hits > 1:
            company.append((box, hits - 1))
    return tuple(sorted(company, key=lambda entry: -entry[1]))[:COMPANY] + tuple((box, 1) for box in others[:COMPANY])


def _relooked(track: Track, seen: Sighting, *, strayed: bool) -> Track:
    """The track with its look brought up to date: slowly while it agrees, at once when a new one proves steady."""
    if strayed:
        return track
    if similarity(track.look, seen.look) >= SAME_LOOK:
        return changed(track, look=_blend(track.look, seen.look), doubts=0)
    steady = track.doubts > 0 and similarity(track.doubt_look, seen.look) >= SAME_LOOK
    doubts = track.doubts + 1 if steady else 1
    if doubts >= SETTLED_HITS:
        return changed(track, look=seen.look, doubts=0)
    return changed(track, doubt_look=seen.look, doubts=doubts)


def _blend(old: Floats, new: Floats) -> Floats:
    if old.size != new.size or not new.size:
        return new if new.size else old
    mixed = old * np.float32(0.9) + new * np.float32(0.1)
    return np.asarray(mixed / np.linalg.norm(mixed), np.float32)


def _weigh(weights: tuple[tuple[str, float], ...], seen: Sighting) -> tuple[tuple[str, float], ...]:
    summed = dict(weights)
    summed[seen.class_name] = summed.get(seen.class_name, 0.0) + seen.score
    return tuple(sorted(summed.items()))


def _missed(track: Track, everything: list[Sighting], owners: dict[int, Track], look: _Look) -> Report:
    """The track after a look that did not show it: hidden, or not there."""
    hidden = untold(track, look.complete, look.unread) or any(hides(d, owners.get(id(d)), track) for d in everything)
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
    return Report(track=track, rival=rival_of(track, owners))


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
    if seen.group == track.group == FIXTURE and contained(track.place_n, seen.box_n) >= SAME_HEAP_SHARE:
        return owner is not None
    if keeps_company(seen, track):
        return False
    if seen.group == SCREEN:
        return track.group != "motor_vehicle" and contained(track.place_n, seen.box_n) >= OCCLUDER_COVERAGE
    if seen.channels[0][0] is not Channel.MODEL:
        return False  # what nobody named may be a shadow or wet ground: no reason to believe that a car is behind it
    if seen.group == FIXTURE and "@" in track.group:
        return False  # rubbish in a bin's zone is what the zone is asked about
    if owner is not None and stood_before(owner, track):
        return False
    if seen.group == track.group and same_ground(seen.box_n, track.place_n):
        return False
    return contained(track.place_n, seen.box_n) >= OCCLUDER_COVERAGE


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
            other.settled
            and other.group == track.group
            and other.stay_since.mono_s > track.last_seen.mono_s
            and same_ground(other.place_n, track.place_n)
            and iou(other.place_n, track.place_n) >= STILL_IOU
        ):
            return other
    return None
