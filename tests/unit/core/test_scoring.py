"""Literals in, figures out: what had to be reported, and how reports compare with it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from agent.core.calendar import Calendar, Window
from agent.core.scoring.matching import Incident, incidents_of, paired, same_place
from agent.core.scoring.scores import ClipScore, Figures, score, spans_between, summed
from agent.core.scoring.truth import Thing, Verdict, Watched, stays_of
from agent.core.types import Box, CloseReason
from tests.unit.core.world import PLACE, START, car, duty, every, plan, watch

RULE = "illegal_parking"
WATCHED = Watched(start=START, length_s=300.0, interval_s=2.0)
ELSEWHERE: Box = (0.7, 0.5, 0.9, 0.7)


def thing(from_s: float = 10.0, to_s: float = math.inf, **keys: Any) -> Thing:
    return Thing(**{"name": "red", "class_name": "car", "box_n": PLACE, **keys}, from_s=from_s, to_s=to_s)


def report(opened_s: float = 70.0, closed_s: float | None = None, **keys: Any) -> Incident:
    usual = {"rule": RULE, "zone": "kerb", "class_name": "car", "box_n": PLACE, "first_seen_s": opened_s - 60.0}
    return Incident(**{**usual, **keys}, opened_s=opened_s, closed_s=closed_s)


def scored(things: list[Thing], *incidents: Incident, watched: Watched = WATCHED) -> ClipScore:
    return score(stays_of(plan(), things, watched), incidents, watched, [RULE])


def counts(figures: Figures) -> tuple[int, int, int, int, int]:
    return figures.due, figures.found, figures.false, figures.doubles, figures.breaks


@pytest.mark.parametrize(
    ("to_s", "length_s", "verdict"),
    [
        (math.inf, 300.0, Verdict.MUST),
        (75.0, 300.0, Verdict.MUST),
        (74.0, 300.0, Verdict.MUST),
        (73.0, 300.0, Verdict.MAY),  # it left before the report was late
        (70.0, 300.0, Verdict.MAY),
        (69.0, 300.0, Verdict.MUST_NOT),
        (math.inf, 73.0, Verdict.MAY),  # the clip ends before it was late
    ],
)
def test_what_has_to_be_reported(to_s: float, length_s: float, verdict: Verdict) -> None:
    """It stands from 10 s, the dwell is 60 s, and one sampling interval + 2 s are granted."""
    (stay,) = stays_of(plan(), [thing(to_s=to_s)], replace(WATCHED, length_s=length_s))
    assert (stay.verdict, stay.opens) == (verdict, (70.0, 70.0))
    assert stay.closes == (None if math.isinf(to_s) else (to_s + 20.0, to_s + 20.0))


@pytest.mark.parametrize(
    "other",
    [
        thing(class_name="person"),
        thing(box_n=(0.2, 0.1, 0.4, 0.3)),
        thing(zone="other"),
        thing(rule="garbage_overflow"),
    ],
    ids=["its class", "its place", "its zone", "its rule"],
)
def test_what_no_duty_concerns_is_no_stay(other: Thing) -> None:
    assert stays_of(plan(), [other], WATCHED) == []


def test_a_negative_thing_must_never_be_reported_whatever_it_is() -> None:
    hydrant = thing(name="hydrant", class_name="", negative=True)
    result = scored([hydrant], report())
    assert counts(result.total) == (0, 0, 1, 0, 0)
    assert [wrong.thing for wrong in result.false] == ["hydrant"]


def test_hidden_and_blind_time_widen_the_window_of_right_moments() -> None:
    hidden = thing(to_s=200.0, hidden=((30.0, 45.0), (210.0, 225.0)))
    (stay,) = stays_of(plan(), [hidden], replace(WATCHED, blind=((40.0, 60.0),)))
    assert stay.opens == (70.0, 100.0)
    assert stay.closes == (220.0, 235.0)


def test_a_calendar_cuts_a_stay_in_two() -> None:
    """In force until 16:02 and from 16:04 of the site: START is 16:00."""
    window = {"permitted": (Window.model_validate({"from": "16:02", "to": "16:04"}),)}
    stays = stays_of(plan(calendar=Calendar(**window)), [thing()], WATCHED)
    assert [(s.from_s, s.to_s, s.opens[0], s.closes) for s in stays] == [
        (10.0, 120.0, 70.0, (120.0, 120.0)),
        (240.0, math.inf, 300.0, None),
    ]


def test_all_that_lies_at_a_bin_is_one_stay_of_the_zone() -> None:
    corners = ((0.1, 0.4), (0.5, 0.4), (0.5, 0.8), (0.1, 0.8))
    bin_zone = duty("garbage_overflow", zone="bin", polygon=corners, place="bin")
    bags = [
        thing(10.0, 100.0, name="a", class_name="garbage"),
        thing(50.0, 150.0, name="b", class_name="garbage", box_n=(0.4, 0.6, 0.45, 0.7)),
        thing(200.0, name="c", class_name="garbage"),
    ]
    stays = stays_of(plan(bin_zone), bags, WATCHED)
    assert [(s.name, s.from_s, s.to_s) for s in stays] == [("a + b", 10.0, 150.0), ("c", 200.0, math.inf)]
    assert stays[0].box_n == bin_zone.zone.bounds_n


@pytest.mark.parametrize(
    ("incidents", "expected"),
    [
        ([], (1, 0, 0, 0, 0)),
        ([report()], (1, 1, 0, 0, 0)),
        ([report(), report(100.0, box_n=ELSEWHERE)], (1, 1, 1, 0, 0)),
        ([report(), report(150.0)], (1, 1, 0, 1, 1)),
        ([report(70.0, 120.0, reason=CloseReason.CLEARED)], (1, 1, 0, 0, 1)),
        ([report(70.0, 120.0), report(190.0)], (1, 1, 0, 1, 1)),
        ([report(zone="lane")], (1, 0, 1, 0, 0)),
        ([report(rule="garbage_overflow")], (1, 0, 0, 0, 0)),
        ([report(70.0, 9.0, first_seen_s=0.0)], (1, 0, 1, 0, 0)),
    ],
    ids=["missed", "found", "false", "double", "closed early", "closed and again", "zone", "rule", "too soon"],
)
def test_reports_against_one_violation(incidents: list[Incident], expected: tuple[int, ...]) -> None:
    assert counts(scored([thing()], *incidents).by_rule[RULE]) == expected


def test_a_report_about_what_may_be_reported_counts_nowhere() -> None:
    brief = thing(to_s=72.0)
    for incidents in ([], [report(70.0, 94.0)]):
        figures = scored([brief], *incidents).total
        assert (counts(figures), figures.f1) == ((0, 0, 0, 0, 0), None)


@pytest.mark.parametrize(
    ("opened_s", "closed_s", "errors", "late"),
    [
        (70.0, 220.0, (0.0, 0.0), 0),
        (73.5, 225.0, (3.5, 5.0), 0),
        (74.5, 221.0, (4.5, 1.0), 1),
        (69.0, 218.0, (-1.0, -2.0), 1),
    ],
)
def test_errors_are_signed_seconds(opened_s: float, closed_s: float, errors: tuple[float, float], late: int) -> None:
    figures = scored([thing(to_s=200.0)], report(opened_s, closed_s)).total
    assert (figures.onset_s, figures.closing_s, figures.late) == ((errors[0],), (errors[1],), late)


def test_the_truths_own_tolerance_is_no_error() -> None:
    figures = scored([thing(to_s=200.0, tolerance_s=2.0)], report(72.0, 219.0)).total
    assert (figures.onset_s, figures.closing_s) == ((0.0,), (0.0,))


def test_one_that_takes_the_spot_of_another_needs_its_own_report() -> None:
    first, second = thing(to_s=120.0), thing(130.0, name="blue")
    assert counts(scored([first, second], report(70.0, 140.0), report(190.0)).total) == (2, 2, 0, 0, 0)
    assert counts(scored([first, second], report(70.0)).total) == (2, 1, 0, 0, 0)


def test_as_many_pairs_as_possible() -> None:
    """The better pair of the first would leave the second without a report."""
    left, right = thing(name="left"), thing(name="right", box_n=(0.26, 0.5, 0.46, 0.7))
    stays = stays_of(plan(), [left, right], WATCHED)
    between = report(box_n=(0.23, 0.5, 0.43, 0.7))
    far_left = report(box_n=(0.12, 0.5, 0.32, 0.7))
    assert paired(stays, [between, far_left]) == {0: 1, 1: 0}


@pytest.mark.parametrize(
    ("box", "same"),
    [
        (PLACE, True),
        ((0.3, 0.5, 0.4, 0.7), True),  # half of it, clipped
        ((0.1, 0.3, 0.6, 0.7), True),  # a region around it
        ((0.35, 0.5, 0.55, 0.7), False),
        (ELSEWHERE, False),
    ],
)
def test_the_same_place(box: Box, same: bool) -> None:
    assert (same_place(PLACE, box) > 0) is same
    assert same_place(PLACE, box) == pytest.approx(same_place(box, PLACE))


def test_figures_of_clips_add_up() -> None:
    one, two = scored([thing()], report()), scored([thing()], report(box_n=ELSEWHERE))
    figures = summed([one, two])[RULE]
    assert counts(figures) == (2, 1, 1, 0, 0)
    assert (figures.precision, figures.recall, figures.f1) == (0.5, 0.5, 0.5)
    assert figures.false_per_day == pytest.approx(86400 / 600)


def test_no_figure_without_anything_to_count() -> None:
    nothing = Figures()
    assert (nothing.precision, nothing.recall, nothing.f1, nothing.false_per_day) == (None, None, None, None)


def test_blind_spans_lie_between_two_looks() -> None:
    steps = [(0.0, True), (2.0, True), (4.0, False), (6.0, False), (9.0, True), (11.0, False)]
    assert list(spans_between(steps)) == [(2.0, 9.0), (9.0, 11.0)]


def test_the_incidents_of_a_scenes_events() -> None:
    events = watch(every(2, 10, 100, car()) + every(2, 100, 140))
    (incident,) = incidents_of(events, START)
    assert (incident.first_seen_s, incident.opened_s, incident.reason) == (10.0, 70.0, CloseReason.CLEARED)
    result = scored([thing(to_s=99.0)], incident, watched=replace(WATCHED, length_s=140.0))
    assert counts(result.total) == (1, 1, 0, 0, 0)
    assert result.wrong == ()


def test_a_thing_needs_time() -> None:
    with pytest.raises(ValueError, match="expected to_s after from_s"):
        thing(10.0, 10.0)


def test_times_are_those_of_the_clip() -> None:
    later = START + timedelta(hours=1)
    events = watch(every(2, 10, 100, car()))
    assert incidents_of(events, later)[0].opened_s == -3530.0


def test_stays_say_where() -> None:
    (stay,) = stays_of(plan(), [thing()], WATCHED)
    assert (stay.zone, stay.zones, stay.rule) == ("kerb", ("kerb",), RULE)
