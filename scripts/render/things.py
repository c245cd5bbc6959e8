"""What stands and moves in a street: each thing knows its class and its surface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from scripts.render.bodies import DARK
from scripts.render.camera import Array
from scripts.render.light import Colour
from scripts.render.mesh import Material, Mesh, about, ball, block, grid_mesh, joined, lathe, limb, moved
from scripts.render.vehicles import vehicle, vehicle_mesh


class Thing(Protocol):
    """Anything that can be an actor."""

    def __hash__(self) -> int:
        """Equal things look the same."""

    @property
    def class_name(self) -> str:
        """Of `agent.core.taxonomy.CLASSES`."""

    @property
    def lit(self) -> bool:
        """Whether it throws light ahead in the dark."""

    def mesh(self, walked_m: float) -> Mesh:
        """Its surface after it went so far: legs swing."""


@dataclass(frozen=True)
class Car:
    """Any motor vehicle: `model` of vehicles.MODELS, `colour` of vehicles.COLOURS; `lights`: on in the dark."""

    model: str = "sedan"
    colour: str = "white"
    cargo: str = "white"
    lights: bool = True

    @property
    def class_name(self) -> str:
        return vehicle(self.model).class_name

    @property
    def lit(self) -> bool:
        return self.lights

    def mesh(self, walked_m: float) -> Mesh:
        del walked_m
        return vehicle_mesh(self.model, self.colour, self.cargo, lights=self.lights)


@dataclass(frozen=True)
class Person:
    """Somebody on foot."""

    shirt: Colour = (0.25, 0.08, 0.05)
    trousers: Colour = (0.05, 0.04, 0.04)
    height_m: float = 1.72
    class_name: str = "person"
    lit: bool = False

    def mesh(self, walked_m: float) -> Mesh:
        return _person(self, round(walked_m / 1.45 * 16) % 16)


@dataclass(frozen=True)
class Bin:
    """A wheeled container. `fill`: up to 1 the lid is shut, above that rubbish rises over the rim and lies around."""

    colour: Colour = (0.06, 0.16, 0.05)
    fill: float = 0.5
    class_name: str = "bin"
    lit: bool = False

    def mesh(self, walked_m: float) -> Mesh:
        del walked_m
        return _bin(self)


@dataclass(frozen=True)
class Bag:
    """Rubbish in `count` tied bags."""

    colour: Colour = (0.02, 0.02, 0.02)
    count: int = 1
    size_m: float = 0.55
    class_name: str = "garbage"
    lit: bool = False

    def mesh(self, walked_m: float) -> Mesh:
        del walked_m
        return _bags(self)


@dataclass(frozen=True)
class Stall:
    """A hawker's table under a canopy."""

    canopy: Colour = (0.05, 0.06, 0.45)
    width_m: float = 2.2
    class_name: str = "stall"
    lit: bool = False

    def mesh(self, walked_m: float) -> Mesh:
        del walked_m
        return _stall(self)


@dataclass(frozen=True)
class Goods:
    """Crates of fruit that a shop puts out."""

    columns: int = 3
    class_name: str = "goods"
    lit: bool = False

    def mesh(self, walked_m: float) -> Mesh:
        del walked_m
        return _crates(self.columns, 2, 0.0)


