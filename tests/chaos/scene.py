"""What the camera shows: the street of `tests/e2e/street`, where two cars leave and come back again and again.

The calm pictures of the clip forward and backward, so that the film can be played in a loop without a visible cut; a
car that is away is covered with the ground beside it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from agent.core.types import Image
from tests.e2e.street import SIZE_PX, clip, truth

FPS = 6
CALM = (1000, 1470)
"""Pictures of the clip in which nothing passes (events.json)."""
CLIP_FPS = 30
MARGIN_PX = 5
LOOP_S = 40


@dataclass(frozen=True, slots=True)
class Absence:
    """A car that is away in each loop from one second to another."""

    car: str
    from_s: float
    to_s: float


ABSENCES = (Absence("blue", 20.0, 40.0), Absence("dark", 0.0, 20.0))
"""One after the other: something happens all the time. Longer than the agent bridges (10 s), or a car that came back
could rightly be taken for one that stayed."""


def film(target: Path) -> Path:
    """Write one loop as H.264 with two keyframes a second, as a camera's sub-stream."""
    width, height = SIZE_PX
    source = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", str(FPS), "-i", "-"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "27", "-pix_fmt", "yuv420p", "-bf", "0"]
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        *source,
        *coding,
        "-g",
        str(FPS // 2),
        "-keyint_min",
        str(FPS // 2),
        str(target),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as coder:
        assert coder.stdin is not None
        for picture in loop():
            coder.stdin.write(picture.tobytes())
    assert coder.returncode == 0
    return target


def loop() -> Iterator[Image]:
    """The pictures of one loop, (H, W, 3) uint8 BGR."""
    for number, picture in enumerate(_calm_street(LOOP_S * FPS)):
        at_s = number / FPS
        for absence in ABSENCES:
            if absence.from_s <= at_s < absence.to_s:
                _cover(picture, absence.car)
        yield picture


def _calm_street(count: int) -> Iterator[Image]:
    capture = cv2.VideoCapture(str(clip()))
    step = CLIP_FPS // FPS
    pictures = [
        np.asarray(capture.retrieve()[1], np.uint8)
        for number in range(CALM[1])
        if capture.grab() and number >= CALM[0] and number % step == 0
    ]
    capture.release()
    # Half the loop forward and the same way back: its end joins its beginning.
    there = list(islice(pictures, count // 2))
    there += [there[-1]] * (count // 2 - len(there))
    yield from (picture.copy() for picture in there + there[::-1])


def _cover(picture: Image, car: str) -> None:
    """Cover a car with the ground to its left, mirrored as often as it takes to fill its width."""
    width, height = SIZE_PX
    x1, y1, x2, y2 = truth()[car]
    rows = slice(round(y1 * height) - MARGIN_PX, round(y2 * height) + MARGIN_PX)
    left, right = round(x1 * width) - MARGIN_PX, round(x2 * width) + MARGIN_PX
    ground = picture[rows, max(left - 38, 0) : left]
    times = -(-(right - left) // ground.shape[1])
    tiles = [ground[:, ::-1] if n % 2 == 0 else ground for n in range(times)]
    picture[rows, left:right] = np.hstack(tiles)[:, : right - left]
