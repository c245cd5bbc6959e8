"""A goods line that cannot mean what was drawn is told, with what was expected and how to mend it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.config.samples import config_of, good, read_data

ACROSS = {"points": [[0.1, 0.5], [0.9, 0.6]], "shop": [0.5, 0.3]}


def with_line(line: object) -> dict[str, Any]:
    data = good()
    data["cameras"][0]["zones"][0]["rules"] = {"stall_encroachment": {"goods_line": line}}
    return data


def test_only_what_lies_beyond_the_line_is_forbidden() -> None:
    (duty,) = config_of(with_line(ACROSS)).plans()["gate"].duties
    assert duty.zone.outline_n == [(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]
    assert duty.zone.overlap((0.4, 0.2, 0.5, 0.4)) == 0.0
    assert duty.zone.overlap((0.4, 0.6, 0.5, 0.85)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("line", "where", "text"),
    [
        (
            {**ACROSS, "points": [[0.1, 0.05], [0.9, 0.05]], "shop": [0.5, 0.01]},
            "points",
            "expected a line that leaves part of the zone on either side, found the whole zone beyond the line; "
            "draw it across the zone; is shop on the right side?",
        ),
        (
            {**ACROSS, "points": [[0.1, 0.95], [0.9, 0.95]]},
            "points",
            "expected a line that leaves part of the zone on either side, found the whole zone on the shop's side; "
            "draw it across the zone; is shop on the right side?",
        ),
        (
            {**ACROSS, "points": [[0.1, 0.5], [0.9, 0.5], [0.5, 0.2], [0.5, 0.8]]},
            "points",
            "expected a line of different points that does not cross itself, found one that does; "
            "give its points in order, from one end to the other",
        ),
        (
            {**ACROSS, "shop": [0.1, 0.5]},
            "shop",
            "expected a point beside the line, found one on the line; give any point on the shop's side",
        ),
        (
            {**ACROSS, "points": [[0.1, 0.5]]},
            "points",
            "expected at least 2 items, found a list of 1; correct it or delete the key",
        ),
    ],
)
def test_a_line_that_says_nothing_is_told(line: object, where: str, text: str) -> None:
    (problem,) = read_data(with_line(line)).problems
    rule = "cameras[0].zones[0].rules.stall_encroachment.goods_line"
    assert problem.key == f"{rule}.{where}"
    assert f"expected {problem.expected}, found {problem.found}; {problem.mend}" == text


def test_the_shop_is_required() -> None:
    (problem,) = read_data(with_line({"points": ACROSS["points"]})).problems
    assert problem.key.endswith("goods_line.shop")


def test_a_wrong_type_is_told_once() -> None:
    assert len(read_data(with_line({**ACROSS, "points": "left"})).problems) == 1
    assert len(read_data(with_line({**ACROSS, "shop": [0.5, 1.5]})).problems) == 1
