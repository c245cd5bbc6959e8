"""AP50 per class of any model the agent can load, on pictures whose labels are known."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from agent.adapters.onnx import OnnxDetector
from agent.core.taxonomy import CLASSES
from scripts.training.sources import GARBAGE, NAMES, Photo

LOWEST_SCORE = 0.01
"""A detector to be scored must be loaded with this `min_score`: precision and recall need the faint ones too."""

Row = dict[str, Any]


def ap50(detector: OnnxDetector, photos: Sequence[Photo]) -> dict[str, float]:
    """Class name to AP at IoU 0.5 as COCO counts it; only classes that the pictures show."""
    images: list[Row] = []
    truth: list[Row] = []
    found: list[Row] = []
    for number, photo in enumerate(photos):
        pixels = photo.pixels()
        height, width = pixels.shape[:2]
        images.append({"id": number, "width": width, "height": height})
        boxes = photo.boxes * np.array([width, height] * 2, np.float32)
        truth += [_truth(number, label, row) for row, label in zip(boxes.tolist(), photo.labels.tolist(), strict=True)]
        doubtful = photo.unknown * np.array([width, height] * 2, np.float32)
        truth += [_truth(number, GARBAGE, row, doubtful=True) for row in doubtful.tolist()]
        (seen,) = detector.detect([pixels])
        found += [
            {"image_id": number, "category_id": NAMES.index(CLASSES[label]), "bbox": _xywh(row), "score": score}
            for row, label, score in zip(
                seen.boxes_px.tolist(), seen.class_ids.tolist(), seen.scores.tolist(), strict=True
            )
            if CLASSES[label] in NAMES
        ]
    return _ap50(images, truth, found)


def _truth(image: int, label: int, row: Sequence[float], *, doubtful: bool = False) -> Row:
    """What lies in doubtful places counts neither for nor against a detector: COCO's crowd."""
    box = _xywh(row)
    return {"image_id": image, "category_id": label, "bbox": box, "area": box[2] * box[3], "iscrowd": int(doubtful)}


def _xywh(row: Sequence[float]) -> list[float]:
    x1, y1, x2, y2 = row
    return [x1, y1, x2 - x1, y2 - y1]


def _ap50(images: list[Row], truth: list[Row], found: list[Row]) -> dict[str, float]:
    if not found:  # which pycocotools does not bear
        return {NAMES[row["category_id"]]: 0.0 for row in truth}
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": images,
            "annotations": [{"id": i, **row} for i, row in enumerate(truth, start=1)],
            "categories": [{"id": i, "name": name} for i, name in enumerate(NAMES)],
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval["precision"][0, :, :, 0, -1]  # recall steps x classes; all areas, 100 boxes
    return {name: float(precision[:, i].mean()) for i, name in enumerate(NAMES) if (precision[:, i] >= 0).all()}
