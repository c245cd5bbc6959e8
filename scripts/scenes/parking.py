"""Illegal parking: arrivals, departures, replacements, occlusion, queues at a red light, weather, and what is none."""

from __future__ import annotations

from typing import Any

from scripts.render.light import DUSK, NIGHT, OVERCAST
from scripts.render.scene import Actor, Lens, Scene, Weather
from scripts.render.things import Car, Person
from scripts.scenes.case import Case, Watch
from scripts.scenes.cast import KERB_Y, ROAD, lingers, parks, passes, stands, stops, traffic, walks

KERB = Watch(
    rule="illegal_parking",
    zone="kerb",
    ground=(-11.0, 13.2, 13.0, 16.6),
    settings={"dwell": 30.0, "clear_after": 20.0},
)
LANE = Watch(
    rule="illegal_parking",
    zone="lane",
    ground=(-11.0, 10.6, 13.0, 13.2),
    settings={"dwell": 60.0, "clear_after": 20.0},
)
POOR = {"score": 0.5, "miss": 0.12, "lapse": 0.01, "jitter": 0.03}
RED, BLUE, GREY = Car("sedan", "red"), Car("suv", "blue"), Car("hatchback", "grey")
TRUCK = Car("truck", "green")


def case(name: str, violations: int, *actors: Actor, watch: Watch = KERB, length_s: float = 120.0, **keys: Any) -> Case:
    """A case on the road. `keys`: of `Scene` (light, weather, lens) or of `Case`."""
    own = {key: keys.pop(key) for key in ("light", "weather", "lens", "seed") if key in keys}
    scene = Scene(name=name, actors=actors, camera=ROAD, duration_s=length_s, fps=1.0, **own)
    return Case(scene=scene, watches=(watch,), violations=violations, **keys)


def queue(cycles: int, *, stop_s: float = 40.0, gap_s: float = 14.0) -> tuple[Actor, ...]:
    """Three cars in a row at each red light, other ones each time."""
    models = (RED, BLUE, GREY, Car("van", "white"), Car("sedan", "black"), Car("suv", "silver"))
    found = []
    for c in range(cycles):
        for i in range(3):
            from_s = 6.0 + c * (stop_s + gap_s) + i
            found.append(stops(f"c{c}q{i}", models[(3 * c + i) % 6], -6.0 + 6.5 * i, from_s, from_s + stop_s))
    return tuple(found)


NEAR_QUEUE = tuple(stops(f"n{i}", Car("sedan", "silver"), -5.0 + 7 * i, 8.0 + i, 50.0 + i, near=True) for i in range(3))

