"""Regions of stuck pixels: where they end, whether light explains them, and whether something came or went."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.reference import AROUND, LOG_UNIT, Logs, Mask, Reference

LEAST_SHARE = 0.0006
"""Least area, of the picture's: 40 pixels of a working picture, a bag in 20 m."""
JOIN_PX = 7
"""Parts that are closer than this are one thing."""
PAD_PX = 5
"""How much is looked at around a region: its outline lies half outside."""
FINE_PX = 7
"""Texture is what is left after the mean over this many pixels was taken away."""
LIGHT_KEEPS = 0.4
"""Light leaves this share of the reference's texture visible at least, and a thing hides it (slope of the regression
of the one texture upon the other). In logarithms light alone keeps 1.0, whatever its strength."""
LIGHT_KEEPS_REPORTED = 0.7
"""The same for what was already reported, so that reports do not flicker."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Stuck pixels that belong together.

    Attributes:
        at: rows and columns of the picture, somewhat wider than the region. mask: (h, w) of that part.
        box_px: x1 y1 x2 y2. strength: median deviation, in limits of a change.
        keeps: share of the reference's texture that can still be seen, less its error: near 1 for mere light.
        edges: contrast along the outline now less that in the reference, -1..1: positive when something came.
    """

    at: tuple[slice, slice]
    mask: NDArray[np.bool_]
    box_px: tuple[int, int, int, int]
    strength: float
    keeps: float
    edges: float


def regions_of(stuck: Mask, seen: tuple[Logs, Logs], reference: Reference) -> list[Region]:
    """The regions of a map of stuck pixels, without specks.

    Args:
        seen: (h, w, 3) what every pixel has looked like of late, in the reference's light; (h, w) its deviation.
    """
    least = LEAST_SHARE * stuck.size
    if cv2.countNonZero(stuck) < least:
        return []
    solid = cv2.morphologyEx(stuck, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    solid = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((JOIN_PX, JOIN_PX), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
    found = []
    for i, (x, y, width, height, area) in enumerate(stats.tolist()):
        if i and area >= least:
            at = (slice(max(0, y - PAD_PX), y + height + PAD_PX), slice(max(0, x - PAD_PX), x + width + PAD_PX))
            found.append(_described(at, labels[at] == i, (x, y, x + width, y + height), seen, reference))
    return found


def _described(
    at: tuple[slice, slice],
    mask: NDArray[np.bool_],
    box_px: tuple[int, int, int, int],
    seen: tuple[Logs, Logs],
    reference: Reference,
) -> Region:
    look, away = seen
    now, then = look[at].astype(np.float32) / LOG_UNIT, reference.logs[at].astype(np.float32) / LOG_UNIT
    came, was = _outlined(now, mask), _outlined(then, mask)
    return Region(
        at=at,
        mask=mask,
        box_px=box_px,
        strength=float(np.median(away[at][mask] / reference.limit[at][mask])),
        keeps=_texture_kept(now.mean(axis=2), then.mean(axis=2), mask),
        edges=float((came - was) / (came + was + 1e-6)),
    )


def _texture_kept(now: NDArray[np.float32], then: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """Slope of the texture now over the texture then, less twice its standard error: neighbours are not independent."""
    inner = cv2.erode(mask.astype(np.uint8), AROUND) > 0
    inner = inner if np.count_nonzero(inner) >= np.count_nonzero(mask) / 4 else mask
    new, old = _fine(now)[inner], _fine(then)[inner]
    energy = float(old @ old) + 1e-6
    slope = float(new @ old) / energy
    rest = new - slope * old
    return slope - 2 * float(np.sqrt(rest @ rest / len(rest) / energy))


def _fine(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(grey - cv2.blur(grey, (FINE_PX, FINE_PX)), np.float32)


def _outlined(part: NDArray[np.float32], mask: NDArray[np.bool_]) -> float:
    """How sharply a region is set off: mean contrast across its outline, of three channels."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (5, 5), 0)
    across_x, across_y = _slopes(soft)
    steep = cv2.magnitude(across_x, across_y)
    slopes_x, slopes_y = _slopes(part)
    crossing = np.abs(slopes_x * across_x[..., None] + slopes_y * across_y[..., None]).sum(axis=2)
    return float(crossing.sum() / (np.square(steep).sum() + 1e-6))


def _slopes(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return np.asarray(cv2.Sobel(values, cv2.CV_32F, 1, 0)), np.asarray(cv2.Sobel(values, cv2.CV_32F, 0, 1))
