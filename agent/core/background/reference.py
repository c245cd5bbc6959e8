"""What one camera's view looks like when nothing is left in it: learnt robustly, adapted slowly.

Pictures are compared as logarithms, where a change of light is a term that is added and that varies slowly over the
picture: it is estimated from the pixels that did not change and taken away (retinex, Land and McCann 1971). All
logarithms are int16 in units of 1 / `LOG_UNIT`, for each pixel and channel of the working picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.background.masks import Mask, add_where, both, compared, either, inverse
from agent.core.background.steady import Marks, marks_of
from agent.core.types import Floats, Image

Logs = NDArray[np.int16]
"""(h, w, 3) or (h, w) int16, units of 1 / LOG_UNIT."""

LOG_UNIT = 2048
"""One e-fold of brightness: 11,437 units are white, which int16 holds with room for differences."""
LOG_DARK = 14.0
"""Grey levels added before the logarithm: below them a sensor shows noise rather than ratios."""
LEVELS_TO_LOGS: Logs = np.round(np.log(np.arange(256) + LOG_DARK) * LOG_UNIT).astype(np.int16)
LOGS_TO_LEVELS = np.clip(np.rint(np.exp(np.arange(2**15) / LOG_UNIT) - LOG_DARK), 0, 255).astype(np.uint8)
FLOOR = round(0.14 * LOG_UNIT)
"""Least difference that counts as a change: 15 % of brightness."""
SPREADS = 3.0
"""A change exceeds this many times what the pixel usually deviates by."""
SPREAD_RANK = 0.8
"""The usual deviation is this quantile: a vehicle that passes now and then does not count, leaves in the wind do."""
SPREAD_STEP_PER_S = 0.0008 * LOG_UNIT
"""How fast the usual deviation is corrected."""
SPREAD_MOST = round(0.8 * LOG_UNIT)
"""A pixel that deviates by more than this as a rule still notices what is black or white there."""
LEAST_LOOKS = 4
"""Looks at a pixel from which its median is believed."""
ADAPT_S = 300.0
"""Time constant with which clean pixels follow the picture; a sunset takes longer."""
LIGHT_SHRINK = 8
LIGHT_WIDTH_PX = 40
"""Width of the box filter that is run twice over the trusted differences: light varies over more than this, and what is
narrower is a thing. With 56 the soft edge of a cloud's shadow was taken for things."""
LIGHT_ROUNDS = 3
LIGHT_SLACK = 2.0
"""A pixel speaks for the light in the last round while it is within this many limits of a change; Geman-McClure
weights (1987) within."""
LIGHT_PRIOR = 0.02
"""Weight of the whole picture's light where nothing near can be trusted."""
GREY_LEVELS = 2.0
"""Mean difference between the channels, summed, below which there are no colours but for compression; the greyest of
the rendered nights has 20, a wet grey day 6."""
GREY_ROWS = 4
"""Every so many rows are looked at for that."""
MARKS_EVERY = 6
"""Landmarks follow after so many adaptations: their local mean is taken out, so that little changes meanwhile."""
AROUND = np.ones((3, 3), np.uint8)


