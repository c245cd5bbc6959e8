"""Where the camera looks now, against a reference view of the same place.

Compared is *structure*, the picture with its local mean and contrast taken out, so that light matters little. A coarse
shift comes from phase correlation; then blocks of the reference are looked for near where that shift puts them, and a
similarity is fitted to the blocks that agree with each other. Vehicles, leaves and relit windows only cost blocks. No
step draws lots, so the same two pictures always give the same answer.

Sources: C. D. Kuglin, D. C. Hines, "The phase correlation image alignment method", 1975; S. Umeyama, "Least-squares
estimation of transformation parameters between two point patterns", IEEE PAMI 13(4), 1991.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, degrees, hypot, radians, sin
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.core.types import Floats, Image

BLOCK_PX: Final = 20
"""Side of a block in a picture 320 px wide: a sixteenth, so that a passing car spoils few and each holds detail."""
ALIKE: Final = 0.5
"""Correlation from which a block shows the same thing. Two different places reach it in 2 % of their blocks, one place
by day and by night in 60 %, by day with traffic in 90 % (measured on real and rendered streets)."""
STRUCTURED: Final = 0.35
"""Standard deviation of structure from which a block can be told from others."""
_SMOOTH_PX: Final = 1.0
"""Takes grain and sub-pixel sway out before structure is read."""
_HALF_WINDOW_PX: Final = 13
"""Local mean and contrast are over this much of a picture of half the size, where a box filter costs a quarter."""
_GREY_FLOOR: Final = 6.0
"""Contrast in grey levels that counts as one unit at least: noise of a flat wall must not be blown up to structure."""
_REACH_PX: Final = 9
"""How far from the coarse place a block is looked for: 2.5 degrees of rotation at the side of the picture."""
_MOST_BLOCKS: Final = 64
_CLOSE_PX: Final = 1.5
"""A block agrees with the fit when it lies no farther from it than this."""
_FEWEST: Final = 8
_LEAST_SPREAD: Final = 0.12
"""Agreeing blocks must spread over the picture (standard deviation, share of its side), or rotation is a guess."""
_LARGEST_TURN_DEG: Final = 6.0
_LARGEST_ZOOM: Final = 1.1
_BACK: Final = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
_NO_STRUCTURE: Final = 1e-3 / BLOCK_PX**2
_NOWHERE: Final = -1e6
"""So far below every grey that a pixel with the least share of it is below zero too."""
_GREY: Final = (114, 114, 114)
"""Border of warped pictures; the same grey with which the detector's letterbox fills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment:
    """How the reference view lies in the present picture.

    A place at `p` in the reference is seen now at `c + scale * R(turn_deg) @ (p - c) + shift`, in pixels of a picture
    of any size with the aspect of the one measured, with `c` its middle, x right, y down, and R turning clockwise.

    Attributes:
        shift_n: right and down; the first in 0..1 of the width, the second in 0..1 of the HEIGHT.
        turn_deg: positive turns the picture's content clockwise. scale: above 1 when things look larger now.
        certainty: 0..1, the share of the reference's structured blocks that should be in view and are found where this
            says. Different places stay under 0.1; 0 when no fit was found, and then the rest is neutral.
    """

    shift_n: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 0.0
    scale: float = 1.0
    certainty: float = 0.0

    def matrix(self, size_px: tuple[int, int]) -> NDArray[np.float64]:
        """(2, 3) float64: from reference pixels to present pixels of a picture of this width and height.

        Pixel coordinates as OpenCV has them: the middle of the first pixel is (0, 0).
        """
        width, height = size_px
        turn = radians(self.turn_deg)
        a, b = self.scale * cos(turn), self.scale * sin(turn)
        cx, cy = (width - 1) / 2, (height - 1) / 2
        dx, dy = self.shift_n[0] * width, self.shift_n[1] * height
        return np.array([[a, -b, cx - a * cx + b * cy + dx], [b, a, cy - b * cx - a * cy + dy]])

    def apart_n(self, other: Alignment, size_px: tuple[int, int]) -> float:
        """How far two alignments put one corner of such a picture apart at most, in 0..1 of its width."""
        width, height = size_px
        corners = np.array([[x, y, 1.0] for x in (0, width - 1) for y in (0, height - 1)])
        apart = corners @ (self.matrix(size_px) - other.matrix(size_px)).T
        return float(np.hypot(apart[:, 0], apart[:, 1]).max()) / width


