"""Actors that many cases need: who parks, passes, waits at a light, lingers, and is put down and taken away."""

from __future__ import annotations

from scripts.render.camera import Camera
from scripts.render.scene import Actor, Key
from scripts.render.things import Car, Person, Thing

ROAD = Camera(size_px=(960, 540), place_m=(0.0, -3.0, 6.0), yaw_deg=5.0, pitch_deg=15.0, view_deg=58.0)
"""Over the near pavement: both lanes, and the far kerb."""
PAVEMENT = Camera(size_px=(960, 540), place_m=(0.0, 6.0, 5.0), pitch_deg=20.0, view_deg=62.0)
"""Over the near lane: the far lane, kerb and pavement."""
KERB_Y, FAR_Y, NEAR_Y = 14.6, 11.9, 8.3
"""Middles of cars at the far kerb, and in the two lanes; far traffic goes to the left, near traffic to the right."""
END_S = 300.0


def parks(name: str, car: Car, x_m: float, from_s: float, to_s: float | None = None) -> Actor:
    """A car of the far lane that stops at the kerb; it stands from `from_s`, and goes on at `to_s`."""
    keys = [
        Key(from_s - 4.0, x_m + 25, FAR_Y),
        Key(from_s - 2.0, x_m + 8.0, 12.3),
        Key(from_s - 0.8, x_m + 1.7, KERB_Y),
        Key(from_s, x_m, KERB_Y),
    ]
    if to_s is None:
        return Actor(name, car, (*keys, Key(END_S, x_m, KERB_Y)))
    away = (Key(to_s, x_m, KERB_Y), Key(to_s + 2.0, x_m - 7.5, 12.0), Key(to_s + 4.4, x_m - 29, FAR_Y))
    return Actor(name, car, (*keys, *away))


def stops(name: str, car: Car, x_m: float, from_s: float, to_s: float, *, near: bool = False) -> Actor:
    """A vehicle that stops in its lane, as at a light, and drives on."""
    y, way = (NEAR_Y, 1.0) if near else (FAR_Y, -1.0)
    return Actor(
        name,
        car,
        (
            Key(from_s - 4.0, x_m - 32 * way, y),
            Key(from_s - 1.5, x_m - 4.0 * way, y),
            Key(from_s, x_m, y),
            Key(to_s, x_m, y),
            Key(to_s + 2.0, x_m + 6.0 * way, y),
            Key(to_s + 5.0, x_m + 36 * way, y),
        ),
    )


def passes(name: str, car: Car, at_s: float, *, near: bool, speed: float = 9.0) -> Actor:
    """A vehicle that is abreast of the camera at `at_s` and just drives on."""
    y, way = (NEAR_Y, 1.0) if near else (FAR_Y, -1.0)
    t = 32 / speed
    return Actor(name, car, (Key(at_s - t, -32 * way, y), Key(at_s + t, 32 * way, y)))


def traffic(from_s: float, to_s: float, every_s: float, *, near: bool = True) -> tuple[Actor, ...]:
    """One vehicle after the other."""
    models = ("sedan", "van", "hatchback", "suv", "truck", "sedan", "bus")
    colours = ("white", "grey", "red", "black", "blue", "silver", "green")
    count = int((to_s - from_s) / every_s)
    lane = "near" if near else "far"
    return tuple(
        passes(f"{lane}{i}", Car(models[i % 7], colours[i * 3 % 7]), from_s + i * every_s, near=near)
        for i in range(count)
    )


def walks(name: str, at_s: float, y_m: float, *, left: bool = False, person: Person | None = None) -> Actor:
    """Somebody who walks along the pavement and is abreast of the camera at `at_s`."""
    way = -1.0 if left else 1.0
    keys = (Key(at_s - 12.0, -16 * way, y_m), Key(at_s + 12.0, 16 * way, y_m))
    return Actor(name, person or Person(), keys)


def lingers(name: str, x_m: float, y_m: float, from_s: float, to_s: float, person: Person | None = None) -> Actor:
    """Somebody who comes, stands about with small steps, and goes."""
    keys = [Key(from_s - 8.0, x_m - 10.0, y_m, 0.0), Key(from_s, x_m, y_m, 0.0)]
    steps = int((to_s - from_s) / 6.0)
    keys += [
        Key(from_s + 6.0 * i, x_m + (0.25 if i % 2 else -0.1), y_m + (0.1 if i % 3 else 0.0), 0.0)
        for i in range(1, steps)
    ]
    return Actor(name, person or Person(), (*keys, Key(to_s, x_m, y_m, 0.0), Key(to_s + 8.0, x_m + 10.0, y_m, 0.0)))


def stands(name: str, thing: Thing, x_m: float, y_m: float, from_s: float = 0.0, to_s: float = END_S) -> Actor:
    """A thing that is put down at `from_s` and taken away at `to_s`: it appears and vanishes."""
    return Actor(name, thing, (Key(from_s, x_m, y_m, 0.0), Key(to_s, x_m, y_m, 0.0)))


def becomes(name: str, x_m: float, y_m: float, *things: tuple[float, Thing]) -> Actor:
    """A thing that is another one from each of these moments on; at 0 it is there from the beginning."""
    (from_s, first), *later = things
    return Actor(name, first, (Key(from_s, x_m, y_m, 0.0), Key(END_S, x_m, y_m, 0.0)), later=tuple(later))
