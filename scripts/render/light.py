"""Daylight, dusk and night, and how a facet looks in it. All light is linear until `developed`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scripts.render.camera import Array
from scripts.render.mesh import Mesh

Colour = tuple[float, float, float]
"""Linear BGR."""


@dataclass(frozen=True)
class Light:
    """The light of a scene.

    Attributes:
        sun: linear BGR of direct light, (0, 0, 0) under cloud. height_deg, bearing_deg: where it stands; bearing 0 is
            behind the camera, 90 to its right.
        zenith, horizon: of the sky. ground: what the road throws back from below.
        lamps: whether street lamps, head and tail lights are on. exposure: factor before the picture is developed.
        noise: standard deviation of the sensor's noise in grey levels.
    """

    sun: Colour = (1.15, 1.28, 1.38)
    height_deg: float = 48.0
    bearing_deg: float = -62.0
    zenith: Colour = (0.75, 0.55, 0.42)
    horizon: Colour = (0.95, 0.90, 0.86)
    ground: Colour = (0.15, 0.16, 0.17)
    lamps: bool = False
    exposure: float = 1.05
    noise: float = 1.5

    @property
    def towards_sun(self) -> Array:
        """(3,) unit vector."""
        up, round_ = np.radians(self.height_deg), np.radians(self.bearing_deg)
        return np.array([np.sin(round_) * np.cos(up), -np.cos(round_) * np.cos(up), np.sin(up)], np.float32)


DAY = Light()
OVERCAST = Light(
    sun=(0.12, 0.12, 0.12), zenith=(0.86, 0.84, 0.82), horizon=(0.9, 0.9, 0.9), ground=(0.2, 0.2, 0.2), exposure=1.05
)
DUSK = Light(
    sun=(0.10, 0.22, 0.40),
    height_deg=9.0,
    bearing_deg=-75.0,
    zenith=(0.34, 0.22, 0.17),
    horizon=(0.32, 0.36, 0.52),
    ground=(0.06, 0.06, 0.07),
    lamps=True,
    exposure=1.15,
    noise=3.0,
)
NIGHT = Light(
    sun=(0.0, 0.0, 0.0),
    zenith=(0.030, 0.022, 0.018),
    horizon=(0.035, 0.035, 0.040),
    ground=(0.02, 0.025, 0.03),
    lamps=True,
    exposure=1.6,
    noise=6.0,
)


def sky(light: Light, directions: Array) -> Array:
    """(..., 3) light from each direction (..., 3): sky above, a row of houses at the horizon, road below."""
    up = directions[..., 2:3]
    zenith, horizon, ground = (np.asarray(c, np.float32) for c in (light.zenith, light.horizon, light.ground))
    heaven = horizon + (zenith - horizon) * np.sqrt(np.clip(up, 0, 1))
    houses = 0.30 * horizon
    wall = np.clip((0.28 - up) * 12, 0, 1)
    above = heaven * (1 - wall) + houses * wall
    road = np.clip(0.5 - up * 10, 0, 1)
    return np.asarray(above * (1 - road) + ground * road, np.float32)


def lamplight(light: Light, points: Array) -> Array:
    """(..., 3) light of the street lamps on things at (..., 3) world points: a lamp every 18 m above the far kerb."""
    if not light.lamps:
        return np.zeros((*points.shape[:-1], 3), np.float32)
    along = (points[..., 0] + 9.0) % 18.0 - 9.0
    across = points[..., 1] - LAMP_Y_M
    height = LAMP_Z_M - points[..., 2]
    squared = along**2 + across**2 + height**2
    fall = LAMP_Z_M**2 / squared * np.clip(height / np.sqrt(squared), 0.15, 1.0)
    return np.asarray(fall[..., None] * np.array([0.11, 0.20, 0.27], np.float32), np.float32)


LAMP_Y_M, LAMP_Z_M = 12.0, 7.5


def shaded(mesh: Mesh, points: Array, normals: Array, eye: Array, light: Light) -> Array:
    """(Q, 3) linear BGR of each facet.

    Args:
        points, normals: (Q, 3) middles and unit normals in the world. eye: (3,) the camera.
    """
    colour = np.array([m.colour for m in mesh.palette], np.float32)[mesh.materials]
    gloss, sharp, glow = (
        np.array([getattr(m, name) for m in mesh.palette], np.float32)[mesh.materials][:, None]
        for name in ("gloss", "sharp", "glow")
    )
    view = eye - points
    view /= np.linalg.norm(view, axis=1, keepdims=True)
    facing = np.clip(np.sum(normals * view, axis=1, keepdims=True), 0, 1)
    mirrored = 2 * facing * normals - view
    sun, towards = np.asarray(light.sun, np.float32), light.towards_sun
    # Lower parts see less of the sky: the road, the kerb and the thing itself stand in the way.
    open_sky = np.clip(0.55 + 0.45 * (points[:, 2:3] - 0.1) / 0.8, 0.25, 1.0)
    bright = sun * np.clip(normals @ towards, 0, 1)[:, None]
    up = normals[:, 2:3]
    dome = 0.55 * np.asarray(light.zenith, np.float32) + 0.35 * np.asarray(light.horizon, np.float32)
    ambient = open_sky * (dome * (0.5 + 0.5 * up) + np.asarray(light.ground, np.float32) * (0.5 - 0.5 * up))
    lamps = lamplight(light, points) * np.clip(0.35 + 0.65 * up, 0, 1)
    fresnel = gloss + (1 - gloss) * (1 - facing) ** 5 * np.minimum(gloss * 12, 1)
    glint = np.clip(mirrored @ towards, 0, 1)[:, None] ** (sharp * 6) * sun * np.minimum(gloss * 40, 3)
    matt = colour * (bright + ambient + lamps) * (1 - fresnel)
    own = colour * glow * (1.0 if light.lamps else 0.06)
    return np.asarray(matt + fresnel * open_sky * sky(light, mirrored) + glint + own, np.float32)


def developed(linear: Array, light: Light) -> NDArray[np.uint8]:
    """The picture that a camera makes of linear light: exposure, a shoulder for highlights, gamma."""
    exposed = np.clip(linear * light.exposure, 0, None)
    toned = exposed * (1 + exposed / 3.0) / (1 + exposed)
    return np.asarray(np.clip(toned ** (1 / 2.2) * 255 + 0.5, 0, 255), np.uint8)
