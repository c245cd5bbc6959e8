"""The catalogue of vehicles: car, van, bus and truck, three silhouettes each, with panes, lamps and seams."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from scripts.render.bodies import (
    CARGO,
    DARK,
    GLASS,
    HEADLAMP,
    PLASTIC,
    PLATE,
    SEAM,
    TAILLAMP,
    Body,
    Patch,
    Vehicle,
    palette,
    solid_of,
    wheels,
)
from scripts.render.mesh import Mesh, block, joined
from scripts.render.shapes import Outline


def _box(a1: float, b1: float, a2: float, b2: float) -> Outline:
    return [(a1, b1), (a2, b1), (a2, b2), (a1, b2)]


def _lamps(front: float, rear: float, width: float, low: float, high: float) -> list[Patch]:
    """Head and tail lamps at the outer corners, number plates, in the front and rear views."""
    patches = []
    for s in (1, -1):
        patches.append(Patch("front", _box(s * (width - 0.40), low, s * (width + 0.2), high), HEADLAMP, 0.15))
        patches.append(
            Patch("rear", _box(s * (width - 0.34), low + 0.1, s * (width + 0.2), high + 0.16), TAILLAMP, 0.15)
        )
    patches += [
        Patch("front", _box(-0.24, low - 0.24, 0.24, low - 0.10), PLATE),
        Patch("rear", _box(-0.24, low - 0.02, 0.24, low + 0.12), PLATE),
        Patch("side", _box(front - 0.32, low, front + 0.3, high), HEADLAMP, 0.2),
        Patch("side", _box(rear - 0.3, low + 0.1, rear + 0.22, high + 0.16), TAILLAMP, 0.2),
    ]
    return patches


def _seams(xs: Sequence[float], low: float, high: float) -> list[Patch]:
    return [Patch("side", _box(x - 0.02, low, x + 0.02, high), SEAM) for x in xs]


_CAR_ACROSS: Outline = [
    (0, 0.16),
    (0.74, 0.16),
    (0.84, 0.32),
    (0.90, 0.55),
    (0.895, 0.72),
    (0.86, 0.93),
    (0.60, 1.52),
    (0, 1.56),
]


def _car_plan(rear: float, front: float, half: float = 0.9) -> Outline:
    return [
        (rear - 0.02, 0), (rear, half * 0.62), (rear + 0.14, half * 0.88), (rear + 0.5, half * 0.99), (0, half * 1.01),
        (front - 0.62, half * 0.985), (front - 0.24, half * 0.86), (front - 0.04, half * 0.58), (front + 0.03, 0),
    ]  # fmt: skip


def _screens(cowl: float, roof: float, base: float = 0.74, top: float = 0.55) -> list[Patch]:
    """Windscreen and rear window in the front and rear views."""
    pane: Outline = [(-base, cowl), (base, cowl), (top, roof), (-top, roof)]
    higher: Outline = [(-base, cowl + 0.10), (base, cowl + 0.10), (top, roof), (-top, roof)]
    return [Patch("front", pane, GLASS, 0.25), Patch("rear", higher, GLASS, 0.25)]


def _sedan() -> Vehicle:
    side: Outline = [
        (-2.28, 0.24), (-2.34, 0.48), (-2.33, 0.78), (-2.26, 0.98), (-1.72, 1.06), (-0.98, 1.39), (-0.25, 1.455),
        (0.32, 1.42), (1.10, 0.985), (1.95, 0.84), (2.24, 0.70), (2.33, 0.50), (2.28, 0.24), (1.9, 0.18), (-1.9, 0.18),
    ]  # fmt: skip
    patches = (
        Patch("front", _box(-0.62, 0.30, 0.62, 0.56), PLASTIC),
        *_screens(0.98, 1.36),
        *_lamps(2.30, -2.32, 0.80, 0.60, 0.74),
        *_seams((1.02, -0.18, -1.12), 0.3, 0.95),
        Patch("side", [(0.92, 0.97), (0.26, 1.355), (-0.14, 1.375), (-0.14, 0.97)], GLASS, 0.3),
        Patch("side", [(-0.22, 0.97), (-0.22, 1.375), (-0.86, 1.32), (-1.42, 1.02), (-1.38, 0.98)], GLASS, 0.3),
        Patch("side", _box(-1.0, 0.17, 1.0, 0.27), PLASTIC, 0.2),
    )
    body = Body(side, _CAR_ACROSS, _car_plan(-2.32, 2.30), patches)
    return Vehicle("car", (body,), (1.40, -1.32), extras=_mirrors(0.86, 0.88, 1.0))


def _hatchback() -> Vehicle:
    side: Outline = [
        (-1.93, 0.25), (-2.0, 0.5), (-1.98, 0.85), (-1.92, 1.05), (-1.60, 1.42), (-1.2, 1.50), (-0.3, 1.525),
        (0.30, 1.47), (1.12, 1.01), (1.72, 0.86), (1.98, 0.70), (2.05, 0.50), (2.0, 0.24), (1.7, 0.18), (-1.7, 0.18),
    ]  # fmt: skip
    patches = (
        Patch("front", _box(-0.60, 0.30, 0.60, 0.54), PLASTIC),
        *_screens(1.0, 1.41),
        *_lamps(2.02, -1.98, 0.78, 0.62, 0.78),
        *_seams((1.0, -0.12, -0.95), 0.3, 0.97),
        Patch("side", [(0.94, 0.99), (0.26, 1.40), (-0.08, 1.43), (-0.08, 0.99)], GLASS, 0.3),
        Patch("side", [(-0.16, 0.99), (-0.16, 1.43), (-1.15, 1.41), (-1.52, 1.20), (-1.45, 1.02)], GLASS, 0.3),
        Patch("side", _box(-0.9, 0.17, 0.9, 0.28), PLASTIC, 0.2),
    )
    body = Body(side, _CAR_ACROSS, _car_plan(-1.98, 2.02, 0.88), patches)
    return Vehicle("car", (body,), (1.27, -1.22), wheel_m=0.31, track=0.86, extras=_mirrors(0.86, 0.88, 1.02))


def _suv() -> Vehicle:
    side: Outline = [
        (-2.2, 0.34), (-2.28, 0.6), (-2.25, 1.0), (-2.15, 1.22), (-1.85, 1.64), (-1.3, 1.71), (-0.2, 1.73),
        (0.40, 1.66), (1.16, 1.17), (1.95, 1.06), (2.22, 0.90), (2.28, 0.6), (2.22, 0.32), (1.85, 0.26), (-1.85, 0.26),
    ]  # fmt: skip
    across: Outline = [
        (0, 0.24),
        (0.78, 0.24),
        (0.90, 0.42),
        (0.94, 0.7),
        (0.93, 0.95),
        (0.90, 1.12),
        (0.66, 1.76),
        (0, 1.8),
    ]
    patches = (
        Patch("front", _box(-0.55, 0.62, 0.55, 0.86), PLASTIC),
        Patch("front", _box(-0.75, 0.25, 0.75, 0.48), PLASTIC, 0.2),
        Patch("rear", _box(-0.85, 0.25, 0.85, 0.52), PLASTIC, 0.2),
        *_screens(1.17, 1.60, 0.78, 0.6),
        *_lamps(2.25, -2.26, 0.83, 0.80, 0.98),
        *_seams((1.06, -0.10, -1.06), 0.42, 1.13),
        Patch("side", [(1.0, 1.15), (0.36, 1.60), (-0.06, 1.63), (-0.06, 1.15)], GLASS, 0.3),
        Patch("side", [(-0.15, 1.15), (-0.15, 1.63), (-1.05, 1.62), (-1.05, 1.15)], GLASS, 0.3),
        Patch("side", [(-1.15, 1.18), (-1.15, 1.61), (-1.62, 1.57), (-1.88, 1.32), (-1.8, 1.18)], GLASS, 0.3),
        Patch("side", _box(-2.3, 0.2, 2.3, 0.42), PLASTIC, 0.2),
    )
    body = Body(side, across, _car_plan(-2.25, 2.24, 0.94), patches)
    return Vehicle("car", (body,), (1.36, -1.34), wheel_m=0.37, track=0.92, extras=_mirrors(0.92, 0.92, 1.2))


def _van() -> Vehicle:
    side: Outline = [
        (-2.4, 0.35), (-2.45, 0.7), (-2.42, 1.5), (-2.34, 1.98), (-2.1, 2.08), (1.05, 2.08), (1.45, 1.95),
        (2.05, 1.18), (2.38, 0.98), (2.46, 0.6), (2.4, 0.32), (2.1, 0.26), (-2.1, 0.26),
    ]  # fmt: skip
    across: Outline = [
        (0, 0.24),
        (0.80, 0.24),
        (0.92, 0.45),
        (0.95, 0.8),
        (0.94, 1.2),
        (0.84, 2.02),
        (0.7, 2.1),
        (0, 2.13),
    ]
    patches = (
        Patch("front", _box(-0.6, 0.42, 0.6, 0.70), PLASTIC),
        Patch("front", [(-0.84, 1.18), (0.84, 1.18), (0.74, 1.90), (-0.74, 1.90)], GLASS, 0.25),
        Patch("rear", [(-0.72, 1.25), (0.72, 1.25), (0.66, 1.85), (-0.66, 1.85)], GLASS, 0.25),
        *_lamps(2.42, -2.43, 0.84, 0.78, 1.0),
        *_seams((0.35, -1.15), 0.45, 1.95),
        Patch("side", [(1.85, 1.22), (1.32, 1.84), (0.45, 1.86), (0.45, 1.22)], GLASS, 0.3),
        Patch("side", [(0.25, 1.24), (0.25, 1.86), (-1.05, 1.86), (-1.05, 1.24)], GLASS, 0.3),
        Patch("side", [(-1.2, 1.24), (-1.2, 1.86), (-2.15, 1.84), (-2.2, 1.24)], GLASS, 0.3),
        Patch("side", _box(-2.5, 0.2, 2.5, 0.40), PLASTIC, 0.2),
    )
    body = Body(side, across, _car_plan(-2.42, 2.42, 0.95), patches, round_m=0.12)
    return Vehicle("car", (body,), (1.50, -1.42), wheel_m=0.34, track=0.93, extras=_mirrors(1.65, 0.96, 1.3))


def _bus() -> Vehicle:
    side = _box(-5.4, 0.32, 5.4, 3.05)
    across: Outline = [(0, 0.3), (1.18, 0.3), (1.25, 0.6), (1.25, 1.3), (1.20, 2.9), (1.05, 3.06), (0, 3.1)]
    panes = [Patch("side", _box(x, 1.28, x + 1.42, 2.36), GLASS, 0.3) for x in np.arange(-5.1, 3.4, 1.55)]
    patches = (
        *panes,
        Patch("side", _box(4.2, 0.5, 5.1, 2.5), GLASS, 0.3),
        Patch("side", _box(-0.6, 0.5, 0.45, 2.5), GLASS, 0.3),
        Patch("side", _box(-5.5, 0.95, 5.5, 1.10), CARGO, 0.3),
        Patch("front", _box(-1.1, 1.05, 1.1, 2.45), GLASS, 0.3),
        Patch("front", _box(-0.8, 2.55, 0.8, 2.85), PLASTIC, 0.3),
        Patch("rear", _box(-0.95, 1.5, 0.95, 2.4), GLASS, 0.3),
        *_lamps(5.4, -5.4, 1.1, 0.6, 0.82),
    )
    body = Body(side, across, _car_plan(-5.35, 5.35, 1.25), patches, round_m=0.2, step_m=0.05)
    return Vehicle("bus", (body,), (3.45, -2.9), wheel_m=0.48, track=1.22, extras=_mirrors(5.2, 1.3, 1.9))


def _truck() -> Vehicle:
    cab_side: Outline = [
        (0.95, 0.5), (0.95, 2.15), (1.15, 2.32), (2.05, 2.30), (2.62, 1.42), (2.72, 1.1), (2.74, 0.5), (2.6, 0.38),
    ]  # fmt: skip
    cab_across: Outline = [(0, 0.36), (0.92, 0.36), (0.98, 0.6), (0.99, 1.35), (0.86, 2.3), (0, 2.36)]
    cab_plan: Outline = [(0.9, 0), (0.95, 0.98), (2.3, 0.98), (2.62, 0.86), (2.76, 0.5), (2.78, 0)]
    cab = (
        Patch("front", [(-0.86, 1.35), (0.86, 1.35), (0.78, 2.12), (-0.78, 2.12)], GLASS, 0.2),
        Patch("front", _box(-0.6, 0.72, 0.6, 1.05), PLASTIC),
        Patch("side", [(2.38, 1.35), (1.96, 2.06), (1.4, 2.06), (1.4, 1.35)], GLASS, 0.3),
        *_seams((1.3, 2.35), 0.6, 2.1),
        *_lamps(2.74, 0.0, 0.85, 0.62, 0.82)[0:1],
        Patch("front", _box(-1.1, 0.62, -0.5, 0.82), HEADLAMP, 0.15),
        Patch("front", _box(-0.24, 0.42, 0.24, 0.56), PLATE),
        Patch("front", _box(-0.95, 0.36, 0.95, 0.6), PLASTIC),
    )
    load_across: Outline = [(0, 0.85), (1.08, 0.85), (1.08, 2.95), (0, 2.95)]
    load_plan: Outline = [(-3.3, 0), (-3.3, 1.08), (0.88, 1.08), (0.88, 0)]
    load = (
        Patch("side", _box(-3.4, 0.8, 1.0, 3.0), CARGO, 0.0),
        Patch("top", _box(-3.4, -1.2, 1.0, 1.2), CARGO, 0.0),
        Patch("rear", _box(-1.2, 0.8, 1.2, 3.0), CARGO, 0.0),
        Patch("front", _box(-1.2, 0.8, 1.2, 3.0), CARGO, 0.0),
        *(Patch("side", _box(x, 0.8, x + 0.06, 3.0), SEAM) for x in (-3.28, 0.80)),
        Patch("side", _box(-3.4, 0.8, 1.0, 0.94), SEAM),
        Patch("rear", _box(-0.03, 0.8, 0.03, 3.0), SEAM),
    )
    bodies = (
        Body(cab_side, cab_across, cab_plan, cab, round_m=0.12),
        Body(_box(-3.3, 0.85, 0.88, 2.95), load_across, load_plan, load, round_m=0.04, step_m=0.06),
    )
    frame = block((-3.2, -0.5, 0.45), (1.0, 0.5, 0.84), DARK)
    tail = [
        block((-3.28, s * 0.95 - 0.14, 0.58), (-3.22, s * 0.95 + 0.14, 0.74), palette("red")[TAILLAMP]) for s in (1, -1)
    ]
    return Vehicle(
        "truck", bodies, (1.85, -2.1), wheel_m=0.42, track=1.0, extras=(frame, *tail, *_mirrors(2.3, 1.1, 1.5))
    )


def _mirrors(x: float, y: float, z: float) -> tuple[Mesh, ...]:
    return tuple(
        block((x - 0.06, min(s * y, s * (y + 0.2)), z), (x + 0.08, max(s * y, s * (y + 0.2)), z + 0.15), DARK, 2)
        for s in (1, -1)
    )


MODELS = {"sedan": _sedan, "hatchback": _hatchback, "suv": _suv, "van": _van, "bus": _bus, "truck": _truck}


@cache
def vehicle(model: str) -> Vehicle:
    """The description of a model. Raises KeyError."""
    return MODELS[model]()


@cache
def _shape(model: str) -> tuple[tuple[Mesh, ...], tuple[Mesh, ...]]:
    kind = vehicle(model)
    return tuple(solid_of(body, kind) for body in kind.bodies), (*wheels(kind), *kind.extras)


@cache
def vehicle_mesh(model: str, colour: str, cargo: str = "white", *, lights: bool = True) -> Mesh:
    """A vehicle, its front towards +x. `cargo` is the colour of a truck's box or a bus's stripe."""
    bodies, rest = _shape(model)
    return joined([*(body.painted(palette(colour, cargo, lights=lights)) for body in bodies), *rest])
