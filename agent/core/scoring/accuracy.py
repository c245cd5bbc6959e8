"""How well detections agree with labels: mAP50, as COCO counts it (101 recall points, IoU 0.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.core.types import Floats

IOU = 0.5
_RECALLS = np.linspace(0.0, 1.0, 101)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """One picture: what was found, best first, and what is there.

    Attributes:
        boxes, truth: (N, 4) and (M, 4), x1 y1 x2 y2 in the same pixels. scores: (N,).
        classes, truth_classes: (N,) and (M,) class ids.
    """

    boxes: Floats
    scores: Floats
    classes: NDArray[np.int64]
    truth: Floats
    truth_classes: NDArray[np.int64]


def map50(pictures: Sequence[Scored]) -> float | None:
    """The mean over the classes that are there of each one's average precision; None when nothing is labelled."""
    by_class = ap50_by_class(pictures)
    return float(np.mean(list(by_class.values()))) if by_class else None


def ap50_by_class(pictures: Sequence[Scored]) -> dict[int, float]:
    """The average precision of every class that is there, by class id."""
    present = sorted({int(c) for picture in pictures for c in picture.truth_classes})
    return {number: _average_precision(pictures, number) for number in present}


def _average_precision(pictures: Sequence[Scored], class_id: int) -> float:
    scores, hits, there = [], [], 0
    for picture in pictures:
        truth = picture.truth[picture.truth_classes == class_id]
        chosen = picture.classes == class_id
        there += len(truth)
        scores.append(picture.scores[chosen])
        hits.append(_hits(picture.boxes[chosen], truth))
    order = np.argsort(-np.concatenate(scores), kind="stable")
    found = np.cumsum(np.concatenate(hits)[order])
    recall = found / there
    precision = found / np.arange(1, len(found) + 1)
    best = np.maximum.accumulate(precision[::-1])[::-1] if len(precision) else precision
    at = np.searchsorted(recall, _RECALLS, side="left")
    return float(np.where(at < len(best), np.append(best, 0.0)[np.minimum(at, len(best))], 0.0).mean())


def _hits(boxes: Floats, truth: Floats) -> NDArray[np.bool_]:
    """Which boxes, best first, take a labelled one that no better box took."""
    hits, free = np.zeros(len(boxes), bool), np.ones(len(truth), bool)
    overlaps = iou(boxes, truth)
    for i, row in enumerate(overlaps):
        candidates = np.where(free, row, 0.0)
        if len(candidates) and candidates.max() >= IOU:
            free[candidates.argmax()] = False
            hits[i] = True
    return hits


def iou(boxes: Floats, others: Floats) -> Floats:
    """(N, M) overlap of each box with each other one."""
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    inner = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = [np.prod(np.clip(part[:, 2:] - part[:, :2], 0.0, None), axis=1) for part in (boxes, others)]
    union = areas[0][:, None] + areas[1][None, :] - inner
    overlap: Floats = (inner / np.maximum(union, 1e-9)).astype(np.float32)
    return overlap
