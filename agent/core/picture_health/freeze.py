"""A camera that keeps sending the same picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from agent.core.picture_health.registration import block_means
from agent.core.types import Floats

FROZEN_S: Final = 30.0
FROZEN_PICTURES: Final = 8
"""So long, and so many: an encoder may repeat a still night street for a moment, but not over several keyframes."""
_SAME_GREY: Final = 0.15
"""Mean difference in grey levels up to which a block is the same. Between keyframes of a live camera that sees nothing
move no block stays under it, not even of a noiseless picture (measured: H.264 of rendered empty night streets; 6 % of
the blocks of real MPEG clips at most)."""
_SAME_SHARE: Final = 0.9
"""The rest may change: the clock that the camera or recorder writes into the picture goes on."""


class FreezeWatch:
    """Tells a frozen picture from a still street. All pictures of one run are compared with its first."""

    def __init__(self) -> None:
        self._first: Floats | None = None
        self._since_s = 0.0
        self._pictures = 0

    def interrupt(self) -> None:
        """Nobody looked: the run starts anew."""
        self._first, self._pictures = None, 0

    @property
    def suspected(self) -> bool:
        """Whether the last picture repeats the one before: nothing new was seen in it."""
        return self._pictures > 1

    def step(self, grey: Floats, at_s: float) -> bool:
        """Whether the picture has been the same for too long. `grey`: (H, W) float32; `at_s`: monotonic seconds."""
        first = self._first
        if first is None or first.shape != grey.shape or not _same(first, grey):
            self._first, self._since_s, self._pictures = grey, at_s, 1
            return False
        self._pictures += 1
        return self._pictures >= FROZEN_PICTURES and at_s - self._since_s >= FROZEN_S


def _same(first: Floats, grey: Floats) -> bool:
    difference = block_means(np.asarray(cv2.absdiff(first, grey), np.float32))
    return bool((difference <= _SAME_GREY).mean() >= _SAME_SHARE)
