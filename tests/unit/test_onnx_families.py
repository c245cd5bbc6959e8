"""Heads whose answers are written down by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agent.adapters.onnx.families import FAMILIES, EndToEnd, Family, PicoDet, Signature, Yolox
from agent.adapters.onnx.letterbox import InputStyle, fit
from agent.core.types import Floats

CELLS = (64, 16, 4, 1)
"""PicoDet's grids for 64 x 64."""


def family_of(kind: type[Family], *shapes: tuple[int, ...], **metadata: str) -> Family:
    found = kind.of(Signature(input_px=(64, 64), output_shapes=shapes, metadata=metadata))
    assert found is not None
    return found


def test_end_to_end_rows_are_boxes_already() -> None:
    family = family_of(EndToEnd, (1, 4, 6), names="{0: 'car', 1: 'bus'}")
    rows = [[1, 2, 3, 4, 0.9, 1], [5, 6, 7, 8, 0.3, 0], [0, 0, 9, 9, 0.1, 1], [0, 0, 9, 9, 0.8, 2]]
    seen = family.decode([np.array([rows], np.float32)], 0, 0.3)
    assert seen.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert seen.scores.tolist() == pytest.approx([0.9, 0.3])
    assert seen.labels.tolist() == [1, 0]  # the last row's label has no name


def test_as_many_rows_as_cells_are_yoloxs_unless_the_file_says_otherwise() -> None:
    signature = Signature(input_px=(64, 64), output_shapes=((1, 84, 6),), metadata={})
    assert EndToEnd.of(signature) is None
    assert isinstance(Yolox.of(signature), Yolox)
    told = {"author": "Ultralytics", "names": "{0: 'car'}"}
    assert isinstance(EndToEnd.of(replace(signature, metadata=told)), EndToEnd)
    assert next(iter(FAMILIES)) == EndToEnd.name  # asked first


def picodet_outputs() -> list[Floats]:
    scores: list[Floats] = [np.zeros((1, n, 3), np.float32) for n in CELLS]
    edges: list[Floats] = [np.zeros((1, n, 32), np.float32) for n in CELLS]
    return scores + edges


@pytest.mark.parametrize(
    ("level", "cell", "middle", "stride"), [(0, 10, (20, 12), 8), (1, 6, (40, 24), 16), (3, 0, (32, 32), 64)]
)
def test_picodet_distances_are_means_over_cells(level: int, cell: int, middle: tuple[int, int], stride: int) -> None:
    outputs = picodet_outputs()
    family = family_of(PicoDet, *(out.shape for out in outputs))
    outputs[level][0, cell, 2] = 0.7
    certain = outputs[4 + level][0, cell].reshape(4, 8)
    certain[0, 1] = certain[1, 0] = certain[2, 2] = 100.0  # left 1, upper 0, right 2 cells; below all eight alike: 3.5
    seen = family.decode(outputs, 0, 0.5)
    x, y = middle
    assert seen.boxes.tolist() == [[x - stride, y, x + 2 * stride, y + 3.5 * stride]]
    assert seen.labels.tolist() == [2]
    assert seen.scores.tolist() == pytest.approx([0.7])


def test_picodet_sees_nothing_in_nothing() -> None:
    outputs = picodet_outputs()
    assert len(family_of(PicoDet, *(out.shape for out in outputs)).decode(outputs, 0, 0.1).scores) == 0


def test_a_stretched_picture_fills_the_input_and_is_normalised_plane_by_plane() -> None:
    style = InputStyle(
        centred=False, rgb=True, divisor=255.0, stretched=True, mean=(0.5, 0.2, 0.0), deviation=(0.5, 0.1, 2.0)
    )
    image = np.empty((50, 200, 3), np.uint8)
    image[:] = (51, 102, 255)
    planes = np.full((3, 64, 64), np.nan, np.float32)
    placement = fit(image, style, planes)
    assert [plane.min() for plane in planes] == [plane.max() for plane in planes]
    assert planes[:, 0, 0].tolist() == pytest.approx([1.0, 2.0, 0.1])
    boxes = np.array([[0, 0, 64, 64], [32, 16, 64, 48]], np.float32)
    assert placement.to_picture(boxes).tolist() == [[0, 0, 200, 50], [100, 12.5, 200, 37.5]]
