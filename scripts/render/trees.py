"""Street trees: a trunk, and a crown of some thousand leaves that the wind moves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scripts.render.camera import Array, Camera
from scripts.render.light import Light
from scripts.render.raster import OVERSAMPLING, Sprite

LEAVES = 2600


@dataclass(frozen=True)
class Tree:
    """A tree at a place of the pavement."""

    x_m: float
    y_m: float
    height_m: float = 7.5
    crown_m: float = 2.3


def tree_sprite(tree: Tree, camera: Camera, light: Light, dice: np.random.Generator) -> Sprite | None:
    """The tree as the camera sees it, with some room around it for swaying; None when out of view."""
    crown = tree.height_m - tree.crown_m * 0.9
    corners = np.array(
        [[tree.x_m + s * tree.crown_m * 1.3, tree.y_m, z] for s in (-1, 1) for z in (0.0, tree.height_m + 0.8)],
        np.float32,
    )
    pixels, _ = camera.project(corners)
    low, high = np.floor(pixels.min(axis=0)).astype(int) - 6, np.ceil(pixels.max(axis=0)).astype(int) + 6
    low = np.maximum(low, -40)
    high = np.minimum(high, np.array(camera.size_px) + 40)
    if (high - low < 4).any():
        return None
    size = (high - low) * OVERSAMPLING
    canvas = np.zeros((size[1], size[0], 4), np.float32)
    sun, dome = np.asarray(light.sun, np.float32), np.asarray(light.zenith, np.float32)

    def to_canvas(points: Array) -> tuple[Array, Array]:
        at, depth = camera.project(points.astype(np.float32))
        return (at - low) * OVERSAMPLING, camera.focal_px / depth * OVERSAMPLING

    trunk, scale = to_canvas(np.array([[tree.x_m, tree.y_m, z] for z in (0.0, crown)], np.float32))
    bark = (np.array([0.045, 0.06, 0.075]) * (0.6 * sun + dome)).tolist()
    cv2.line(
        canvas, tuple(map(round, trunk[0])), tuple(map(round, trunk[1])), (*bark, 1.0), max(1, round(0.24 * scale[0]))
    )
    # Leaves hang in clumps, and thickest near the outside of the crown.
    clumps = dice.standard_normal((26, 3))
    clumps *= (0.8 * dice.uniform(0.4, 1.0, 26) / np.linalg.norm(clumps, axis=1))[:, None]
    offsets = clumps[dice.integers(0, 26, LEAVES)] + dice.standard_normal((LEAVES, 3)) * 0.17
    points = np.array([tree.x_m, tree.y_m, crown + tree.crown_m * 0.2]) + offsets * tree.crown_m * np.array(
        [1, 1, 0.85]
    )
    at, scale = to_canvas(points)
    green = np.array([0.05, 0.17, 0.10]) * (1 + 0.3 * dice.standard_normal((LEAVES, 1)))
    lit = np.clip(0.45 + 0.75 * (offsets @ light.towards_sun) + 0.2 * dice.standard_normal(LEAVES), 0.05, 1.3)
    tone = np.clip(green, 0.01, 0.5) * (lit[:, None] * sun + dome * np.clip(0.55 + 0.5 * offsets[:, 2:3], 0.15, 1.1))
    if light.lamps:
        tone += np.clip(green, 0.01, 0.5) * np.array([0.06, 0.11, 0.15]) * np.clip(0.6 - offsets[:, 2:3], 0.1, 1.2)
    for i in np.argsort(-points[:, 1]):
        axes = (max(1, round(0.14 * scale[i])), max(1, round(0.09 * scale[i])))
        centre = (round(float(at[i, 0])), round(float(at[i, 1])))
        cv2.ellipse(canvas, centre, axes, float(i * 37 % 180), 0, 360, (*tone[i].tolist(), 1.0), -1)
    layer = np.asarray(
        cv2.resize(canvas, (int(high[0] - low[0]), int(high[1] - low[1])), interpolation=cv2.INTER_AREA), np.float32
    )
    middle = float(np.hypot(tree.x_m - camera.place_m[0], tree.y_m - camera.place_m[1]))
    return Sprite(int(low[0]), int(low[1]), layer[..., :3], layer[..., 3], middle)


def swayed(sprite: Sprite, at_s: float, wind: float) -> Sprite:
    """The crown pushed about by the wind (0..1): leaves shift by up to a few pixels, each patch in its own time."""
    if wind <= 0:
        return sprite
    height, width = sprite.cover.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    reach = wind * 4.0 * np.clip(1 - y / (0.75 * height), 0, 1)
    phase = sprite.left * 0.37
    dx = reach * (np.sin(1.9 * at_s + phase + y / 23) + 0.6 * np.sin(4.3 * at_s + x / 11 + y / 17))
    dy = reach * 0.5 * np.sin(3.1 * at_s + phase + x / 13)
    layer = np.dstack([sprite.colour, sprite.cover])
    moved = np.asarray(
        cv2.remap(layer, x + dx.astype(np.float32), y + dy.astype(np.float32), cv2.INTER_LINEAR), np.float32
    )
    return Sprite(sprite.left, sprite.top, moved[..., :3], moved[..., 3], sprite.depth_m)
