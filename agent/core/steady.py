"""The shaking of a pole: by how many pixels a working picture is shifted against the reference, and back again.

Source: Lucas and Kanade 1981 for a translation, iterated, with weights after Geman and McClure 1987 so that what moves
or changed has no say. Phase correlation was tried first: it weighs all frequencies alike, and on noisy pictures of
320 pixels it was off by one to two where this is off by a tenth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.types import Floats, Image

MAX_SHIFT_PX = 8.0
"""More than this is not shaking: the camera was moved, which is not decided here."""
LEAST_SHIFT_PX = 0.25
"""Less is within what the comparison tolerates, and not worth the interpolation."""
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
    slope_x: Floats
    slope_y: Floats


def marks_of(small: Image) -> Marks:
    """The landmarks of a working picture."""
    flat = _flattened(small)
    slopes = (cv2.Sobel(flat, cv2.CV_32F, dx, dy, scale=1 / 8) for dx, dy in ((1, 0), (0, 1)))
    slope_x, slope_y = (np.asarray(slope, np.float32) for slope in slopes)
    return Marks(flat, slope_x, slope_y)


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
    at, first, rest = np.zeros(2), None, 0.0
    for _ in range(ROUNDS):
        rest_map = _moved(here, *at) - marks.flat
        doubt = 1.0 / np.square(1.0 + np.square(rest_map / DOUBT))
        rest = float(np.abs(rest_map * doubt).mean())
        first = rest if first is None else first
        weighted_x, weighted_y = marks.slope_x * doubt, marks.slope_y * doubt
        normal = np.array(
            [
                [np.vdot(weighted_x, marks.slope_x), np.vdot(weighted_x, marks.slope_y)],
                [np.vdot(weighted_x, marks.slope_y), np.vdot(weighted_y, marks.slope_y)],
            ]
        )
        if float(np.linalg.eigvalsh(normal)[0]) < FLAT**2 * here.size:
            return 0.0, 0.0
        step = np.linalg.solve(normal, [-np.vdot(weighted_x, rest_map), -np.vdot(weighted_y, rest_map)])
        at = at + step
        if float(np.abs(step).max()) < DONE_PX:
            break
    certain = first is not None and float(np.abs(_moved(here, *at) - marks.flat).clip(0, DOUBT).mean()) <= (
        1 - LEAST_GAIN
    ) * float(np.abs(here - marks.flat).clip(0, DOUBT).mean())
    return (HALF * float(at[0]), HALF * float(at[1])) if certain else (0.0, 0.0)


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
