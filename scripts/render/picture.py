"""Cut-outs, shadows and beams onto the backdrop."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scripts.render.camera import Array, Camera
from scripts.render.light import Light
from scripts.render.mesh import Mesh, Pose
from scripts.render.raster import Sprite


@dataclass(frozen=True, eq=False)
class Stain:
    """A patch of the picture and a strength (h, w) in it: a shadow, or a beam on the ground."""

    left: int
    top: int
    strength: Array


def overlap(left: int, top: int, shape: tuple[int, ...], picture: Array) -> tuple[slice, slice, slice, slice] | None:
    """Rows and columns of the picture, then of the patch, where they meet."""
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + shape[1], picture.shape[1]), min(top + shape[0], picture.shape[0])
    if x1 >= x2 or y1 >= y2:
        return None
    return slice(y1, y2), slice(x1, x2), slice(y1 - top, y2 - top), slice(x1 - left, x2 - left)


def paste(picture: Array, sprite: Sprite) -> None:
    """Lay a cut-out over the picture, in place."""
    if meet := overlap(sprite.left, sprite.top, sprite.cover.shape, picture):
        rows, cols, own_rows, own_cols = meet
        part = picture[rows, cols]
        part *= 1 - sprite.cover[own_rows, own_cols, None]
        part += sprite.colour[own_rows, own_cols]


def darken(picture: Array, stain: Stain) -> None:
    """Take the light of a shadow away, in place."""
    if meet := overlap(stain.left, stain.top, stain.strength.shape, picture):
        rows, cols, own_rows, own_cols = meet
        picture[rows, cols] *= 1 - stain.strength[own_rows, own_cols, None]


def brighten(picture: Array, albedo: Array, stain: Stain, colour: tuple[float, float, float]) -> None:
    """Add light to the ground, in place."""
    if meet := overlap(stain.left, stain.top, stain.strength.shape, picture):
        rows, cols, own_rows, own_cols = meet
        picture[rows, cols] += (
            albedo[rows, cols] * stain.strength[own_rows, own_cols, None] * np.asarray(colour, np.float32)
        )


def shadows(mesh: Mesh, pose: Pose, camera: Camera, light: Light) -> list[Stain]:
    """The shadow that the sun throws, and the darkness right under the thing."""
    world = mesh.vertices @ pose.turn.T + pose.place
    stains: list[Stain | None] = []
    direct, dome = sum(light.sun) * float(light.towards_sun[2]), 0.9 * sum(light.zenith)
    if direct > 0.03:
        towards = light.towards_sun
        thrown = world[:, :2] - towards[:2] * (world[:, 2:3] / towards[2])
        stains.append(_blot(thrown, camera, 0.06, 0.9 * direct / (direct + dome)))
    low = world[world[:, 2] < pose.z_m + 0.4][:, :2]
    if len(low) > 2:
        stains.append(_blot(low, camera, 0.16, 0.62))
        stains.append(_blot(low, camera, 0.45, 0.40))
    return [stain for stain in stains if stain is not None]


def beams(pose: Pose, front_m: float, camera: Camera) -> Stain | None:
    """Where the headlamps of a vehicle light the road."""
    ahead, aside = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    corners = [ahead * (front_m + d) + aside * s * w for d, w in ((0.6, 0.7), (9.0, 2.6)) for s in (-1, 1)]
    ground = np.array([pose.turn[:2, :2] @ c + pose.place[:2] for c in corners], np.float32)
    return _blot(ground, camera, 0.8, 1.0)


def _blot(ground: Array, camera: Camera, soft_m: float, strength: float) -> Stain | None:
    """A soft-edged hull of points (N, 2) on the ground."""
    points = np.concatenate([ground, np.zeros((len(ground), 1), np.float32)], axis=1).astype(np.float32)
    pixels, depth = camera.project(points)
    sigma = max(0.6, soft_m * camera.focal_px / float(depth.mean()))
    room = int(3 * sigma) + 2
    low, high = np.floor(pixels.min(axis=0)).astype(int) - room, np.ceil(pixels.max(axis=0)).astype(int) + room
    low, high = np.maximum(low, -200), np.minimum(high, np.array(camera.size_px) + 200)
    if (high - low < 2).any():
        return None
    canvas = np.zeros((int(high[1] - low[1]), int(high[0] - low[0])), np.float32)
    hull = cv2.convexHull((pixels - low).astype(np.float32))
    cv2.fillConvexPoly(canvas, np.round(hull * 16).astype(np.int32), strength, cv2.LINE_AA, 4)
    return Stain(int(low[0]), int(low[1]), np.asarray(cv2.GaussianBlur(canvas, (0, 0), sigma), np.float32))
