"""Boxes: overlap, containment and whether two of them stand on the same ground.

Any one coordinate frame serves (pixels, or 0..1), as long as both sides use the same: all figures are ratios.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from agent.core.types import Box, Floats, Points

SAME_GROUND_HEIGHT_SHARE = 0.15
"""Lower edges closer than this share of the smaller box's height belong to things on the same ground. A vehicle that
stands in front of another has its lower edge further down by about its own half depth, which is more than this."""


def intersections(a: Floats, b: Floats) -> Floats:
    """(N, M) areas of intersection of (N, 4) and (M, 4) boxes."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    sides = np.maximum(high - low, 0.0)
    return np.asarray(sides[..., 0] * sides[..., 1], np.float32)


def areas(boxes: Floats) -> Floats:
    """(N,) areas of (N, 4) boxes; an inverted box has none."""
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0.0)
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


def overlapping(a: Sequence[Box], b: Sequence[Box]) -> list[tuple[int, int, float, float]]:
    """Of all pairs of N and M boxes those that overlap: both indices, `iou`, and the share of the first in the second.

    Most boxes of a picture are nowhere near each other, so a loop that passes over these is quicker than a matrix of
    all, be there nine of them or a hundred.
    """
    pairs = []
    others = [(col, box, _area(box)) for col, box in enumerate(b)]
    for row, (ax1, ay1, ax2, ay2) in enumerate(a):
        own = _area((ax1, ay1, ax2, ay2))
        for col, (bx1, by1, bx2, by2), area in others:
            if bx1 < ax2 and ax1 < bx2 and by1 < ay2 and ay1 < by2:
                width = (ax2 if ax2 < bx2 else bx2) - (ax1 if ax1 > bx1 else bx1)
                height = (ay2 if ay2 < by2 else by2) - (ay1 if ay1 > by1 else by1)
                shared = width * height
                union = own + area - shared
                if own > 0.0 and area > 0.0 and union > 0.0:
                    pairs.append((row, col, shared / union, shared / own))
    return pairs


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


def area_within(polygon: Points, frame: Box) -> float:
    """Area of the part of a simple polygon, the first corner not repeated, that lies within an upright box.

    Green's theorem: the sum over the edges of the signed area below each, from the box's upper side (y1) to the edge,
    where the edge is cut off at the box's left and right and pushed onto its upper or lower side beyond these. A scene
    asks it at each look at each thing in a zone, and a library's intersection takes ten times as long; a test compares
    the two.
    """
    x1, y1, x2, y2 = frame
    total = 0.0
    from_x, from_y = polygon[-1]
    for to_x, to_y in polygon:
        sign, left_x, left_y, right_x, right_y = 1.0, from_x, from_y, to_x, to_y
        if from_x > to_x:
            sign, left_x, left_y, right_x, right_y = -1.0, to_x, to_y, from_x, from_y
        from_x, from_y = to_x, to_y
        if left_x >= x2 or right_x <= x1 or left_x == right_x:
            continue
        slope = (right_y - left_y) / (right_x - left_x)
        if left_x < x1:
            left_x, left_y = x1, left_y + slope * (x1 - left_x)
        if right_x > x2:
            right_x, right_y = x2, right_y + slope * (x2 - right_x)
        high, low = (left_y, right_y) if left_y < right_y else (right_y, left_y)
        total += sign * (right_x - left_x) * _mean_clamped(high, low, y1, y2)
    return abs(total)


def _mean_clamped(a: float, b: float, low: float, high: float) -> float:
    """Mean of `clamp(t, low, high) - low` for t from `a` to `b`, of which `a` is not the greater."""
    if a >= high:
        return high - low
    if b <= low:
        return 0.0
    begin, end = (a if a > low else low), (b if b < high else high)
    if begin == a and end == b:
        return (a + b) / 2 - low
    return (((begin + end) / 2 - low) * (end - begin) + (high - low) * (b - end)) / (b - a)


def same_ground(a: Box, b: Box) -> bool:
    """Whether the lower edges are so close that both boxes stand on the same ground."""
    height = min(a[3] - a[1], b[3] - b[1])
    return abs(a[3] - b[3]) <= SAME_GROUND_HEIGHT_SHARE * height


def between(a: Box, b: Box, weight: float) -> Box:
    """The box that lies `weight` (0..1) of the way from `a` to `b`."""
    ax1, ay1, ax2, ay2 = a
    bx1, by1, bx2, by2 = b
    return (
        ax1 + (bx1 - ax1) * weight,
        ay1 + (by1 - ay1) * weight,
        ax2 + (bx2 - ax2) * weight,
        ay2 + (by2 - ay2) * weight,
    )


def as_array(*boxes: Box) -> Floats:
    """(N, 4) float32 of some boxes; (0, 4) of none."""
    return np.asarray(boxes, np.float32).reshape(-1, 4)


def normalised(boxes_px: Floats, size_px: tuple[int, int]) -> Floats:
    """(N, 4) boxes in 0..1 of a picture of `size_px` (width, height)."""
    width, height = size_px
    return np.asarray(boxes_px / np.array([width, height, width, height], np.float32), np.float32)
