"""Since when the place of a new detection has looked as it does now: a detector misses things in their first pictures.

The last minute of pictures is kept, small and grey. The place of whatever was not detected a moment ago is compared
with them, from the newest backwards, until it looked different: then it came. Where no arrival is in that minute
nothing is claimed: what always looked like that, or did before traffic passed, may be a thing of the street that the
detector mistakes.
"""

from __future__ import annotations

from collections import deque
from math import ceil

import cv2
import numpy as np

from agent.core.geometry import ious, normalised
from agent.core.types import Detections, Floats, Image, Stamp

HORIZON_S = 60.0
"""How far back pictures are kept."""
LEAST_STEP_S = 0.9
"""Pictures closer together are not all kept."""
HALF = 2
"""The pictures are kept at this part of the working picture's size."""
SAME_BOX_IOU = 0.6
"""A detection is not new when one of the look before overlaps it like that (as `tracker.STILL_IOU`)."""
ALIKE = 0.8
"""Least correlation of a place with itself earlier. A car against the empty road reaches 0.3, in noise and rain against
itself 0.9."""
LEAST_PX = 5
"""Smaller places are not compared: of so few pixels any correlation comes about by chance."""
LEAST_CONTRAST = 4.0
"""Standard deviation in grey levels below which a place has nothing to be recognised by."""
BRIDGE_S = 4.0
"""A passer-by may hide the place for so long."""


class LookBack:
    """One camera's last minute. Give it every picture, with what was detected in it."""

    def __init__(self) -> None:
        self._pictures: deque[tuple[float, Floats]] = deque()
        self._boxes_n: Floats = np.zeros((0, 4), np.float32)
        self._stood_s: Floats = np.zeros(0, np.float32)
        self._last_s: float | None = None

    def interrupt(self) -> None:
        """Nobody looked since the last picture: what was before proves nothing."""
        self._pictures.clear()
        self._boxes_n, self._stood_s = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        self._last_s = None

    def step(self, small: Image, found: Detections, size_px: tuple[int, int], now: Stamp) -> Floats:
        """Take one look.

        Args:
            small: (h, w, 3) uint8 BGR working picture. size_px: width and height in which `found` has its boxes.

        Returns:
            (N,) seconds for which the place of each detection has looked like this while nothing, or nothing that the
            detector was sure of, was detected there; 0 where no arrival was seen.
        """
        grey = _shrunk(small)
        boxes_n = normalised(found.boxes_px, size_px)
        since_s = 0.0 if self._last_s is None else now.mono_s - self._last_s
        if since_s < 0 or (self._pictures and self._pictures[-1][1].shape != grey.shape):
            self.interrupt()
        stood_s = np.zeros(len(boxes_n), np.float32)
        overlaps = ious(boxes_n, self._boxes_n) if len(boxes_n) and len(self._boxes_n) else None
        for i, box in enumerate(boxes_n):
            if overlaps is not None and overlaps[i].max() >= SAME_BOX_IOU:
                before_s = float(self._stood_s[int(overlaps[i].argmax())])
                stood_s[i] = before_s + since_s if before_s > 0 else 0.0
            else:
                stood_s[i] = self._since_arrival_s(grey, box, now.mono_s)
        self._boxes_n, self._stood_s, self._last_s = boxes_n, stood_s, now.mono_s
        if not self._pictures or now.mono_s - self._pictures[-1][0] >= LEAST_STEP_S:
            self._pictures.append((now.mono_s, grey))
        while now.mono_s - self._pictures[0][0] > HORIZON_S:
            self._pictures.popleft()
        return stood_s

    def _since_arrival_s(self, grey: Floats, box_n: Floats, now_s: float) -> float:
        """How long before now the place began to look as it does; 0 when that is not to be seen."""
        height, width = grey.shape
        left, right = max(0, int(box_n[0] * width)), min(width, ceil(box_n[2] * width))
        top, bottom = max(0, int(box_n[1] * height)), min(height, ceil(box_n[3] * height))
        if right - left < LEAST_PX or bottom - top < LEAST_PX:
            return 0.0
        here = grey[top:bottom, left:right]
        here = here - here.mean()
        if float(here.std()) < LEAST_CONTRAST:
            return 0.0
        alike_s = now_s
        arrived = False
        for at_s, picture in reversed(self._pictures):
            then = picture[top:bottom, left:right]
            if _correlation(here, then - then.mean()) >= ALIKE:
                if arrived:
                    return 0.0  # it looked like this before something else passed: that was no arrival
                alike_s = at_s
            elif alike_s == now_s:
                return 0.0  # it is new to this very picture
            elif alike_s - at_s > BRIDGE_S:
                arrived = True
        return now_s - alike_s if arrived else 0.0


def _correlation(a: Floats, b: Floats) -> float:
    """Of two patches without their means."""
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-6))


def _shrunk(small: Image) -> Floats:
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    size = (max(1, grey.shape[1] // HALF), max(1, grey.shape[0] // HALF))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
