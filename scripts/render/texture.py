"""Surfaces that are not plain: noise in octaves, asphalt, paving, walls with windows. All linear BGR in 0..1."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scripts.render.camera import Array
from scripts.render.light import Colour

Dice = np.random.Generator


def clouds(dice: Dice, shape: tuple[int, int], coarsest_px: float, octaves: int = 5) -> Array:
    """(H, W) smooth noise about 0 with a standard deviation of about 1, from blobs of `coarsest_px` down."""
    height, width = shape
    total = np.zeros(shape, np.float32)
    weight = 1.0
    for octave in range(octaves):
        size = max(1.0, coarsest_px / 2**octave)
        rough = dice.standard_normal((int(height / size) + 3, int(width / size) + 3)).astype(np.float32)
        total += weight * cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
        weight *= 0.62
    return np.asarray(total / max(float(total.std()), 1e-6), np.float32)


def plain(shape: tuple[int, int], colour: Colour) -> Array:
    """(H, W, 3) of one colour."""
    return np.tile(np.asarray(colour, np.float32), (*shape, 1))


def asphalt(dice: Dice, shape: tuple[int, int], per_m: float) -> Array:
    """Worn tar: grain, stains, patches, cracks."""
    tone = 0.105 + 0.010 * clouds(dice, shape, 3 * per_m) + 0.010 * clouds(dice, shape, 0.12 * per_m, 3)
    for _ in range(int(shape[1] / per_m / 9)):
        x, y = dice.uniform(0, shape[1]), dice.uniform(0, shape[0])
        w, h = dice.uniform(0.6, 3.0) * per_m, dice.uniform(0.4, 1.2) * per_m
        patch = tone[int(y) : int(y + h), int(x) : int(x + w)]
        patch *= dice.uniform(0.72, 0.95)
    stains = np.zeros(shape, np.float32)
    for _ in range(int(shape[1] / per_m)):
        centre = (int(dice.uniform(0, shape[1])), int(dice.uniform(0, shape[0])))
        axes = (int(dice.uniform(0.05, 0.5) * per_m) + 1, int(dice.uniform(0.05, 0.3) * per_m) + 1)
        cv2.ellipse(stains, centre, axes, 0, 0, 360, float(dice.uniform(0.1, 0.4)), -1)
    tone *= 1 - cv2.GaussianBlur(stains, (0, 0), 0.08 * per_m)
    for _ in range(int(shape[1] / per_m / 5)):
        steps = dice.normal((0.25, 0.0), (0.1, 0.25), (14, 2)) * per_m
        if dice.random() < 0.4:
            steps = steps[:, ::-1]
        line = np.cumsum(steps, axis=0) + dice.uniform(0, 1, 2) * shape[::-1]
        cv2.polylines(tone, [line.astype(np.int32)], False, 0.05, 1, cv2.LINE_AA)
    colour = np.array([1.0, 1.0, 0.98], np.float32)
    return np.asarray(np.clip(tone, 0.02, 1)[..., None] * colour, np.float32)


def paving(dice: Dice, shape: tuple[int, int], per_m: float, colour: Colour, slab_m: float = 0.5) -> Array:
    """Slabs with joints, each of its own tone."""
    slab = max(2, round(slab_m * per_m))
    rows, cols = shape[0] // slab + 1, shape[1] // slab + 1
    tones = 1 + 0.07 * dice.standard_normal((rows, cols)).astype(np.float32)
    tone = np.kron(tones, np.ones((slab, slab), np.float32))[: shape[0], : shape[1]]
    tone[::slab] *= 0.6
    tone[:, ::slab] *= 0.6
    tone *= 1 + 0.05 * clouds(dice, shape, per_m) + 0.04 * clouds(dice, shape, 0.1 * per_m, 2)
    return np.asarray(np.clip(tone, 0.1, 2)[..., None] * np.asarray(colour, np.float32), np.float32)


@dataclass(frozen=True)
class Front:
    """A house as the street sees it."""

    width_m: float
    storeys: int
    colour: Colour
    shop: Colour

    @property
    def height_m(self) -> float:
        """To the eaves."""
        return 3.9 + 3.0 * (self.storeys - 1) + 0.5


def facade(dice: Dice, front: Front, per_m: float, *, lit: float) -> tuple[Array, Array]:
    """A house front, upper edge first, and the light that its windows send out (`lit`: share of windows with light)."""
    shape = (round(front.height_m * per_m), round(front.width_m * per_m))
    wall = (
        plain(shape, front.colour)
        * (1 + 0.05 * clouds(dice, shape, 2 * per_m) + 0.03 * clouds(dice, shape, 4, 2))[..., None]
    )
    streaks = cv2.GaussianBlur(clouds(dice, shape, 0.4 * per_m, 2), (0, 0), 1, sigmaY=1.2 * per_m)
    wall *= np.clip(1 - 0.25 * np.clip(streaks, 0, 2), 0.5, 1)[..., None]
    if dice.random() < 0.5:
        wall[:: max(2, round(0.22 * per_m))] *= 0.86
    glow = np.zeros_like(wall)
    columns = max(2, int(front.width_m // 2.4))
    pitch = front.width_m / columns
    for storey in range(1, front.storeys):
        bottom = 3.9 + 3.0 * (storey - 1) + 0.9
        for column in range(columns):
            left = (column + 0.5) * pitch - 0.65
            _window(dice, wall, glow, per_m, (left, bottom, left + 1.3, bottom + 1.6), dice.random() < lit)
        _bar(wall, per_m, (0, bottom - 1.0, front.width_m, bottom - 0.85), 1.25)
    _shop(dice, wall, glow, per_m, front, lit)
    _bar(wall, per_m, (0, front.height_m - 0.35, front.width_m, front.height_m), 0.7)
    return np.asarray(np.clip(wall, 0.005, 0.9), np.float32), glow


def _cut(picture: Array, per_m: float, box_m: tuple[float, float, float, float]) -> Array:
    """The part of a wall picture between left, bottom, right and top in metres."""
    left, bottom, right, top = (round(v * per_m) for v in box_m)
    height = picture.shape[0]
    return picture[max(0, height - top) : max(0, height - bottom), max(0, left) : max(0, right)]


def _bar(wall: Array, per_m: float, box_m: tuple[float, float, float, float], factor: float) -> None:
    _cut(wall, per_m, box_m)[:] *= factor


def _window(
    dice: Dice, wall: Array, glow: Array, per_m: float, box_m: tuple[float, float, float, float], lit: bool
) -> None:
    left, bottom, right, top = box_m
    _cut(wall, per_m, (left - 0.12, bottom - 0.12, right + 0.12, top + 0.12))[:] = dice.uniform(0.3, 0.6)
    pane = _cut(wall, per_m, box_m)
    shade = np.linspace(dice.uniform(0.10, 0.22), 0.035, max(1, pane.shape[0]), dtype=np.float32)
    pane[:] = shade[:, None, None] * np.array([1.1, 1.0, 0.92], np.float32)
    if dice.random() < 0.6:
        curtain = dice.uniform(0.15, 0.4) * np.array([0.85, 0.95, 1.0])
        share = dice.uniform(0.15, 0.45)
        _cut(wall, per_m, (left, bottom, left + share * (right - left), top))[:] = curtain
        _cut(wall, per_m, (right - share * (right - left), bottom, right, top))[:] = curtain
    middle = (left + right) / 2
    _cut(wall, per_m, (middle - 0.04, bottom, middle + 0.04, top))[:] = 0.4
    strength = dice.uniform(0.2, 0.7)  # drawn in any case, so that a street is the same by day and by night
    if lit:
        _cut(glow, per_m, box_m)[:] = np.array([0.25, 0.55, 0.8], np.float32) * strength


def _shop(dice: Dice, wall: Array, glow: Array, per_m: float, front: Front, lit: float) -> None:
    """The ground floor: panes, a door, a sign with strokes like writing, an awning."""
    width = front.width_m
    _cut(wall, per_m, (0.3, 0.0, width - 0.3, 3.6))[:] *= 0.45
    count = max(1, int(width // 3))
    for i in range(count):
        left, right = 0.5 + i * (width - 1) / count, 0.5 + (i + 1) * (width - 1) / count - 0.15
        _window(dice, wall, glow, per_m, (left + 0.1, 0.35, right - 0.1, 2.5), dice.random() < min(1.0, 2 * lit))
        for _ in range(7):
            x, y = dice.uniform(left + 0.2, right - 0.6), dice.uniform(0.5, 1.7)
            _cut(wall, per_m, (x, y, x + dice.uniform(0.15, 0.5), y + dice.uniform(0.1, 0.5)))[:] = dice.uniform(
                0.03, 0.35, 3
            )
    sign = (0.4, 2.75, width - 0.4, 3.55)
    _cut(wall, per_m, sign)[:] = front.shop
    if lit:
        _cut(glow, per_m, sign)[:] = np.asarray(front.shop, np.float32) * 0.5
    ink = np.array([0.7, 0.75, 0.8]) if sum(front.shop) < 0.9 else np.array([0.03, 0.03, 0.2])
    for i in range(int((width - 2.5) / 0.75)):
        for _ in range(5):
            x, y = 1.25 + 0.75 * i + dice.uniform(0, 0.4), dice.uniform(2.9, 3.3)
            wide = dice.random() < 0.5
            _cut(wall, per_m, (x, y, x + (0.3 if wide else 0.07), y + (0.07 if wide else 0.3)))[:] = ink
