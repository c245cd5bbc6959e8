"""Where a camera stands against its reference view, from picture to picture: in its place, shifted, or lost."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from agent.core.picture_health.reference_view import Mask, ReferenceView
from agent.core.picture_health.registration import Alignment, align, blocks, structure, warp_grey
from agent.core.types import Floats

SAME: Final = 0.5
"""Share of blocks alike from which nothing has to be measured. Traffic and weather leave 0.65 and more, a shift by 3 %
of the width 0.33 at most, another place 0.05."""
CERTAIN: Final = 0.2
"""Certainty from which a measurement is believed. Night against day has 0.35; another place has 0."""
NEAR_N: Final = 0.008
"""Two measurements closer than this (of the width) say the same: leaves in wind cost up to 1.5 px of 320."""
SWAY_N: Final = 0.02
"""So far a pole sways in wind; a picture that is off by less is looked at as it is."""
FARTHEST_N: Final = 0.10
"""A steady shift up to here is put right; beyond it too much of what the zones need is out of view."""
CHECK_S: Final = 20.0
"""Measured again after so long although the blocks agree: they also agree under a shift of two pixels."""
_LEAST_S: Final = 1.5
"""While things disagree, no more often than this: a measurement costs as much as ten pictures without."""
_STEADY_S: Final = 8.0
_STEADY_PICTURES: Final = 5
_HOME: Final = Alignment(certainty=1.0)


class Stand(StrEnum):
    """How the present view relates to the reference view."""

    HERE = "here"
    SHIFTED = "shifted"
    """The same place, certainly, but farther off than sway, and too far or not steady enough to be put right."""
    LOST = "lost"
    """Nothing certain: covered, another place, or quite another light."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Match:
    """How one picture compares.

    Attributes:
        alike: (N,) blocks that show what the reference shows. share: of the structured blocks in view.
        grey: (H, W) the picture put into the reference's place as far as is known.
        fresh: the place was measured, with certainty, with this very picture.
    """

    stand: Stand
    alike: Mask
    share: float
    grey: Floats
    fresh: bool = False


class CameraPose:
    """Follows one camera. `held` is the alignment that puts its pictures right, or None when they are."""

    def __init__(self) -> None:
        self.held: Alignment | None = None
        self._measured: list[tuple[float, Alignment]] = []
        self._checked_s: float | None = None
        self._stand = Stand.HERE

    def interrupt(self) -> None:
        """Nobody looked: what was measured before says nothing about steadiness."""
        self._measured, self._checked_s = [], None

    def match(self, view: ReferenceView, grey: Floats, now: Floats, at_s: float) -> Match:
        """Compare one picture of the view's shape.

        Args:
            grey: (H, W) float32. now: its structure. at_s: monotonic seconds.
        """
        found = self._compared(view, grey, now)
        since_s = np.inf if self._checked_s is None else at_s - self._checked_s
        agrees = found.share >= SAME
        if agrees and not self._measured and since_s < CHECK_S:
            self._stand = Stand.HERE
            return found
        if since_s < _LEAST_S:
            return Match(stand=self._stand, alike=found.alike, share=found.share, grey=found.grey)
        self._checked_s = at_s
        measured = align(view.structure, now)
        certain = measured.certainty >= CERTAIN
        if not certain:
            self._measured = []
            self._stand = Stand.HERE if agrees else Stand.LOST
            return Match(stand=self._stand, alike=found.alike, share=found.share, grey=found.grey)
        before = self.held
        self._stand = self._placed(measured, view.size_px, at_s)
        if self.held is not before:
            found = self._compared(view, grey, now)
        exact = warp_grey(grey, measured, view.grey) if measured.apart_n(_HOME, view.size_px) > NEAR_N / 2 else grey
        return Match(
            stand=self._stand, alike=found.alike, share=found.share, grey=exact, fresh=self._stand is Stand.HERE
        )

    def _compared(self, view: ReferenceView, grey: Floats, now: Floats) -> Match:
        where = view.where
        if self.held is not None:
            inside = warp_grey(np.ones_like(grey), self.held, np.zeros_like(grey))
            where = where & (blocks(inside).min(axis=1) > 0)
            grey = warp_grey(grey, self.held, view.grey)
            now = structure(grey)
        alike = view.alike(now) & where
        return Match(stand=Stand.HERE, alike=alike, share=float(alike.sum()) / max(int(where.sum()), 1), grey=grey)

    def _placed(self, measured: Alignment, size_px: tuple[int, int], at_s: float) -> Stand:
        """What a certain measurement means; takes a steady small shift as the new place."""
        off_n = measured.apart_n(self.held or _HOME, size_px)
        from_home_n = measured.apart_n(_HOME, size_px)
        if off_n <= NEAR_N or from_home_n <= NEAR_N:
            self._measured = []
            self.held = None if from_home_n <= NEAR_N else self.held
            return Stand.HERE
        self._measured = [*self._measured, (at_s, measured)]
        while len(self._measured) > _STEADY_PICTURES and at_s - self._measured[1][0] >= _STEADY_S:
            del self._measured[0]  # enough without it, in number and in time
        if from_home_n <= FARTHEST_N and self._is_steady(measured, size_px, at_s):
            self._measured, self.held = [], measured
            return Stand.HERE
        return Stand.HERE if off_n <= SWAY_N else Stand.SHIFTED

    def _is_steady(self, measured: Alignment, size_px: tuple[int, int], at_s: float) -> bool:
        enough = len(self._measured) >= _STEADY_PICTURES and at_s - self._measured[0][0] >= _STEADY_S
        return enough and all(a.apart_n(measured, size_px) <= NEAR_N for _, a in self._measured)
