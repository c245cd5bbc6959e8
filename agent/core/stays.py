"""Incidents of one run as wholes, and what another run over the same days made of them. Nothing but comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from agent.core.geometry import contained, iou
from agent.core.presence import Presence
from agent.core.types import Box, Channel, Event, Phase, Severity

SAME_PLACE_IOU = 0.3
SAME_PLACE_SHARE = 0.5
"""As `recurrence`: two stays are at one place from this IoU, or when this share of the smaller lies in the other."""
CHANGED_S = 15.0
"""Times closer together than this are the same: a rest of the detector lasts ten seconds."""
FEW_JUDGED = 20
"""Below so many judged incidents a precision says little: one verdict more changes it by five points."""


class Verdict(StrEnum):
    """What the centre made of an incident."""

    CONFIRMED = "confirmed"
    """Somebody acknowledged it."""
    FALSE = "false"
    """It was dismissed as a false report."""
    TOLERATED = "tolerated"
    """It was dismissed, though it was what it was taken for: no mistake, and no success either."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An incident as the running agent reported it. `box_n`: None where nobody remembers its place."""

    incident_id: UUID
    camera: str
    rule: str
    zone: str
    opened_at: datetime
    closed_at: datetime | None
    verdict: Verdict = Verdict.UNKNOWN
    box_n: Box | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One incident from its opening to its end, as one run told it.

    Attributes:
        closed_at: None while it goes on. severity: the worst that was told. box_n: where it opened.
        incident_id, verdict: of the incident that the agent reported then, where it was the same.
    """

    camera: str
    rule: str
    zone: str
    class_name: str
    channel: Channel
    severity: Severity
    first_seen: datetime
    opened_at: datetime
    closed_at: datetime | None
    dwell_s: float
    blind_s: float
    box_n: Box
    incident_id: UUID | None = None
    verdict: Verdict = Verdict.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One incident that both runs have. `what`: of `opened`, `closed`, `dwell`, `severity`, those that differ."""

    before: Stay
    after: Stay
    what: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Incidents of one run by verdict."""

    incidents: int
    confirmed: int
    false: int
    tolerated: int
    unknown: int

    @property
    def precision(self) -> float | None:
        """Share (0..1) of the confirmed among the confirmed and the false; None when there are none."""
        judged = self.confirmed + self.false
        return self.confirmed / judged if judged else None

    @staticmethod
    def of(stays: Sequence[Stay]) -> Tally:
        verdicts = [stay.verdict for stay in stays]
        return Tally(
            incidents=len(stays),
            confirmed=verdicts.count(Verdict.CONFIRMED),
            false=verdicts.count(Verdict.FALSE),
            tolerated=verdicts.count(Verdict.TOLERATED),
            unknown=verdicts.count(Verdict.UNKNOWN),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the second of two runs made of the incidents of the first; each in the order of opening."""

    gained: tuple[Stay, ...]
    lost: tuple[Stay, ...]
    changed: tuple[Change, ...]
    same: int
    before: Tally
    after: Tally


class Stays:
    """Gathers the events of one run."""

    def __init__(self) -> None:
        self._by_incident: dict[UUID, Stay] = {}

    def take(self, events: Iterable[Event]) -> None:
        """Events in their order."""
        for event in events:
            before = self._by_incident.get(event.incident_id)
            opened = event.phase is Phase.OPENED or before is None
            self._by_incident[event.incident_id] = Stay(
                camera=event.camera,
                rule=event.rule,
                zone=event.zone,
                class_name=event.objects[0].class_name,
                channel=event.channel,
                severity=event.severity,
                first_seen=event.first_seen,
                opened_at=event.opened_at,
                closed_at=event.closed_at,
                dwell_s=event.dwell_s,
                blind_s=event.blind_s,
                box_n=event.objects[0].box_n if opened or before is None else before.box_n,
            )

    def go_on(self, presences: Iterable[Presence]) -> None:
        """What is known by now of those that are open."""
        for presence in presences:
            if presence.incident_id is not None and presence.incident_id in self._by_incident:
                stay = self._by_incident[presence.incident_id]
                told = replace(stay, dwell_s=round(presence.dwell_s, 3), blind_s=round(presence.blind_s, 3))
                self._by_incident[presence.incident_id] = told

    def during(self, since: datetime | None, until: datetime | None) -> list[Stay]:
        """Those that were open at some moment of a period, in the order of opening."""
        found = [
            stay
            for stay in self._by_incident.values()
            if (until is None or stay.opened_at <= until)
            and (since is None or stay.closed_at is None or stay.closed_at >= since)
        ]
        return sorted(found, key=lambda stay: (stay.opened_at, stay.rule, stay.zone, stay.box_n))


