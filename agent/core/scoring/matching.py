"""Which report is about which true stay.

An incident fits a stay (`truth.Stay`) when all of this holds:
- the rule is the same, and the zone is one of those that hold the thing;
- they are at the same place: boxes with an IoU of at least `PLACE_IOU`, or footprints of which the smaller lies in the
  larger by at least `PLACE_COVERAGE` (a view clipped by what stands in front, a region that takes in a shadow);
- their times overlap: the incident was first seen before the thing left, opened no later than it should have closed,
  and was not closed before the thing came. All give or take the truth's own tolerance.
Incidents and stays are paired one to one, as many pairs as possible, stays that must be reported first, better
fitting pairs (place overlap plus overlap in time) preferred (Kuhn 1955, augmenting paths).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agent.core.geometry import contained, iou
from agent.core.scoring.truth import Span, Stay
from agent.core.types import Box, CloseReason, Event, Phase
from agent.core.zones import footprint

PLACE_IOU = 0.3
"""As the tracker's own: the least at which a box may be the thing that stands there."""
PLACE_COVERAGE = 0.6
_CLIPPED = 0.1
"""What a place counts that agrees by its footprint only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One report, from its opening to its end. Times are seconds of the clip; `closed_s` None: open at the end."""

    rule: str
    zone: str
    class_name: str
    box_n: Box
    first_seen_s: float
    opened_s: float
    closed_s: float | None = None
    reason: CloseReason | None = None


def incidents_of(events: Iterable[Event], start: datetime) -> tuple[Incident, ...]:
    """The incidents that a clip's events tell of, in the order of their opening.

    Args:
        events: in the order in which they were made. start: aware; the moment at which the clip begins.
    """
    found: dict[object, Incident] = {}
    for event in events:
        known = found.get(event.incident_id)
        found[event.incident_id] = Incident(
            rule=event.rule,
            zone=event.zone,
            class_name=event.objects[0].class_name if event.objects else "",
            box_n=known.box_n if known else event.objects[0].box_n,
            first_seen_s=_seconds(event.first_seen, start),
            opened_s=_seconds(event.opened_at, start),
            closed_s=_seconds(event.at, start) if event.phase is Phase.CLOSED else None,
            reason=event.close_reason,
        )
    return tuple(found.values())


def same_place(a: Box, b: Box) -> float:
    """How well two boxes agree about a place, 0..1; 0 when they do not."""
    overlap = iou(a, b)
    if overlap >= PLACE_IOU:
        return overlap
    ground, other = footprint(a), footprint(b)
    inside = max(contained(ground, other), contained(other, ground))
    return max(overlap, _CLIPPED) if inside >= PLACE_COVERAGE else 0.0


def fit(stay: Stay, incident: Incident) -> float:
    """Place overlap plus overlap in time of a fitting pair, 0 of any other."""
    if stay.rule != incident.rule or incident.zone not in stay.zones:
        return 0.0
    from_s, to_s = stay.from_s - stay.tolerance_s, stay.to_s + stay.tolerance_s
    closed_s = math.inf if incident.closed_s is None else incident.closed_s
    too_late = stay.closes is not None and incident.opened_s > stay.closes[1] + stay.tolerance_s
    if closed_s <= from_s or incident.first_seen_s >= to_s or too_late:
        return 0.0
    place = same_place(stay.box_n, incident.box_n)
    return place + _share((stay.from_s, stay.to_s), (incident.first_seen_s, closed_s)) if place else 0.0


def _share(a: Span, b: Span) -> float:
    """Overlap of two spans as a share of both together; those without end end an hour after the later beginning."""
    limit = max(a[0], b[0]) + 3600.0
    a, b = (a[0], min(a[1], limit)), (b[0], min(b[1], limit))
    shared = max(0.0, min(a[1], b[1]) - max(a[0], b[0]))
    return shared / max(max(a[1], b[1]) - min(a[0], b[0]), 1e-9)


def paired(stays: Sequence[Stay], incidents: Sequence[Incident]) -> dict[int, int]:
    """Index of a stay to index of its incident; earlier stays are served first."""
    wanted = [_choices(stay, incidents) for stay in stays]
    holder: dict[int, int] = {}

    def place(i: int, tried: set[int]) -> bool:
        for j in wanted[i]:
            if j in tried:
                continue
            tried.add(j)
            if j not in holder or place(holder[j], tried):
                holder[j] = i
                return True
        return False

    for i in range(len(stays)):
        place(i, set())
    return {i: j for j, i in holder.items()}


def _choices(stay: Stay, incidents: Sequence[Incident]) -> list[int]:
    """The incidents that fit, best first."""
    weights = [fit(stay, incident) for incident in incidents]
    return sorted((j for j, weight in enumerate(weights) if weight > 0), key=lambda j: -weights[j])


def _seconds(moment: datetime, start: datetime) -> float:
    return (moment - start) / timedelta(seconds=1)