@cache
def _person(person: Person, step: int) -> Mesh:
    swing = np.sin(step / 16 * 2 * np.pi)
    k = person.height_m / 1.72
    skin, shirt, cloth = (
        Material((0.20, 0.28, 0.42), 0.02),
        Material(person.shirt, 0.01),
        Material(person.trousers, 0.01),
    )
    hair, shoe = Material((0.015, 0.015, 0.02), 0.04), Material((0.02, 0.02, 0.02), 0.04)
    parts = [
        ball((0, 0, 1.58), (0.105, 0.085, 0.125), skin),
        ball((-0.02, 0, 1.62), (0.11, 0.095, 0.11), hair),
        limb((0, 0, 1.38), (0, 0, 1.52), 0.06, 0.055, skin),
        ball((0, 0, 1.16), (0.13, 0.205, 0.30), shirt),
        ball((0, 0, 0.92), (0.125, 0.18, 0.16), cloth),
    ]
    for side in (1, -1):
        s, y = side * swing, side * 0.10
        knee = (0.20 * s + 0.05, y, 0.48)
        foot = (0.36 * s - 0.08 * max(0.0, -s), y, 0.08 + 0.10 * max(0.0, -s))
        parts += [limb((0, y, 0.88), knee, 0.095, 0.07, cloth), limb(knee, foot, 0.07, 0.05, cloth)]
        parts.append(ball((foot[0] + 0.07, y, foot[2] - 0.03), (0.14, 0.05, 0.05), shoe, cuts=6))
        elbow = (-0.16 * s - 0.02, side * 0.25, 1.10)
        hand = (-0.28 * s + 0.08, side * 0.24, 0.86)
        parts += [limb((0, side * 0.20, 1.36), elbow, 0.06, 0.05, shirt), limb(elbow, hand, 0.045, 0.035, skin)]
    body = joined(parts)
    return moved(body, turn=np.asarray(np.eye(3) * k, np.float32)) if k != 1 else body


@cache
def _bin(bin_: Bin) -> Mesh:
    body, lid = Material(bin_.colour, 0.03, 12), Material(tuple(0.8 * c for c in bin_.colour), 0.04, 14)  # type: ignore[arg-type]
    t = np.linspace(0, 1, 9, dtype=np.float32)
    shell = block((-0.5, -0.5, 0.0), (0.5, 0.5, 1.0), body, 8)
    taper = 0.82 + 0.18 * shell.vertices[:, 2:3]
    scale = np.array([1.2, 0.75, 0.95], np.float32)
    shell.vertices[:] = shell.vertices * np.concatenate([taper, taper, np.ones_like(taper)], axis=1) * scale
    shell.vertices[:, 2] += 0.14
    parts = [shell, block((-0.63, -0.41, 1.06), (0.63, 0.41, 1.11), lid, 8)]
    arch = np.stack(
        [
            np.broadcast_to(np.linspace(-0.62, 0.62, 9)[None], (9, 9)),
            np.broadcast_to((0.4 - 0.8 * t)[:, None], (9, 9)),
            np.broadcast_to((1.1 + 0.16 * np.sin(np.pi * t))[:, None], (9, 9)),
        ],
        axis=-1,
    )
    open_ = bin_.fill > 1
    cover = grid_mesh(np.asarray(arch, np.float32), lid)
    parts.append(moved(cover, by=(0, 0.75, 0.35), turn=about(0, 75)) if open_ else cover)
    for x in (-0.42, 0.42):
        for y in (-0.3, 0.3):
            wheel = moved(
                lathe([(0.0, -0.03), (0.09, -0.03), (0.09, 0.03), (0.0, 0.03)], DARK, sides=12), turn=about(0, 90)
            )
            parts.append(moved(wheel, by=(x, y, 0.09)))
    if open_:
        dice = np.random.default_rng(5)
        tones = [(0.02, 0.02, 0.02), (0.45, 0.45, 0.46), (0.30, 0.12, 0.05), (0.10, 0.20, 0.30), (0.03, 0.03, 0.03)]
        heap = min(bin_.fill - 1, 1.0)
        for i in range(int(6 + 8 * heap)):
            at = (
                float(dice.uniform(-0.42, 0.42)),
                float(dice.uniform(-0.25, 0.25)),
                1.10 + float(dice.uniform(0, 0.32 * heap)),
            )
            parts.append(ball(at, (0.2, 0.18, 0.16), Material(tones[i % 5], 0.05, 12), lumps=0.25, seed=i, cuts=8))
        if heap > 0.5:
            for i, x in enumerate((-0.95, 0.9, 0.45)):
                parts.append(
                    ball((x, -0.45, 0.2), (0.27, 0.24, 0.24), Material(tones[i], 0.06, 14), lumps=0.2, seed=20 + i)
                )
    return joined(parts)


