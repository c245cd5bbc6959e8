"""Small scenes for the renderer's tests."""

from __future__ import annotations

from dataclasses import replace

from scripts.render.camera import Camera
from scripts.render.scene import Actor, Key, Lens, Scene, Weather
from scripts.render.street import Street
from scripts.render.things import Car, Person, Thing

CAMERA = Camera(size_px=(320, 180), place_m=(0.0, -3.0, 6.0), pitch_deg=15.0, view_deg=58.0)
CLEAN = Lens(blur_px=0.0, noise=0.0)


def standing(name: str, thing: Thing, x_m: float, y_m: float, heading_deg: float = 180.0) -> Actor:
    return Actor(name, thing, (Key(0, x_m, y_m, heading_deg), Key(60, x_m, y_m, heading_deg)))


RED = standing("red", Car("sedan", "red"), 3.0, 14.6)
LORRY = standing("lorry", Car("truck", "blue"), 2.6, 8.3, 0.0)
WALKER = Actor("walker", Person(), (Key(0, -6, 17), Key(10, 6, 17)))


def scene(*actors: Actor, lens: Lens = CLEAN, seed: int = 3) -> Scene:
    return Scene(
        name="test",
        actors=actors,
        camera=CAMERA,
        street=Street(trees=(-9.0,)),
        lens=lens,
        weather=Weather(wind=0.0),
        seed=seed,
        duration_s=1.0,
        fps=5,
    )


def reseeded(of: Scene, seed: int) -> Scene:
    return replace(of, seed=seed)
