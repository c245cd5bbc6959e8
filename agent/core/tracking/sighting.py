"""What one picture shows, from all channels: detections, changed regions and taught zones become sightings of things.

Channels agree here, before anything is tracked: a changed region where the model names something is that thing, and
named things of one family that touch are one thing (a heap of three bags, a stall with its crates). So the tracker
never sees the same thing twice, and an incident carries the strongest evidence of all the channels that saw it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from agent.core.changed import changed
from agent.core.geometry import contained, iou, normalised
from agent.core.plan import Duty
from agent.core.taxonomy import CLASSES, FIXTURE, FIXTURES, MOTOR_VEHICLES, OBJECT
from agent.core.types import Box, ChangeKind, Channel, Floats, Observation, ZoneReading

SCREEN = "screen"
"""Family of what stands so close to the camera that nobody can tell what it is, or what is behind it."""
NAMING_SCORE = 0.25
"""Detector score from which a detection may name a changed region: below, small models call anything a chair."""
NAMED_IOU = 0.2
NAMED_SHARE = 0.5
"""A region and a detection are one thing from this IoU, or when this share of either lies in the other."""
REACH = 0.1
"""Boxes of one family that touch once each is widened by this share of its size are one thing."""
MOVER_SCORE = 0.3
"""Detector score from which a person or vehicle is believed to be in front of a region: below, small models call a heap
of bags a person."""
MOVER_SHARE = 0.5
"""A region that lies this deep in a person or vehicle is that one, whatever the scene-change channel thinks."""
SHADOW_REACH, SHADOW_UP, SHADOW_DOWN = 0.6, 0.4, 0.2
"""How far shadows reach to either side of a person's box, above and below the feet, in the person's heights: a
lower sun casts longer and fainter ones. Boxes end below the feet where a post stands in front of somebody."""
SHADOW_INSIDE = 0.9
HOLD_SHARE = 0.6
"""In a whole zone, this share of the score that opens an incident is enough to keep it open (hysteresis)."""
FULL_FROM, FULL_HOLDS = 0.65, 0.4
"""Probability from which a taught zone is believed to overflow, and down to which it still counts as doing so."""
READING_KEEPS_S = 900.0
"""A reading that is older tells of another time. One zone is read with each picture: a dozen of them on a camera that
shows a picture every half minute are read every six minutes."""
_CHANNELS = tuple(Channel)
WHOLE_ZONE = "bin"
"""Class name of the thing that a whole zone is."""


@dataclass(frozen=True, eq=False)  # without slots, for `changed`
class Sighting:
    """One thing in one picture.

    Attributes:
        box_n: x1 y1 x2 y2 in 0..1. look: (D,) unit vector, or (0,) when unknown.
        channels: who saw it, with the score of each. sure: believed whatever a rule's min_score says.
        still_s: seconds for which it is known to have stood there already; 0 where only this picture tells of it.
    """

    box_n: Box
    class_name: str
    group: str
    score: float
    look: Floats
    channels: tuple[tuple[Channel, float], ...]
    sure: bool = False
    still_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Places (0..1) of things that are known to stand, though the detector may miss them in a picture."""

    vehicles_n: Sequence[Box] = ()
    persons_n: Sequence[Box] = ()
    fixtures_n: Sequence[Box] = ()


NOTHING_KNOWN = Known()


def group_of(class_name: str) -> str:
    """The family in which a detector may confuse class names."""
    if class_name in MOTOR_VEHICLES:
        return "motor_vehicle"
    return FIXTURE if class_name in FIXTURES or class_name == OBJECT else class_name


_BY_CLASS = [Sighting((0.0, 0.0, 0.0, 0.0), name, group_of(name), 0.0, np.zeros(0, np.float32), ()) for name in CLASSES]
"""What all sightings of a class have in common; a scene makes a dozen of them at each look."""


def sightings(seen: Observation, duties: Iterable[Duty], known: Known = NOTHING_KNOWN) -> list[Sighting]:
    """Everything that is in the picture.

    Args:
        duties: those whose rule looks at a whole zone get a sighting of it when it shows the violation.
        known: what the pictures before have told.
    """
    named = _named(seen)
    regions = _believed_regions(seen, named, known) if len(seen.changes) else []
    fixtures = [s for s in named if s.group == FIXTURE]
    others = [s for s in named if s.group != FIXTURE]
    zones = [zone for duty in duties if duty.whole_zone and (zone := _whole(duty, fixtures, regions, seen))]
    agreed = _agreed(fixtures, regions) if fixtures or regions else []
    return [*others, *agreed, *zones, *(_screens(seen) if len(seen.changes) else ())]


