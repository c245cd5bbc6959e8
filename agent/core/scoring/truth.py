"""What is really in a clip, and what of it ought to be reported: facts about things, read against a camera's duties.

A thing that stands is one violation per rule when a zone of that rule holds enough of its footprint and, while the rule
is in force, it stands for the dwell of the rule. Everything else must not be reported.

Times are seconds from the beginning of the clip. The agent counts a dwell only while it sees (docs/lifecycle.md), so
where the truth knows that a place was hidden, or the recording that nobody looked, the right moment becomes a window:
from "hidden time counted in full" to "not counted at all".
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from agent.core.plan import CameraPlan, Duty
from agent.core.rules import RULES
from agent.core.types import Box

Span = tuple[float, float]
"""From, to, in seconds of the clip."""
ONSET_SLACK_S = 2.0
"""Beyond one sampling interval, how late an incident may open (the design's bar for the event score)."""
_STEP_S = 60.0
"""Calendars change at whole minutes of the wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One thing that stands, as it really was.

    Attributes:
        class_name: of `taxonomy.CLASSES`; or empty, then `rule` says under which rule it counts.
        rule, zone: only this rule, only this zone; None: whichever its class and place fit.
        box_n: x1 y1 x2 y2 in 0..1 of the picture, hidden parts included.
        from_s, to_s: since when and until when it stands there; infinite: beyond the end.
        hidden: when the place (with or without the thing) could not be seen.
        tolerance_s: how far its times may be off.
        negative: whatever it does, it must not be reported.
    """

    name: str
    class_name: str = ""
    rule: str | None = None
    zone: str | None = None
    box_n: Box
    from_s: float
    to_s: float = math.inf
    hidden: tuple[Span, ...] = ()
    tolerance_s: float = 0.0
    negative: bool = False

    def __post_init__(self) -> None:
        if not self.from_s < self.to_s:
            raise ValueError(f"{self.name}: expected to_s after from_s, found {self.from_s} to {self.to_s}")


class Verdict(StrEnum):
    """What the agent owes the centre about a stay."""

    MUST = "must"
    """It has to be reported."""
    MAY = "may"
    """So close to the dwell, or to the end of the clip, that both answers are right."""
    MUST_NOT = "must_not"
    """Too short, permitted, or marked negative: a report is a false one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One thing under one rule.

    Attributes:
        zone: the one that holds most of it. zones: all that would do.
        from_s, to_s: while it stands there and the rule is in force; `to_s` is infinite when it stays to the end.
        opens, closes: earliest and latest right moment; `closes` is None when it is still there at the end.
    """

    name: str
    rule: str
    zone: str
    zones: tuple[str, ...]
    class_name: str
    box_n: Box
    from_s: float
    to_s: float
    opens: Span
    closes: Span | None
    tolerance_s: float
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How the clip was watched.

    Attributes:
        start: aware; the moment at which it begins, for calendars.
        length_s: up to the last look. interval_s: usual time between two looks.
        blind: when nobody looked (gaps).
    """

    start: datetime
    length_s: float
    interval_s: float
    blind: tuple[Span, ...] = ()

    @property
    def slack_s(self) -> float:
        """How late an opening may be: one sampling interval and two seconds."""
        return self.interval_s + ONSET_SLACK_S


def stays_of(plan: CameraPlan, things: Sequence[Thing], watched: Watched) -> list[Stay]:
    """What these things come to under these duties: at most one stay per thing, rule and time in force.

    Where a whole zone is what violates (a bin), all that lies in it at one time is one stay of the zone itself.
    """
    found: list[Stay] = []
    for rule in dict.fromkeys(duty.rule for duty in plan.duties):
        duties = [duty for duty in plan.duties if duty.rule == rule]
        whole = [duty for duty in duties if duty.whole_zone]
        for duty in whole:
            for thing in _zone_things(duty, [t for t in things if _concerns(duty, t)]):
                found += _stays(thing, [duty], plan, watched)
        for thing in things:
            fitting = [duty for duty in duties if duty not in whole and _concerns(duty, thing)]
            if fitting:
                found += _stays(thing, fitting, plan, watched)
    return found


def _concerns(duty: Duty, thing: Thing) -> bool:
    if thing.rule not in (None, duty.rule) or thing.zone not in (None, duty.zone.zone_id):
        return False
    named = thing.rule is not None and not thing.class_name
    if not (named or thing.negative or thing.class_name in duty.classes):
        return False
    share = duty.zone.cover if duty.whole_zone else duty.zone.overlap
    return thing.negative or share(thing.box_n) >= duty.settings.overlap


def _zone_things(duty: Duty, things: Sequence[Thing]) -> list[Thing]:
    """The zone as a thing, for each stretch of time in which something lies in it; negative ones stay by themselves."""
    joined: list[Thing] = []
    for thing in sorted((t for t in things if not t.negative), key=lambda t: t.from_s):
        last = joined[-1] if joined else None
        if last is None or thing.from_s > last.to_s:
            joined.append(replace(thing, box_n=duty.zone.bounds_n))
        else:
            joined[-1] = replace(
                last,
                name=f"{last.name} + {thing.name}",
                to_s=max(last.to_s, thing.to_s),
                hidden=last.hidden + thing.hidden,
                tolerance_s=max(last.tolerance_s, thing.tolerance_s),
            )
    return [*joined, *(replace(t, box_n=duty.zone.bounds_n) for t in things if t.negative)]


def _stays(thing: Thing, duties: list[Duty], plan: CameraPlan, watched: Watched) -> Iterator[Stay]:
    """One stay for each stretch of time in which the rule is in force; the zone that holds most of it decides."""
    duty = max(duties, key=lambda d: d.zone.overlap(thing.box_n))
    limit_s = RULES[duty.rule].limit_s(duty.settings, thing.class_name)
    hidden = _joined([*thing.hidden, *watched.blind])
    last_s = min(thing.to_s, watched.length_s)
    for from_s, to_s in _in_force(duty, plan, watched.start, (max(thing.from_s, 0.0), last_s)):
        permitted = to_s < last_s
        to_s = thing.to_s if to_s == last_s else to_s
        opens = (from_s + limit_s, _after(from_s, limit_s, hidden))
        clear_s = 0.0 if permitted else duty.settings.clear_after
        yield Stay(
            name=thing.name,
            rule=duty.rule,
            zone=duty.zone.zone_id,
            zones=tuple(d.zone.zone_id for d in duties),
            class_name=thing.class_name,
            box_n=thing.box_n,
            from_s=from_s,
            to_s=to_s,
            opens=opens,
            closes=None if math.isinf(to_s) else (to_s + clear_s, _after(to_s, clear_s, hidden)),
            tolerance_s=thing.tolerance_s,
            verdict=_verdict(thing, opens, to_s, watched),
        )


def _verdict(thing: Thing, opens: Span, to_s: float, watched: Watched) -> Verdict:
    if thing.negative or to_s < opens[0] - thing.tolerance_s:
        return Verdict.MUST_NOT
    surely = opens[1] + watched.slack_s + thing.tolerance_s <= min(to_s, watched.length_s)
    return Verdict.MUST if surely else Verdict.MAY


def _in_force(duty: Duty, plan: CameraPlan, start: datetime, within: Span) -> Iterator[Span]:
    """The stretches of a time in which the duty's calendar applies."""
    since: float | None = None
    from_s, to_s = within
    at_s = from_s
    while at_s < to_s:
        moment = start + timedelta(seconds=at_s)
        force = duty.calendar.in_force(moment, plan.time_zone)
        if force and since is None:
            since = at_s
        if not force and since is not None:
            yield since, at_s
            since = None
        at_s += _STEP_S - (moment.second + moment.microsecond / 1e6)
    if since is not None:
        yield since, to_s


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The spans in order, those that meet made one."""
    joined: list[Span] = []
    for from_s, to_s in sorted(spans):
        if joined and from_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], to_s))
        else:
            joined.append((from_s, to_s))
    return joined


def _after(from_s: float, needed_s: float, hidden: Sequence[Span]) -> float:
    """The moment at which so many seconds outside the hidden spans have passed."""
    at_s = from_s
    for start_s, end_s in hidden:
        if end_s <= at_s:
            continue
        if at_s + needed_s <= start_s:
            break
        needed_s -= max(0.0, start_s - at_s)
        at_s = end_s
    return at_s + needed_s
