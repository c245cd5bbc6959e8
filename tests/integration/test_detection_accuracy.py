"""The decoders against labelled photos: a decoder that scores clearly less than its reference is wrong.

References on these 128 photos, all 80 classes, mAP50 / mAP50-95: yolox_nano 0.500 / 0.338, picodet_s_416 0.526 / 0.354.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from agent.adapters.onnx import OnnxModel
from agent.adapters.onnx.detector import suppress
from agent.core.types import Floats, Image
from tests.coco import Row, average_precision, xywh
from tests.shared_data import shared


def truth_of(labels: Path, image: int, width: int, height: int) -> list[Row]:
    """Annotations from YOLO lines of class, cx, cy, w, h in 0..1. A photo without a file shows nothing."""
    rows = []
    for line in labels.read_text().splitlines() if labels.exists() else []:
        label, cx, cy, w, h = (float(word) for word in line.split())
        box = [(cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height]
        rows.append({"image_id": image, "category_id": int(label), "bbox": box, "area": box[2] * box[3], "iscrowd": 0})
    return rows


def seen_in(model: OnnxModel, photo: Image, image: int) -> list[Row]:
    """All 80 classes, each suppressed on its own: no class map, no families."""
    ((candidates, placement),) = model.look([photo], min_score=0.01)
    boxes: Floats = placement.to_picture(candidates.boxes)
    kept = suppress(boxes, candidates.scores, candidates.labels, iou=0.5)
    return [
        {"image_id": image, "category_id": int(label), "bbox": xywh(*box), "score": float(score)}
        for box, score, label in zip(
            boxes[kept].tolist(), candidates.scores[kept], candidates.labels[kept], strict=True
        )
    ]


@pytest.mark.parametrize(
    ("name", "family", "least_50", "least"),
    [("yolox_nano.onnx", "yolox", 0.49, 0.325), ("picodet_s_416_coco.onnx", "picodet", 0.515, 0.345)],
)
def test_a_model_reaches_its_reference_on_coco(name: str, family: str, least_50: float, least: float) -> None:
    folder = shared("coco", "val2017")
    model = OnnxModel.load(shared("models", name))
    assert model.family.name == family
    images: list[Row] = []
    truth: list[Row] = []
    found: list[Row] = []
    for number, path in enumerate(sorted((folder / "images").glob("*.jpg"))):
        photo = cv2.imread(str(path))
        assert photo is not None
        height, width = photo.shape[:2]
        images.append({"id": number, "width": width, "height": height})
        truth += truth_of(folder / "labels" / f"{path.stem}.txt", number, width, height)
        found += seen_in(model, photo, number)  # type: ignore[arg-type]
    assert len(images) == 128
    mean_ap, mean_ap_50 = average_precision(images, truth, found)
    assert mean_ap_50 >= least_50
    assert mean_ap >= least