@dataclass(slots=True, eq=False)
class Reference:
    """The clean view in one kind of light.

    Attributes:
        logs: (h, w, 3) its logarithm.
        spread: (h, w) by how much each pixel usually deviates.
        known: 255 where enough was seen to judge.
        holds: 255 where a thing that was already reported stood while this view was learnt, so that `logs` show it.
        lowest, highest: `logs` within one pixel around: what a shaking camera may show there.
        limit: (h, w) the least deviation that is a change.
        marks: landmarks for steadying. grey: an infra-red view without colours.
    """

    logs: Logs
    spread: Logs
    known: Mask
    holds: Mask
    lowest: Logs = field(init=False)
    highest: Logs = field(init=False)
    limit: Logs = field(init=False)
    marks: Marks = field(init=False)
    grey: bool = field(init=False)
    _coarse_logs: Floats = field(init=False)
    _coarse_limit: Floats = field(init=False)
    _adapted: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Bring what is derived up to date after `logs` or `spread` changed."""
        self._refresh_limits()
        levels = levels_of(self.logs)
        self.marks, self.grey = marks_of(levels), is_grey(levels)

    def _refresh_limits(self) -> None:
        self.lowest = as_logs(cv2.erode(self.logs, AROUND))
        self.highest = as_logs(cv2.dilate(self.logs, AROUND))
        usual = as_logs(cv2.dilate(self.spread, AROUND))
        self.limit = np.maximum(as_logs(cv2.addWeighted(usual, SPREADS, usual, 0, 0)), np.int16(FLOOR))
        self._coarse_logs = _coarse(self.logs).astype(np.float32)
        self._coarse_limit = _coarse(self.limit).astype(np.float32) * np.float32(LIGHT_SLACK)

    def light(self, logs: Logs, usable: Mask) -> tuple[Logs, float]:
        """By how much the light differs from the reference's: smooth, and blind to what stands there.

        Args:
            usable: 255 where the picture shows the scene and not some mover.

        Returns:
            (h, w, 3) the light, and the share (0..1) of the usable picture that it does not explain.
        """
        height, width = usable.shape
        coarse = _coarse(logs).astype(np.float32) - self._coarse_logs
        weight = (_coarse(usable) > 127).astype(np.float32)
        if not weight.any():
            return np.zeros_like(logs), 0.0
        planes = np.stack(cv2.split(coarse)).astype(np.float32, copy=False)  # numpy is slow along an axis of three
        overall = median(planes[:, weight > 0][:, ::3]).astype(np.float32)[:, None, None]
        smooth, trust = np.broadcast_to(overall, planes.shape), weight
        for round_ in range(LIGHT_ROUNDS):
            limit = self._coarse_limit * np.float32(LIGHT_ROUNDS - round_)
            away = np.abs(planes - smooth).max(axis=0) / limit
            trust = weight / (1 + away * away)
            trust[away > LIGHT_SLACK] = 0
            soft = np.stack(cv2.split(_smoothed(np.asarray(cv2.merge([*(planes * trust), trust]), np.float32))))
            smooth = (soft[:3] + np.float32(LIGHT_PRIOR) * overall) / (soft[3] + np.float32(LIGHT_PRIOR))
        light = cv2.merge(list(smooth.astype(np.int16)))
        unexplained = 1.0 - np.count_nonzero(trust) / np.count_nonzero(weight)
        return as_logs(cv2.resize(light, (width, height), interpolation=cv2.INTER_LINEAR)), unexplained

    def deviation(self, lit: Logs) -> Logs:
        """(h, w) how far each pixel of a picture in the reference's light is from all that may be there."""
        return beyond(lit, self.lowest, self.highest)

    def adapt(self, lit: Logs, light: Logs, clean: Mask, visible: Mask, elapsed_s: float, *, shaking: bool) -> None:
        """Follow the picture: where it is clean in all, elsewhere in the light alone.

        Args:
            lit: the picture in the reference's light. elapsed_s: since the last call.
        """
        difference, away = (
            cv2.subtract(lit, self.logs),
            self.deviation(lit) if shaking else most(cv2.absdiff(lit, self.logs)),
        )
        step = SPREAD_STEP_PER_S * elapsed_s
        above = compared(away, self.spread, cv2.CMP_GT)
        up, down = floor(SPREAD_RANK * step), ceil((1 - SPREAD_RANK) * step)
        add_where(self.spread, up, both(above, visible))
        add_where(self.spread, -down, both(inverse(above), visible))
        np.clip(self.spread, 0, SPREAD_MOST, out=self.spread)
        moved = cv2.add(light, cv2.copyTo(difference, clean))
        self.logs = as_logs(cv2.addWeighted(self.logs, 1.0, moved, min(1.0, elapsed_s / ADAPT_S), 0))
        self._adapted += 1
        if self._adapted % MARKS_EVERY:
            self._refresh_limits()
        else:
            self.refresh()

    def accept(self, look: Logs, where: Mask) -> None:
        """What is seen in `where` is clean from now on."""
        cv2.copyTo(look, where, self.logs)
        self.known = either(self.known, where)
        self.holds = both(self.holds, inverse(where))
        self.refresh()

    def unlearn(self, where: Mask) -> None:
        """What is known of `where` holds no longer."""
        self.known = both(self.known, inverse(where))
        self.holds = both(self.holds, inverse(where))


