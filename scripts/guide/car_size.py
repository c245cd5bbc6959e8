"""How wide a car must be in the picture for the model that comes with the agent to find it; the figures of the guide.

python -m scripts.guide.car_size            # about two minutes on one core
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import atan2, degrees

from agent.core.geometry import iou
from agent.core.types import Box
from scripts.guide.views import SUB_STREAM_PX, found
from scripts.render.camera import Camera
from scripts.render.film import Film
from scripts.render.light import DAY, DUSK, OVERCAST
from scripts.render.scene import Actor, Key, Scene
from scripts.render.street import Street
from scripts.render.things import Car

_MODELS = ("sedan", "hatchback", "suv", "van", "sedan")
_PAINTS = (("red", "silver", "white", "blue", "black"), ("black", "white", "grey", "green", "silver"))
_DISTANCES_M = (16.0, 20.0, 26.0, 34.0, 44.0, 58.0, 76.0, 100.0, 130.0)
_KERB_Y_M, _STEEPNESS = 14.6, 0.34
_SAME = 0.4
"""IoU from which a box is about a car; small boxes are seldom drawn to the pixel."""
_EDGES = (0.0, 0.04, 0.06, 0.08, 0.10, 0.15, 0.40)
"""Classes of width, in shares of the picture's."""


@dataclass(frozen=True)
class Sight:
    """One car in one picture: its width as a share of the picture's, and whether it was found."""

    width_n: float
    found: bool


def sights() -> Iterator[Sight]:
    """Five cars at the kerb, in three lights and two sets of paints, from nearer and farther away."""
    width, height = SUB_STREAM_PX
    for distance_m in _DISTANCES_M:
        place = (0.0, _KERB_Y_M - distance_m, distance_m * _STEEPNESS)
        camera = Camera(SUB_STREAM_PX, place, pitch_deg=degrees(atan2(_STEEPNESS, 1.0)), view_deg=58.0)
        for light in (DAY, OVERCAST, DUSK):
            for paints in _PAINTS:
                cars = tuple(
                    Actor(f"{i}", Car(model, paint), (Key(0, 7.0 * (i - 2), _KERB_Y_M, 180.0),))
                    for i, (model, paint) in enumerate(zip(_MODELS, paints, strict=True))
                )
                scene = Scene(name="size", actors=cars, camera=camera, street=Street(trees=()), light=light, seed=3)
                shot = Film(scene).shot(0.0)
                boxes = found(shot.image)
                for seen in shot.seen:
                    x1, y1, x2, y2 = seen.box_px
                    box: Box = (x1 / width, y1 / height, x2 / width, y2 / height)
                    if seen.inside > 0.98:
                        yield Sight(box[2] - box[0], any(iou(box, other) >= _SAME for other in boxes))


def table(seen: list[Sight]) -> str:
    """One line for each class of width."""
    lines = []
    for low, high in pairwise(_EDGES):
        inside = [sight.found for sight in seen if low <= sight.width_n < high]
        if inside:
            lines.append(f"{low:.0%} to {high:.0%}: {sum(inside) / len(inside):.0%} of {len(inside)}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(list(sights())))