CASES = (
    case("parks and leaves", 1, parks("red", RED, 3.0, 10.0, 80.0), *traffic(5, 115, 17), pixels=True),
    case("two side by side", 2, parks("red", RED, 5.0, 8.0), parks("blue", BLUE, -3.0, 20.0, 90.0)),
    case("replaced at once", 2, parks("red", RED, 2.0, 8.0, 60.0), parks("blue", BLUE, 2.0, 67.0), pixels=True),
    case(
        "replaced after a while", 2, parks("red", RED, 2.0, 6.0, 50.0), parks("other", Car("sedan", "white"), 2.0, 72.0)
    ),
    case("comes back to its spot", 2, parks("red", RED, 2.0, 6.0, 50.0), parks("red2", RED, 2.0, 75.0), length_s=130.0),
    case(
        "a truck hides it for a minute",
        1,
        parks("red", RED, 3.0, 8.0, 150.0),
        stops("lorry", TRUCK, 2.4, 60.0, 118.0, near=True),
        length_s=180.0,
        pixels=True,
    ),
    case(
        "a truck hides it while it waits",
        1,
        parks("red", RED, 3.0, 8.0),
        stops("lorry", TRUCK, 2.4, 20.0, 40.0, near=True),
    ),
    case(
        "a truck hides its departure",
        1,
        parks("red", RED, 3.0, 8.0, 75.0),
        stops("lorry", TRUCK, 2.4, 60.0, 100.0, near=True),
        length_s=150.0,
    ),
    case(
        "a bus hides two",
        2,
        parks("red", RED, 5.5, 8.0),
        parks("blue", BLUE, -1.0, 12.0),
        stops("bus", Car("bus", "white"), 3.5, 55.0, 90.0, near=True),
    ),
    case("stops for a moment", 0, parks("red", RED, 3.0, 10.0, 30.0), parks("grey", GREY, -3.0, 50.0, 72.0)),
    case(
        "others stop at the same spot",
        0,
        parks("red", RED, 3.0, 8.0, 28.0),
        parks("blue", BLUE, 3.0, 35.0, 57.0),
        parks("grey", GREY, 3.0, 64.0, 88.0),
    ),
    case("dense traffic", 0, *traffic(0, 120, 5), *traffic(2, 120, 4, near=False), watch=LANE),
    case("red light", 0, *queue(3), watch=LANE, length_s=180.0),
    case("red light after red light", 0, *queue(3, stop_s=45.0, gap_s=7.0), watch=LANE, length_s=180.0),
    case(
        "breaks down in the queue",
        1,
        *queue(1),
        stops("dead", Car("sedan", "yellow"), 10.5, 12.0, 150.0),
        watch=LANE,
        length_s=180.0,
    ),
    case("night", 1, parks("red", RED, 3.0, 10.0, 85.0), *traffic(5, 115, 20), light=NIGHT, oracle=POOR, pixels=True),
    case(
        "dusk in the rain",
        2,
        parks("grey", GREY, 5.0, 8.0),
        parks("blue", BLUE, -3.0, 15.0, 85.0),
        light=DUSK,
        weather=Weather(rain=0.6),
        oracle=POOR,
    ),
    case(
        "wind shakes the pole",
        1,
        parks("red", RED, 3.0, 10.0, 80.0),
        weather=Weather(wind=1.0),
        lens=Lens(shake_px=4.0),
        oracle={"jitter": 0.05},
    ),
    case(
        "noise and coarse pictures",
        1,
        parks("blue", BLUE, 3.0, 10.0, 80.0),
        lens=Lens(noise=4.0, jpeg=25),
        light=OVERCAST,
        oracle={"miss": 0.15, "jitter": 0.04, "score": 0.55},
    ),
    case(
        "taken for a truck now and then", 1, parks("van", Car("van", "white"), 3.0, 10.0, 80.0), oracle={"flip": 0.45}
    ),
    case("its look switches", 1, parks("red", RED, 3.0, 10.0, 95.0), *traffic(5, 115, 9), oracle={"switch": 0.08}),
    case(
        "a row of which one leaves",
        3,
        parks("a", RED, 8.0, 6.0),
        parks("b", GREY, 2.5, 9.0, 70.0),
        parks("c", BLUE, -3.0, 13.0),
        walks("w", 50.0, 17.0),
    ),
    case(
        "people in front of it",
        1,
        parks("red", RED, 3.0, 10.0, 90.0),
        lingers("a", 2.4, 13.0, 25.0, 85.0),
        lingers("b", 3.4, 12.9, 45.0, 70.0, Person((0.1, 0.2, 0.4))),
    ),
    case("beside the zone", 0, stops("far", RED, 2.0, 10.0, 110.0), *traffic(5, 115, 15)),
    case(
        "double parked in front of it",
        1,
        parks("red", RED, 3.0, 6.0),
        stops("van", Car("van", "white"), 2.6, 50.0, 95.0),
    ),
    case(
        "a bus at its stop",
        0,
        stands("post", Person(), 9.0, 17.0),
        *(parks(f"bus{i}", Car("bus", "white"), 1.0, 8.0 + 38 * i, 32.0 + 38 * i) for i in range(3)),
    ),
    case("looked at every four seconds", 1, parks("red", RED, 3.0, 10.0, 80.0), *traffic(5, 115, 11), every_s=4.0),
    case(
        "there from the beginning", 1, stands("old", GREY, 3.0, KERB_Y, 0.0, 70.0), passes("by", RED, 40.0, near=True)
    ),
    case("many things that are not there", 0, *traffic(0, 120, 8), oracle={"phantom": 0.5, "miss": 0.1}),
    case("two lanes stand still", 0, *queue(2), *NEAR_QUEUE, watch=LANE, length_s=150.0),
)
