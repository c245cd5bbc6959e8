"""Small pictures of the street of the demo, as the agent's camera would give them, and of the real clips."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import av
import cv2
import numpy as np

from agent.core.background import working_picture
from agent.core.picture_health.registration import Alignment
from agent.core.types import Image
from scripts.render.film import Film
from scripts.render.light import DAY, NIGHT, OVERCAST, Light
from scripts.render.scene import Lens, Scene, Weather
from scripts.render_demo import DEMO
from tests.shared_data import shared

LIGHTS: dict[str, Light] = {"day": DAY, "night": NIGHT, "overcast": OVERCAST}
Pictures = tuple[Image, ...]


def small(image: Image) -> Image:
    """As the picture watch is given it."""
    return working_picture(image)


def scene(
    light: str = "day", *, yaw_deg: float = 0.0, pitch_deg: float = 0.0, size_px: tuple[int, int] = (480, 270)
) -> Scene:
    """The demo's street; the camera turned by so much from where it belongs."""
    camera = replace(
        DEMO.camera, size_px=size_px, yaw_deg=DEMO.camera.yaw_deg + yaw_deg, pitch_deg=DEMO.camera.pitch_deg + pitch_deg
    )
    return replace(DEMO, camera=camera, light=LIGHTS[light], duration_s=60.0)


@cache
def street(
    light: str = "day",
    count: int = 12,
    *,
    yaw_deg: float = 0.0,
    pitch_deg: float = 0.0,
    rain: float = 0.0,
    shake_px: float = 0.0,
    blur_px: float = 0.6,
) -> Pictures:
    """`count` small pictures, one per second, with the demo's traffic."""
    lens = Lens(shake_px=shake_px, blur_px=blur_px)
    weather = Weather(rain=rain, wind=0.2 + rain / 2)
    film = Film(replace(scene(light, yaw_deg=yaw_deg, pitch_deg=pitch_deg), lens=lens, weather=weather))
    return tuple(small(film.shot(float(t)).image) for t in range(count))


@cache
def clip(name: str, step_s: float = 0.5) -> Pictures:
    """Full-size pictures of a real clip of `shared/data/video`, one every `step_s`."""
    pictures: list[Image] = []
    with av.open(str(shared("video", name))) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        for number, frame in enumerate(container.decode(stream)):
            if number / float(stream.average_rate) >= len(pictures) * step_s - 1e-6:
                pictures.append(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
    return tuple(pictures)


def seen_from(image: Image, alignment: Alignment) -> Image:
    """The picture as a camera that moved by `alignment` gives it; beyond its edge the street goes on, mirrored."""
    size = (image.shape[1], image.shape[0])
    moved = cv2.warpAffine(image, alignment.matrix(size), size, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8)


def grained(image: Image, seed: int, sigma: float = 2.0) -> Image:
    """With the grain of a sensor."""
    grain = np.random.default_rng(seed).standard_normal(image.shape) * sigma
    return np.asarray(np.clip(image + grain, 0, 255), np.uint8)
