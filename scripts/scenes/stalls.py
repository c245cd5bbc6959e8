"""Stalls and shop goods on a pavement: put up and taken away, manned or not, hidden, tolerated, and what is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from scripts.render.light import DUSK, NIGHT, OVERCAST
from scripts.render.scene import Actor, Lens, Scene, Weather
from scripts.render.things import Car, Goods, Person, Stall
from scripts.scenes.case import Case, Watch
from scripts.scenes.cast import PAVEMENT, lingers, parks, stands, stops, traffic, walks
from scripts.scenes.garbage import BLIND, POOR

TIMES = {"dwell": 30.0, "clear_after": 20.0}
GROUND = (-6.5, 16.2, 6.5, 20.0)
PAVED = Watch(rule="stall_encroachment", zone="pavement", ground=GROUND, settings=TIMES)
SELLER = Person((0.05, 0.25, 0.5))


def _line(y_m: float) -> dict[str, Any]:
    """The line that goods may reach, parallel to the houses."""
    ends, _ = PAVEMENT.project(np.array([(-6.0, y_m, 0), (6.0, y_m, 0), (0.0, 20.2, 0)], np.float32))
    points = (ends / np.array(PAVEMENT.size_px, np.float32)).clip(0, 1).tolist()
    return {"points": points[:2], "shop": points[2]}


LINED = Watch(rule="stall_encroachment", zone="pavement", ground=GROUND, settings={**TIMES, "goods_line": _line(18.6)})


def case(
    name: str, violations: int, *actors: Actor, watch: Watch = PAVED, length_s: float = 120.0, **keys: Any
) -> Case:
    """A case on the pavement. `keys`: of `Scene` (light, weather, lens) or of `Case`."""
    own = {key: keys.pop(key) for key in ("light", "weather", "lens", "seed") if key in keys}
    scene = Scene(name=name, actors=actors, camera=PAVEMENT, duration_s=length_s, fps=1.0, **own)
    return Case(scene=scene, watches=(watch,), violations=violations, **keys)


def stall(name: str, x_m: float, from_s: float, to_s: float = 1000.0, y_m: float = 18.0) -> Actor:
    """A hawker's stall."""
    return stands(name, Stall(), x_m, y_m, from_s, to_s)


def goods(name: str, x_m: float, from_s: float, to_s: float = 1000.0, y_m: float = 18.6) -> Actor:
    """Crates that a shop puts out."""
    return stands(name, Goods(), x_m, y_m, from_s, to_s)


CASES = (
    case(
        "a stall comes and goes",
        1,
        stall("stall", 0.5, 12.0, 85.0),
        lingers("seller", 0.5, 18.9, 13.0, 85.0, SELLER),
        pixels=True,
    ),
    case("goods put out", 1, goods("goods", 1.0, 15.0, 85.0), walks("a", 50.0, 17.2), pixels=True),
    case("a stall for a moment", 0, stall("stall", 0.5, 15.0, 38.0), lingers("seller", 0.5, 18.9, 15.0, 38.0, SELLER)),
    case(
        "goods while unloading", 0, goods("goods", 1.0, 20.0, 45.0), parks("van", Car("van", "white"), 1.0, 15.0, 50.0)
    ),
    case("two stalls apart", 2, stall("one", -3.5, 10.0), stall("two", 3.0, 20.0, 90.0)),
    case("goods where a stall was", 2, stall("stall", 1.0, 8.0, 50.0), goods("goods", 1.0, 78.0), length_s=140.0),
    case(
        "people stand about",
        0,
        lingers("a", -1.0, 17.8, 10.0, 95.0),
        lingers("b", 0.2, 18.0, 15.0, 100.0, SELLER),
        lingers("c", 2.5, 17.5, 30.0, 80.0),
    ),
    case("people pass", 0, *(walks(f"w{i}", 8.0 + 9 * i, 17.0 + 0.4 * (i % 4), left=bool(i % 2)) for i in range(12))),
    case(
        "customers before a stall",
        1,
        stall("stall", 0.5, 8.0, 95.0, y_m=18.4),
        lingers("a", 0.0, 17.2, 25.0, 60.0),
        lingers("b", 1.0, 17.3, 35.0, 85.0, SELLER),
        walks("w", 50.0, 16.9),
    ),
    case(
        "a lorry hides a stall for a minute",
        1,
        stall("stall", 0.5, 8.0, 150.0),
        stops("lorry", Car("truck", "white"), 0.5, 60.0, 116.0),
        length_s=190.0,
    ),
    case(
        "a bus hides a stall that leaves",
        1,
        stall("stall", 0.5, 8.0, 75.0),
        stops("bus", Car("bus", "white"), 0.5, 60.0, 95.0),
        length_s=150.0,
    ),
    case("goods within the shop's line", 0, goods("goods", 1.0, 12.0, y_m=19.4), watch=LINED),
    case("goods beyond the shop's line", 1, goods("goods", 1.0, 12.0, 85.0, y_m=17.2), watch=LINED),
    case("a stall at night", 1, stall("stall", 0.5, 10.0, 85.0), light=NIGHT, oracle=POOR),
    case(
        "a stall in the rain", 1, stall("stall", -1.0, 10.0, 85.0), light=DUSK, weather=Weather(rain=0.7), oracle=POOR
    ),
    case(
        "a stall and a shaking camera",
        1,
        stall("stall", 0.5, 10.0, 85.0),
        lens=Lens(shake_px=4.0, jpeg=30),
        light=OVERCAST,
        oracle={"jitter": 0.05},
    ),
    case("taken for other things now and then", 1, stall("stall", 0.5, 10.0, 85.0), oracle={"flip": 0.45}),
    case(
        "cars park before the pavement",
        0,
        parks("a", Car("suv", "red"), 2.0, 10.0, 90.0),
        parks("b", Car("van", "white"), -4.0, 20.0),
        *traffic(5, 115, 15, near=False),
    ),
    case(
        "stalls that are not there",
        0,
        *traffic(5, 115, 12, near=False),
        walks("a", 40.0, 17.5),
        oracle={"phantom": 0.4},
    ),
    case(
        "goods that no model names", 1, goods("goods", 1.0, 15.0, 85.0, y_m=17.6), walks("w", 55.0, 17.0), oracle=BLIND
    ),
)
