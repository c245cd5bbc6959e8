"""The shaking of a pole: by how many pixels a working picture is shifted against the reference, and back again."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.types import Floats, Image

MAX_SHIFT_PX = 8.0
"""More than this is not shaking: the camera was moved, which is not decided here."""
LEAST_SHIFT_PX = 0.3
"""Less is within what the comparison tolerates, and not worth the interpolation."""
LEAST_RESPONSE = 0.1
"""Phase correlation below this (of 1) is a guess: rain and noise at night measure 0.2 and more."""
HALF = 2
FLATTEN_PX = 15
CONTRAST_LIMIT = 0.5
"""One strong edge (in e-folds of brightness) does not outvote all others."""
_LOG_LEVELS = np.log(np.arange(256) + 14.0).astype(np.float32)


def landmarks(small: Image) -> Floats:
    """(h / 2, w / 2) what to find a working picture's place by: its structure, whatever the light."""
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    size = (max(1, small.shape[1] // HALF), max(1, small.shape[0] // HALF))
    fine = cv2.LUT(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), _LOG_LEVELS)
    flat = cv2.subtract(fine, cv2.blur(fine, (FLATTEN_PX, FLATTEN_PX)))
    return np.asarray(np.clip(flat, -CONTRAST_LIMIT, CONTRAST_LIMIT), np.float32)


def steadied(small: Image, marks: Floats) -> Image:
    """The picture moved to where `marks` (landmarks of the reference) are; unchanged when that is not certain.

    Source: phase correlation, Kuglin and Hines 1975; `cv2.phaseCorrelate` finds fractions of a pixel.
    """
    here = landmarks(small)
    (dx, dy), response = cv2.phaseCorrelate(marks, here, _window(marks.shape))
    shift_px = HALF * float(np.hypot(dx, dy))
    if response < LEAST_RESPONSE or not LEAST_SHIFT_PX <= shift_px <= MAX_SHIFT_PX:
        return small
    back = np.array([[1, 0, -HALF * dx], [0, 1, -HALF * dy]], np.float32)
    size = (small.shape[1], small.shape[0])
    return np.asarray(cv2.warpAffine(small, back, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _window(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.createHanningWindow((shape[1], shape[0]), cv2.CV_32F), np.float32)
