"""Surfaces of small facets, each with a material."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scripts.render.camera import Array, Ints

Point = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Material:
    """What a facet is made of.

    Attributes:
        colour: linear light that it gives back, BGR 0..1. gloss: mirror share seen straight on; sharp: of the sun's
            highlight. glow: light of its own, as a multiple of `colour`, when lamps are on; always: also by day.
    """

    colour: tuple[float, float, float]
    gloss: float = 0.0
    sharp: float = 30.0
    glow: float = 0.0


@dataclass(frozen=True, eq=False)
class Mesh:
    """Facets in the coordinates of the thing: x ahead, y to its left, z up from the ground; metres.

    Attributes:
        vertices: (V, 3). quads: (Q, 4) indices, counter-clockwise seen from outside; a triangle repeats its last.
        normals: (Q, 3) smooth unit normals. materials: (Q,) indices into `palette`.
    """

    vertices: Array
    quads: Ints
    normals: Array
    materials: Ints
    palette: tuple[Material, ...]

    @property
    def centres(self) -> Array:
        """(Q, 3) middle of each facet."""
        return np.asarray(self.vertices[self.quads].mean(axis=1), np.float32)

    def painted(self, palette: tuple[Material, ...]) -> Mesh:
        """The same surface in other materials."""
        return replace(self, palette=palette)


@dataclass(frozen=True)
class Pose:
    """Where a thing stands on the ground and where its front points: 0 is +x, 90 is +y (away from the camera)."""

    x_m: float
    y_m: float
    heading_deg: float = 0.0
    z_m: float = 0.0

    @property
    def turn(self) -> Array:
        """(3, 3) rotation from the thing's axes to the world's."""
        c, s = np.cos(np.radians(self.heading_deg)), np.sin(np.radians(self.heading_deg))
        return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]], np.float32)

    @property
    def place(self) -> Array:
        """(3,) its origin in the world."""
        return np.array([self.x_m, self.y_m, self.z_m], np.float32)


def joined(parts: Sequence[Mesh]) -> Mesh:
    """Several meshes as one."""
    starts = np.cumsum([0, *(len(part.vertices) for part in parts)])
    bases = np.cumsum([0, *(len(part.palette) for part in parts)])
    return Mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.quads + start for part, start in zip(parts, starts[:-1], strict=True)]).astype(np.int32),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.materials + base for part, base in zip(parts, bases[:-1], strict=True)]).astype(np.int32),
        tuple(material for part in parts for material in part.palette),
    )


def moved(mesh: Mesh, *, by: tuple[float, float, float] = (0, 0, 0), turn: Array | None = None) -> Mesh:
    """The mesh turned about its origin, then shifted."""
    turn = np.eye(3, dtype=np.float32) if turn is None else turn
    vertices = mesh.vertices @ turn.T + np.asarray(by, np.float32)
    return replace(mesh, vertices=vertices.astype(np.float32), normals=(mesh.normals @ turn.T).astype(np.float32))


def about(axis: int, degrees: float) -> Array:
    """(3, 3) rotation about one axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    turn = np.eye(3, dtype=np.float32)
    turn[i, i], turn[i, j], turn[j, i], turn[j, j] = c, -s, s, c
    return turn


def grid_mesh(points: Array, material: Material) -> Mesh:
    """A mesh from a (A, B, 3) grid of points; normals from neighbours. Counter-clockwise when A x B points outwards."""
    rows, cols = points.shape[:2]
    index = np.arange(rows * cols, dtype=np.int32).reshape(rows, cols)
    quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], axis=-1).reshape(-1, 4)
    flat = points.reshape(-1, 3).astype(np.float32)
    diagonals = flat[quads[:, 2]] - flat[quads[:, 0]], flat[quads[:, 3]] - flat[quads[:, 1]]
    normals = np.cross(*diagonals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Mesh(flat, quads, normals.astype(np.float32), np.zeros(len(quads), np.int32), (material,))


def lathe(profile: Sequence[tuple[float, float]], material: Material, *, sides: int = 20) -> Mesh:
    """A solid of revolution about z from (radius, height) pairs, bottom to top."""
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    radius, height = np.array(profile, np.float32).T
    x, y = np.cos(angle)[:, None] * radius, np.sin(angle)[:, None] * radius
    return grid_mesh(np.stack([x, y, np.broadcast_to(height, x.shape)], axis=-1), material)


def block(low: tuple[float, float, float], high: tuple[float, float, float], material: Material, cuts: int = 4) -> Mesh:
    """A box, each side cut into `cuts` x `cuts` facets so that sorting by depth works."""
    lows, sides = np.asarray(low, np.float32), []
    span = np.asarray(high, np.float32) - lows
    t = np.linspace(0, 1, cuts + 1, dtype=np.float32)
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        for end in (0.0, 1.0):
            points = np.zeros((cuts + 1, cuts + 1, 3), np.float32)
            points[..., axis] = end
            points[..., u] = t[:, None] if end else t[None, :]
            points[..., v] = t[None, :] if end else t[:, None]
            sides.append(grid_mesh(lows + points * span, material))
    return joined(sides)


def ball(centre: Point, radii: Point, material: Material, *, lumps: float = 0.0, seed: int = 0, cuts: int = 10) -> Mesh:
    """An ellipsoid, dented by up to `lumps` of its radius."""
    up, round_ = np.linspace(-np.pi / 2, np.pi / 2, cuts + 1), np.linspace(0, 2 * np.pi, 2 * cuts + 1)
    unit = np.stack(
        [
            np.cos(up)[None] * np.cos(round_)[:, None],
            np.cos(up)[None] * np.sin(round_)[:, None],
            np.broadcast_to(np.sin(up), (len(round_), len(up))),
        ],
        axis=-1,
    )
    if lumps:
        waves = np.random.default_rng(seed).normal(0, 3.0, (6, 3))
        unit = unit * (1 + lumps / 3 * np.sin(unit @ waves.T + np.arange(6)).sum(axis=-1, keepdims=True))
    return grid_mesh(np.asarray(unit * np.asarray(radii) + np.asarray(centre), np.float32), material)


def limb(start: Point, end: Point, thick: float, thin: float, material: Material) -> Mesh:
    """A tapering round bar with rounded ends."""
    a, b = np.asarray(start, np.float32), np.asarray(end, np.float32)
    length = float(np.linalg.norm(b - a))
    ahead = (b - a) / length
    aside = np.cross(ahead, (0, 1, 0) if abs(ahead[1]) < 0.9 else (1, 0, 0))
    aside /= np.linalg.norm(aside)
    turn = np.stack([aside, np.cross(ahead, aside), ahead], axis=1).astype(np.float32)
    profile = [
        (0.0, -thick * 0.7),
        (thick * 0.7, -thick * 0.5),
        (thick, 0.0),
        (thin, length),
        (thin * 0.6, length + thin * 0.6),
        (0.0, length + thin * 0.8),
    ]
    return moved(lathe(profile, material, sides=10), by=(float(a[0]), float(a[1]), float(a[2])), turn=turn)
