"""Where faces and plates must be, going by the boxes of persons and vehicles alone. Rather too much than too little."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from agent.core.taxonomy import CLASS_IDS, MOTOR_VEHICLES
from agent.core.types import Detections, Floats

PERSON_SCORE = 0.1
"""Detector score from which somebody is taken for a person: a hydrant blurred costs nothing, a face kept does. Of 207
faces that YuNet sees in COCO val2017 (128 pictures, yolox_nano), the regions cover 94 % at 0.1, 90 % at 0.15, 79 % at
0.3 and 70 % at 0.5."""
VEHICLE_SCORE = 0.2
"""Higher, since a bin that is taken for a truck may be what the picture is about."""
HEAD_SHARE = 0.3
"""Upper share of a standing person: the head is 1/7.5 of the stature, and reaches the shoulders in 1/5 of it."""
HEAD_WIDTHS = 0.75
"""At least so many widths of the box: of somebody behind a car only head and shoulders are in it, and a head is half as
high as the shoulders are wide."""
WIDER, HIGHER = 0.15, 0.08
"""Added on either side and above, in widths and heights of the box: boxes of small models cut hair and hats off."""
PLATE_TOP, PLATE_INSET = 0.45, 0.04
"""Plates of cars, buses and trucks are in the lower part of the box, anywhere from side to side when seen aslant."""
CYCLE_PLATE_TOP = 0.25
"""On motorcycles they are below the saddle or on the front mudguard."""


def head_boxes(found: Detections) -> Floats:
    """(N, 4) x1 y1 x2 y2 in pixels: head and shoulders of every person; may reach beyond the picture."""
    x1, y1, x2, y2 = _columns(found, {"person"}, PERSON_SCORE)
    width, height = x2 - x1, y2 - y1
    down = np.minimum(np.maximum(HEAD_SHARE * height, HEAD_WIDTHS * width), height)
    return np.stack([x1 - WIDER * width, y1 - HIGHER * height, x2 + WIDER * width, y1 + down], axis=1)


def plate_boxes(found: Detections) -> Floats:
    """(N, 4) x1 y1 x2 y2 in pixels: the part of every vehicle in which a plate may be."""
    x1, y1, x2, y2 = _columns(found, MOTOR_VEHICLES, VEHICLE_SCORE)
    inset = PLATE_INSET * (x2 - x1)
    cars = np.stack([x1 + inset, y1 + PLATE_TOP * (y2 - y1), x2 - inset, y2], axis=1)
    x1, y1, x2, y2 = _columns(found, {"motorcycle"}, VEHICLE_SCORE)
    cycles = np.stack([x1, y1 + CYCLE_PLATE_TOP * (y2 - y1), x2, y2], axis=1)
    return np.concatenate([cars, cycles])


def _columns(found: Detections, names: Collection[str], least_score: float) -> Floats:
    """(4, N): x1, y1, x2 and y2 of the things of these classes."""
    wanted = np.isin(found.class_ids, [CLASS_IDS[name] for name in names]) & (found.scores >= least_score)
    return found.boxes_px[wanted].T
