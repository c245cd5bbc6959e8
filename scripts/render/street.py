"""The street that does not move: ground, houses, trees and posts, in the light of the scene."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from scripts.render import texture
from scripts.render.camera import Array, Camera
from scripts.render.light import LAMP_Y_M, LAMP_Z_M, Colour, Light, lamplight, sky
from scripts.render.mesh import Material, Mesh, Pose, block, joined, lathe
from scripts.render.raster import Sprite, drawn
from scripts.render.trees import Tree, tree_sprite

X_M = (-42.0, 42.0)
GROUND_PER_M = 36.0
WALL_PER_M = 26.0
"""Pixels of the textures per metre, for a picture of this width; others in proportion."""
USUAL_WIDTH_PX = 960


@dataclass(frozen=True)
class Street:
    """The ground plan, from the camera outwards; all y in metres.

    Attributes:
        near_kerb, far_kerb: edges of the carriageway. houses: where the fronts stand.
        lane_y: of the dashed line. no_parking: yellow line along the far kerb. trees: x of each, at `tree_y`.
        crossing_x: of a zebra crossing, or None.
    """

    near_kerb: float = 6.2
    far_kerb: float = 15.8
    houses: float = 20.5
    lane_y: float | None = 11.0
    no_parking: bool = True
    trees: tuple[float, ...] = (-13.5, -4.5, 5.5, 14.5)
    tree_y: float = 17.6
    crossing_x: float | None = None


@dataclass(frozen=True, eq=False)
class Backdrop:
    """What is behind and between the actors: (H, W, 3) linear BGR, standing cut-outs, and the ground's own colour."""

    picture: Array
    albedo: Array
    sprites: tuple[Sprite, ...]
    trees: tuple[Sprite, ...]


def backdrop(street: Street, camera: Camera, light: Light, seed: int, *, wet: bool = False) -> Backdrop:
    """The empty street."""
    dice = np.random.default_rng((seed, 1))
    fine = camera.scaled(2)
    rays = fine.rays()
    picture = sky(light, np.maximum(rays, np.array([-2, -2, 0.3], np.float32)))
    _houses(picture, street, fine, light, dice)
    per_m = max(8.0, GROUND_PER_M * camera.size_px[0] / USUAL_WIDTH_PX)
    ground = _ground(street, per_m, dice)
    if wet:
        ground *= 0.62
    albedo = _laid(ground, per_m, fine)
    mask = _on_ground(street, fine, rays)
    picture = np.where(mask[..., None], _lit_ground(albedo, fine, rays, light, wet=wet), picture)
    size = camera.size_px
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    under = cv2.resize(albedo * mask[..., None], size, interpolation=cv2.INTER_AREA)
    posts = [drawn(mesh, pose, camera, light) for mesh, pose in _furniture(street, dice)]
    crowns = [tree_sprite(Tree(x, street.tree_y), camera, light, dice) for x in street.trees]
    return Backdrop(
        np.asarray(small, np.float32),
        np.asarray(under, np.float32),
        tuple(s for s in posts if s),
        tuple(s for s in crowns if s),
    )


def _ground(street: Street, per_m: float, dice: texture.Dice) -> Array:
    """(H, W, 3) colour of the ground from above, row 0 at the camera's foot."""
    depth = street.houses + 1.0
    shape = (round(depth * per_m), round((X_M[1] - X_M[0]) * per_m))
    ground = texture.asphalt(dice, shape, per_m)

    def rows(low: float, high: float) -> slice:
        return slice(max(0, round(low * per_m)), round(high * per_m))

    def cols(low: float, high: float) -> slice:
        return slice(max(0, round((low - X_M[0]) * per_m)), max(0, round((high - X_M[0]) * per_m)))

    near, far = (
        texture.paving(dice, shape, per_m, (0.24, 0.26, 0.29)),
        texture.paving(dice, shape, per_m, (0.27, 0.30, 0.34), 0.4),
    )
    ground[rows(0, street.near_kerb - 0.3)] = near[rows(0, street.near_kerb - 0.3)]
    ground[rows(street.far_kerb + 0.3, depth)] = far[rows(street.far_kerb + 0.3, depth)]
    stone = 0.36 * (1 + 0.06 * texture.clouds(dice, shape, 8, 3))[..., None]
    for low, high in ((street.near_kerb - 0.3, street.near_kerb), (street.far_kerb, street.far_kerb + 0.3)):
        ground[rows(low, high)] = stone[rows(low, high)]
        ground[rows(low, high), :: round(per_m)] *= 0.6
    wear = np.clip(0.75 + 0.22 * texture.clouds(dice, shape, 10, 3), 0.15, 1)[..., None]

    def mark(where: tuple[slice, slice], colour: Colour) -> None:
        worn = wear[where]
        ground[where] = ground[where] * (1 - worn) + np.asarray(colour, np.float32) * worn

    for y in np.arange(street.near_kerb + 1.4, street.far_kerb - 1, 1.7):  # wheels polish two tracks in each lane
        ground[rows(y, y + 0.5)] *= 1.06
    if street.lane_y is not None:
        for x in np.arange(X_M[0], X_M[1], 6.0):
            mark((rows(street.lane_y - 0.07, street.lane_y + 0.07), cols(x, x + 2.6)), (0.6, 0.62, 0.63))
    mark((rows(street.near_kerb + 0.25, street.near_kerb + 0.37), slice(None)), (0.6, 0.62, 0.63))
    if street.no_parking:
        mark((rows(street.far_kerb - 0.32, street.far_kerb - 0.18), slice(None)), (0.06, 0.42, 0.60))
    if street.crossing_x is not None:
        for y in np.arange(street.near_kerb + 0.6, street.far_kerb - 0.5, 0.95):
            mark((rows(y, y + 0.5), cols(street.crossing_x - 1.6, street.crossing_x + 1.6)), (0.62, 0.64, 0.65))
    return ground


