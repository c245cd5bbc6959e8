"""Whether a picture has to be shown to the detector: not when all zones look as they did when it last looked.

The picture is compared with the one that the detector last saw, not with the one before, so that nothing can creep in.
A thing that is missed or imagined now and then keeps the detector busy: it rests only after `SETTLING_LOOKS` in a row
that say the same, or when the street looks, in the picture and to the detector, as it did before something passed. And
it is shown a picture at least every `recheck_s`, whatever the picture looks like.

Measured on the clip `cdnet_fall` (720 x 480, leaves, passing traffic), kerb zone, the largest difference of a block
from one keyframe to the next: nothing passes 1 to 8 grey levels, something passes 60 to 210.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.geometry import ious, normalised
from agent.core.taxonomy import CLASSES
from agent.core.tracking.sighting import group_of
from agent.core.types import Detections, Floats, Image, Stamp

BLOCK_PX = 4
"""Side of what is compared, in the working picture: a bag in 20 m distance fills one or two."""
CHANGED_LEVELS = 8.0
"""Difference of a block's mean, in grey levels, from which something changed. A change of exposure counts too: then the
detector looks once more than it would have had to."""
MARGIN_PX = 6
"""Around the zones: who steps up to one is noticed before they are in it."""
SETTLING_LOOKS = 4
"""In fewer a small model may make the same error: with two, a chair imagined at night became an incident."""
SAME_IOU = 0.6
SURE_SCORE = 0.25
"""Weaker detections come and go without meaning; no rule listens to them by default."""

Outline = Sequence[tuple[float, float]]
_GROUPS = np.unique([group_of(name) for name in CLASSES], return_inverse=True)[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """A look at which the detector was asked; `alike`: how many in a row, with this one, were the same."""

    grey: Floats
    at_s: float
    size_px: tuple[int, int]
    found: Detections
    near: _Near
    alike: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Near:
    """What was detected in or before the zones: (N, 4) boxes in 0..1, (N,) groups of classes, (N,) scores."""

    boxes_n: Floats
    groups: NDArray[np.int64]
    scores: Floats


class Gate:
    """One camera's. Ask `held` with every picture, and tell `asked` of each that the detector was shown."""

    def __init__(self, outlines_n: Collection[Outline], recheck_s: float) -> None:
        """A gate that knows nothing yet.

        Args:
            outlines_n: corners of each zone, 0..1 of the picture; without any the detector is always asked.
            recheck_s: longest rest in seconds; 0: none.
        """
        self._outlines_n = list(outlines_n)
        self._recheck_s = recheck_s
        self._area: NDArray[np.bool_] | None = None
        self._last: _Asked | None = None
        self._settled: _Asked | None = None
        """The last look of which it is known what the street is like while nothing passes."""

    def held(self, small: Image, size_px: tuple[int, int], now: Stamp) -> Detections | None:
        """What the detector saw last, where it holds for this picture's zones; None: it has to be asked.

        Args:
            small: (h, w, 3) uint8 BGR working picture, in the reference view. size_px: width and height of the picture.
        """
        last = self._last
        if last is None or last is not self._settled or last.size_px != size_px:
            return None
        if not 0 <= now.mono_s - last.at_s < self._recheck_s:
            return None
        return last.found if self._looks_like(last, _blocks(small)) else None

    def asked(self, small: Image, found: Detections, size_px: tuple[int, int], now: Stamp) -> None:
        """The detector was shown this picture, of `size_px` (width, height), and saw this in it."""
        if self._recheck_s <= 0 or not self._outlines_n:
            return
        grey, last, settled = _blocks(small), self._last, self._settled
        near = self._near(found, size_px, grey.shape)
        as_last = last is not None and self._looks_like(last, grey) and _agree(last.near, near)
        as_before = settled is not None and self._looks_like(settled, grey)
        alike = last.alike + 1 if last is not None and as_last else 1
        self._last = _Asked(grey=grey, at_s=now.mono_s, size_px=size_px, found=found, near=near, alike=alike)
        if alike >= SETTLING_LOOKS or (as_before and settled is not None and _agree(settled.near, near)):
            self._settled = self._last
        elif as_before:
            self._settled = None  # of one and the same street it says now this and now that: neither is settled

    def interrupt(self) -> None:
        """Nobody looked since the last picture."""
        self._last = self._settled = None

    def _looks_like(self, look: _Asked, grey: Floats) -> bool:
        if grey.shape != look.grey.shape:
            return False
        changed = np.abs(grey - look.grey) >= CHANGED_LEVELS
        return not (changed & self._area_of(grey.shape)).any()

    def _near(self, found: Detections, size_px: tuple[int, int], shape: tuple[int, ...]) -> _Near:
        area, boxes_n = self._area_of(shape), normalised(found.boxes_px, size_px)
        pixels = boxes_n * np.array([shape[1], shape[0]] * 2, np.float32)
        corners = np.concatenate([np.floor(pixels[:, :2]), np.ceil(pixels[:, 2:])], axis=1).astype(int)
        near = [bool(area[y1:y2, x1:x2].any()) for x1, y1, x2, y2 in corners.tolist()]
        return _Near(boxes_n=boxes_n[near], groups=_GROUPS[found.class_ids[near]], scores=found.scores[near])

    def _area_of(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        if self._area is None or self._area.shape != shape:
            canvas = np.zeros(shape, np.uint8)
            size = np.array([shape[1], shape[0]], np.float64)
            for outline in self._outlines_n:
                corners = np.rint(np.array(outline, np.float64) * size).astype(np.int32)
                cv2.fillPoly(canvas, [corners], (255,))
            grown = cv2.dilate(canvas, np.ones((2 * MARGIN_PX + 1, 2 * MARGIN_PX + 1), np.uint8))
            self._area = np.asarray(grown, np.uint8) > 0
        return self._area


def _blocks(small: Image) -> Floats:
    """(h, w) float32: at each pixel the mean grey of the block around it."""
    grey = cv2.blur(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), (BLOCK_PX, BLOCK_PX))
    return np.asarray(grey, np.float32)


def _agree(before: _Near, now: _Near) -> bool:
    """Whether two looks saw the same things in the same places, as far as they were sure."""
    return _all_among(before, now) and _all_among(now, before)


def _all_among(these: _Near, those: _Near) -> bool:
    """Whether each of these that is sure is one of those."""
    sure = these.scores >= SURE_SCORE
    if not sure.any():
        return True
    same = these.groups[sure][:, None] == those.groups[None, :]
    return bool((same & (ious(these.boxes_n[sure], those.boxes_n) >= SAME_IOU)).any(axis=1).all())
