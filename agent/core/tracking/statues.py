"""Persons who are none: what a detector weakly takes for a person, picture after picture, and what never stirs.

Small models call a heap of black bags a person, at scores of 0.3 to 0.5 and in the same place every time. People are
seen weakly too, but they sway and turn, so that their boxes change, and are seen well now and then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from agent.core.geometry import iou, normalised
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Box, Detections, Stamp

PERSON_SCORE = 0.6
"""Detector score from which it is a person, however still. Measured with yolox_nano on painted streets: heaps of bags
0.26 to 0.50, persons in the open who stand about 0.48 to 0.84, half hidden ones less."""
STILL_IOU = 0.8
"""Overlap of the boxes of a thing that does not stir. Bags: 0.95, and 0.85 with a camera that shakes."""
SAME_IOU = 0.3
"""Overlap from which two boxes may be one person who stirred."""
DOUBT_LOOKS = 2
"""Looks alike after which the place is compared with the reference again, so that no time is lost if it is a thing."""
STATUE_S, STATUE_LOOKS = 8.0, 4
"""How long, and in how many looks, a weakly seen person must not stir to be taken for a thing."""
FORGET_S = 10.0
"""A place where nothing was seen for so long is forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where something is taken for a person: its box (0..1) when it was first seen, and the best score since."""

    box_n: Box
    best: float
    since_s: float
    last_s: float
    looks: int = 1


class Statues:
    """What one camera's detector has of late taken for persons, and where."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._last: tuple[NDArray[np.bool_], Detections] | None = None
        self._last_s = 0.0

    def watch(self, found: Detections, size_px: tuple[int, int], now: Stamp) -> tuple[NDArray[np.bool_], Detections]:
        """Take one look's detections.

        Returns:
            (N,) which of them may be persons who do not stir, or things; and all that are not certainly things.
        """
        doubted, things = np.zeros(len(found), np.bool_), np.zeros(len(found), np.bool_)
        boxes = normalised(found.boxes_px, size_px).tolist()
        free = [p for p in self._places if now.mono_s - p.last_s <= FORGET_S]
        seen: list[_Place] = []
        for i in np.argsort(-found.scores, kind="stable").tolist():
            if found.class_ids[i] != CLASS_IDS["person"]:
                continue
            box, score = tuple(boxes[i]), float(found.scores[i])
            place = max(free, key=lambda p: iou(p.box_n, box), default=None)
            if place is None or iou(place.box_n, box) < STILL_IOU:
                free = [p for p in free if iou(p.box_n, box) < SAME_IOU]  # it stirred
                seen.append(_Place(box_n=box, best=score, since_s=now.mono_s, last_s=now.mono_s))
                continue
            free.remove(place)
            place = replace(place, best=max(place.best, score), last_s=now.mono_s, looks=place.looks + 1)
            seen.append(place)
            if place.best < PERSON_SCORE:
                doubted[i] = place.looks >= DOUBT_LOOKS
                things[i] = self._is_thing(place)
        self._places = [*seen, *free]
        self._last, self._last_s = (doubted, _without(found, things)), now.mono_s
        return self._last

    @property
    def in_doubt(self) -> bool:
        """Whether somebody whom it takes more looks to judge was seen in the last one."""
        return any(p.last_s == self._last_s and p.best < PERSON_SCORE and not self._is_thing(p) for p in self._places)

    def rest(self, now: Stamp) -> tuple[NDArray[np.bool_], Detections]:
        """The last look's answer still holds: nothing changed, so the detector was not asked again.

        Raises: ValueError when there was no look yet.
        """
        if self._last is None:
            raise ValueError("statues: expected a look before the first rest, found none")
        here = [p.last_s == self._last_s for p in self._places]
        self._places = [replace(p, last_s=now.mono_s) if h else p for p, h in zip(self._places, here, strict=True)]
        self._last_s = now.mono_s
        return self._last

    def _is_thing(self, place: _Place) -> bool:
        return place.looks >= STATUE_LOOKS and place.last_s - place.since_s >= STATUE_S


def _without(found: Detections, dropped: NDArray[np.bool_]) -> Detections:
    if not dropped.any():
        return found
    kept = ~dropped
    return Detections(
        boxes_px=found.boxes_px[kept],
        scores=found.scores[kept],
        class_ids=found.class_ids[kept],
        looks=found.looks[kept],
    )
