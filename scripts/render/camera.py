"""The camera on its pole: world to picture.

World axes: x along the street (right in the picture), y away from the camera, z up; metres. Picture: `_px`, x right, y
down.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int32]

NEAR_M = 0.5
"""Points nearer than this are pushed away to it: nothing that is drawn comes so close."""


@dataclass(frozen=True)
class Camera:
    """A pinhole.

    Attributes:
        size_px: width and height of the picture.
        place_m: where it hangs.
        yaw_deg: 0 looks along +y, positive turns to the right. pitch_deg: positive looks down.
        view_deg: horizontal angle of view.
    """

    size_px: tuple[int, int] = (960, 540)
    place_m: tuple[float, float, float] = (0.0, 0.0, 5.0)
    yaw_deg: float = 0.0
    pitch_deg: float = 16.0
    view_deg: float = 62.0

    @cached_property
    def place(self) -> Array:
        """(3,) where it hangs."""
        return np.asarray(self.place_m, np.float32)

    @cached_property
    def axes(self) -> Array:
        """(3, 3) rows: right, down, forward."""
        yaw, pitch = np.radians(self.yaw_deg), np.radians(self.pitch_deg)
        forward = np.array([np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)])
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        return np.asarray(np.stack([right, np.cross(forward, right), forward]), np.float32)

    @cached_property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return float(self.size_px[0] / 2 / np.tan(np.radians(self.view_deg) / 2))

    def scaled(self, factor: float) -> Camera:
        """The same view at another resolution."""
        size = (round(self.size_px[0] * factor), round(self.size_px[1] * factor))
        return Camera(size, self.place_m, self.yaw_deg, self.pitch_deg, self.view_deg)

    def project(self, points: Array) -> tuple[Array, Array]:
        """(N, 3) world points to (N, 2) pixels and (N,) depths in metres."""
        seen = (points - self.place) @ self.axes.T
        depth = np.maximum(seen[:, 2], NEAR_M)
        middle = np.array(self.size_px, np.float32) / 2
        pixels = seen[:, :2] / depth[:, None] * self.focal_px + middle
        return np.asarray(pixels, np.float32), np.asarray(depth, np.float32)

    def plane(self, origin: Array, u: Array, v: Array) -> NDArray[np.float64]:
        """(3, 3) homography from the coordinates (u, v) in metres of a plane in the world to pixels."""
        local = np.stack([self.axes @ u, self.axes @ v, self.axes @ (origin - self.place)], axis=1).astype(np.float64)
        middle = np.array(self.size_px) / 2
        lens = np.array([[self.focal_px, 0, middle[0]], [0, self.focal_px, middle[1]], [0, 0, 1]])
        return np.asarray(lens @ local, np.float64)

    def rays(self) -> Array:
        """(H, W, 3) unit vectors from the camera through each pixel."""
        width, height = self.size_px
        x = (np.arange(width, dtype=np.float32) + 0.5 - width / 2) / self.focal_px
        y = (np.arange(height, dtype=np.float32) + 0.5 - height / 2) / self.focal_px
        local = np.stack([*np.meshgrid(x, y), np.ones((height, width), np.float32)], axis=-1)
        world = local @ self.axes
        return np.asarray(world / np.linalg.norm(world, axis=-1, keepdims=True), np.float32)
