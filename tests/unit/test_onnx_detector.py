"""What the detector makes of models whose answers are known exactly."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.adapters.looks import LOOK_SIZE
from agent.adapters.onnx import OnnxDetector
from agent.adapters.onnx.detector import suppress
from agent.adapters.onnx.letterbox import InputStyle, fit
from agent.adapters.onnx.model import MAX_BATCH
from agent.core.taxonomy import CLASSES
from agent.core.types import Detections, Floats, Image
from tests.onnx_models import Probe, ultralytics_model, yolox_model

NAMES = {"names": "{0: 'car', 1: 'truck', 2: 'person', 3: 'potted plant'}"}
CAR, TRUCK, PERSON, PLANT = range(4)
BLUE, GREEN, RED = (255, 0, 0), (0, 255, 0), (0, 0, 255)
LEFT, RIGHT = (2, 26, 14, 38), (50, 26, 62, 38)


def picture(width: int, height: int, colour: tuple[int, int, int], where: tuple[int, int, int, int]) -> Image:
    """Black, with one rectangle of a BGR colour."""
    image = np.zeros((height, width, 3), np.uint8)
    x1, y1, x2, y2 = where
    image[y1:y2, x1:x2] = colour
    return image


def seen(detections: Detections) -> list[tuple[str, float, tuple[float, ...]]]:
    return [
        (CLASSES[c], round(float(s), 3), tuple(round(float(v), 2) for v in box))
        for c, s, box in zip(detections.class_ids, detections.scores, detections.boxes_px, strict=True)
    ]


def grey(level: int, width: int = 200, height: int = 100) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def test_ultralytics_head_reads_red_first_and_undoes_a_centred_letterbox(tmp_path: Path) -> None:
    # 200 x 100 in 64 x 64: scale 0.32, 16 rows of padding above. Picture (25, 50)-(75, 100) is input (8, 32)-(24, 48).
    probe = Probe(patch=(10, 34, 22, 46), plane=0, box=(8, 32, 24, 48), label=CAR)
    detector = OnnxDetector.load(ultralytics_model(tmp_path / "m.onnx", [probe], 4, metadata=NAMES))
    (red,) = detector.detect([picture(200, 100, RED, (25, 50, 75, 100))])
    assert seen(red) == [("car", 1.0, (25, 50, 75, 100))]
    assert red.looks.shape == (1, LOOK_SIZE)
    (blue,) = detector.detect([picture(200, 100, BLUE, (25, 50, 75, 100))])
    assert len(blue) == 0


@pytest.mark.parametrize("level", [0, 1, 2])
def test_yolox_head_reads_blue_first_and_undoes_a_corner_letterbox(tmp_path: Path, level: int) -> None:
    # No padding above: the same rectangle is input (8, 16)-(24, 32).
    probe = Probe(patch=(10, 18, 22, 30), plane=0, box=(8, 16, 24, 32), label=2)
    detector = OnnxDetector.load(yolox_model(tmp_path / "m.onnx", [probe], 80, level=level))
    (blue,) = detector.detect([picture(200, 100, BLUE, (25, 50, 75, 100))])
    assert seen(blue) == [("car", 1.0, (25, 50, 75, 100))]
    (red,) = detector.detect([picture(200, 100, RED, (25, 50, 75, 100))])
    assert len(red) == 0


def test_padding_is_the_grey_of_training(tmp_path: Path) -> None:
    above = Probe(patch=(0, 0, 64, 16), plane=1, box=(8, 32, 24, 48), label=CAR)
    detector = OnnxDetector.load(ultralytics_model(tmp_path / "u.onnx", [above], 4, metadata=NAMES))
    assert float(detector.detect([grey(0)])[0].scores[0]) == pytest.approx(114 / 255, abs=1e-5)
    below = Probe(patch=(0, 32, 64, 64), plane=1, box=(8, 8, 24, 24), label=2)
    detector = OnnxDetector.load(yolox_model(tmp_path / "y.onnx", [below], 80))
    assert float(detector.detect([grey(0)])[0].scores[0]) == pytest.approx(114 / 255, abs=1e-5)


def test_one_run_for_pictures_of_several_cameras_where_the_model_allows_it(tmp_path: Path) -> None:
    probe = Probe(patch=(20, 28, 44, 36), plane=1, box=(0, 24, 32, 40), label=CAR)
    many = OnnxDetector.load(ultralytics_model(tmp_path / "d.onnx", [probe], 4, batch="batch", metadata=NAMES))
    single = OnnxDetector.load(ultralytics_model(tmp_path / "s.onnx", [probe], 4, metadata=NAMES))
    sizes = [(64 + 16 * i, 64 - 2 * i) for i in range(MAX_BATCH + 3)]
    images = [grey(60 + 10 * i, *size) for i, size in enumerate(sizes)]
    together = many.detect(images)
    assert [seen(d) for d in together] == [seen(d) for image in images for d in single.detect([image])]
    assert [float(d.scores[0]) for d in together] == pytest.approx([(60 + 10 * i) / 255 for i in range(len(images))])
    assert many.detect([]) == []


def overlapping(*labels_and_planes: tuple[int, int]) -> list[Probe]:
    """Probes of nearly the same box; each scores by the level of its plane."""
    return [
        Probe(patch=(2, 26, 14, 38), plane=plane, box=(10 + i, 26, 30 + i, 42), label=label)
        for i, (label, plane) in enumerate(labels_and_planes)
    ]


def test_car_and_truck_are_one_object_with_the_class_of_the_better_score(tmp_path: Path) -> None:
    probes = overlapping((CAR, 0), (TRUCK, 1), (PERSON, 2))
    detector = OnnxDetector.load(ultralytics_model(tmp_path / "m.onnx", probes, 4, metadata=NAMES))
    image = np.full((64, 64, 3), (51, 153, 204), np.uint8)  # car 0.8, truck 0.6, person 0.2
    assert [(name, score) for name, score, _ in seen(detector.detect([image])[0])] == [("car", 0.8), ("person", 0.2)]
    image = np.full((64, 64, 3), (51, 204, 153), np.uint8)
    assert [(name, score) for name, score, _ in seen(detector.detect([image])[0])] == [("truck", 0.8), ("person", 0.2)]


boxes_px = st.lists(st.tuples(*[st.floats(0, 100, width=32)] * 4), max_size=25).map(
    lambda rows: np.array([(min(a, c), min(b, d), max(a, c) + 1, max(b, d) + 1) for a, b, c, d in rows], np.float32)
)


@given(boxes=boxes_px.map(lambda rows: rows.reshape(-1, 4)), data=st.data())
def test_suppression_is_greedy_within_groups(boxes: Floats, data: st.DataObject) -> None:
    n = len(boxes)
    groups = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), np.int64)
    scores = np.array(data.draw(st.permutations(range(1, n + 1))), np.float32) / np.float32(32)
    kept = suppress(boxes, scores, groups, 0.5).tolist()
    expected: list[int] = []
    for i in np.argsort(-scores).tolist():
        overlaps = [overlap(boxes[i], boxes[k]) for k in expected if groups[k] == groups[i]]
        assume(not any(abs(value - 0.5) < 1e-3 for value in overlaps))
        if all(value <= 0.5 for value in overlaps):
            expected.append(i)
    assert kept == expected


def overlap(a: Floats, b: Floats) -> float:
    """IoU of two boxes, by the book."""
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inter = max(w, 0.0) * max(h, 0.0)
    return float(inter / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inter))


def test_a_label_without_a_class_does_not_suppress_anything(tmp_path: Path) -> None:
    path = ultralytics_model(tmp_path / "m.onnx", overlapping((PLANT, 0), (CAR, 1)), 4, metadata=NAMES)
    image = np.full((64, 64, 3), (0, 153, 204), np.uint8)
    assert [name for name, _, _ in seen(OnnxDetector.load(path).detect([image])[0])] == ["car"]
    own = OnnxDetector.load(path, classes={"potted plant": "goods"})
    assert [name for name, _, _ in seen(own.detect([image])[0])] == ["goods"]
    assert own.info.class_names == ("goods",)


def test_the_weak_are_dropped(tmp_path: Path) -> None:
    path = ultralytics_model(tmp_path / "m.onnx", overlapping((CAR, 0)), 4, metadata=NAMES)
    image = np.full((64, 64, 3), 51, np.uint8)
    assert len(OnnxDetector.load(path, min_score=0.19).detect([image])[0]) == 1
    assert len(OnnxDetector.load(path, min_score=0.21).detect([image])[0]) == 0


def test_boxes_end_at_the_edge_of_the_picture_and_padding_holds_none(tmp_path: Path) -> None:
    probes = [
        Probe(patch=LEFT, plane=0, box=(-5, 20, 10, 70), label=CAR),
        Probe(patch=RIGHT, plane=0, box=(20, 2, 40, 14), label=PERSON),
    ]
    detector = OnnxDetector.load(ultralytics_model(tmp_path / "m.onnx", probes, 4, metadata=NAMES))
    (found,) = detector.detect([grey(255)])
    assert seen(found) == [("car", 1.0, (0, 12.5, 31.25, 100))]


def test_a_model_that_overflows_yields_finite_boxes_only(tmp_path: Path) -> None:
    huge = Probe(patch=LEFT, plane=0, box=(-1e30, 0, 1e30, 32), label=2)
    detector = OnnxDetector.load(yolox_model(tmp_path / "m.onnx", [huge], 80))
    (found,) = detector.detect([grey(255)])
    assert np.isfinite(found.boxes_px).all()


def test_info_names_the_file_its_hash_and_what_it_can_see(tmp_path: Path) -> None:
    path = yolox_model(tmp_path / "nano.onnx", [Probe(patch=LEFT, plane=0, box=(0, 0, 9, 9), label=0)], 80)
    info = OnnxDetector.load(path).info
    assert (info.name, info.input_px) == ("nano.onnx", (64, 64))
    assert info.class_names == ("person", "bicycle", "motorcycle", "car", "bus", "truck", "umbrella", "table", "chair")
    assert OnnxDetector.load(path, sha256=info.sha256.upper()).info == info


def test_threads_share_one_detector(tmp_path: Path) -> None:
    probe = Probe(patch=(20, 28, 44, 36), plane=1, box=(0, 24, 32, 40), label=CAR)
    detector = OnnxDetector.load(ultralytics_model(tmp_path / "m.onnx", [probe], 4, batch="b", metadata=NAMES))
    wrong: list[tuple[float, float]] = []
    start = threading.Barrier(4)

    def look(level: int) -> None:
        start.wait(30)
        for _ in range(50):
            score = float(detector.detect([grey(level)])[0].scores[0])
            if abs(score - level / 255) > 1e-5:
                wrong.append((level, score))

    threads = [threading.Thread(target=look, args=(60 * (i + 1),)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not wrong
    assert not any(thread.is_alive() for thread in threads)


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    centred=st.booleans(),
    corners=st.lists(st.floats(0, 1), min_size=4, max_size=4),
)
def test_boxes_come_back_from_the_letterbox(width: int, height: int, centred: bool, corners: list[float]) -> None:
    planes = np.zeros((3, 96, 160), np.float32)
    style = InputStyle(centred=centred, rgb=False, divisor=1.0)
    placement = fit(np.zeros((height, width, 3), np.uint8), style, planes)
    box = np.array([corners], np.float32) * np.array([[width, height] * 2], np.float32)
    in_input = box * np.array([placement.scale * 2], np.float32) + np.array([placement.offset * 2], np.float32)
    assert (in_input >= -1e-3).all()
    assert (in_input <= np.array([[160, 96] * 2]) + 1e-2).all()
    assert np.allclose(placement.to_picture(in_input), box, atol=0.01 + max(width, height) * 1e-4)
