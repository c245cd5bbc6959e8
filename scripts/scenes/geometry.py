"""Who can be seen in a scene, and how much of whom, from the outlines alone: hundreds of times quicker than painting.

An actor's outline is the hull of its surface, so small gaps (under a stall's canopy) count as covered. Trees, posts and
houses hide nobody here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.render.camera import Array, Camera
from scripts.render.film import BoxPx, Seen
from scripts.render.mesh import Pose
from scripts.render.scene import Actor, Scene
from scripts.render.things import Thing

_GRID = 4
"""Pixels per cell of the masks in which hidden parts are counted."""
_POINTS = 4000
"""Points of a surface that are looked at; their hull is that of the whole to a few centimetres."""
_NEAREST_M = 1.0


@dataclass(frozen=True, eq=False)
class _Outline:
    extent: BoxPx
    mask: NDArray[np.uint8]
    depth_m: float


def sights(scene: Scene, at_s: float) -> tuple[Seen, ...]:
    """The truth about one moment, as `Film.shot(at_s).seen` gives it but for the camera's shaking."""
    found = [(actor, outline) for actor in scene.actors if (outline := _of(actor, at_s, scene.camera))]
    return tuple(
        _seen(actor, outline, [o for _, o in found if o.depth_m < outline.depth_m], at_s, scene.camera.size_px)
        for actor, outline in found
    )


def place_visible(scene: Scene, actor: Actor, stood_s: float, at_s: float) -> float:
    """Share of the place where the actor stood at `stood_s` that nobody else hides at `at_s`, be it there or not."""
    own = _of(actor, stood_s, scene.camera)
    if own is None:
        return 0.0
    rest = own.mask.copy()
    for other in scene.actors:
        found = _of(other, at_s, scene.camera) if other is not actor else None
        if found is not None and found.depth_m < own.depth_m:
            rest[found.mask > 0] = 0
    return float(rest.sum()) / max(float(own.mask.sum()), 1.0)


@lru_cache(maxsize=100_000)
def _pose(actor: Actor, at_s: float) -> Pose | None:
    """Where it is; finding out where it faces takes a while."""
    return actor.pose(at_s)


def _of(actor: Actor, at_s: float, camera: Camera) -> _Outline | None:
    pose = _pose(actor, at_s)
    return None if pose is None else _outline(actor.thing_at(at_s), pose, camera)


@cache
def _points(thing: Thing) -> Array:
    """(N, 3) of its surface, thinned."""
    vertices = thing.mesh(0.0).vertices
    return np.ascontiguousarray(vertices[:: max(1, len(vertices) // _POINTS)])


@lru_cache(maxsize=4096)
def _outline(thing: Thing, pose: Pose, camera: Camera) -> _Outline | None:
    vertices = _points(thing)
    pixels, depths = camera.project(vertices @ pose.turn.T + pose.place)
    if depths.min() <= _NEAREST_M:
        return None
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    width, height = camera.size_px
    if high[0] <= 0 or high[1] <= 0 or low[0] >= width or low[1] >= height:
        return None
    depth_m = float(np.linalg.norm(pose.place[:2] - camera.place[:2]))
    extent = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return _Outline(extent, _mask(pixels, camera.size_px), depth_m)


def _mask(pixels: Array, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    mask = np.zeros((size_px[1] // _GRID, size_px[0] // _GRID), np.uint8)
    hull = cv2.convexHull(np.clip(pixels / _GRID, -500, 2000).astype(np.float32))
    cv2.fillConvexPoly(mask, np.round(hull).astype(np.int32), 1)
    return mask


def _seen(actor: Actor, own: _Outline, nearer: list[_Outline], at_s: float, size_px: tuple[int, int]) -> Seen:
    rest = own.mask.copy()
    for other in nearer:
        rest[other.mask > 0] = 0
    x1, y1, x2, y2 = own.extent
    width, height = size_px
    box = (max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height)))
    visible = float(rest.sum()) / max(float(own.mask.sum()), 1.0)
    inside = (box[2] - box[0]) * (box[3] - box[1]) / max((x2 - x1) * (y2 - y1), 1e-6)
    return Seen(
        name=actor.name,
        class_name=actor.thing_at(at_s).class_name,
        box_px=box,
        seen_px=box if visible > 0.98 else _bounds(rest, box),
        visible=visible,
        inside=inside,
    )


def _bounds(mask: NDArray[np.uint8], within: BoxPx) -> BoxPx | None:
    """The box around what is left, not beyond the whole."""
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    return (
        max(within[0], float(cols[0] * _GRID)),
        max(within[1], float(rows[0] * _GRID)),
        min(within[2], float((cols[-1] + 1) * _GRID)),
        min(within[3], float((rows[-1] + 1) * _GRID)),
    )