def _believed_regions(seen: Observation, named: list[Sighting], known: Known) -> list[Sighting]:
    """What was left standing, except where a person or a vehicle is, and their shadows."""
    movers = [s.box_n for s in named if s.group != FIXTURE and s.class_name != "bin" and s.score >= MOVER_SCORE]
    persons = [s.box_n for s in named if s.class_name == "person" and s.score >= MOVER_SCORE]
    return [
        region
        for region in _regions(seen, [*movers, *known.vehicles_n, *known.persons_n])
        if not _is_shadow(region.box_n, [*persons, *known.persons_n], seen.size_px)
        or any(_same_place(region.box_n, place) for place in known.fixtures_n)
    ]


def _named(seen: Observation) -> list[Sighting]:
    found = seen.detections
    boxes = normalised(found.boxes_px, seen.size_px).tolist()
    stood_s = seen.stood_s.tolist() or [0.0] * len(found)
    return [
        changed(
            _BY_CLASS[number],
            box_n=(x1, y1, x2, y2),
            score=score,
            look=look,
            channels=((Channel.MODEL, score),),
            still_s=still_s,
        )
        for (x1, y1, x2, y2), number, score, look, still_s in zip(
            boxes, found.class_ids.tolist(), found.scores.tolist(), found.looks, stood_s, strict=True
        )
    ]


def _regions(seen: Observation, movers: list[Box]) -> list[Sighting]:
    """What was left standing, except where a person or a vehicle is."""
    changes = seen.changes
    rows = zip(changes.boxes_n.tolist(), changes.scores.tolist(), changes.still_s.tolist(), changes.kinds, strict=True)
    return [
        Sighting(
            tuple(box),
            OBJECT,
            FIXTURE,
            float(score),
            np.zeros(0, np.float32),
            ((Channel.SCENE_CHANGE, float(score)),),
            sure=True,
            still_s=float(still_s),
        )
        for box, score, still_s, kind in rows
        if kind is ChangeKind.LEFT and not any(contained(tuple(box), mover) >= MOVER_SHARE for mover in movers)
    ]


def _screens(seen: Observation) -> list[Sighting]:
    """What stands before the camera."""
    rows = zip(seen.changes.boxes_n.tolist(), seen.changes.scores.tolist(), seen.changes.kinds, strict=True)
    return [
        Sighting(tuple(box), OBJECT, SCREEN, score, np.zeros(0, np.float32), ((Channel.SCENE_CHANGE, score),))
        for box, score, kind in rows
        if kind is ChangeKind.SCREEN
    ]


def _is_shadow(box: Box, persons_n: Sequence[Box], size_px: tuple[int, int]) -> bool:
    """Whether it lies flat at somebody's feet, as shadows do. A bag that lies there is told of when its owner has gone.

    A shadow takes no texture away; but plain paving has none.
    """
    aspect = size_px[1] / size_px[0]
    for x1, y1, x2, y2 in persons_n:
        height = y2 - y1
        reach = SHADOW_REACH * height * aspect
        around = (x1 - reach, y2 - SHADOW_UP * height, x2 + reach, y2 + SHADOW_DOWN * height)
        if contained(box, around) >= SHADOW_INSIDE:
            return True
    return False


def _agreed(fixtures: list[Sighting], regions: list[Sighting]) -> list[Sighting]:
    """Fixtures and regions with nothing in it twice: clusters of one family, and regions that nobody could name."""
    clusters: list[list[Sighting]] = []
    for fixture in sorted(fixtures, key=lambda s: (-s.score, s.box_n)):
        touching = [c for c in clusters if _family(c[0]) == _family(fixture) and any(_touch(fixture, s) for s in c)]
        merged = [fixture, *(s for cluster in touching for s in cluster)]
        clusters = [c for c in clusters if not any(c is t for t in touching)] + [merged]
    free = []
    for region in regions:
        naming = [c for c in clusters if any(s.score >= NAMING_SCORE and _same_place(region.box_n, s.box_n) for s in c)]
        for cluster in naming:
            cluster.append(region)
        if not naming:
            free.append(region)
    return [_united(cluster) for cluster in clusters] + free


