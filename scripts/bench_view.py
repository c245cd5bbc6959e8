#!/usr/bin/env python3
"""Print the CPU time that one camera's picture costs before and after the detector, part by part.

CITYEYE_SHARED=/path/to/shared PYTHONPATH=. python scripts/bench_view.py

Each scene is watched by several cameras in turn, and a buffer larger than a core's cache is touched in between, since a
gateway looks at a camera once a second or two and at dozens of others meanwhile. Printed are medians in milliseconds
of process CPU time, and in brackets the mean, which the looks that cost most (learning, adapting, aligning) weigh on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import cv2
import numpy as np

from agent.adapters.onnx import OnnxDetector
from agent.core.background import Background, working_picture
from agent.core.geometry import normalised
from agent.core.picture_health import PictureWatch
from agent.core.types import Floats, Image, Stamp
from scripts.render.film import Film
from scripts.render.scene import Lens, Weather
from scripts.render_demo import DEMO

ROOT: Final = Path(__file__).parents[1]
CLIPS: Final = ("cdnet_fall_1600f.mp4", "aboda_video4.avi")
STEP_S: Final = 1.0
CAMERAS: Final = 3
SETTLED_LOOKS: Final = 16
"""Looks that are not counted: both analysers learn their references in them."""
RENDERED_LOOKS: Final = 50
MOVER_SCORE: Final = 0.3
CACHE_BYTES: Final = 4 * 2**20
START: Final = datetime(2026, 5, 1, tzinfo=UTC)
Look = tuple[Image, Floats]
Costs = dict[str, list[float]]
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("CITYEYE_SHARED", ROOT.parent / "shared")))
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    detector = OnnxDetector.load(options.data / "data" / "models" / "yolox_nano.onnx")
    scenes = {name: clip(options.data / "data" / "video" / name, detector) for name in CLIPS}
    scenes["rendered 16:9"] = rendered()
    costs: dict[str, Costs] = {name: defaultdict(list) for name in scenes}
    for _ in range(options.rounds):  # in turn, so that what else the machine does falls on all scenes alike
        for name, looks in scenes.items():
            watch(looks, costs[name])
    for name, parts in costs.items():
        print(name)
        for part, taken_ms in parts.items():
            print(f"  {part:20} {statistics.median(taken_ms):6.2f} ({statistics.fmean(taken_ms):.2f})")


def watch(looks: list[Look], costs: Costs) -> None:
    """Show the looks to `CAMERAS` cameras in turn; adds to `costs`, in ms for each part."""
    cameras = [(PictureWatch(), Background()) for _ in range(CAMERAS)]
    evict = np.zeros(CACHE_BYTES, np.uint8)
    for number, (image, movers) in enumerate(looks):
        stamp = Stamp(utc=START + timedelta(seconds=number * STEP_S), mono_s=number * STEP_S)
        for health, background in cameras:
            evict += 1
            small, shrunk_ms = timed(partial(working_picture, image))
            _, health_ms = timed(partial(health.step, small, stamp))
            _, changes_ms = timed(partial(background.step, small, stamp, movers))
            if number >= SETTLED_LOOKS:
                costs["working_picture"].append(shrunk_ms)
                costs["PictureWatch.step"].append(health_ms)
                costs["Background.step"].append(changes_ms)


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """What it returns, and the CPU time of this process in ms."""
    begun_s = time.process_time()
    given = call()
    return given, (time.process_time() - begun_s) * 1000


def clip(path: Path, detector: OnnxDetector) -> list[Look]:
    """Pictures of a real clip, one every `STEP_S`, with the boxes (0..1) of what the detector sees move."""
    video = cv2.VideoCapture(str(path))
    every = round(video.get(cv2.CAP_PROP_FPS) * STEP_S)
    looks: list[Look] = []
    index = 0
    while video.grab():
        if index % every == 0:
            image = np.asarray(video.retrieve()[1], np.uint8)
            found = detector.detect([image])[0]
            boxes = normalised(found.boxes_px, (image.shape[1], image.shape[0]))
            looks.append((image, boxes[found.scores >= MOVER_SCORE]))
        index += 1
    video.release()
    return looks


def rendered() -> list[Look]:
    """The street of the demo with leaves in a light wind, as Full HD; nothing says what moves."""
    camera = replace(DEMO.camera, size_px=(640, 360))
    film = Film(replace(DEMO, camera=camera, duration_s=60.0, lens=Lens(blur_px=0.6), weather=Weather(wind=0.2)))
    nobody: Floats = np.zeros((0, 4), np.float32)
    shots = (film.shot(float(t)).image for t in range(RENDERED_LOOKS))
    return [(np.asarray(cv2.resize(shot, (1920, 1080)), np.uint8), nobody) for shot in shots]


if __name__ == "__main__":
    main()
