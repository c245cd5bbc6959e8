"""Garbage: heaps on free ground, bins that overflow and are emptied, and what is none."""

from __future__ import annotations

from typing import Any

from agent.core.scoring.truth import Thing
from scripts.render.light import DUSK, NIGHT
from scripts.render.scene import Actor, Lens, Scene, Weather
from scripts.render.things import Bag, Bin, Car, Person
from scripts.scenes.case import Case, Watch, box_of
from scripts.scenes.cast import PAVEMENT, becomes, lingers, parks, stands, stops, traffic, walks

GROUND = Watch(
    rule="garbage_overflow",
    zone="ground",
    ground=(-6.5, 16.2, 6.5, 19.8),
    settings={"dwell": 30.0, "clear_after": 20.0},
)
BIN_AT = (1.0, 17.6)
BIN = Watch(
    rule="garbage_overflow",
    zone="bin",
    ground=(BIN_AT[0] - 1.5, BIN_AT[1] - 0.9, BIN_AT[0] + 1.5, BIN_AT[1] + 0.7),
    settings={"place": "bin", "dwell": 30.0, "clear_after": 20.0},
    height_m=1.9,
)
COCO = ("person", "bicycle", "motorcycle", "car", "bus", "truck")
BLIND = {"knows": COCO, "regions": True}
"""A detector without the class, and the scene-change channel."""
POOR = {"score": 0.55, "miss": 0.12, "lapse": 0.01, "jitter": 0.04}
EMPTY, FULL, HEAPED = Bin(fill=0.4), Bin(fill=0.95), Bin(fill=1.8)
BLUE_SHIRT = Person((0.5, 0.15, 0.05))


def case(
    name: str, violations: int, *actors: Actor, watch: Watch = GROUND, length_s: float = 120.0, **keys: Any
) -> Case:
    """A case on the pavement. `overflows`: from and to of a bin's overflowing; other keys of `Scene` or of `Case`."""
    own = {key: keys.pop(key) for key in ("light", "weather", "lens", "seed") if key in keys}
    overflows = keys.pop("overflows", ())
    scene = Scene(name=name, actors=actors, camera=PAVEMENT, duration_s=length_s, fps=1.0, **own)
    things = tuple(_overflow(scene, from_s, to_s) for from_s, to_s in overflows)
    return Case(scene=scene, watches=(watch,), violations=violations, things=things, **keys)


def _overflow(scene: Scene, from_s: float, to_s: float) -> Thing:
    box = box_of(scene, "bin", from_s + 0.1)
    return Thing(name="overflow", rule="garbage_overflow", box_n=box, from_s=from_s, to_s=to_s)


def bag(name: str, x_m: float, from_s: float, to_s: float = 1000.0, y_m: float = 17.4, count: int = 1) -> Actor:
    """Bags that somebody leaves."""
    return stands(name, Bag(count=count), x_m, y_m, from_s, to_s)


CASES = (
    case("a bag is left and fetched", 1, bag("bag", 1.0, 15.0, 80.0), walks("w", 15.0, 17.0), pixels=True),
    case("three bags together", 1, bag("heap", -2.0, 12.0, 85.0, count=3), walks("a", 40.0, 18.5)),
    case("a bag for a moment", 0, bag("bag", 1.0, 15.0, 38.0), lingers("owner", 2.0, 17.2, 14.0, 38.0)),
    case("two heaps apart", 2, bag("one", -4.0, 10.0, count=3), bag("two", 3.5, 25.0, 95.0, count=2)),
    case(
        "a heap that grows",
        1,
        becomes("heap", 2.0, 17.5, (8.0, Bag(count=1)), (40.0, Bag(count=3)), (70.0, Bag(count=6))),
    ),
    case("a bag beside a shut bin", 1, becomes("bin", -1.5, 17.6, (0.0, FULL)), bag("bag", 1.5, 20.0, 90.0)),
    case("a shut bin", 0, becomes("bin", *BIN_AT, (0.0, EMPTY), (60.0, FULL)), walks("a", 30.0, 17.0), watch=BIN),
    case(
        "a bin overflows and is emptied",
        1,
        becomes("bin", *BIN_AT, (0.0, FULL), (20.0, HEAPED), (90.0, EMPTY)),
        watch=BIN,
        overflows=((20.0, 90.0),),
        length_s=140.0,
        pixels=True,
    ),
    case(
        "a bin overflows twice",
        2,
        becomes("bin", *BIN_AT, (0.0, FULL), (10.0, HEAPED), (60.0, EMPTY), (100.0, HEAPED)),
        watch=BIN,
        overflows=((10.0, 60.0), (100.0, 1000.0)),
        length_s=170.0,
    ),
    case(
        "a bin is emptied in time",
        0,
        becomes("bin", *BIN_AT, (0.0, FULL), (20.0, HEAPED), (42.0, EMPTY)),
        watch=BIN,
        overflows=((20.0, 42.0),),
    ),
    case(
        "people at the bin",
        0,
        becomes("bin", *BIN_AT, (0.0, FULL)),
        lingers("a", 1.4, 16.9, 15.0, 70.0),
        lingers("b", 0.2, 16.8, 40.0, 95.0, BLUE_SHIRT),
        watch=BIN,
    ),
    case(
        "an overflowing bin behind people",
        1,
        becomes("bin", *BIN_AT, (0.0, FULL), (15.0, HEAPED)),
        lingers("a", 1.2, 16.6, 60.0, 85.0),
        watch=BIN,
        overflows=((15.0, 1000.0),),
    ),
    case(
        "a lorry hides a heap for a minute",
        1,
        bag("heap", 1.0, 8.0, 150.0, count=4),
        stops("lorry", Car("truck", "blue"), 0.6, 55.0, 112.0),
        length_s=190.0,
    ),
    case("a heap at night", 1, bag("heap", 1.0, 10.0, 85.0, count=4), light=NIGHT, oracle=POOR),
    case(
        "a bag in the rain",
        1,
        bag("bag", -1.0, 10.0, 85.0, count=2),
        light=DUSK,
        weather=Weather(rain=0.7),
        oracle=POOR,
    ),
    case(
        "a bag and a shaking camera",
        1,
        bag("bag", 2.0, 10.0, 85.0, count=2),
        lens=Lens(shake_px=4.0),
        weather=Weather(wind=1.0),
        oracle={"jitter": 0.06},
    ),
    case(
        "garbage that is not there",
        0,
        *traffic(5, 115, 12, near=False),
        walks("a", 30.0, 17.5),
        walks("b", 70.0, 18.5, left=True),
        oracle={"phantom": 0.4},
    ),
    case("a bag that no model names", 1, bag("bag", 1.0, 15.0, 80.0, count=2), walks("w", 40.0, 17.0), oracle=BLIND),
    case(
        "a heap of which the model sees a part now and then",
        1,
        bag("heap", 1.0, 12.0, 90.0, count=5),
        oracle={"regions": True, "miss": 0.6, "lapse": 0.0, "jitter": 0.08},
    ),
    case(
        "a bag behind a parked car",
        1,
        bag("bag", 1.0, 8.0, count=3),
        parks("car", Car("suv", "grey"), 1.5, 55.0, 100.0),
        length_s=150.0,
    ),
)