@cache
def _bags(bag: Bag) -> Mesh:
    dice, parts = np.random.default_rng(9), []
    for i in range(bag.count):
        x, y = (0.0, 0.0) if not i else (float(v) for v in dice.uniform(-0.45, 0.45, 2) * (1 + bag.count / 5))
        r = bag.size_m / 2 * float(dice.uniform(0.85, 1.15))
        tone = Material(tuple(c * float(dice.uniform(0.8, 1.3)) for c in bag.colour), 0.07, 12)  # type: ignore[arg-type]
        parts.append(ball((x, y, r * 0.9), (r, r * 0.9, r), tone, lumps=0.18, seed=i))
        parts.append(limb((x, y, 1.75 * r), (x, y, 2.2 * r), 0.25 * r, 0.12 * r, tone))
    return joined(parts)


def _crates(columns: int, rows: int, z: float) -> Mesh:
    parts, dice = [], np.random.default_rng(13)
    fruit: Sequence[Colour] = [
        (0.02, 0.25, 0.75),
        (0.02, 0.03, 0.5),
        (0.04, 0.35, 0.10),
        (0.03, 0.55, 0.7),
        (0.15, 0.03, 0.2),
    ]
    wood = Material((0.16, 0.28, 0.42), 0.01)
    for column in range(columns):
        for row in range(rows):
            x, y, base = (column - (columns - 1) / 2) * 0.56, row * 0.42, z + row * 0.16
            parts.append(block((x - 0.26, y - 0.2, base), (x + 0.26, y + 0.2, base + 0.22), wood, 4))
            tone = Material(fruit[int(dice.integers(len(fruit)))], 0.05, 20)
            parts += [
                ball((x - 0.19 + 0.125 * i, y - 0.13 + 0.13 * j, base + 0.24), (0.065, 0.065, 0.06), tone, cuts=5)
                for i in range(4)
                for j in range(3)
            ]
    return joined(parts)


@cache
def _stall(stall: Stall) -> Mesh:
    half = stall.width_m / 2
    cloth, pole = Material(stall.canopy, 0.01), Material((0.35, 0.35, 0.35), 0.1)
    table = Material((0.25, 0.33, 0.40), 0.02)
    parts = [
        block((-half, -0.4, 0.72), (half, 0.5, 0.78), table, 8),
        block((-half, -0.42, 0.30), (half, -0.39, 0.76), cloth, 8),
        moved(_crates(max(1, int(stall.width_m / 0.6)), 2, 0.78), by=(0, -0.1, 0)),
    ]
    for x in (-half + 0.04, half - 0.04):
        for y in (-0.45, 0.65):
            parts.append(lathe([(0.025, 0.0), (0.025, 2.15)], pole, sides=8))
            parts[-1] = moved(parts[-1], by=(x, y, 0))
    xs, ys = np.linspace(-half - 0.25, half + 0.25, 13), np.linspace(-0.85, 0.95, 9)
    z = 2.12 + 0.4 * (1 - np.abs(ys - 0.05) / 0.9)
    top: Array = np.stack(
        [np.broadcast_to(xs[:, None], (13, 9)), np.broadcast_to(ys[None], (13, 9)), np.broadcast_to(z[None], (13, 9))],
        axis=-1,
    ).astype(np.float32)
    roof = grid_mesh(top, cloth)
    light = Material((0.7, 0.72, 0.74), 0.01)
    stripes = Mesh(
        roof.vertices,
        roof.quads,
        roof.normals,
        ((roof.centres[:, 0] * 3).astype(np.int32) % 2).astype(np.int32),
        (cloth, light),
    )
    flap = block((-half - 0.25, -0.86, 1.95), (half + 0.25, -0.84, 2.13), light, 10)
    return joined([*parts, stripes, flap])