def judged(stays: Sequence[Stay], known: Sequence[Judged]) -> list[Stay]:
    """The stays with the incidents that the agent reported then, and what the centre made of these."""
    pairs = [
        (_apart_s(stay.opened_at, report.opened_at), i, j)
        for i, stay in enumerate(stays)
        for j, report in enumerate(known)
        if (stay.camera, stay.rule, stay.zone) == (report.camera, report.rule, report.zone)
        and (report.box_n is None or is_same_place(stay.box_n, report.box_n))
        and _meet(stay.first_seen, stay.closed_at, report.opened_at, report.closed_at)
    ]
    told = list(stays)
    for i, j in _paired(pairs):
        told[i] = replace(stays[i], incident_id=known[j].incident_id, verdict=known[j].verdict)
    return told


def compared(before: Sequence[Stay], after: Sequence[Stay]) -> Comparison:
    """Two runs side by side: an incident is the same when camera, rule, zone, place and time agree."""
    pairs = [
        (_apart_s(a.first_seen, b.first_seen), i, j)
        for i, a in enumerate(before)
        for j, b in enumerate(after)
        if (a.camera, a.rule, a.zone) == (b.camera, b.rule, b.zone)
        and is_same_place(a.box_n, b.box_n)
        and _meet(a.first_seen, a.closed_at, b.first_seen, b.closed_at)
    ]
    matched = dict(_paired(pairs))
    changes = [Change(before=before[i], after=after[j], what=_what(before[i], after[j])) for i, j in matched.items()]
    changed = sorted((c for c in changes if c.what), key=lambda c: c.after.opened_at)
    return Comparison(
        gained=tuple(stay for j, stay in enumerate(after) if j not in set(matched.values())),
        lost=tuple(stay for i, stay in enumerate(before) if i not in matched),
        changed=tuple(changed),
        same=len(changes) - len(changed),
        before=Tally.of(before),
        after=Tally.of(after),
    )


def is_same_place(a: Box, b: Box) -> bool:
    """Whether two boxes may be one thing seen at two times."""
    return iou(a, b) >= SAME_PLACE_IOU or max(contained(a, b), contained(b, a)) >= SAME_PLACE_SHARE


def _paired(pairs: list[tuple[float, int, int]]) -> list[tuple[int, int]]:
    """Each left and each right at most once, the closest first."""
    lefts: set[int] = set()
    rights: set[int] = set()
    chosen = []
    for _, left, right in sorted(pairs):
        if left not in lefts and right not in rights:
            lefts.add(left)
            rights.add(right)
            chosen.append((left, right))
    return chosen


def _meet(a_from: datetime, a_to: datetime | None, b_from: datetime, b_to: datetime | None) -> bool:
    return (b_to is None or a_from <= b_to) and (a_to is None or b_from <= a_to)


def _what(before: Stay, after: Stay) -> tuple[str, ...]:
    differs = {
        "opened": _apart_s(before.opened_at, after.opened_at) > CHANGED_S,
        "closed": (before.closed_at is None) != (after.closed_at is None)
        or (
            before.closed_at is not None
            and after.closed_at is not None
            and _apart_s(before.closed_at, after.closed_at) > CHANGED_S
        ),
        "dwell": abs(before.dwell_s - after.dwell_s) > CHANGED_S,
        "severity": before.severity is not after.severity,
    }
    return tuple(name for name, is_so in differs.items() if is_so)


def _apart_s(a: datetime, b: datetime) -> float:
    return abs((a - b) / timedelta(seconds=1))
