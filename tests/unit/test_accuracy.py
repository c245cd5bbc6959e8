"""mAP50 by hand, and against the evaluation that everybody trusts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.scoring.accuracy import Scored, ap50_by_class, map50
from tests.coco import Row, average_precision, xywh

CAR, BUS = 3, 4
A, B, FAR = (0, 0, 10, 10), (20, 0, 30, 10), (80, 80, 90, 90)
Box = tuple[int, int, int, int]


def picture(found: list[tuple[Box, float, int]], truth: list[tuple[Box, int]]) -> Scored:
    found = sorted(found, key=lambda row: -row[1])
    return Scored(
        boxes=np.array([box for box, _, _ in found], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in found], np.float32),
        classes=np.array([number for _, _, number in found], np.int64),
        truth=np.array([box for box, _ in truth], np.float32).reshape(-1, 4),
        truth_classes=np.array([number for _, number in truth], np.int64),
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([(A, 0.9, CAR), (B, 0.8, CAR)], 1.0),
        ([(A, 0.9, CAR)], 51 / 101),
        ([(FAR, 0.9, CAR), (A, 0.8, CAR), (B, 0.7, CAR)], 2 / 3),
        ([(A, 0.9, CAR), (A, 0.8, CAR), (B, 0.7, CAR)], (51 + 50 * 2 / 3) / 101),
        ([(A, 0.9, BUS)], 0.0),
        ([], 0.0),
    ],
)
def test_one_class(found: list[tuple[Box, float, int]], expected: float) -> None:
    assert map50([picture(found, [(A, CAR), (B, CAR)])]) == pytest.approx(expected)


def test_a_class_that_is_not_there_does_not_count_and_one_that_is_not_found_does() -> None:
    seen = picture([(A, 0.9, CAR), (FAR, 0.9, 0)], [(A, CAR), (B, BUS)])
    assert ap50_by_class([seen]) == {CAR: pytest.approx(1.0), BUS: 0.0}
    assert map50([picture([(A, 0.9, CAR)], [])]) is None


_COORDINATE = st.integers(0, 6).map(lambda n: n * 5)
_BOX = st.tuples(_COORDINATE, _COORDINATE, st.integers(1, 4), st.integers(1, 4)).map(
    lambda v: (v[0], v[1], v[0] + 5 * v[2], v[1] + 5 * v[3])
)


@given(st.data())
def test_it_is_what_coco_counts(data: st.DataObject) -> None:
    pictures = []
    for _ in range(data.draw(st.integers(1, 3))):
        scores = data.draw(st.lists(st.integers(1, 999), max_size=6, unique=True))
        found = [(data.draw(_BOX), score / 1000, data.draw(st.sampled_from([CAR, BUS]))) for score in scores]
        pictures.append(picture(found, data.draw(st.lists(st.tuples(_BOX, st.sampled_from([CAR, BUS])), max_size=5))))
    expected = coco(pictures)
    if expected is not None:
        assert map50(pictures) == pytest.approx(expected, abs=1e-6)


def coco(pictures: list[Scored]) -> float | None:
    images: list[Row] = [{"id": i, "width": 100, "height": 100} for i in range(len(pictures))]
    truth: list[Row] = []
    found: list[Row] = []
    for i, seen in enumerate(pictures):
        for box, number in zip(seen.truth.tolist(), seen.truth_classes.tolist(), strict=True):
            bbox = xywh(*box)
            area = bbox[2] * bbox[3]
            truth.append({"image_id": i, "category_id": number, "bbox": bbox, "area": area, "iscrowd": 0})
        for box, score, number in zip(seen.boxes.tolist(), seen.scores.tolist(), seen.classes.tolist(), strict=True):
            found.append({"image_id": i, "category_id": number, "bbox": xywh(*box), "score": score})
    if not truth or not found:
        return None
    return average_precision(images, truth, found)[1]
