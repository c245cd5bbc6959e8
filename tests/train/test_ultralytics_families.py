"""Our reading of Ultralytics' heads against Ultralytics' own, on the very same ONNX files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from ultralytics import YOLO

from agent.adapters.onnx import OnnxModel
from tests.train.networks import SIZE, lively, photos

pytestmark = pytest.mark.filterwarnings("ignore")
MIN_SCORE = 0.25
TOLERANCE_PX, TOLERANCE = 1.5, 1e-3
"""Ultralytics undoes the letterbox with one scale for both axes and a padding rounded to halves."""
PHOTOS = 6


def export(name: str, folder: Path, **options: Any) -> Path:
    weights = lively(name, folder / f"{name}.pt")
    return Path(YOLO(weights).export(format="onnx", imgsz=SIZE, verbose=False, **options))


def theirs(model: Any, photo: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """(N, 6): x1 y1 x2 y2 score label of everything, nothing suppressed."""
    (result,) = model.predict(photo, imgsz=SIZE, conf=MIN_SCORE, iou=1.0, max_det=3000, verbose=False)
    rows: np.ndarray[Any, np.dtype[np.float32]] = result.boxes.data.numpy()
    return rows


def ours(model: OnnxModel, photo: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    image: Any = cv2.imread(str(photo))
    ((seen, placement),) = model.look([image], MIN_SCORE)
    boxes = placement.to_picture(seen.boxes)
    return np.concatenate([boxes, seen.scores[:, None], seen.labels[:, None]], axis=1)


@pytest.mark.parametrize(
    ("name", "options", "family"),
    [
        ("yolov8n", {}, "ultralytics"),
        ("yolo11n", {}, "ultralytics"),
        ("yolov10n", {"nms": False}, "end-to-end"),
        ("yolo26n", {"nms": False}, "end-to-end"),
        ("yolov10n", {}, "ultralytics"),
        ("yolo26n", {}, "ultralytics"),
        ("yolo11n", {"nms": True, "conf": 0.2, "iou": 1.0}, "end-to-end"),
    ],
)
def test_the_same_boxes(tmp_path: Path, name: str, options: dict[str, Any], family: str) -> None:
    file = export(name, tmp_path, **options)
    model, reference = OnnxModel.load(file), YOLO(file, task="detect")
    assert model.family.name == family
    assert model.own_labels() == tuple(str(i) for i in range(80))
    total, worst_px, worst = 0, 0.0, 0.0
    for photo in photos(PHOTOS):
        expected, found = theirs(reference, photo), ours(model, photo)
        for rows, others in ((expected, found), (found, expected)):
            for row in rows[
                rows[:, 4] > MIN_SCORE + TOLERANCE
            ]:  # at the very threshold one may lack what the other has
                alike = others[others[:, 5] == row[5]]
                step = np.abs(alike[:, :4] - row[:4]).max(axis=1) + 1000 * np.abs(alike[:, 4] - row[4])
                nearest = alike[step.argmin()]
                worst_px = max(worst_px, float(np.abs(nearest[:4] - row[:4]).max()))
                worst = max(worst, float(abs(nearest[4] - row[4])))
        total += len(expected)
    print(f"\n{file.name} {options}: {total} boxes in {PHOTOS} photos, at most {worst_px:.2f} px and {worst:.6f} apart")
    assert total >= 20 * PHOTOS
    assert worst_px <= TOLERANCE_PX
    assert worst <= TOLERANCE
