"""The same scene over kept steps: what it would have reported under some plan. No time is read, nothing is sent.

Looks at which the detector rested and nothing differs from the look before are stepped over where the scene is in no
doubt: nothing waits for its time, and all that is known was seen, also what stands outside of the zones: the scene may
still hold a place for what is gone, and what it forgets when its time is up lets others be seen. Then a step of ten
seconds says what five of two say, unless the look after them shows something else: then the last of them is taken too,
so that it is known when that came. Steps stay no further apart than the tracker bridges, and each minute has one, so
that calendars are kept to the look.

In a hurry, a look that comes soon after one that was taken is passed over, whatever it shows: all moments are known to
that pace only, and what stays for less may be missed. Gaps and faulty pictures are always taken. Where something that
stands in a zone and is no incident yet is not seen, the look before is taken too, and those that follow while it can
be bridged: a miss, or a truck in front of it, must not cost it the time of two paces, and make the incident late. (To
do so for incidents too would only make their dwell truer, and costs nearly as much again as the hurry itself.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import numpy as np

from agent.core.geometry import as_array, ious, normalised
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.silence import Dismissal, Silences
from agent.core.stays import Stay, Stays
from agent.core.tracking.places import STILL_IOU
from agent.core.tracking.sighted import BRIDGE_S
from agent.core.tracking.sighting import WHOLE_ZONE
from agent.core.tracking.tracker import MATCH_IOU
from agent.core.types import Changes, Floats, Gap, Observation, Stamp

QUICK_S = BRIDGE_S
"""The pace of a rehearsal in a hurry: things are still followed from look to look."""
_JITTER_S = 0.5
"""A look that comes so much early counts as in time, or cameras that send each 2 s would be taken each 12."""


class Sealed(Protocol):
    """A step of which only the moment is known until it is opened. `plain`: a look at which nothing was wrong."""

    @property
    def stamp(self) -> Stamp:
        """Its moment."""

    @property
    def plain(self) -> bool:
        """Whether it is neither a gap nor a faulty picture."""

    def open(self) -> Observation | Gap:
        """All of it, which costs time."""


class Rehearsal:
    """One camera under one plan. Give every step to `step` or `offer`, in order; then `end`."""

    def __init__(
        self, plan: CameraPlan, dismissals: Sequence[Dismissal] = (), *, whole: bool = False, pace_s: float = 0.0
    ) -> None:
        """A scene that has seen nothing yet.

        Args:
            dismissals: each holds from the moment at which it was made, as it did then. Pauses are not kept for long
                enough to be known.
            whole: step over nothing.
            pace_s: how far apart looks are taken at least; no more than the tracker bridges, `QUICK_S`. 0: all.

        Raises: ValueError for a pace at which things could not be followed.
        """
        if pace_s > QUICK_S:
            raise ValueError(f"pace_s: expected {QUICK_S:g} at most, found {pace_s:g}")
        self._pace_s = pace_s
        self._scene = Scene(plan)
        self._stays = Stays()
        # Tracks had other numbers then: the look alone says which thing it was.
        self._coming = sorted((replace(d, track_id=None) for d in dismissals), key=lambda d: d.at)
        self._made: list[Dismissal] = []
        self._whole = whole or pace_s > 0  # whoever is in a hurry takes so few that none can be spared
        self._held: Observation | None = None
        self._passed: Callable[[], Observation | Gap] | None = None
        self._missing = False
        self._losses = _Losses(max((duty.settings.clear_after for duty in plan.duties), default=0.0))
        self._last: Observation | Gap | None = None
        self.looks = 0
        """Steps that the scene was given."""

    def offer(self, step: Sealed) -> None:
        """Take one step, that need not be opened where it is passed over. Raises ValueError as `Scene.step` does."""
        if step.plain and self._hurries_past(step.stamp):
            self._passed = step.open  # until the next one says whether it is needed
        else:
            self.step(step.open())

    def step(self, step: Observation | Gap) -> None:
        """Take one step. Raises ValueError as `Scene.step` does."""
        if isinstance(step, Observation) and step.fault is None and self._hurries_past(step.stamp):
            self._passed = lambda: step  # likewise
            return
        passed, self._passed = self._passed, None
        held, self._held = self._held, None
        if held is not None and (not self._goes_on(step) or step.stamp.mono_s - self._last_s > BRIDGE_S):
            self._take(held)
        if passed is not None and self._loses(step):
            self._take(passed())
        if not self._whole and self._is_spare(step) and isinstance(step, Observation):
            self._held = step  # likewise
        else:
            self._take(step)

    def end(self, since: datetime | None = None, until: datetime | None = None) -> list[Stay]:
        """The incidents that were open at some moment of a period."""
        if self._held is not None:
            self._take(self._held)
            self._held = None
        self._stays.go_on(self._scene.open_incidents)
        return self._stays.during(since, until)

    def _take(self, step: Observation | Gap) -> None:
        self._hush(step)
        self._stays.take(self._scene.step(step))
        self._last = step
        self.looks += 1
        if not self._whole:
            self._losses.look(step)
        if self._pace_s > 0:
            unseen_s = (step.stamp.mono_s - p.last_seen.mono_s for p in self._scene.watched)
            self._missing = any(0.0 < seconds <= BRIDGE_S for seconds in unseen_s)

    def _is_spare(self, step: Observation | Gap) -> bool:
        """Whether it says nothing new to a scene that is in no doubt."""
        sure = not (self._scene.in_doubt or self._losses.held)
        return sure and self._repeats(step) and not self._is_told(step.stamp.utc)

    def _loses(self, step: Observation | Gap) -> bool:
        """Whether nothing is seen at the place of what is no incident yet, or nobody looks."""
        if isinstance(step, Gap) or step.fault is not None:
            return True
        places = [p.box_n for p in self._scene.watched if p.class_name != WHOLE_ZONE]
        return bool(places) and not _all_within(as_array(*places), _boxes_n(step))

    def _hurries_past(self, plain: Stamp) -> bool:
        """Whether there is no time for a look at this moment, at which nothing was wrong."""
        return (
            self._pace_s > 0
            and not self._missing
            and isinstance(self._last, Observation)
            and self._last.fault is None
            and plain.mono_s - self._last_s < self._pace_s - _JITTER_S
            and not self._is_told(plain.utc)
        )

    @property
    def _last_s(self) -> float:
        return self._last.stamp.mono_s if self._last else 0.0

    def _repeats(self, step: Observation | Gap) -> bool:
        """Whether it says no more than the last step that the scene was given."""
        last = self._last
        return (
            isinstance(step, Observation)
            and isinstance(last, Observation)
            and not step.asked
            and step.fault is None
            and last.fault is None
            and (step.detections is last.detections or _same_boxes(step, last))
            and step.readings == last.readings
            and step.stamp.utc.minute == last.stamp.utc.minute
            and _same_changes(step.changes, last.changes)
        )

    def _goes_on(self, step: Observation | Gap) -> bool:
        """Whether the same things are seen as in the last step, be it anew: then nothing happened in between."""
        last = self._last
        if self._repeats(step):
            return True
        return (
            isinstance(step, Observation)
            and isinstance(last, Observation)
            and step.fault is None
            and last.fault is None
            and step.readings == last.readings
            and _same_changes(step.changes, last.changes)
            and _same_things(step, last)
        )

    def _is_told(self, now: datetime) -> bool:
        """Whether somebody dismissed something by now."""
        return bool(self._coming) and self._coming[0].at <= now

    def _hush(self, step: Observation | Gap) -> None:
        """What was dismissed by now is closed, and stays silent."""
        while self._is_told(step.stamp.utc):
            dismissal = self._coming.pop(0)
            self._made.append(dismissal)
            self._scene.silences = Silences(dismissals=tuple(self._made))
            for presence in self._scene.open_incidents:
                assert presence.incident_id is not None
                spot = self._scene.spot_of(presence.incident_id)
                if spot is not None and dismissal.fits(spot):
                    self._stays.take(self._scene.dismiss(presence.incident_id, step.stamp))


class _Losses:
    """Whether the scene may still hold the place of something that is not seen any more."""

    def __init__(self, keep_s: float) -> None:
        """`keep_s`: for how long a place that is seen empty is held."""
        self._keep_s = keep_s
        self._last: Observation | None = None
        self._before: Observation | None = None
        self._since_s = 0.0

    @property
    def held(self) -> bool:
        return self._before is not None

    def look(self, step: Observation | Gap) -> None:
        """Take one look; while nobody looks, nothing is forgotten."""
        if isinstance(step, Gap) or step.fault is not None:
            self._since_s = step.stamp.mono_s
            return
        now_s, last = step.stamp.mono_s, self._last
        # For longer than it takes: what shows when a place is given up is in no look before.
        over = now_s - self._since_s > self._keep_s + BRIDGE_S
        if last is not None and not _all_seen(last, step):
            self._before, self._since_s = self._before or last, now_s
        elif self._before is not None and (over or _all_seen(self._before, step)):
            self._before = None
        self._last = step


def _all_seen(before: Observation, now: Observation) -> bool:
    """Whether something is seen now wherever something was."""
    return _all_within(_boxes_n(before), _boxes_n(now))


def _all_within(places_n: Floats, seen_n: Floats) -> bool:
    if not len(places_n) or not len(seen_n):
        return not len(places_n)
    return bool((ious(places_n, seen_n) >= MATCH_IOU).any(axis=1).all())


def _boxes_n(seen: Observation) -> Floats:
    """(N, 4) of whatever is seen, in 0..1."""
    return np.concatenate([normalised(seen.detections.boxes_px, seen.size_px), seen.changes.boxes_n])


def _same_boxes(a: Observation, b: Observation) -> bool:
    one, other = a.detections, b.detections
    return (
        np.array_equal(one.boxes_px, other.boxes_px)
        and np.array_equal(one.scores, other.scores)
        and np.array_equal(one.class_ids, other.class_ids)
    )


def _same_things(a: Observation, b: Observation) -> bool:
    """Whether each thing of either is seen in the other one at its place."""
    one, other = a.detections, b.detections
    if len(one) != len(other) or sorted(one.class_ids.tolist()) != sorted(other.class_ids.tolist()):
        return False
    still = ious(one.boxes_px, other.boxes_px) >= STILL_IOU
    return not len(one) or bool(still.any(axis=0).all() and still.any(axis=1).all())


def _same_changes(a: Changes, b: Changes) -> bool:
    """Whether the same regions are told of; that they stand for longer is no news."""
    return a is b or (a.complete == b.complete and a.kinds == b.kinds and np.array_equal(a.boxes_n, b.boxes_n))
