"""The scene-change channel on real streets, with a real detector saying what moves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from agent.adapters.onnx import OnnxDetector
from agent.core.background import Background, working_picture
from agent.core.geometry import iou, normalised
from agent.core.types import Box, ChangeKind, Changes, Floats, Image, Stamp
from tests.shared_data import shared

Looks = list[tuple[float, Image, Floats]]
STEP_S = 1.0
LEAST_SCORE = 0.3


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector.load(shared("models", "yolox_nano.onnx"))


def looks_at(clip: str, detector: OnnxDetector) -> Looks:
    """Seconds, working picture and boxes of movers, once a second."""
    video = cv2.VideoCapture(str(shared("video", clip)))
    every = round(video.get(cv2.CAP_PROP_FPS) * STEP_S)
    looks: Looks = []
    index = 0
    while video.grab():
        if index % every == 0:
            image = np.asarray(video.retrieve()[1], np.uint8)
            found = detector.detect([image])[0]
            boxes = normalised(found.boxes_px, (image.shape[1], image.shape[0]))[found.scores >= LEAST_SCORE]
            looks.append((index / every * STEP_S, working_picture(image), boxes))
        index += 1
    video.release()
    return looks


def reports(looks: Looks, every: int = 1) -> list[tuple[float, Changes]]:
    background = Background()
    start = datetime(2026, 5, 1, tzinfo=UTC)
    steps = looks[::every]
    told = [(s, background.step(p, Stamp(utc=start + timedelta(seconds=s), mono_s=s), b)) for s, p, b in steps]
    assert background.ready
    return told


@pytest.mark.parametrize("every", [1, 2])
def test_the_left_bag_is_found_once_with_its_box(detector: OnnxDetector, every: int) -> None:
    truth = json.loads(shared("video", "events.json").read_text())["aboda_video4.avi"]["left_object"]
    x1, y1, x2, y2 = truth["box"]
    bag: Box = (x1 / 720, y1 / 480, x2 / 720, y2 / 480)
    found = [(s, c) for s, c in reports(looks_at("aboda_video4.avi", detector), every) if len(c)]
    assert 19 <= found[0][0] <= 19.7 + 10 + every
    for _, changes in found:
        assert changes.kinds == (ChangeKind.LEFT,)
        b = changes.boxes_n[0].tolist()
        assert iou((b[0], b[1], b[2], b[3]), bag) > 0.6
    assert found[-1][0] >= 37


@pytest.mark.parametrize("clip", ["cdnet_fall_1600f.mp4", "bgs_highway_320x240.avi"])
def test_leaves_and_traffic_are_not_reported(detector: OnnxDetector, clip: str) -> None:
    looks = looks_at(clip, detector)
    for every in (1, 2):
        assert [(s, c.boxes_n.tolist()) for s, c in reports(looks, every) if len(c)] == []
