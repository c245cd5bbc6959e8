"""What is reported of one camera: things that stand, told from light, and whether each came or went."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.background.masks import Mask, both, compared, inverse
from agent.core.background.reference import Logs, Reference, median
from agent.core.background.region import LIGHT_KEEPS, LIGHT_KEEPS_REPORTED, Region, joined, regions_of
from agent.core.background.stays import SETTLE_S, Stays
from agent.core.geometry import contained
from agent.core.types import ChangeKind, Changes

REPORT_S = SETTLE_S + 1.5
"""A region is reported when it stood this long: its parts do not settle all at once, and its box shall not jump."""
ABSORB_LIGHT_S = 60.0
"""A shadow or a pool of light that has stood this long is learnt."""
SCREEN_SHARE = 0.25
"""What takes this share of the picture, box for box, was not left on the street: it stands before the camera, and what
is seen of it tells nothing about what is behind it. A lorry in the near lane takes half, a stall in 15 m a tenth."""
PART_SHARE = 0.5
"""What lies this deep in a screen is seen through it or is a part of it, and says nothing either."""
VOTES = 20
"""Looks over which it is decided whether something came or went."""
Votes = NDArray[np.int8]
_BoxPx = tuple[int, int, int, int]


class Reports:
    """Remembers by the pixel what was reported: `votes` (h, w) are 0 where nothing was, else for LEFT or REMOVED."""

    def __init__(self, votes: Votes) -> None:
        self.votes = votes

    @staticmethod
    def none(shape: tuple[int, ...]) -> Reports:
        """Nothing was reported in a picture of (h, w)."""
        return Reports(np.zeros(shape, np.int8))

    def clear(self, where: Mask) -> None:
        """Nothing was reported there."""
        self.votes[where > 0] = 0

    def step(self, stays: Stays, view: Reference, away: Logs) -> Changes:
        """What is reported now; light that has stood for long is learnt by the view, and frees its pixels.

        Args:
            away: (h, w) how far the looks of the pixels deviate from the view.
        """
        np.bitwise_and(self.votes, stays.stuck.view(np.int8), out=self.votes)
        believed = [region for region in self._regions(stays, view, away) if self._believed(region, stays, view)]
        height, width = self.votes.shape
        found = _before_all(joined(believed, (height, width)), width * height)
        scores, still = [], []
        for group, _ in found:
            sizes = [np.count_nonzero(region.mask) for region in group]
            strength = sum(region.strength * size for region, size in zip(group, sizes, strict=True)) / sum(sizes)
            largest = group[sizes.index(max(sizes))]
            scores.append(min(max(1 - exp(-strength), 0.0), 1.0))
            still.append(median(stays.stood_s[largest.at][largest.mask & (stays.stuck[largest.at] > 0)]))
        kinds = [self._kind(group, _is_screen(box, width * height)) for group, box in found]
        boxes = np.asarray([box for _, box in found], np.float32).reshape(-1, 4)
        return Changes(
            boxes_n=np.asarray(boxes / np.array([width, height, width, height], np.float32), np.float32),
            scores=np.asarray(scores, np.float32),
            still_s=np.asarray(still, np.float32),
            kinds=tuple(kinds),
        )

    def _regions(self, stays: Stays, view: Reference, away: Logs) -> list[Region]:
        """What was reported for long keeps its shape: a shadow that falls over it must not swallow it."""
        if not cv2.countNonZero(stays.stuck):
            return []
        settled = both(stays.stuck, compared(np.abs(self.votes), VOTES // 2, cv2.CMP_GE))
        rest = both(stays.stuck, inverse(settled))
        seen = (stays.look, away)
        return [*regions_of(settled, seen, view), *regions_of(rest, seen, view)]

    def _believed(self, region: Region, stays: Stays, view: Reference) -> bool:
        """Whether it is a thing and not light."""
        own = self.votes[region.at][region.mask]
        before = np.count_nonzero(own) >= len(own) / 2
        if np.count_nonzero(view.holds[region.at][region.mask]) >= len(own) / 2:
            return bool(before)  # the reference shows it too, and so has nothing to say
        if region.keeps >= (LIGHT_KEEPS_REPORTED if before else LIGHT_KEEPS):
            self._absorb(region, stays, view)
            return False
        return bool(before or median(stays.stood_s[region.at][region.mask]) >= REPORT_S)

    def _kind(self, group: Sequence[Region], screen: bool) -> ChangeKind:
        """What a thing is; its regions cast their votes on whether it came or went, unless it is a screen."""
        if screen:
            return ChangeKind.SCREEN
        total = 0
        for region in group:
            votes, sign = self.votes[region.at], 1 if region.edges >= 0 else -1
            cast = np.clip(votes[region.mask] + sign, -VOTES, VOTES)
            votes[region.mask] = np.where(cast == 0, sign, cast)
            total += int(votes[region.mask].sum())
        return ChangeKind.LEFT if total >= 0 else ChangeKind.REMOVED

    def _absorb(self, region: Region, stays: Stays, view: Reference) -> None:
        """Learn light that has stood for long and was never reported."""
        stood_s = stays.stood_s[region.at][region.mask]
        if median(stood_s) < ABSORB_LIGHT_S or self.votes[region.at][region.mask].any():
            return
        where = np.zeros_like(stays.stuck)
        where[region.at][region.mask] = 255
        view.accept(stays.look, both(where, stays.stuck))
        stays.free(where)


def _is_screen(box_px: _BoxPx, picture_px: int) -> bool:
    x1, y1, x2, y2 = box_px
    return (x2 - x1) * (y2 - y1) >= SCREEN_SHARE * picture_px


def _before_all(found: list[tuple[list[Region], _BoxPx]], picture_px: int) -> list[tuple[list[Region], _BoxPx]]:
    """The things without those that are mere parts of a screen."""
    screens = [box for _, box in found if _is_screen(box, picture_px)]
    return [
        (group, box)
        for group, box in found
        if box in screens or not any(contained(box, screen) >= PART_SHARE for screen in screens)
    ]
