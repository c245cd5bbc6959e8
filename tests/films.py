"""Films made of real pictures for the tests: H.264 with a keyframe every second, ready for an RTSP camera."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from agent.core.types import Box, Image
from scripts.render.video import write_video

FPS = 10


def write_film(path: Path, pictures: Iterable[Image], size_px: tuple[int, int]) -> Path:
    """Encode (H, W, 3) uint8 BGR pictures of one size (width, height), `FPS` to the second."""
    write_video(path, pictures, size_px=size_px, fps=FPS, crf=20)
    return path


def excerpt(video: Path, start_s: float, end_s: float, times: int = 1) -> Iterator[Image]:
    """A part of a video, again and again."""
    capture = cv2.VideoCapture(str(video))
    rate = capture.get(cv2.CAP_PROP_FPS)
    pictures, number, due = [], 0, start_s
    while number / rate < end_s:
        ok, image = capture.read()
        assert ok, f"{video} ended at {number / rate:.1f} s"
        if number / rate >= due:
            pictures.append(np.asarray(image, np.uint8))
            due += 1 / FPS
        number += 1
    capture.release()
    for _ in range(times):
        yield from pictures


def standing(picture: Image, seconds: float, seed: int) -> Iterator[Image]:
    """One picture as a fixed camera would film it: with sensor noise and an exposure that wavers."""
    random = np.random.default_rng(seed)
    for number in range(round(seconds * FPS)):
        gain = 1 + 0.02 * np.sin(number / 25)
        noisy = picture * gain + random.normal(0, 2.0, picture.shape)
        yield np.clip(noisy, 0, 255).astype(np.uint8)


def without(picture: Image, box_n: Box) -> Image:
    """The same picture with a part of it filled in from around it."""
    height, width = picture.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    x1, y1, x2, y2 = box_n
    mask[round(y1 * height) : round(y2 * height), round(x1 * width) : round(x2 * width)] = 255
    return np.asarray(cv2.inpaint(picture, mask, 5, cv2.INPAINT_TELEA), np.uint8)
