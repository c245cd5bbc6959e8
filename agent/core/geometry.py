"""Boxes: overlap, containment and whether two of them stand on the same ground.

Any one coordinate frame serves (pixels, or 0..1), as long as both sides use the same: all figures are ratios.
"""

from __future__ import annotations

import numpy as np

from agent.core.types import Box, Floats

SAME_GROUND_HEIGHT_SHARE = 0.15
"""Lower edges closer than this share of the smaller box's height belong to things on the same ground. A vehicle that
stands in front of another has its lower edge further down by about its own half depth, which is more than this."""


def intersections(a: Floats, b: Floats) -> Floats:
    """(N, M) areas of intersection of (N, 4) and (M, 4) boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.clip(high - low, 0.0, None)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def areas(boxes: Floats) -> Floats:
    """(N,) areas of (N, 4) boxes; an inverted box has none."""
    sides = np.clip(boxes[:, 2:] - boxes[:, :2], 0.0, None)
    return np.asarray(sides[:, 0] * sides[:, 1], np.float32)


def ious(a: Floats, b: Floats) -> Floats:
    """(N, M) intersection over union, 0..1; 0 where both boxes are empty."""
    shared = intersections(a, b)
    union = areas(a)[:, None] + areas(b)[None, :] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0), np.float32)


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    shared = _shared(a, b)
    if shared <= 0.0:
        return 0.0
    union = _area(a) + _area(b) - shared
    return shared / union if union > 0 else 0.0


def contained(inner: Box, outer: Box) -> float:
    """Share (0..1) of `inner` that lies within `outer`."""
    shared = _shared(inner, outer)
    if shared <= 0:  # most pairs of boxes in a picture
        return 0.0
    own = _area(inner)
    return shared / own if own > 0 else 0.0


def _shared(a: Box, b: Box) -> float:
    """Area of the intersection. Written out, as a scene asks it some hundred times at each look."""
    ax1, ay1, ax2, ay2 = a
    bx1, by1, bx2, by2 = b
    width = (ax2 if ax2 < bx2 else bx2) - (ax1 if ax1 > bx1 else bx1)
    if width <= 0.0:
        return 0.0
    height = (ay2 if ay2 < by2 else by2) - (ay1 if ay1 > by1 else by1)
    return width * height if height > 0.0 else 0.0


def _area(box: Box) -> float:
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1) if x2 > x1 and y2 > y1 else 0.0


def same_ground(a: Box, b: Box) -> bool:
    """Whether the lower edges are so close that both boxes stand on the same ground."""
    height = min(a[3] - a[1], b[3] - b[1])
    return abs(a[3] - b[3]) <= SAME_GROUND_HEIGHT_SHARE * height


def between(a: Box, b: Box, weight: float) -> Box:
    """The box that lies `weight` (0..1) of the way from `a` to `b`."""
    x1, y1, x2, y2 = (p + (q - p) * weight for p, q in zip(a, b, strict=True))
    return x1, y1, x2, y2


def as_array(*boxes: Box) -> Floats:
    """(N, 4) float32 of some boxes; (0, 4) of none."""
    return np.asarray(boxes, np.float32).reshape(-1, 4)


def normalised(boxes_px: Floats, size_px: tuple[int, int]) -> Floats:
    """(N, 4) boxes in 0..1 of a picture of `size_px` (width, height)."""
    width, height = size_px
    return np.asarray(boxes_px / np.array([width, height, width, height], np.float32), np.float32)
