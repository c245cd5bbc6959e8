"""Pictures of random scenes with labels as YOLO writes them, to train a detector on what no public set shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from agent.core.taxonomy import CLASSES
from scripts.render.bodies import COLOURS
from scripts.render.camera import Camera
from scripts.render.film import Film, Shot
from scripts.render.light import DAY, DUSK, NIGHT, OVERCAST
from scripts.render.scene import Actor, Key, Lens, Scene, Weather
from scripts.render.street import Street
from scripts.render.things import Bag, Bin, Car, Goods, Person, Stall, Thing
from scripts.render.vehicles import MODELS

PER_STREET = 4
"""Pictures of one street and light, with other actors in each: the empty street is the dear part."""
LEAST_VISIBLE = 0.3
SMALLEST_PX = 8.0
"""An actor of which less can be seen, or that is smaller, gets no label."""
Dice = np.random.Generator


def render_training_set(folder: Path, count: int, seed: int) -> None:
    """Write `count` pictures to folder/images and their labels to folder/labels, and folder/classes.txt.

    A label line is `class x y width height`: index into `agent.core.taxonomy.CLASSES`, middle and size of the visible
    part in 0..1. The same seed gives the same files.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "classes.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
    for number, (scene, shot) in enumerate(_shots(count, seed)):
        cv2.imwrite(str(folder / "images" / f"{number:05}.jpg"), shot.image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        text = "".join(f"{line}\n" for line in labels(shot, scene.camera.size_px))
        (folder / "labels" / f"{number:05}.txt").write_text(text, encoding="utf-8")


def labels(shot: Shot, size_px: tuple[int, int]) -> list[str]:
    """The label lines of a picture."""
    lines = []
    for seen in shot.seen:
        if seen.seen_px is None or seen.visible < LEAST_VISIBLE:
            continue
        x1, x2 = (float(np.clip(v / size_px[0], 0, 1)) for v in seen.seen_px[::2])
        y1, y2 = (float(np.clip(v / size_px[1], 0, 1)) for v in seen.seen_px[1::2])
        if min((x2 - x1) * size_px[0], (y2 - y1) * size_px[1]) < SMALLEST_PX:
            continue
        box = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        lines.append(" ".join([str(CLASSES.index(seen.class_name)), *(f"{v:.6f}" for v in box)]))
    return lines


def _shots(count: int, seed: int) -> Iterator[tuple[Scene, Shot]]:
    dice = np.random.default_rng((seed, 4))
    for start in range(0, count, PER_STREET):
        film = Film(_street(dice))
        for i in range(min(PER_STREET, count - start)):
            scene = replace(film.scene, actors=_actors(dice, film.scene.street), seed=int(dice.integers(1 << 30)))
            yield scene, film.recast(scene).shot(float(i))


def _street(dice: Dice) -> Scene:
    camera = Camera(
        size_px=(960, 540),
        place_m=(0.0, float(dice.uniform(-6, 1)), float(dice.uniform(4, 8))),
        yaw_deg=float(dice.uniform(-22, 22)),
        pitch_deg=float(dice.uniform(11, 24)),
        view_deg=float(dice.uniform(48, 70)),
    )
    light = (DAY, DAY, OVERCAST, DUSK, NIGHT)[int(dice.integers(5))]
    light = replace(
        light, bearing_deg=float(dice.uniform(-80, 80)), exposure=light.exposure * float(dice.uniform(0.8, 1.25))
    )
    rain = float(dice.uniform(0.2, 1.0)) if dice.random() < 0.2 else 0.0
    jpeg = int(dice.integers(35, 90)) if dice.random() < 0.4 else None
    lens = Lens(blur_px=float(dice.uniform(0.3, 1.0)), jpeg=jpeg, noise=float(dice.uniform(0.5, 2)))
    trees = tuple(float(x) for x in np.arange(-16, 17, float(dice.uniform(7, 12))) + dice.uniform(-1, 1))
    street = Street(trees=trees, no_parking=bool(dice.random() < 0.5))
    seed = int(dice.integers(1 << 30))
    return Scene(
        name="training",
        actors=(),
        camera=camera,
        street=street,
        light=light,
        weather=Weather(rain),
        lens=lens,
        seed=seed,
    )


def _actors(dice: Dice, street: Street) -> tuple[Actor, ...]:
    """Vehicles in three rows with room between them, and other things on the far pavement."""
    actors: list[Actor] = []

    def put(thing: Thing, x: float, y: float, heading: float) -> None:
        spot = (x, y + float(dice.uniform(-0.2, 0.2)), heading)
        actors.append(Actor(f"{thing.class_name}-{len(actors)}", thing, (Key(-1, *spot), Key(100, *spot))))

    for y, heading, share in ((street.far_kerb - 1.2, 180.0, 0.6), (11.9, 180.0, 0.25), (8.2, 0.0, 0.25)):
        x = -20.0 + float(dice.uniform(0, 4))
        while x < 20:
            if dice.random() < share:
                model = str(dice.choice([*MODELS, "sedan", "suv", "hatchback"]))
                colour, cargo = (str(c) for c in dice.choice(list(COLOURS), 2))
                put(
                    Car(model, colour, cargo, lights=bool(dice.random() < 0.6)),
                    x,
                    y,
                    heading + float(dice.normal(0, 5)),
                )
                x += 6.5 if model in ("bus", "truck") else 1.0
            x += float(dice.uniform(5.5, 7.5))
    makers = (
        lambda: Bin(tuple(dice.uniform(0.02, 0.3, 3)), float(dice.choice([0.5, 1.4, 1.9]))),
        lambda: Bag(tuple(dice.uniform(0.01, 0.25, 3)), int(dice.integers(1, 6)), float(dice.uniform(0.4, 0.8))),
        lambda: Stall(tuple(dice.uniform(0.02, 0.5, 3)), float(dice.uniform(1.5, 3.0))),
        lambda: Goods(int(dice.integers(2, 5))),
        lambda: Person(
            tuple(dice.uniform(0.02, 0.5, 3)), tuple(dice.uniform(0.01, 0.2, 3)), float(dice.uniform(1.5, 1.9))
        ),
    )
    for x in np.arange(-14, 14, 3.2):
        if dice.random() < 0.6:
            thing: Thing = makers[int(dice.integers(len(makers)))]()
            put(
                thing,
                float(x + dice.uniform(-0.8, 0.8)),
                street.far_kerb + float(dice.uniform(1.0, 3.2)),
                float(dice.uniform(-180, 180)) if thing.class_name == "person" else 0.0,
            )
    return tuple(actors)
