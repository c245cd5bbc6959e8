"""Facets to pixels: painter's order within a thing, drawn at twice the resolution and averaged down."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scripts.render.camera import Array, Camera, Ints
from scripts.render.light import Light, shaded
from scripts.render.mesh import Mesh, Pose

OVERSAMPLING = 2
_SHIFT = 4


@dataclass(frozen=True, eq=False)
class Sprite:
    """A thing as the camera sees it, cut out.

    Attributes:
        left, top: of the cut-out in the picture, which it may exceed.
        colour: (h, w, 3) linear BGR, already weighted with `cover`. cover: (h, w) share of each pixel, 0..1.
        depth_m: distance of its middle, for the order among things.
        extent_px: x1 y1 x2 y2 of the whole thing, also of what lies outside the picture.
    """

    left: int
    top: int
    colour: Array
    cover: Array
    depth_m: float
    extent_px: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)


def drawn(mesh: Mesh, pose: Pose, camera: Camera, light: Light) -> Sprite | None:
    """The thing at its place, or None when it is out of view."""
    vertices = mesh.vertices @ pose.turn.T + pose.place
    pixels, depths = camera.project(vertices)
    width, height = camera.size_px
    extent = (*pixels.min(axis=0).tolist(), *pixels.max(axis=0).tolist())
    low = np.floor(pixels.min(axis=0)).astype(int) - 1
    high = np.ceil(pixels.max(axis=0)).astype(int) + 1
    low, high = np.maximum(low, (-8, -8)), np.minimum(high, (width + 8, height + 8))
    if (high - low <= 2).any() or depths.min() <= 1.0:
        return None
    points, normals = vertices[mesh.quads].mean(axis=1), mesh.normals @ pose.turn.T
    fine = ((pixels - low) * OVERSAMPLING).astype(np.float32)
    order = _front_to_back(fine, mesh.quads, depths)[::-1]
    colours = shaded(mesh, points, normals, camera.place, light)
    identity = _identities(fine[mesh.quads[order]], (high - low) * OVERSAMPLING)
    table = np.concatenate([np.zeros((1, 4), np.float32), np.pad(colours[order], ((0, 0), (0, 1)), constant_values=1)])
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    layer = np.asarray(cv2.resize(table[identity], size, interpolation=cv2.INTER_AREA), np.float32)
    middle = float(np.linalg.norm(pose.place[:2] - camera.place[:2]))
    return Sprite(int(low[0]), int(low[1]), layer[..., :3], layer[..., 3], middle, extent)


def _front_to_back(pixels: Array, quads: Ints, depths: Array) -> Ints:
    """Indices of the facets that face the camera, nearest first."""
    a, b = pixels[quads[:, 2]] - pixels[quads[:, 0]], pixels[quads[:, 3]] - pixels[quads[:, 1]]
    facing = np.flatnonzero(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0] < 0)
    return np.asarray(facing[np.argsort(depths[quads[facing]].mean(axis=1), kind="stable")], np.int32)


def _identities(corners: Array, size: Ints) -> Ints:
    """(h, w) number of the facet seen in each pixel, 0 for none; `corners` (Q, 4, 2) from back to front."""
    canvas = np.zeros((int(size[1]), int(size[0])), np.int32)
    fixed = np.round(corners * (1 << _SHIFT)).astype(np.int32)
    for number, points in enumerate(fixed, start=1):
        cv2.fillConvexPoly(canvas, points, number, cv2.LINE_8, _SHIFT)
    return canvas
