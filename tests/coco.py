"""Average precision as COCO counts it, by its own program."""

from __future__ import annotations

import contextlib
import io
from typing import Any

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Row = dict[str, Any]


def xywh(x1: float, y1: float, x2: float, y2: float) -> list[float]:
    """A box as COCO writes it."""
    return [x1, y1, x2 - x1, y2 - y1]


def average_precision(images: list[Row], truth: list[Row], found: list[Row]) -> tuple[float, float]:
    """mAP50-95 and mAP50 as COCO counts them."""
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = {
            "images": images,
            "annotations": [{"id": i, **row} for i, row in enumerate(truth, start=1)],
            "categories": [{"id": i, "name": str(i)} for i in range(80)],
        }
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])
