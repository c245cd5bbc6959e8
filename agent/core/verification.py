"""The centre asks to look again at one incident: what the looks after the question add up to.

`cleared` ends a case, so it takes a row of empty looks, in pictures as they should be, that lasts and that no record of
misses explains. Everything else is `still_present`, or `cannot_see` with the reason that had most of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agent.core.glance import Glance, Sees
from agent.core.tracking.sighted import BRIDGE_S
from agent.core.tracking.track import GONE_CHANCE
from agent.core.types import Evidence, Stamp

DEADLINE_S, LONGEST_DEADLINE_S = 45.0, 120.0
"""How long the looks may take to agree: longer for a camera that sends few pictures, see `deadline_for`."""
DEADLINE_LOOKS = 8
SIGHTINGS = 2
"""One look may show a passer-by that looks alike, on the very spot."""
EMPTY_LOOKS = 4
LEAST_MISS_RATE = 0.1
"""Detectors miss a standing car in 5 to 10 % of pictures (see the tracker), however good its record by daylight."""
EMPTY_S = 12.0
"""A row of misses has one cause: a truck that nobody names waits in front, a gust of rain. Those are over by then."""
SURVIVED_TIMES = 2.0
"""What was missed for a while and was there all the same must be missed this many times as long."""
ROW_CHANCE = 0.05
"""Chance below which a row of empty looks is hardly one of misses: sightings before it count no more."""
UNCERTAIN = "uncertain"
NO_PICTURE = "no_picture"
STOPPING = "stopping"
RULE_REMOVED = "rule_removed"


class Outcome(StrEnum):
    """What a verification found, as the centre is told."""

    CLEARED = "cleared"
    STILL_PRESENT = "still_present"
    CANNOT_SEE = "cannot_see"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one question.

    Attributes:
        reason: why nothing could be seen: a gap's reason, a picture's fault, `occluded`, `uncertain`, `no_picture`,
            `stopping`, `rule_removed`; of `cleared`, `replaced` where another thing stands there now; else None.
        looked_at: when the deciding picture was taken, or the time was up.
        before, after: two pictures of the same crop, where they were kept: of the opening and of this look.
        carried: an event of the incident brings `after` to the centre.
        dwell_s: seconds for which the violation was seen to stand so far.
    """

    incident: UUID
    verdict: Outcome
    reason: str | None
    looked_at: datetime
    before: Evidence | None = None
    after: Evidence | None = None
    carried: bool = False
    dwell_s: float | None = None


class Fact(StrEnum):
    """What ends the looking."""

    SEEN = "seen"
    EMPTY = "empty"
    REPLACED = "replaced"
    TIME_UP = "time_up"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


