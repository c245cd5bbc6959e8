"""Boxes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.core.geometry import areas, as_array, between, contained, iou, ious, normalised, same_ground
from agent.core.types import Box

sides = st.floats(1 / 64, 1.0, width=32)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x, y = draw(st.floats(0, 1, width=32)), draw(st.floats(0, 1, width=32))
    return x, y, x + draw(sides), y + draw(sides)


@given(boxes(), boxes())
def test_iou_is_symmetric_bounded_and_one_for_itself(a: Box, b: Box) -> None:
    assert iou(a, b) == iou(b, a)
    assert 0.0 <= iou(a, b) <= 1.0 + 1e-6
    assert abs(iou(a, a) - 1.0) < 1e-5


@given(boxes(), boxes())
def test_containment_bounds_iou(a: Box, b: Box) -> None:
    assert iou(a, b) <= min(contained(a, b), contained(b, a)) + 1e-5


@given(boxes(), boxes())
def test_one_pair_is_the_same_alone_and_in_a_matrix(a: Box, b: Box) -> None:
    assert abs(float(ious(as_array(a), as_array(b))[0, 0]) - iou(a, b)) < 1e-4


def test_known_overlaps() -> None:
    a, b = (0.0, 0.0, 2.0, 2.0), (1.0, 1.0, 3.0, 3.0)
    assert iou(a, b) == 1 / 7
    assert iou(a, (5.0, 5.0, 6.0, 6.0)) == contained((5.0, 5.0, 5.0, 5.0), a) == 0.0
    assert contained(a, b) == 0.25
    assert ious(as_array(), as_array(a)).shape == (0, 1)
    assert areas(as_array((2.0, 2.0, 1.0, 1.0))).tolist() == [0.0], "an inverted box has no area"


def test_same_ground_and_between_and_normalised() -> None:
    car: Box = (0.0, 0.0, 1.0, 1.0)
    assert same_ground(car, (0.2, 0.1, 0.9, 0.95))
    assert not same_ground(car, (0.0, 0.3, 1.0, 1.3))
    assert between((0.0, 0.0, 2.0, 2.0), (1.0, 1.0, 3.0, 3.0), 0.5) == (0.5, 0.5, 2.5, 2.5)
    assert normalised(as_array((72.0, 48.0, 720.0, 480.0)), (720, 480)).tolist() == [
        [np.float32(0.1), np.float32(0.1), 1.0, 1.0]
    ]
