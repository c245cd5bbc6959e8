"""Takes away what somebody could be known by. What is left is a handful of mean colours: nothing can bring it back."""

from __future__ import annotations

import math

import cv2
import numpy as np

from agent.core.types import Floats, Image

BLOCKS = 4
"""Mean colours along the longer side of a region. Faces are still recognised from 16 (Harmon and Julesz, Science 180,
1973); the head is a third of a head-and-shoulders region, so one or two blocks are left of it."""
COARSE_ROWS = 72
"""Height to which a picture is reduced in which nobody looked for persons. A head is 1/7.5 of the stature: of a person
a third of the picture high, three rows are left of it."""


def unrecognisable(image: Image, boxes_px: Floats) -> Image:
    """A copy in which each region is a blur of at most BLOCKS by BLOCKS colours, whatever its size.

    Args:
        image: (H, W, 3) uint8 BGR; not changed.
        boxes_px: (N, 4) x1 y1 x2 y2 in pixels; what lies beyond the picture is cut off.
    """
    height, width = image.shape[:2]
    result = image.copy()
    for x1, y1, x2, y2 in boxes_px.astype(np.float64):
        left, right = max(math.floor(x1), 0), min(math.ceil(x2), width)
        top, bottom = max(math.floor(y1), 0), min(math.ceil(y2), height)
        if left < right and top < bottom:
            result[top:bottom, left:right] = _smeared(result[top:bottom, left:right])
    return result


def coarse(image: Image) -> Image:
    """The whole picture so coarse that nobody can be known in it, at its own size."""
    height, width = image.shape[:2]
    rows = min(COARSE_ROWS, height)
    return _through(image, max(round(width * rows / height), 1), rows)


def _smeared(region: Image) -> Image:
    height, width = region.shape[:2]
    block_px = max(height, width) / BLOCKS
    return _through(region, max(round(width / block_px), 1), max(round(height / block_px), 1))


def _through(image: Image, columns: int, rows: int) -> Image:
    """Reduced to the mean colours of so many columns and rows, and smoothly enlarged again."""
    height, width = image.shape[:2]
    means = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(means, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
