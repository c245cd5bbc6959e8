"""What lies between the street and the file: bloom, rain, blur, shake, noise, compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scripts.render.camera import Array
from scripts.render.light import Light, developed
from scripts.render.scene import Lens, Weather

Pixels = NDArray[np.uint8]


def shake_at(lens: Lens, seed: int, at_s: float) -> tuple[float, float]:
    """How far the picture is shifted at a moment, in pixels."""
    if lens.shake_px <= 0:
        return 0.0, 0.0
    phase = np.random.default_rng((seed, 2)).uniform(0, 6.28, 4)
    x = np.sin(2 * np.pi * 1.3 * at_s + phase[0]) + 0.5 * np.sin(2 * np.pi * 3.7 * at_s + phase[1])
    y = 0.6 * np.sin(2 * np.pi * 1.7 * at_s + phase[2]) + 0.4 * np.sin(2 * np.pi * 4.9 * at_s + phase[3])
    return float(x * lens.shake_px / 1.5), float(y * lens.shake_px / 1.5)


def taken(linear: Array, light: Light, weather: Weather, lens: Lens, seed: int, at_s: float) -> Pixels:
    """(H, W, 3) linear light to the picture that the camera gives."""
    dice = np.random.default_rng((seed, 3, round(at_s * 1000)))
    if light.lamps:
        bright = np.clip(linear - 1.2, 0, 6)
        linear = linear + 0.35 * cv2.GaussianBlur(bright, (0, 0), 7) + 0.5 * cv2.GaussianBlur(bright, (0, 0), 2.5)
    if weather.rain > 0:
        haze = np.asarray(light.horizon, np.float32)
        linear = linear * (1 - 0.22 * weather.rain) + haze * 0.16 * weather.rain
    picture = developed(linear, light)
    if weather.rain > 0:
        picture = _rained(picture, weather.rain, dice)
    blur = lens.blur_px + 0.4 * weather.rain
    if blur > 0:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8)
    dx, dy = shake_at(lens, seed, at_s)
    if dx or dy:
        shift = np.array([[1, 0, dx], [0, 1, dy]], np.float32)
        size = (picture.shape[1], picture.shape[0])
        picture = np.asarray(cv2.warpAffine(picture, shift, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    sigma = light.noise * lens.noise
    if sigma > 0:
        grain = dice.standard_normal(picture.shape[:2], np.float32)[..., None] * sigma
        tint = dice.standard_normal((picture.shape[0] // 2, picture.shape[1] // 2, 3), np.float32) * sigma * 0.5
        tint = np.asarray(cv2.resize(tint, (picture.shape[1], picture.shape[0])), np.float32)
        picture = np.clip(picture + grain + tint, 0, 255).astype(np.uint8)
    if lens.jpeg is not None:
        data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, lens.jpeg])[1]
        picture = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return picture


def _rained(picture: Pixels, rain: float, dice: np.random.Generator) -> Pixels:
    """Streaks of falling drops, near ones long and faint."""
    height, width = picture.shape[:2]
    layer = np.zeros((height, width), np.float32)
    for _ in range(int(700 * rain * width * height / 518_400)):
        x, y, near = dice.uniform(0, width), dice.uniform(-40, height), dice.uniform(0.2, 1.0)
        end = (round(x + 4 * near), round(y + 40 * near))
        cv2.line(layer, (round(x), round(y)), end, float(0.10 + 0.12 * near), 1, cv2.LINE_AA)
    layer = np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.7), np.float32)[..., None]
    return np.asarray(np.clip(picture * (1 - layer) + 225 * layer, 0, 255), np.uint8)
