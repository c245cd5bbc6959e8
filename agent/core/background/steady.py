"""The shaking of a pole: by how many pixels a working picture is shifted against the reference, and back again.

Source: Lucas and Kanade 1981 for a translation, iterated, with weights after Geman and McClure 1987 so that what moves
or changed has no say. Phase correlation was tried first: it weighs all frequencies alike, and on noisy pictures of
320 pixels it was off by one to two where this is off by a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.types import Floats, Image

MAX_SHIFT_PX = 8.0
"""More than this is not shaking: the camera was moved, which is not decided here."""
LEAST_SHIFT_PX = 0.25
"""Less is within what the comparison tolerates, and not worth the interpolation."""
STILL_PX = 0.15
"""Nothing shakes when the first round of the search says so little: it finds most of a small shift."""
LEAST_GAIN = 0.04
"""A shift is believed when it explains this share of the difference at least."""
HALF = 2
ROUNDS = 4
DONE_PX = 0.03
SOFT_PX = 5
FLATTEN_PX = 31
DOUBT = 0.1
"""A difference (in e-folds of brightness) of this size has half a say."""
FLAT = 1e-3
"""Least mean square slope of a picture (e-folds per pixel) in each direction in which a shift can be told."""
_LOG_LEVELS = np.log(np.arange(256) + 14.0).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What to find a working picture's place by: structure at half its size, and its slopes, whatever the light."""

    flat: Floats
    slopes: Floats
    """(2, n) to the right and down, row by row."""
    steep: Floats
    """(3, n) their products: xx, xy, yy."""


def marks_of(small: Image) -> Marks:
    """The landmarks of a working picture."""
    flat = _flattened(small)
    slopes = (cv2.Sobel(flat, cv2.CV_32F, dx, dy, scale=1 / 8) for dx, dy in ((1, 0), (0, 1)))
    x, y = (np.asarray(slope, np.float32).reshape(-1) for slope in slopes)
    return Marks(flat, np.stack([x, y]), np.stack([x * x, x * y, y * y]))


def steadied(small: Image, marks: Marks) -> tuple[Image, bool]:
    """The picture moved to where `marks` of the reference are, and whether it was off by more than a trifle.

    It is unchanged when its place is not certain.
    """
    dx, dy = shift_px(small, marks)
    if not LEAST_SHIFT_PX <= float(np.hypot(dx, dy)) <= MAX_SHIFT_PX:
        return small, False
    return np.asarray(_moved(small, dx, dy), np.uint8), True


def shift_px(small: Image, marks: Marks) -> tuple[float, float]:
    """By how many pixels to the right and down a working picture is shifted; zeros when nothing is certain."""
    here = _flattened(small)
    x = y = 0.0
    for round_ in range(ROUNDS):
        step = _step(_moved(here, x, y) if round_ else here, marks)
        if step is None or (round_ == 0 and HALF * hypot(*step) < STILL_PX):
            return 0.0, 0.0
        x, y = x + step[0], y + step[1]
        if max(abs(step[0]), abs(step[1])) < DONE_PX:
            break
    certain = _unlike(_moved(here, x, y), marks) <= (1 - LEAST_GAIN) * _unlike(here, marks)
    return (HALF * x, HALF * y) if certain else (0.0, 0.0)


def _step(here: Floats, marks: Marks) -> tuple[float, float] | None:
    """One round of Lucas and Kanade, to the right and down; None where the picture is too flat for it."""
    rest = np.asarray(cv2.subtract(here, marks.flat), np.float32).reshape(-1)
    doubt = rest * np.float32(1 / DOUBT)
    doubt *= doubt
    doubt += 1
    doubt *= doubt
    np.reciprocal(doubt, out=doubt)
    # einsum, since BLAS would start threads of its own for arrays of this length
    xx, xy, yy = (float(v) for v in np.einsum("in,n->i", marks.steep, doubt))
    doubt *= rest
    bx, by = (-float(v) for v in np.einsum("in,n->i", marks.slopes, doubt))
    least = (xx + yy) / 2 - hypot((xx - yy) / 2, xy)
    if least < FLAT**2 * rest.size:
        return None
    size = xx * yy - xy * xy
    return (bx * yy - by * xy) / size, (by * xx - bx * xy) / size


def _unlike(here: Floats, marks: Marks) -> float:
    difference = np.asarray(cv2.absdiff(here, marks.flat), np.float32)
    return float(np.minimum(difference, np.float32(DOUBT)).mean())


def _flattened(small: Image) -> Floats:
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    size = (max(1, small.shape[1] // HALF), max(1, small.shape[0] // HALF))
    fine = cv2.LUT(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), _LOG_LEVELS)
    soft = cv2.blur(cv2.blur(fine, (SOFT_PX // 2 + 1, SOFT_PX // 2 + 1)), (SOFT_PX // 2 + 1, SOFT_PX // 2 + 1))
    return np.asarray(cv2.subtract(soft, cv2.blur(soft, (FLATTEN_PX, FLATTEN_PX))), np.float32)


def _moved(picture: NDArray[Any], dx: float, dy: float) -> NDArray[Any]:
    back = np.array([[1, 0, -dx], [0, 1, -dy]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpAffine(picture, back, size, borderMode=cv2.BORDER_REPLICATE)
