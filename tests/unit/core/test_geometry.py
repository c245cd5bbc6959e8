"""Boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from agent.core.geometry import (
    area_within,
    areas,
    as_array,
    between,
    contained,
    iou,
    ious,
    normalised,
    overlapping,
    same_ground,
)
from agent.core.types import Box, Points

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


@given(st.lists(boxes(), max_size=5), st.lists(boxes(), max_size=5))
def test_all_pairs_at_once_are_as_each_alone_to_the_bit(a: list[Box], b: list[Box]) -> None:
    each = [(i, j, iou(one, other), contained(one, other)) for i, one in enumerate(a) for j, other in enumerate(b)]
    assert overlapping(a, b) == [pair for pair in each if pair[2] > 0.0]


def corners(draw: st.DrawFn, coordinate: st.SearchStrategy[float]) -> Points:
    return tuple(draw(st.lists(st.tuples(coordinate, coordinate), min_size=3, max_size=8, unique=True)))


@st.composite
def polygons(draw: st.DrawFn) -> tuple[Points, Box]:
    """A simple polygon and a box; now and then on one grid, where edges lie on edges."""
    grid = draw(st.sampled_from([4, 10, 1 << 20]))
    coordinate = st.integers(0, grid).map(lambda n: n / grid)
    points = corners(draw, coordinate)
    assume(Polygon(points).is_valid)
    x1, x2 = sorted(draw(st.lists(coordinate, min_size=2, max_size=2, unique=True)))
    y1, y2 = sorted(draw(st.lists(coordinate, min_size=2, max_size=2, unique=True)))
    return points, (x1, y1, x2, y2)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(polygons())
def test_the_area_within_a_box_is_that_of_the_intersection(drawn: tuple[Points, Box]) -> None:
    points, frame = drawn
    assert area_within(points, frame) == pytest.approx(Polygon(points).intersection(box(*frame)).area, abs=1e-9)


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
