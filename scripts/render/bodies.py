"""How a vehicle is built: solids from silhouettes, patches of material on them, wheels."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from scripts.render import shapes
from scripts.render.camera import Array, Ints
from scripts.render.mesh import Material, Mesh, about, grid_mesh, joined, lathe, moved
from scripts.render.shapes import Outline

View = Literal["side", "front", "rear", "top"]

COLOURS: dict[str, tuple[float, float, float]] = {
    "white": (0.78, 0.79, 0.80),
    "silver": (0.42, 0.42, 0.41),
    "grey": (0.13, 0.13, 0.13),
    "black": (0.012, 0.012, 0.012),
    "red": (0.02, 0.02, 0.38),
    "blue": (0.34, 0.09, 0.025),
    "green": (0.05, 0.16, 0.03),
    "yellow": (0.02, 0.42, 0.68),
    "beige": (0.30, 0.42, 0.50),
    "orange": (0.01, 0.16, 0.62),
}
"""Linear BGR of paint."""

PAINT, GLASS, PLASTIC, CHROME, HEADLAMP, TAILLAMP, PLATE, SEAM, CARGO = range(9)
DARK = Material((0.012, 0.012, 0.013), 0.03, 8)
TYRE = Material((0.016, 0.016, 0.016), 0.02, 4)
RIM = Material((0.34, 0.34, 0.34), 0.22, 20)


def palette(colour: str, cargo: str = "white", *, lights: bool = True) -> tuple[Material, ...]:
    """The materials of a body in this paint; indices as named above. `lights`: whether its lamps burn in the dark."""
    return (
        Material(COLOURS[colour], 0.05, 60),
        Material((0.022, 0.024, 0.022), 0.10, 80),
        DARK,
        Material((0.45, 0.45, 0.45), 0.45, 40),
        Material((0.75, 0.75, 0.72), 0.25, 60, glow=4.0 * lights),
        Material((0.03, 0.02, 0.42), 0.10, 40, glow=1.6 * lights),
        Material((0.40, 0.11, 0.03), 0.04, 10),
        Material(tuple(0.35 * c for c in COLOURS[colour]), 0.02, 10),  # type: ignore[arg-type]
        Material(COLOURS[cargo], 0.02, 10),
    )


@dataclass(frozen=True)
class Patch:
    """A region of one view in a material; `least` is how far a facet must face that view."""

    view: View
    outline: Outline
    material: int
    least: float = 0.35


@dataclass(frozen=True)
class Body:
    """One solid. `side` is (x, z), `across` the right half of the front view as (y, z), `plan` of the top as (x, y)."""

    side: Outline
    across: Outline
    plan: Outline
    patches: tuple[Patch, ...] = ()
    round_m: float = 0.09
    step_m: float = 0.03


@dataclass(frozen=True)
class Vehicle:
    """A kind of vehicle.

    Attributes:
        class_name: of `agent.core.taxonomy.CLASSES`. axles: x of each. track: half the distance of the tyres' outsides.
    """

    class_name: str
    bodies: tuple[Body, ...]
    axles: tuple[float, ...]
    wheel_m: float = 0.33
    track: float = 0.88
    extras: tuple[Mesh, ...] = field(default=())


def _mirrored(half: Outline) -> Outline:
    """A polygon from its right half, first to last along the middle."""
    return [*((y, z) for y, z in half), *((-y, z) for y, z in reversed(half))]


def _flipped(half: Outline) -> Outline:
    return [*((x, y) for x, y in half), *((x, -y) for x, y in reversed(half))]


def solid_of(body: Body, vehicle: Vehicle) -> Mesh:
    """The body as facets, painted."""
    side, plan = np.array(body.side, np.float32), np.array(body.plan, np.float32)
    half = float(np.array(body.across)[:, 0].max())
    pad = 3 * body.step_m
    low = np.array([side[:, 0].min(), -half, side[:, 1].min()], np.float32) - pad
    high = np.array([side[:, 0].max(), half, side[:, 1].max()], np.float32) + pad
    x, y, z = (np.arange(a, b, body.step_m, dtype=np.float32) for a, b in zip(low, high, strict=True))
    soft, step = body.round_m * 0.6, body.step_m
    profile = shapes.softened(shapes.distance(x[:, None], z[None, :], body.side), soft, step)
    section = shapes.softened(shapes.distance(y[:, None], z[None, :], _mirrored(body.across)), soft, step)
    top = shapes.softened(shapes.distance(x[:, None], y[None, :], _flipped(plan.tolist())), soft, step)
    solid = shapes.both(profile[:, None, :], section[None, :, :], body.round_m)
    solid = shapes.both(solid, np.broadcast_to(top[:, :, None], solid.shape), body.round_m)
    solid = np.maximum(solid, -_arches(vehicle, x, y, z))
    vertices, quads, normals = shapes.surface(solid.astype(np.float32), low, body.step_m)
    facets = normals[quads].mean(axis=1)
    facets /= np.maximum(np.linalg.norm(facets, axis=1, keepdims=True), 1e-6)
    materials = _painted(body, vehicle, vertices[quads].mean(axis=1), facets)
    return Mesh(vertices, quads, facets.astype(np.float32), materials, palette("white"))


def _arches(vehicle: Vehicle, x: Array, y: Array, z: Array) -> Array:
    """Distance to the hollows around the wheels."""
    radius = vehicle.wheel_m + 0.06
    circles = [np.hypot(x[:, None] - a, z[None, :] - vehicle.wheel_m) - radius for a in vehicle.axles]
    outside = vehicle.track - 0.32 - np.abs(y)
    return np.asarray(np.maximum(np.minimum.reduce(circles)[:, None, :], outside[None, :, None]), np.float32)


def _painted(body: Body, vehicle: Vehicle, centres: Array, normals: Array) -> Ints:
    """Material of each facet: the last patch that holds it, seen from a side that it faces."""
    x, y, z = centres.T
    seen: dict[View, tuple[Array, Array, Array]] = {
        "side": (x, z, np.abs(normals[:, 1])),
        "front": (y, z, normals[:, 0]),
        "rear": (y, z, -normals[:, 0]),
        "top": (x, y, normals[:, 2]),
    }
    materials = np.zeros(len(centres), np.int32)
    middle = (float(x.min()) + float(x.max())) / 2
    for patch in body.patches:
        a, b, facing = seen[patch.view]
        own_half = {"front": x > middle, "rear": x < middle}.get(patch.view, True)
        materials[shapes.inside(a, b, patch.outline) & (facing > patch.least) & own_half] = patch.material
    hollow = np.minimum.reduce([np.hypot(x - a, z - vehicle.wheel_m) for a in vehicle.axles]) < vehicle.wheel_m + 0.075
    materials[(hollow & (np.abs(normals[:, 1]) < 0.75)) | (normals[:, 2] < -0.6)] = PLASTIC
    return materials


def _wheel(radius: float, width: float = 0.21) -> Mesh:
    """A wheel whose axle is y, its outer face at y = 0."""
    r = radius
    tyre = lathe([(0.62 * r, 0.0), (0.93 * r, 0.005), (r, -0.04), (r, -width + 0.04), (0.9 * r, -width)][::-1], TYRE)
    angle = np.linspace(0, 2 * np.pi, 41)
    rings = np.array([0.64, 0.56, 0.40, 0.22, 0.0], np.float32) * r
    depth = np.array([-0.01, -0.03, -0.035, -0.025, -0.02], np.float32)
    points = np.stack([np.cos(angle)[:, None] * rings, np.sin(angle)[:, None] * rings], axis=-1)
    points = np.concatenate([points, np.broadcast_to(depth, points.shape[:2])[..., None]], axis=-1)
    face = grid_mesh(points, RIM)
    middle = np.arctan2(face.centres[:, 1], face.centres[:, 0])
    reach = np.hypot(face.centres[:, 0], face.centres[:, 1]) / r
    gap = (np.cos(5 * middle) < -0.1) & (reach > 0.24) & (reach < 0.56)
    face = Mesh(face.vertices, face.quads, face.normals, gap.astype(np.int32), (RIM, DARK))
    return moved(joined([tyre, face]), turn=about(0, -90))


def wheels(vehicle: Vehicle) -> list[Mesh]:
    wheel = _wheel(vehicle.wheel_m)
    placed = []
    for x in vehicle.axles:
        placed.append(moved(wheel, by=(x, vehicle.track, vehicle.wheel_m)))
        placed.append(moved(wheel, by=(x, -vehicle.track, vehicle.wheel_m), turn=about(2, 180)))
    return placed
