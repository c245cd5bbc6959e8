"""Outlines that cross themselves, against looking at each pair of edges."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from agent.config import polygon

POINTS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=12)


def meeting_pairs(corners: list[tuple[int, polygon.Point]]) -> list[tuple[int, int, int, int]]:
    n = len(corners)
    edges = [(corners[i], corners[(i + 1) % n]) for i in range(n)]
    return [
        (edges[i][0][0], edges[i][1][0], edges[j][0][0], edges[j][1][0])
        for i, j in combinations(range(n), 2)
        if (j - i) % n not in (1, n - 1)
        and LineString((edges[i][0][1], edges[i][1][1])).intersects(LineString((edges[j][0][1], edges[j][1][1])))
    ]


@settings(max_examples=200, deadline=None)
@given(POINTS)
def test_every_edge_that_meets_another_is_found(grid: list[tuple[int, int]]) -> None:
    points = [(x / 6, y / 6) for x, y in grid]
    corners = [(i + 1, point) for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
    if len(corners) > 1 and corners[0][1] == corners[-1][1]:
        del corners[-1]
    if len({point for _, point in corners}) < 3:
        return
    wanted = meeting_pairs(corners)
    told = [one.found.en for one in polygon.faults(points, ()) if "edge" in one.found.en]
    assert [text.split(" near")[0] for line in told for text in line.split(", edge ")] == (
        [f"{'edge ' * (k == 0)}{a}–{b} meets edge {c}–{d}" for k, (a, b, c, d) in enumerate(wanted[:3])]
    )