def grey_of(image: Image) -> Floats:
    """(H, W) float32 in 0..255 of a (H, W, 3) uint8 BGR picture."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.float32)


def structure(grey: Floats) -> Floats:
    """What stays when light changes: (H, W) float32, about -3..3, zero where nothing is to be seen.

    Args:
        grey: (H, W) float32 in 0..255, about 320 px wide.
    """
    return structure_of_smooth(smoothed(grey))


def smoothed(grey: Floats) -> Floats:
    """The picture without grain, of the same shape; the Gaussian is cut off at three sigma."""
    return np.asarray(cv2.GaussianBlur(grey, (7, 7), _SMOOTH_PX), np.float32)


def structure_of_smooth(smooth: Floats) -> Floats:
    """As `structure`, of what `smoothed` gave."""
    size = (smooth.shape[1], smooth.shape[0])
    half = np.asarray(cv2.resize(smooth, (max(1, size[0] // 2), max(1, size[1] // 2)), interpolation=cv2.INTER_AREA))
    mean = np.asarray(cv2.blur(half, (_HALF_WINDOW_PX, _HALF_WINDOW_PX)), np.float32)
    variance = np.asarray(cv2.sqrBoxFilter(half, cv2.CV_32F, (_HALF_WINDOW_PX, _HALF_WINDOW_PX)), np.float32)
    variance -= mean * mean
    np.maximum(variance, 0, out=variance)
    variance += _GREY_FLOOR**2
    unit = np.asarray(cv2.sqrt(variance), np.float32)
    seen = np.asarray(cv2.subtract(smooth, cv2.resize(mean, size)), np.float32)
    return np.asarray(cv2.divide(seen, cv2.resize(unit, size), dst=seen), np.float32)


def blocks(values: Floats) -> Floats:
    """(N, BLOCK_PX²) float32: the whole blocks of (H, W) values, row by row; what is left at the edges is cut off."""
    rows, cols = values.shape[0] // BLOCK_PX, values.shape[1] // BLOCK_PX
    cut = values[: rows * BLOCK_PX, : cols * BLOCK_PX].reshape(rows, BLOCK_PX, cols, BLOCK_PX)
    return cut.swapaxes(1, 2).reshape(rows * cols, BLOCK_PX * BLOCK_PX)


def block_means(values: Floats) -> Floats:
    """(N,) float32: the means of `blocks`, without copying them."""
    rows, cols = values.shape[0] // BLOCK_PX, values.shape[1] // BLOCK_PX
    cut = values[: rows * BLOCK_PX, : cols * BLOCK_PX]
    return np.asarray(cv2.resize(cut, (cols, rows), interpolation=cv2.INTER_AREA), np.float32).reshape(-1)


def block_moments(values: Floats) -> tuple[Floats, Floats]:
    """(N,) and (N,) float32: mean and standard deviation of each block."""
    mean = block_means(values)
    variance = block_means(np.asarray(cv2.multiply(values, values), np.float32)) - mean * mean
    return mean, np.sqrt(np.maximum(variance, 0))


def likeness(reference: Floats, now: Floats) -> Floats:
    """(N,) float32 in -1..1: correlation of each block of two structures of the same shape, without any shift."""
    return likeness_of_moments(reference, block_moments(reference), now, block_moments(now))


def likeness_of_moments(
    reference: Floats, moments: tuple[Floats, Floats], now: Floats, moments_now: tuple[Floats, Floats]
) -> Floats:
    """As `likeness`, given the `block_moments` of both."""
    (mean, spread), (mean_now, spread_now) = moments, moments_now
    shared = block_means(np.asarray(cv2.multiply(reference, now), np.float32)) - mean * mean_now
    return np.asarray(shared / np.maximum(spread * spread_now, _NO_STRUCTURE), np.float32)


def align(reference: Floats, now: Floats) -> Alignment:
    """How the present view lies against the reference view.

    Args:
        reference, now: `structure` of two pictures of the same shape, (H, W) float32.

    Raises:
        ValueError: their shapes differ.
    """
    if reference.shape != now.shape:
        raise ValueError(f"align: expected structures of one shape, found {reference.shape} and {now.shape}")
    height, width = reference.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    # Multiplied here: given the window, phaseCorrelate writes into its inputs where their size suits its transform.
    (dx, dy), _ = cv2.phaseCorrelate(reference * window, now * window)
    guesses = [(round(dx), round(dy))] if hypot(dx, dy) < _REACH_PX / 2 else [(round(dx), round(dy)), (0, 0)]
    return max((_fitted(reference, now, guess) for guess in guesses), key=lambda found: found.certainty)


def warp(image: Image, alignment: Alignment) -> Image:
    """A present picture put back into the reference view: (H, W, 3) uint8 BGR; what is not in view is grey (114)."""
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, alignment.matrix(size), size, flags=_BACK, borderValue=_GREY)
    return np.asarray(moved, np.uint8)


def warp_grey(grey: Floats, alignment: Alignment, beyond: Floats) -> Floats:
    """As `warp`, for (H, W) float32 from 0 upwards; what is not in view is taken from `beyond`, of the same shape."""
    size = (grey.shape[1], grey.shape[0])
    moved = cv2.warpAffine(grey, alignment.matrix(size), size, flags=_BACK, borderValue=(_NOWHERE,))
    return np.asarray(np.where(moved < 0, beyond, moved), np.float32)


def _fitted(reference: Floats, now: Floats, guess: tuple[int, int]) -> Alignment:
    """The similarity on which most blocks agree that are found near the guessed shift."""
    places = _places(reference, guess)
    if len(places) < _FEWEST:
        return Alignment()
    found = [_find(reference, now, x, y, guess) for x, y in places]
    kept = np.array([f is not None for f in found])
    height, width = reference.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    source = places[kept] + (BLOCK_PX - 1) / 2 - middle
    target = np.array([f for f in found if f is not None]).reshape(-1, 2) + (BLOCK_PX - 1) / 2 - middle
    if len(source) < _FEWEST:
        return Alignment()
    shift, turn = np.median(target - source, axis=0), 1 + 0j
    for gate_px in (8.0, 4.0, 2.5, _CLOSE_PX, _CLOSE_PX):
        close = _residuals(source, target, turn, shift) <= gate_px
        if close.sum() < _FEWEST:
            return Alignment()
        turn, shift = _similarity(source[close], target[close])
    close = _residuals(source, target, turn, shift) <= _CLOSE_PX
    scale, turn_deg = abs(turn), degrees(float(np.angle(turn)))
    spread = float((source[close].std(axis=0) / (width, height)).min()) if close.any() else 0.0
    plausible = abs(turn_deg) <= _LARGEST_TURN_DEG and 1 / _LARGEST_ZOOM <= scale <= _LARGEST_ZOOM
    if close.sum() < _FEWEST or spread < _LEAST_SPREAD or not plausible:
        return Alignment()
    return Alignment(
        shift_n=(float(shift[0]) / width, float(shift[1]) / height),
        turn_deg=turn_deg,
        scale=scale,
        certainty=float(close.sum()) / len(places),
    )


def _places(reference: Floats, guess: tuple[int, int]) -> NDArray[np.int64]:
    """(N, 2) upper left corners of the structured blocks of the reference that the guess leaves in view."""
    height, width = reference.shape
    rows, cols = height // BLOCK_PX, width // BLOCK_PX
    corners = np.stack(np.meshgrid(np.arange(cols), np.arange(rows)), axis=-1).reshape(-1, 2) * BLOCK_PX
    there = corners + np.array(guess)
    inside = ((there >= 0) & (there + BLOCK_PX <= (width, height))).all(axis=1)
    texture = block_moments(reference)[1]
    good = np.flatnonzero(inside & (texture >= STRUCTURED))
    if len(good) > _MOST_BLOCKS:  # every n-th, so that they still spread over the whole picture
        good = good[np.linspace(0, len(good) - 1, _MOST_BLOCKS).round().astype(int)]
    return np.asarray(corners[good], np.int64)


def _find(reference: Floats, now: Floats, x: int, y: int, guess: tuple[int, int]) -> tuple[float, float] | None:
    """Upper left corner, to a fraction of a pixel, where this block of the reference is now; None when nowhere near."""
    height, width = now.shape
    left, top = max(x + guess[0] - _REACH_PX, 0), max(y + guess[1] - _REACH_PX, 0)
    right, bottom = min(x + guess[0] + _REACH_PX + BLOCK_PX, width), min(y + guess[1] + _REACH_PX + BLOCK_PX, height)
    template = reference[y : y + BLOCK_PX, x : x + BLOCK_PX]
    room = now[top:bottom, left:right]
    score = np.asarray(cv2.matchTemplate(room, template, cv2.TM_CCOEFF_NORMED), np.float32)
    _, best, _, (col, row) = cv2.minMaxLoc(score)
    if best < ALIKE:
        return None
    return left + col + _peak(score[row], col), top + row + _peak(score[:, col], row)


def _peak(values: Floats, at: int) -> float:
    """Offset (-0.5..0.5) of the top of the parabola through a maximum and its neighbours."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, top, after = (float(v) for v in values[at - 1 : at + 2])
    bend = before - 2 * top + after
    return 0.0 if bend >= -1e-9 else max(-0.5, min(0.5, (before - after) / (2 * bend)))


def _residuals(
    source: NDArray[np.float64], target: NDArray[np.float64], turn: complex, shift: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N,) distances in pixels between where the fit puts each point and where it is."""
    moved = (source[:, 0] + 1j * source[:, 1]) * turn + complex(shift[0], shift[1])
    return np.asarray(np.abs(moved - (target[:, 0] + 1j * target[:, 1])), np.float64)


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> tuple[complex, NDArray[np.float64]]:
    """Least squares, in the complex plane: rotation with scale as one number, and the shift."""
    p, q = source[:, 0] + 1j * source[:, 1], target[:, 0] + 1j * target[:, 1]
    p0, q0 = p.mean(), q.mean()
    turn = complex(np.vdot(p - p0, q - q0) / max(float(np.vdot(p - p0, p - p0).real), 1e-9))
    shift = q0 - turn * p0
    return turn, np.array([shift.real, shift.imag])
