"""The clip of the quickstart through the whole agent, and how well the detector sees what was rendered."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
import yaml

from agent.adapters.onnx import OnnxDetector
from agent.app.replay import replay
from agent.config import load
from agent.core.geometry import iou
from agent.core.taxonomy import CLASSES, MOTOR_VEHICLES
from tests.shared_data import shared

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "demo" / "street.mp4"


@pytest.mark.parametrize("name", ["yolox_nano.onnx", "street-nano.onnx"])
def test_two_cars_are_reported_and_one_of_them_is_cleared(name: str, tmp_path: Path) -> None:
    settings = yaml.safe_load((ROOT / "configs" / "demo.yaml").read_text(encoding="utf-8"))
    embedded = ROOT / "models" / name
    settings["model"] = {"file": str(embedded if embedded.exists() else shared("models", name))}
    settings["cameras"][0]["url"] = f"file:{CLIP}"
    path = tmp_path / "demo.yaml"
    path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    steps = replay(load(path), "street", CLIP, start_utc=datetime(2026, 1, 5, 4, tzinfo=UTC))
    events = [(event.phase.value, step.at_s) for step in steps for event in step.events]
    assert [phase for phase, _ in events] == ["opened", "opened", "closed"]
    # Parked at 3 s and 6 s, ten seconds allowed; the second leaves at 28 s, and its place must be empty for 8 s.
    for (_, at_s), expected_s in zip(events, (13.0, 16.0, 36.0), strict=True):
        assert 0 <= at_s - expected_s <= 4.0


def test_the_detector_takes_rendered_vehicles_for_real_ones() -> None:
    detector = OnnxDetector.load(shared("models", "yolox_nano.onnx"), min_score=0.35)
    truth = json.loads((CLIP.with_suffix(".json")).read_text(encoding="utf-8"))
    vehicles = {name for name, actor in truth["actors"].items() if actor["class"] in MOTOR_VEHICLES}
    found = []
    with av.open(str(CLIP)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % 13:
                continue
            (seen,) = detector.detect([np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)])
            boxes = [
                (float(b[0]), float(b[1]), float(b[2]), float(b[3]))
                for b, label in zip(seen.boxes_px, seen.class_ids.tolist(), strict=True)
                if CLASSES[label] in MOTOR_VEHICLES
            ]
            for name, actor in truth["frames"][number]["actors"].items():
                if name in vehicles and min(actor["visible"], actor["inside"]) > 0.7:
                    found.append(max((iou(tuple(actor["box"]), box) for box in boxes), default=0.0) >= 0.5)
    assert len(found) > 60
    assert sum(found) / len(found) >= 0.8