OUTCOMES: dict[Fact, Outcome] = {
    Fact.SEEN: Outcome.STILL_PRESENT,
    Fact.EMPTY: Outcome.CLEARED,
    Fact.REPLACED: Outcome.CLEARED,
    Fact.TIME_UP: Outcome.CANNOT_SEE,
    Fact.STOPPED: Outcome.CANNOT_SEE,
    Fact.WITHDRAWN: Outcome.CANNOT_SEE,
}
TOLD: dict[Fact, str] = {Fact.REPLACED: "replaced", Fact.STOPPED: STOPPING, Fact.WITHDRAWN: RULE_REMOVED}
"""Facts that are a reason by themselves."""
REASONS: dict[Sees, str] = {
    Sees.OCCLUDED: "occluded",
    Sees.UNTOLD: UNCERTAIN,
    Sees.DOUBTFUL: UNCERTAIN,
    Sees.EMPTY: UNCERTAIN,
    Sees.PRESENT: UNCERTAIN,
    Sees.REPLACED: UNCERTAIN,
}
"""What a look that decided nothing is worth as a reason; a blind one brings its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One question and what was seen since. Decided once `fact` is there, and nothing changes it after.

    Attributes:
        asked: nothing that was seen up to then counts. deadline_s: from then on.
        sightings, replacements: looks that showed it, or another thing that took its place.
        empties, empty_s, empty_at: the row of empty looks, the seconds between neighbouring ones, and the newest.
        mark, newest: when the newest look was, and what it said.
        lost_s: by reason, the seconds before the looks that had it.
        doubt: the reason of the newest look that decided nothing.
    """

    incident: UUID
    asked: Stamp
    deadline_s: float = DEADLINE_S
    sightings: int = 0
    replacements: int = 0
    empties: int = 0
    empty_s: float = 0.0
    empty_at: Stamp | None = None
    mark: Stamp | None = None
    newest: Sees | None = None
    lost_s: tuple[tuple[str, float], ...] = ()
    doubt: str = NO_PICTURE
    fact: Fact | None = None
    decided_at: Stamp | None = None

    @property
    def outcome(self) -> Outcome | None:
        """What came of it, or None while it goes on."""
        return OUTCOMES[self.fact] if self.fact else None

    @property
    def reason(self) -> str | None:
        """The reason that goes with the outcome."""
        if self.fact is Fact.TIME_UP:
            return max(self.lost_s, key=lambda entry: entry[1])[0] if self.lost_s else self.doubt
        return TOLD.get(self.fact) if self.fact else None

    def looked(self, glance: Glance, now: Stamp) -> Verification:
        """After one look (or gap) at `now`. What it rests on must be newer than the question."""
        if self.fact or glance.at.mono_s <= self.asked.mono_s:
            return self
        after = self._counted(glance)
        reason = glance.why or REASONS.get(glance.sees, UNCERTAIN)
        since_s = now.mono_s - (self.mark or self.asked).mono_s
        lost_s = dict(after.lost_s)
        lost_s[reason] = lost_s.get(reason, 0.0) + since_s
        after = replace(after, mark=now, newest=glance.sees, doubt=reason, lost_s=tuple(lost_s.items()))
        fact = after._fact(glance)
        return replace(after, fact=fact, decided_at=now) if fact else after.waited(now)

    def waited(self, now: Stamp) -> Verification:
        """After time has passed, whether or not anybody looked."""
        if self.fact or now.mono_s - self.asked.mono_s < self.deadline_s:
            return self
        seen = self.sightings > 0 and self.newest is Sees.PRESENT
        return replace(self, fact=Fact.SEEN if seen else Fact.TIME_UP, decided_at=now)

    def ended(self, fact: Fact, now: Stamp) -> Verification:
        """After it became clear, at `now`, that nobody will look any more, and why."""
        return self if self.fact else replace(self, fact=fact, decided_at=now)

    def _counted(self, glance: Glance) -> Verification:
        if glance.sees is Sees.EMPTY:
            return self._emptied(glance)
        if glance.sees is Sees.OCCLUDED or glance.sees is Sees.UNTOLD:
            return self  # the row goes on, but nobody knows what was in between
        row = replace(self, empties=0, empty_s=0.0)
        if glance.sees is Sees.PRESENT:
            return replace(row, sightings=self.sightings + 1)
        return replace(row, replacements=self.replacements + 1) if glance.sees is Sees.REPLACED else row

    def _emptied(self, glance: Glance) -> Verification:
        last = self.empty_at
        if last is not None and glance.at.mono_s <= last.mono_s:
            return self  # the same reading of a taught zone once more
        between_s = min(glance.at.mono_s - last.mono_s, BRIDGE_S) if last and self.newest is Sees.EMPTY else 0.0
        empties = self.empties + 1
        return replace(
            self,
            empties=empties,
            empty_s=self.empty_s + between_s,
            empty_at=glance.at,
            sightings=0 if _by_chance(glance, empties) < ROW_CHANCE else self.sightings,
        )

    def _fact(self, glance: Glance) -> Fact | None:
        """What the looks so far come to, the newest being this one."""
        if glance.sees is Sees.LEFT:
            return Fact.EMPTY
        if glance.sees is Sees.SUCCEEDED or self.replacements >= SIGHTINGS:
            return Fact.REPLACED
        if self.sightings >= SIGHTINGS:
            return Fact.SEEN
        long_enough = self.empty_s >= max(EMPTY_S, SURVIVED_TIMES * glance.survived_s)
        many = self.empties >= EMPTY_LOOKS and _by_chance(glance, self.empties) < GONE_CHANCE
        return Fact.EMPTY if glance.sees is Sees.EMPTY and many and long_enough else None


def _by_chance(glance: Glance, empties: int) -> float:
    """The chance that a row of empty looks is one of misses."""
    return max(glance.miss_rate, LEAST_MISS_RATE) ** empties


def deadline_for(interval_s: float | None) -> float:
    """Seconds for a question to a camera that is looked at every `interval_s` (None: unknown)."""
    return min(LONGEST_DEADLINE_S, max(DEADLINE_S, DEADLINE_LOOKS * (interval_s or 0.0)))
