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
from datetime import timedelta

import numpy as np

from agent.core.changed import changed
from agent.core.geometry import overlapping
from agent.core.taxonomy import FIXTURE
from agent.core.tracking.places import OCCLUDER_COVERAGE, fixture_overlap, is_one_thing
from agent.core.tracking.sighted import BRIDGE_S, SAME_LOOK, Look, missed, sighted
from agent.core.tracking.sighting import Sighting
from agent.core.tracking.track import Report, Sight, Track, similarity
from agent.core.types import Stamp

MATCH_IOU = 0.3
"""Least overlap with a place at which a detection may be the thing that stands there."""
PINNED_IOU = 0.7
"""Overlap from which a settled thing that was seen a moment ago is believed whatever its look."""
BLIND_AFTER_S = 60.0
"""Looks further apart than this have a gap between them, whether or not anybody reported it."""
MISSES_FORGIVEN = 1
"""Empty looks that a thing survives before it has settled. Detectors miss a standing car in 5 to 10 % of pictures."""
PASSING_KEEP_S = 10.0
"""Looked-at seconds for which a thing that never settled is remembered while something hides its place."""
_RECORD = (
    *("hits", "misses", "empties", "missed_lately", "class_weights", "strays", "doubts"),
    *("place_n", "company", "look", "doubt_look"),
)
"""What is counted, or averaged, in looks, not in seconds."""
_Pairs = list[tuple[int, int, float, float]]
"""As `overlapping` tells them: a track's number in `Tracker.tracks`, a sighting's, their IoU, how much is covered."""


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
        since_s = now.mono_s - self.last_look.mono_s if self.last_look else 0.0
        unbroken = self.last_look is not None and not self.interrupted and since_s <= BLIND_AFTER_S
        looked_s, gap_s = (since_s, 0.0) if unbroken else (0.0, since_s)
        look = Look(now, looked_s=looked_s, gap_s=gap_s, unbroken=unbroken, complete=complete, unread=unread)
        pairs = overlapping([t.place_n for t in self.tracks], [d.box_n for d in everything])
        covering = self._covering(everything, pairs)
        matches = self._match(everything, pairs, look)
        reports = [
            sighted(t, matches[t.track_id], covering[t.track_id], look) for t in self.tracks if t.track_id in matches
        ]
        owners = {id(matches[r.track.track_id]): r.track for r in reports}
        reports += [missed(t, covering[t.track_id], owners, look) for t in self.tracks if t.track_id not in matches]
        candidates = [d for d in everything if d.group in self._groups]
        strangers = [d for d in candidates if id(d) not in owners]
        known = [d for d in candidates if id(d) in owners]
        reports += [Report(track=t, looked_s=looked_s) for t in self._newcomers(strangers, known, look)]
        if not asked:
            before = {track.track_id: track for track in self.tracks}
            reports = [_unproved(r, before) for r in reports]
        reports = [changed(r, dropped=True) if self._is_over(r.track) else r for r in reports]
        reports.sort(key=lambda r: r.track.track_id)
        self.tracks = tuple(r.track for r in reports if not r.dropped)
        self.last_look, self.interrupted = look.now, False
        return reports

    def _covering(self, everything: list[Sighting], pairs: _Pairs) -> dict[int, list[Sighting]]:
        """Of each track, those sightings that cover enough of its place to hide it."""
        covering: dict[int, list[Sighting]] = {track.track_id: [] for track in self.tracks}
        for row, col, _, share in pairs:
            if share >= OCCLUDER_COVERAGE:
                covering[self.tracks[row].track_id].append(everything[col])
        return covering

    def _is_over(self, track: Track) -> bool:
        if track.settled:
            return track.absent_s >= self._keep_absent_s
        # Whatever passed is gone with the second empty look, lest the next one at that spot be taken for it. The first
        # may be a miss of the detector: if that started the clock anew, incidents would be late.
        return track.misses > MISSES_FORGIVEN or track.looked_s >= PASSING_KEEP_S

    def _match(self, found: list[Sighting], pairs: _Pairs, look: Look) -> dict[int, Sighting]:
        """Track id to the detection that is the same thing: greedy by overlap and look."""
        fitting = []
        for row, col, overlap, _ in pairs:
            track, seen = self.tracks[row], found[col]
            if track.group != seen.group:
                continue
            if track.group == FIXTURE:
                overlap = fixture_overlap(track.place_n, seen.box_n)
            if overlap < MATCH_IOU:
                continue
            likeness = similarity(track.look, seen.look)
            if likeness >= SAME_LOOK or _pinned(track, overlap, look):
                fitting.append((-(overlap + 0.3 * likeness), track.track_id, col))
        matches: dict[int, Sighting] = {}
        taken = set()
        for _, track_id, col in sorted(fitting):
            if track_id not in matches and col not in taken:
                matches[track_id] = found[col]
                taken.add(col)
        return matches

    def _newcomers(self, strangers: list[Sighting], known: list[Sighting], look: Look) -> list[Track]:
        """New tracks for believable detections that are not a second box around a known thing."""
        tracks = []
        accepted = list(known)
        for seen in sorted(strangers, key=lambda d: (-d.score, d.box_n)):
            believed = seen.sure or seen.score >= self._start_score
            if not believed or any(is_one_thing(seen, other) for other in accepted):
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


def _pinned(track: Track, overlap: float, look: Look) -> bool:
    """Whether it was seen at these very pixels a moment ago, so that another look means another light.

    A thing that was seen beside its place is on its way; in a queue the next one stands there with the next picture.
    """
    steady = look.unbroken and track.sight is Sight.SEEN and track.strays == 0 and look.looked_s <= BRIDGE_S
    return steady and track.settled and overlap >= PINNED_IOU
