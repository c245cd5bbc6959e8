"""The small picture at which one camera's view is looked at."""

from __future__ import annotations

from math import isqrt

import cv2
import numpy as np

from agent.core.types import Image

WORKING_PX = 57_600
"""Pixels at most, whatever the aspect, so that every camera costs the same: 320 x 180, 288 x 192, 272 x 204. A bag of
half a metre is 7 to 8 pixels wide in 20 m with a 60 degree lens."""
WIDTH_STEP_PX = 8
HEIGHT_STEP_PX = 4
"""Sides are multiples of these, which makes shrinking by halves cheap; the aspect keeps to 1 %."""


def working_size_px(width: int, height: int) -> tuple[int, int]:
    """Width and height of the working picture of pictures of that width and height."""
    wide = max(1, isqrt(WORKING_PX * width // height) // WIDTH_STEP_PX) * WIDTH_STEP_PX
    return wide, max(1, round(wide * height / width / HEIGHT_STEP_PX)) * HEIGHT_STEP_PX


def working_picture(image: Image) -> Image:
    """(H, W, 3) uint8 BGR to what is looked at: (h, w, 3) of the same aspect and about `WORKING_PX` pixels."""
    size = working_size_px(image.shape[1], image.shape[0])
    # Halved first, where that loses nothing: OpenCV does that in vector instructions, other ratios in plain loops.
    if image.shape[1] >= 2 * size[0] and image.shape[0] >= 2 * size[1] and not (image.shape[0] | image.shape[1]) % 2:
        half = (image.shape[1] // 2, image.shape[0] // 2)
        image = np.asarray(cv2.resize(image, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
