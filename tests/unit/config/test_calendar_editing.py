"""Named calendars changed in a text: what was asked for, and everything else byte for byte."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agent.config import document
from agent.config.calendar_editing import calendars_of, data_with_calendars, with_calendars
from agent.config.editing import EditFault, zones_of

EXAMPLE = (Path(__file__).parents[3] / "configs/example.yaml").read_text()
SHARED = """\
calendars:
  school: &school {active: [{from: 07:00}]}
  office: *school
cameras:
  - id: gate
    zones:
      - id: kerb
        rules: {illegal_parking: {calendar: *school}}
"""


def edited(text: str, name: str, change: Callable[[Any], object]) -> str:
    calendar = copy.deepcopy(calendars_of(document.read(text).data)[name])
    change(calendar)
    return with_calendars(text, {name: calendar})


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        (
            lambda it: it["active"][0].update(to="20:00"),
            [
                '-        to: "22:00"                   # earlier than from: runs past midnight into the next day',
                '+        to: "20:00"                   # earlier than from: runs past midnight into the next day',
            ],
        ),
        (
            lambda it: it["holidays"].append("2026-10-03"),
            [
                "-    holidays: [2026-10-01, 2026-10-02]  # not in force on these dates",
                "+    holidays: [2026-10-01, 2026-10-02, '2026-10-03']  # not in force on these dates",
            ],
        ),
        (
            lambda it: it.pop("workdays"),
            ["-    workdays: [2026-10-10]            # make-up working days: treated as a Monday, whatever they are"],
        ),
        (
            lambda it: it["active"].append({"days": ["sat"], "from": "09:00", "to": "18:00"}),
            ["+      - days: [sat]", "+        from: '09:00'", "+        to: '18:00'"],
        ),
    ],
)
def test_only_the_lines_in_question_change(change: Callable[[Any], object], lines: list[str]) -> None:
    found = changed_lines(EXAMPLE, edited(EXAMPLE, "workday", change))
    assert [line.partition(" #")[0] for line in found] == [line.partition(" #")[0] for line in lines]
    assert len([line for line in found if line.startswith("-")]) == len([one for one in lines if one.startswith("-")])


def test_what_says_the_same_is_the_same_text() -> None:
    assert edited(EXAMPLE, "workday", lambda _: None) == EXAMPLE
    assert with_calendars(EXAMPLE, {}) == EXAMPLE


@pytest.mark.parametrize("name", ["school", "office"])
def test_a_calendar_that_shares_its_text_is_changed_alone(name: str) -> None:
    after = document.read(edited(SHARED, name, lambda it: it["active"][0].update(to="20:00"))).data
    before = document.read(SHARED).data
    was = {"active": [{"from": "07:00"}]}
    assert calendars_of(after) == {**calendars_of(before), name: {"active": [{"from": "07:00", "to": "20:00"}]}}
    assert zones_of(after, "gate")[0]["rules"]["illegal_parking"]["calendar"] == was


def test_a_calendar_that_is_not_there_is_refused() -> None:
    unknown: tuple[dict[str, dict[str, Any]], ...] = ({"nights": {}}, {"workday": {}, "": {}})
    for given in unknown:
        with pytest.raises(EditFault, match="load the page anew"):
            with_calendars(EXAMPLE, given)
    with pytest.raises(EditFault, match="there is no calendar"):
        data_with_calendars({"cameras": []}, {"workday": {}})


def test_a_calendar_with_more_than_a_file_may_hold_is_refused() -> None:
    dates = ["2026-10-01"] * (document.MAX_NODES + 1)
    with pytest.raises(EditFault, match="calendars: expected at most"):
        with_calendars(EXAMPLE, {"workday": {"holidays": dates}})
