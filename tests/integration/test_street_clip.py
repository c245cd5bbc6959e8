"""Detector and descriptor on a real street: four parked cars, traffic and passers-by in front of them."""

from __future__ import annotations

import json

import av
import cv2
import numpy as np
import pytest

from agent.adapters.looks import looks_of, similarity
from agent.adapters.onnx import OnnxDetector
from agent.core.taxonomy import CLASSES, MOTOR_VEHICLES
from agent.core.types import Box, Detections, Floats, Image
from tests.shared_data import shared

CLIP = "cdnet_fall_1600f.mp4"
CARS = ("white", "dark", "grey", "blue")
SAME_LOOK = 0.60
"""The threshold measured in agent/adapters/looks.py."""
LOWEST_PARKED_Y = 428
"""Feet of passing vehicles are below this line, those of the parked ones above (events.json)."""

Look = tuple[Image, Detections]


@pytest.fixture(scope="module")
def parked() -> dict[str, Box]:
    clips = json.loads(shared("video", "events.json").read_text())
    return {name: tuple(clips[CLIP]["parked_vehicles_whole_clip"][name]) for name in CARS}


@pytest.fixture(scope="module")
def looks_at_street() -> list[Look]:
    detector = OnnxDetector.load(shared("models", "yolox_nano.onnx"))
    with av.open(str(shared("video", CLIP))) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        images = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(stream)]
    return list(zip(images, detector.detect(images), strict=True))


def iou(boxes: Floats, box: Box) -> Floats:
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared_area = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) + (box[2] - box[0]) * (box[3] - box[1])
    ious: Floats = shared_area / (areas - shared_area)
    return ious


def is_vehicle(detections: Detections) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.isin(detections.class_ids, [CLASSES.index(name) for name in MOTOR_VEHICLES])


def sightings(looks: list[Look], box: Box) -> list[tuple[Image, Floats, Floats]]:
    """Picture, box and descriptor of every vehicle that covers the given place."""
    found = []
    for image, detections in looks:
        at = np.flatnonzero(is_vehicle(detections) & (iou(detections.boxes_px, box) > 0.5))
        found += [(image, detections.boxes_px[i], detections.looks[i]) for i in at]
    return found


def test_the_parked_cars_are_seen_once_in_most_pictures(looks_at_street: list[Look], parked: dict[str, Box]) -> None:
    assert len(looks_at_street) == 27
    for box in parked.values():
        counts = [len(sightings([look], box)) for look in looks_at_street]
        assert sum(count == 1 for count in counts) >= 20
        assert max(counts) == 1  # car and truck of one place were merged


def test_a_parked_car_is_known_again_and_no_other_is_taken_for_it(
    looks_at_street: list[Look], parked: dict[str, Box]
) -> None:
    looks = {name: np.stack([look for _, _, look in sightings(looks_at_street, parked[name])]) for name in CARS}
    references = {name: _median_look(rows) for name, rows in looks.items()}
    for name, reference in references.items():
        same = similarity(looks[name], reference)
        assert np.mean(same >= SAME_LOOK) >= 0.9, name  # the rest has people and cars in front
        assert np.median(same) >= 0.9, name
        for other in CARS:
            if other != name:
                assert similarity(looks[other], reference).max() < SAME_LOOK, (name, other)


def test_passing_vehicles_are_not_taken_for_parked_ones(looks_at_street: list[Look], parked: dict[str, Box]) -> None:
    passing = np.concatenate(
        [
            seen.looks[is_vehicle(seen) & (seen.boxes_px[:, 3] > LOWEST_PARKED_Y) & (seen.scores > 0.35)]
            for _, seen in looks_at_street
        ]
    )
    assert len(passing) >= 5
    for box in parked.values():
        reference = _median_look(np.stack([look for _, _, look in sightings(looks_at_street, box)]))
        assert np.mean(similarity(passing, reference) < SAME_LOOK) >= 0.9


@pytest.mark.parametrize("change", ["half the light", "brighter", "colour lost", "jpeg", "box off by 10 %"])
def test_a_parked_car_is_known_again_after(looks_at_street: list[Look], parked: dict[str, Box], change: str) -> None:
    rng = np.random.default_rng(1)
    for box in parked.values():
        ((image, found, look),) = sightings(looks_at_street[:1], box)
        moved = found.copy()
        if change == "box off by 10 %":
            moved += rng.uniform(-0.1, 0.1, 4).astype(np.float32) * np.tile(found[2:] - found[:2], 2)
        assert similarity(looks_of(_changed(image, change), moved[None])[0], look) >= SAME_LOOK


def _changed(image: Image, change: str) -> Image:
    if change == "half the light":
        dark: Image = (image * 0.5).astype(np.uint8)
        return dark
    if change == "brighter":
        bright: Image = np.clip(image * 1.5, 0, 255).astype(np.uint8)
        return bright
    if change == "colour lost":
        return np.repeat(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2).astype(np.uint8)
    if change == "jpeg":
        coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return image


def _median_look(looks: Floats) -> Floats:
    median = np.median(looks, axis=0)
    unit: Floats = (median / np.linalg.norm(median)).astype(np.float32)
    return unit