def learnt(pictures: Sequence[Image], seen: Sequence[Mask], held: Mask, *, shaking: bool) -> Reference:
    """The median of some steadied working pictures, each with 255 where it shows the scene.

    Pixels that were seen in fewer than `LEAST_LOOKS` of them stay unknown.

    Args:
        held: 255 where things stand that are reported.
    """
    stack = np.stack([logs_of(picture) for picture in pictures])
    shown = np.stack(seen) > 0
    logs = _rank(stack, shown, 0.5)
    lowest, highest = as_logs(cv2.erode(logs, AROUND)), as_logs(cv2.dilate(logs, AROUND))
    if shaking:
        away = np.stack([np.maximum(beyond(one, lowest, highest), 0) for one in stack])
    else:
        away = np.abs(stack - logs).max(axis=3)
    spread = np.minimum(_rank(away[..., None], shown, SPREAD_RANK)[..., 0], SPREAD_MOST)
    known = np.where(np.count_nonzero(shown, axis=0) >= LEAST_LOOKS, 255, 0).astype(np.uint8)
    return Reference(logs, as_logs(spread), known, both(held, known))


def logs_of(small: Image) -> Logs:
    """The logarithm of a working picture, (h, w, 3), softened against noise."""
    return as_logs(cv2.LUT(cv2.GaussianBlur(small, (3, 3), 0), LEVELS_TO_LOGS))


def levels_of(logs: Logs) -> Image:
    """The inverse of `logs_of`, but for the softening."""
    return np.asarray(np.take(LOGS_TO_LEVELS, logs, mode="clip"), np.uint8)


def is_grey(small: Image) -> bool:
    """Whether it is a picture without colours, as cameras give under infra-red light."""
    blue, green, red = cv2.split(np.ascontiguousarray(small[::GREY_ROWS]))
    return cv2.mean(cv2.absdiff(blue, red))[0] + cv2.mean(cv2.absdiff(green, red))[0] < GREY_LEVELS


def most(channels: NDArray[Any]) -> Logs:
    """(h, w) the greatest of three channels."""
    blue, green, red = cv2.split(channels)
    return as_logs(cv2.max(cv2.max(blue, green), red))


def beyond(logs: Logs, lowest: Logs, highest: Logs) -> Logs:
    """(h, w) by how much the channel that is furthest out lies outside of a range; negative inside."""
    return most(cv2.max(cv2.subtract(logs, highest), cv2.subtract(lowest, logs)))


def median(values: NDArray[np.floating[Any]]) -> NDArray[Any]:
    """The median along the last axis: as `np.median`, which takes longer to begin than to end on arrays this small."""
    ordered, length = np.sort(values, axis=-1), values.shape[-1]
    return np.asarray((ordered[..., (length - 1) // 2] + ordered[..., length // 2]) / 2)


def as_logs(values: NDArray[np.generic]) -> Logs:
    """The same as int16."""
    return np.asarray(values, np.int16)


def _coarse(full: NDArray[Any]) -> NDArray[Any]:
    for shrink in (2, 2, LIGHT_SHRINK // 4):  # by halves: OpenCV has that in vector instructions
        size = (max(1, full.shape[1] // shrink), max(1, full.shape[0] // shrink))
        full = np.asarray(cv2.resize(full, size, interpolation=cv2.INTER_AREA))
    return full


def _smoothed(coarse: NDArray[np.float32]) -> NDArray[np.float32]:
    width = LIGHT_WIDTH_PX // LIGHT_SHRINK
    return np.asarray(cv2.blur(cv2.blur(coarse, (width, width)), (width, width)), np.float32)


def _rank(stack: Logs, shown: NDArray[np.bool_], rank: float) -> Logs:
    """(h, w, c) the quantile of (n, h, w, c) over those that are shown; of all, where none is."""
    count = np.count_nonzero(shown, axis=0)
    hidden = ~shown & (count > 0)
    ordered = np.sort(np.where(hidden[..., None], np.int16(np.iinfo(np.int16).max), stack), axis=0)
    at = np.round((np.where(count > 0, count, len(stack)) - 1) * rank).astype(np.intp)
    return as_logs(np.take_along_axis(ordered, at[None, ..., None], axis=0)[0])