def _family(sighting: Sighting) -> str:
    return "garbage" if sighting.class_name == "garbage" else FIXTURE


def _touch(a: Sighting, b: Sighting) -> bool:
    ax1, ay1, ax2, ay2 = _widened(a.box_n)
    bx1, by1, bx2, by2 = _widened(b.box_n)
    return ax1 <= bx2 and bx1 <= ax2 and ay1 <= by2 and by1 <= ay2


def _widened(box: Box) -> Box:
    x1, y1, x2, y2 = box
    dx, dy = (x2 - x1) * REACH, (y2 - y1) * REACH
    return x1 - dx, y1 - dy, x2 + dx, y2 + dy


def _same_place(a: Box, b: Box) -> bool:
    return max(contained(a, b), contained(b, a)) >= NAMED_SHARE or iou(a, b) >= NAMED_IOU


def _united(parts: list[Sighting]) -> Sighting:
    """One sighting of all the parts: named by the best of the named ones, within a box around those."""
    named = [s for s in parts if s.class_name != OBJECT]
    best = max(named, key=lambda s: s.score)
    if len(parts) == 1:
        return best
    boxes = np.array([s.box_n for s in named])
    x1, y1 = boxes[:, :2].min(axis=0).tolist()
    x2, y2 = boxes[:, 2:].max(axis=0).tolist()
    channels = strongest(channel for part in parts for channel in part.channels)
    look = best.look if len(named) == 1 else np.zeros(0, np.float32)  # that of one part is not that of the heap
    return replace(
        best,
        box_n=(x1, y1, x2, y2),
        look=look,
        channels=channels,
        sure=any(part.sure for part in parts),
        still_s=max(part.still_s for part in parts),
    )


def fresh_readings(seen: Observation) -> list[ZoneReading]:
    """The readings that tell of now."""
    return [r for r in seen.readings if seen.stamp.mono_s - r.stamp.mono_s <= READING_KEEPS_S]


def strongest(channels: Iterable[tuple[Channel, float]]) -> tuple[tuple[Channel, float], ...]:
    """The best score of each channel, in the order of `Channel`."""
    channels = tuple(channels)
    if len(channels) == 1:
        return channels
    if len(channels) == 2 and channels[0][0] is channels[1][0]:
        return (channels[0] if channels[0][1] >= channels[1][1] else channels[1],)
    best: dict[Channel, float] = {}
    for channel, score in channels:
        best[channel] = max(score, best.get(channel, 0.0))
    return tuple((channel, best[channel]) for channel in _CHANNELS if channel in best)


def _whole(duty: Duty, fixtures: list[Sighting], regions: list[Sighting], seen: Observation) -> Sighting | None:
    """The zone itself as a thing, when any channel that the rule listens to says that it shows the violation."""
    settings, allowed = duty.settings, duty.channels
    found: list[tuple[Channel, float]] = []
    sure, still_s = False, 0.0
    for part in [*fixtures, *regions]:
        if part.class_name not in duty.classes or duty.zone.cover(part.box_n) < settings.overlap:
            continue
        if part.sure or part.score >= settings.min_score * HOLD_SHARE:
            found += part.channels
            sure, still_s = sure or part.sure, max(still_s, part.still_s)
    for reading in fresh_readings(seen):
        if reading.zone == duty.zone.zone_id and reading.full >= FULL_HOLDS:
            found.append((Channel.ZONE_STATE, reading.full))
            sure = sure or (Channel.ZONE_STATE in allowed and reading.full >= FULL_FROM)
    channels = strongest((channel, score) for channel, score in found if channel in allowed)
    if not channels:
        return None
    # What only holds an incident open must not start one: then the detector's score alone says how far to believe it.
    score = max((score for channel, score in channels if sure or channel is Channel.MODEL), default=0.0)
    look = np.zeros(0, np.float32)
    return Sighting(duty.zone.bounds_n, WHOLE_ZONE, duty.group, score, look, channels, sure=sure, still_s=still_s)