def _laid(ground: Array, per_m: float, camera: Camera) -> Array:
    """(H, W, 3) the ground where each pixel's ray meets it, mirrored beyond its edges; sense only below the horizon."""
    from_texture = np.diag([1 / per_m, 1 / per_m, 1.0])
    origin, u, v = (np.array(a, np.float32) for a in ((X_M[0], 0, 0), (1, 0, 0), (0, 1, 0)))
    matrix = camera.plane(origin, u, v) @ from_texture
    laid = cv2.warpPerspective(
        ground, matrix, camera.size_px, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(laid, np.float32)


def _on_ground(street: Street, camera: Camera, rays: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(H, W) which pixels show ground: their ray falls, and meets it before the houses."""
    down = np.maximum(-rays[..., 2], 1e-4)
    reach = camera.place_m[1] + rays[..., 1] / down * camera.place_m[2]
    return np.asarray((rays[..., 2] < 0) & (reach < street.houses + 0.25), np.bool_)


def _lit_ground(albedo: Array, camera: Camera, rays: Array, light: Light, *, wet: bool) -> Array:
    sun = np.asarray(light.sun, np.float32) * light.towards_sun[2]
    dome = 0.55 * np.asarray(light.zenith, np.float32) + 0.35 * np.asarray(light.horizon, np.float32)
    points = camera.place + rays * (camera.place[2] / np.maximum(-rays[..., 2:3], 1e-3))
    lit = albedo * (sun + dome + lamplight(light, points))
    if wet:
        lit += 0.22 * sky(light, rays * np.array([1, 1, -1], np.float32)) * (1 + rays[..., 2:3]) ** 3
    return np.asarray(lit, np.float32)


def _houses(picture: Array, street: Street, camera: Camera, light: Light, dice: texture.Dice) -> None:
    """A row of fronts, warped into the picture in place."""
    sun = np.asarray(light.sun, np.float32) * max(0.0, -float(light.towards_sun[1]))
    dome = 0.5 * np.asarray(light.horizon, np.float32) + 0.12 * np.asarray(light.zenith, np.float32)
    per_m = max(8.0, WALL_PER_M * camera.size_px[0] / 2 / USUAL_WIDTH_PX)
    x = X_M[0]
    while x < X_M[1]:
        base = dice.uniform(0.22, 0.55)
        tint = 1 + dice.uniform(-0.22, 0.22, 3) * np.array([1.0, 0.4, 0.8])
        front = texture.Front(
            width_m=float(dice.uniform(7, 13)),
            storeys=int(dice.integers(2, 5)),
            colour=tuple(base * tint),
            shop=tuple(dice.uniform(0.02, 0.45, 3)),
        )
        wall, glow = texture.facade(dice, front, per_m, lit=0.4 if light.lamps else 0.0)
        back = float(dice.uniform(0, 0.5))
        origin = np.array([x, street.houses + back, front.height_m], np.float32)
        u, v = np.array([1, 0, 0], np.float32), np.array([0, 0, -1], np.float32)
        matrix = camera.plane(origin, u, v) @ np.diag([1 / per_m, 1 / per_m, 1.0])
        height = np.linspace(front.height_m, 0, wall.shape[0], dtype=np.float32)
        spots = np.stack(
            np.broadcast_arrays(
                np.linspace(x, x + front.width_m, wall.shape[1], dtype=np.float32)[None], origin[1], height[:, None]
            ),
            axis=-1,
        )
        lit = wall * (sun + dome + 0.5 * lamplight(light, spots.astype(np.float32))) + glow
        seen = cv2.warpPerspective(lit, matrix, camera.size_px, flags=cv2.INTER_LINEAR)
        mask = cv2.warpPerspective(np.ones(wall.shape[:2], np.uint8), matrix, camera.size_px, flags=cv2.INTER_NEAREST)
        picture[mask > 0] = seen[mask > 0]
        x += front.width_m + (float(dice.uniform(0.5, 2.0)) if dice.random() < 0.25 else 0.0)


def _furniture(street: Street, dice: texture.Dice) -> list[tuple[Mesh, Pose]]:
    """Lamp posts and bollards along the far pavement."""
    steel = Material((0.10, 0.105, 0.10), 0.08, 20)
    bulb = Material((0.35, 0.62, 0.85), 0.1, 20, glow=6.0)
    pole = lathe([(0.11, 0.0), (0.10, 0.6), (0.065, 0.7), (0.05, LAMP_Z_M)], steel, sides=12)
    arm = block((-0.04, LAMP_Y_M - street.far_kerb - 0.7, LAMP_Z_M - 0.1), (0.04, 0.05, LAMP_Z_M), steel)
    head = block(
        (-0.15, LAMP_Y_M - street.far_kerb - 0.95, LAMP_Z_M - 0.16),
        (0.15, LAMP_Y_M - street.far_kerb - 0.3, LAMP_Z_M - 0.08),
        bulb,
    )
    lamp = joined([pole, arm, head])
    placed = [(lamp, Pose(x, street.far_kerb + 0.7)) for x in (-18.0, 0.0, 18.0)]
    bollard = lathe(
        [(0.09, 0), (0.085, 0.8), (0.06, 0.9), (0.0, 0.92)], Material((0.05, 0.05, 0.05), 0.05, 20), sides=12
    )
    placed += [
        (bollard, Pose(float(x + dice.uniform(-0.2, 0.2)), street.far_kerb + 0.55))
        for x in np.arange(-26, 27, 4.0)
        if abs(x) % 18 > 1
    ]
    return placed
