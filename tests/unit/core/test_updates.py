"""What is told of an incident that goes on, and of one that comes back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agent.core.rules import RULES
from agent.core.scene import Scene
from agent.core.types import Event, Phase, Severity, UpdateReason
from tests.unit.core.world import Step, car, duty, gap, look, plan, stamp, watch

HOUR = 3600


def standing(to_s: int, from_s: int = 0, step_s: int = 4) -> list[Step]:
    return [look(t, car()) for t in range(from_s, to_s, step_s)]


def scene(**settings: Any) -> Scene:
    return Scene(plan(duty(**settings)))


def updates(events: list[Event]) -> list[tuple[UpdateReason | None, float, Severity]]:
    return [(e.update_reason, e.dwell_s, e.severity) for e in events if e.phase is Phase.UPDATED]


def test_an_incident_that_goes_on_is_told_of_every_ten_minutes() -> None:
    events = watch(standing(HOUR), scene(update_every=600.0))
    opened, *later = events
    assert opened.update_reason is None
    assert [(e.at - opened.at).total_seconds() for e in later] == [600, 1200, 1800, 2400, 3000]
    assert {e.update_reason for e in later} == {UpdateReason.HEARTBEAT}
    assert [e.revision for e in events] == [1, 2, 3, 4, 5, 6]
    assert {e.incident_id for e in events} == {opened.incident_id}
    assert len({e.event_id for e in events}) == len(events)


def test_severity_grows_with_dwell_and_the_heartbeat_counts_from_then() -> None:
    settings = {"severity": Severity.LOW, "escalate": {Severity.MEDIUM: 300.0, Severity.HIGH: 900.0}}
    events = watch(standing(1600), scene(update_every=600.0, **settings))
    assert events[0].severity is Severity.LOW
    assert updates(events) == [
        (UpdateReason.ESCALATED, 300.0, Severity.MEDIUM),
        (UpdateReason.ESCALATED, 900.0, Severity.HIGH),
        (UpdateReason.HEARTBEAT, 1500.0, Severity.HIGH),
    ]


def test_it_stays_as_severe_as_it_was_when_it_ends() -> None:
    steps = [*standing(400), *(look(t) for t in range(400, 500, 4))]
    closed = watch(steps, scene(escalate={Severity.HIGH: 300.0}))[-1]
    assert (closed.phase, closed.severity, closed.update_reason) == (Phase.CLOSED, Severity.HIGH, None)


def test_nobody_looking_is_no_reason_to_tell_anything_and_what_is_due_is_told_once() -> None:
    steps = [*standing(200), *(gap(t) for t in range(200, 4000, 5)), *standing(4400, from_s=4000)]
    events = watch(steps, scene(update_every=600.0))
    assert [e.phase for e in events] == [Phase.OPENED, Phase.UPDATED]
    assert events[1].at == stamp(4000).utc


def test_a_restart_neither_repeats_nor_forgets_a_heartbeat() -> None:
    whole = watch(standing(2000), scene(update_every=600.0))
    first = scene(update_every=600.0)
    events = watch(standing(1000), first)
    second = scene(update_every=600.0)
    second.recall(first.keep(), stamp(1000))
    events += watch(standing(2000, from_s=1000), second)
    assert events == whole


def test_what_comes_back_to_the_place_names_the_incident_before() -> None:
    empty = [look(t) for t in range(200, 400, 4)]
    events = watch([*standing(200), *empty, *standing(800, from_s=400)], scene())
    first, closed, second = events
    assert [e.phase for e in events] == [Phase.OPENED, Phase.CLOSED, Phase.OPENED]
    assert first.previous_incident is None
    assert second.incident_id != closed.incident_id
    assert second.previous_incident == closed.incident_id


@pytest.mark.parametrize(("within_s", "linked"), [(0.0, False), (200.0, False), (300.0, True)])
def test_it_is_no_re_occurrence_after_the_configured_time(within_s: float, linked: bool) -> None:
    empty = [look(t) for t in range(200, 400, 4)]  # closes at 220, the next one opens at 460
    second = watch([*standing(200), *empty, *standing(800, from_s=400)], scene(reoccur_within=within_s))[-1]
    assert (second.previous_incident is not None) is linked


def test_another_place_is_no_re_occurrence_and_a_restart_forgets_none() -> None:
    before = scene()
    [_, closed] = watch([*standing(200), *(look(t) for t in range(200, 400, 4))], before)
    other, same = scene(), scene()
    for one in (other, same):
        one.recall(before.keep(), stamp(400))
    beside = [look(t, car((0.6, 0.5, 0.8, 0.7))) for t in range(400, 600, 4)]
    assert [e.previous_incident for e in watch(beside, other)] == [None]
    assert [e.previous_incident for e in watch(standing(600, from_s=400), same)] == [closed.incident_id]


@pytest.mark.parametrize(
    "escalate",
    [{"medium": "30m"}, {"low": "30m"}, {"high": "1m"}, {"high": "30s"}],
)
def test_steps_that_do_not_go_up_are_refused(escalate: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="severities"):
        RULES["illegal_parking"].Settings.model_validate({"dwell": "1m", "severity": "medium", "escalate": escalate})
