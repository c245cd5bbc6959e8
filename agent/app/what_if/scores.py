"""What was seen at one place over some time: the reason why an incident opened, as points of a chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.adapters.observations import ObservationReader
from agent.core.geometry import normalised
from agent.core.stays import is_same_place
from agent.core.taxonomy import CLASSES
from agent.core.tracking.sighting import WHOLE_ZONE
from agent.core.types import Box, ChangeKind, Channel, Observation

MOST_POINTS = 300
_CHANNELS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorePoint:
    """One sighting: `score` in 0..1, of `channel`, taken for `class_name`."""

    at: datetime
    score: float
    class_name: str
    channel: Channel


def scores_at(
    folder: Path,
    camera: str,
    box_n: Box,
    since: datetime,
    until: datetime,
    *,
    zone: str | None = None,
    most: int = MOST_POINTS,
) -> list[ScorePoint]:
    """What was seen overlapping a box, thinned to at most `most` points: the best one of each stretch and channel.

    Args:
        folder: of the observations. zone: a taught zone, whose readings are told too. since, until: aware.
    """
    span_s = max(1.0, (until - since).total_seconds())
    stretches = max(1, most // _CHANNELS)
    best: dict[tuple[int, Channel], ScorePoint] = {}
    for step in ObservationReader(folder).steps(camera, since, until):
        if isinstance(step, Observation) and step.asked and step.fault is None:
            stretch = min(stretches - 1, int((step.stamp.utc - since).total_seconds() / span_s * stretches))
            for point in _seen(step, box_n, zone):
                key = stretch, point.channel
                if key not in best or point.score > best[key].score:
                    best[key] = point
    return sorted(best.values(), key=lambda point: (point.at, point.channel))


def _seen(step: Observation, box_n: Box, zone: str | None) -> Iterator[ScorePoint]:
    at, found, changes = step.stamp.utc, step.detections, step.changes
    boxes = normalised(found.boxes_px, step.size_px).tolist()
    for (x1, y1, x2, y2), score, number in zip(boxes, found.scores.tolist(), found.class_ids.tolist(), strict=True):
        if is_same_place((x1, y1, x2, y2), box_n):
            yield ScorePoint(at=at, score=score, class_name=CLASSES[number], channel=Channel.MODEL)
    for (x1, y1, x2, y2), score, kind in zip(
        changes.boxes_n.tolist(), changes.scores.tolist(), changes.kinds, strict=True
    ):
        if kind is ChangeKind.LEFT and is_same_place((x1, y1, x2, y2), box_n):
            yield ScorePoint(at=at, score=score, class_name="object", channel=Channel.SCENE_CHANGE)
    for reading in step.readings:
        if reading.zone == zone:
            yield ScorePoint(at=at, score=reading.full, class_name=WHOLE_ZONE, channel=Channel.ZONE_STATE)
