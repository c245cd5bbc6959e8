"""Regions of stuck pixels: where they end, whether light explains them, and whether something came or went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.background.masks import Mask
from agent.core.background.reference import AROUND, LOG_UNIT, Logs, Reference, median

LEAST_SHARE = 0.0006
"""Least area, of the picture's: 40 pixels of a working picture, a bag in 20 m."""
JOIN_PX = 7
"""Parts that are closer than this are looked at as one."""
THING_PX = 11
"""Parts that were found to be things and are closer than this are one thing: the canopy of a stall and its table."""
PAD_PX = 5
"""How much is looked at around a region: its outline lies half outside."""
MARGIN_PX = 9
"""More than `JOIN_PX` and `PAD_PX`: what is cut out for speed must not show in the result."""
FINE_PX = 7
"""Texture is what is left after the mean over this many pixels was taken away."""
LIGHT_KEEPS = 0.4
"""Light leaves this share of the reference's texture visible at least, and a thing hides it (slope of the regression
of the one texture upon the other). In logarithms light alone keeps 1.0, whatever its strength."""
LIGHT_KEEPS_MOST = 1.5
"""Light does not make texture stronger than this; a black bag with a highlight does, by chance."""
LIGHT_KEEPS_REPORTED = 0.7
"""The same for what was already reported, so that reports do not flicker."""
LOCAL_PX = 15
LOCAL_LIKENESS = 0.7
FAINT = 0.02
"""Within a region of light, a pixel is light when the textures within this many pixels correlate like that, given that
the reference has any texture there (e-folds of brightness)."""
_MEAN = np.full((1, 3), 1 / 3, np.float32)
_SUM = np.ones((1, 3), np.float32)
"""Over the channels, for `cv2.transform`: numpy takes 25 times as long along an axis of three."""
_Part = tuple[tuple[slice, slice], NDArray[np.bool_], tuple[int, int, int, int]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Stuck pixels that belong together.

    Attributes:
        at: rows and columns of the picture, somewhat wider than the region. mask: (h, w) of that part.
        box_px: x1 y1 x2 y2. strength: median deviation, in limits of a change.
        keeps: share of the reference's texture that can still be seen, less its error: near 1 for mere light.
        hides: whether it is certain that the reference's texture is hidden.
        edges: contrast along the outline now less that in the reference, -1..1: positive when something came.
    """

    at: tuple[slice, slice]
    mask: NDArray[np.bool_]
    box_px: tuple[int, int, int, int]
    strength: float
    keeps: float
    hides: bool
    edges: float


def regions_of(stuck: Mask, seen: tuple[Logs, Logs], reference: Reference) -> list[Region]:
    """The regions of a map of stuck pixels, without specks.

    Args:
        seen: (h, w, 3) what every pixel has looked like of late, in the reference's light; (h, w) its deviation.
    """
    least = LEAST_SHARE * stuck.size
    if cv2.countNonZero(stuck) < least:
        return []
    x, y, width, height = cv2.boundingRect(stuck)  # labelling the whole picture costs more than all else here
    left, top = max(0, x - MARGIN_PX), max(0, y - MARGIN_PX)
    stuck = stuck[top : y + height + MARGIN_PX, left : x + width + MARGIN_PX]
    pair = np.ones((2, 2), np.uint8)  # its opening is written out, since that of OpenCV moves everything by a pixel
    solid = cv2.dilate(cv2.erode(stuck, pair, anchor=(0, 0)), pair, anchor=(1, 1))
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((JOIN_PX, JOIN_PX), np.uint8))
    found = []
    for part in _parts(solid > 0, least, left, top):
        region = _described(part, seen, reference)
        found += _divided(region, seen, reference, least)
    return found


def joined(regions: Sequence[Region], shape: tuple[int, int]) -> list[tuple[list[Region], tuple[int, int, int, int]]]:
    """Regions that are so close that they are one thing, with the box around them, x1 y1 x2 y2 in pixels."""
    if not regions:
        return []
    if len(regions) == 1:
        return [(list(regions), regions[0].box_px)]
    painted = np.zeros(shape, np.uint8)
    for region in regions:
        painted[region.at][region.mask] = 1
    near = cv2.morphologyEx(painted, cv2.MORPH_CLOSE, np.ones((THING_PX, THING_PX), np.uint8))
    labels = cv2.connectedComponents(near, connectivity=8)[1]
    groups: dict[int, list[Region]] = {}
    for region in regions:
        groups.setdefault(int(labels[region.at][region.mask].max()), []).append(region)
    return [(group, _around_all(group)) for _, group in sorted(groups.items())]


def _around_all(group: Sequence[Region]) -> tuple[int, int, int, int]:
    lows, highs = (
        np.array([r.box_px[:2] for r in group]).min(axis=0),
        np.array([r.box_px[2:] for r in group]).max(axis=0),
    )
    return int(lows[0]), int(lows[1]), int(highs[0]), int(highs[1])


def _parts(solid: NDArray[np.bool_], least: float, left: int = 0, top: int = 0) -> list[_Part]:
    """The connected parts of a map that lies at (left, top) of the picture, without specks."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8), connectivity=8)
    parts = []
    for i, (x, y, width, height, area) in enumerate(stats.tolist()):
        if i and area >= least:
            at = (slice(max(0, y - PAD_PX), y + height + PAD_PX), slice(max(0, x - PAD_PX), x + width + PAD_PX))
            mask = labels[at] == i
            rows, columns = (
                slice(s.start + o, s.start + o + n) for s, o, n in zip(at, (top, left), mask.shape, strict=True)
            )
            parts.append(((rows, columns), mask, (x + left, y + top, x + left + width, y + top + height)))
    return parts


def _divided(region: Region, seen: tuple[Logs, Logs], reference: Reference, least: float) -> list[Region]:
    """A region as it is; or, where much of it is light, its light and the things in it that hide what was there."""
    if region.keeps < LIGHT_KEEPS:
        return [region]
    now, then = _fine(_grey(seen[0][region.at])), _fine(_grey(reference.logs[region.at]))
    shared, old, new = (_around(product) for product in (now * then, then * then, now * now))
    light = (
        region.mask & (shared > LOCAL_LIKENESS * np.sqrt(old * new)) & (shared > LIGHT_KEEPS * old) & (old > FAINT**2)
    )
    dark = cv2.morphologyEx((region.mask & ~light).astype(np.uint8), cv2.MORPH_OPEN, AROUND)
    rows, columns = region.at
    things = [_described(part, seen, reference) for part in _parts(dark > 0, least, columns.start, rows.start)]
    things = [thing for thing in things if thing.hides]
    rest = region.mask.copy()
    for thing in things:
        own_rows = slice(thing.at[0].start - rows.start, thing.at[0].stop - rows.start)
        own_columns = slice(thing.at[1].start - columns.start, thing.at[1].stop - columns.start)
        rest[own_rows, own_columns] &= ~thing.mask
    if not rest.any():
        return things
    return [*things, replace(region, mask=rest, keeps=1.0, hides=False)]


def _described(part: _Part, seen: tuple[Logs, Logs], reference: Reference) -> Region:
    at, mask, box_px = part
    look, away = seen
    unit = np.float32(1 / LOG_UNIT)
    now = np.asarray(look[at] * unit, np.float32)
    then = np.asarray(reference.logs[at] * unit, np.float32)
    slope, error = _texture_kept(_over(now, _MEAN), _over(then, _MEAN), mask)
    came, was = _outlined(now, mask), _outlined(then, mask)
    return Region(
        at=at,
        mask=mask,
        box_px=box_px,
        strength=float(median(away[at][mask] / reference.limit[at][mask])),
        keeps=slope - error if slope <= LIGHT_KEEPS_MOST else 0.0,
        hides=slope + error < LIGHT_KEEPS_REPORTED,
        edges=float((came - was) / (came + was + 1e-6)),
    )


def _texture_kept(now: NDArray[np.float32], then: NDArray[np.float32], mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope of the texture now over the texture then, and twice its standard error: neighbours are not independent."""
    inner = cv2.erode(mask.astype(np.uint8), AROUND) > 0
    inner = inner if np.count_nonzero(inner) >= np.count_nonzero(mask) / 4 else mask
    new, old = _fine(now)[inner], _fine(then)[inner]
    energy = float(old @ old) + 1e-6
    slope = float(new @ old) / energy
    rest = new - slope * old
    return slope, 2 * float(np.sqrt(rest @ rest / len(rest) / energy))


def _fine(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(grey - cv2.blur(grey, (FINE_PX, FINE_PX)), np.float32)


def _around(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(values, (LOCAL_PX, LOCAL_PX)), np.float32)


def _grey(logs: Logs) -> NDArray[np.float32]:
    return _over(logs.astype(np.float32), _MEAN / np.float32(LOG_UNIT))


def _over(channels: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) the weighted sum of three channels."""
    return np.asarray(cv2.transform(channels, weights), np.float32)


def _outlined(part: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """How sharply a region is set off: mean contrast across its outline, of three channels."""
    soft = np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (5, 5), 0), np.float32)
    across_x, across_y = _slopes(soft)
    steep = np.square(across_x) + np.square(across_y)
    slopes_x, slopes_y = _slopes(part)
    crossing = _over(np.abs(slopes_x * across_x[..., None] + slopes_y * across_y[..., None]), _SUM)
    return float(crossing.sum() / (steep.sum() + 1e-6))


def _slopes(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.asarray(cv2.Sobel(values, cv2.CV_32F, 1, 0)), np.asarray(cv2.Sobel(values, cv2.CV_32F, 0, 1))
