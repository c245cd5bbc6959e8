"""What the looks after a question add up to; on literals of glances, and on streets through the scene."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.camera_health import CameraHealthSettings
from agent.core.glance import Glance, Sees
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import Box, ChangeKind, Changes, GapReason, Observation, Phase, PictureFault
from agent.core.verification import (
    DEADLINE_S,
    EMPTY_LOOKS,
    EMPTY_S,
    LONGEST_DEADLINE_S,
    Fact,
    Outcome,
    Verification,
    deadline_for,
)
from tests.unit.core.world import PLACE, Step, Thing, car, changed, duty, every, gap, look, plan, reading, stamp, watch

INCIDENT = UUID(int=1)
BESIDE: Box = (0.21, 0.55, 0.39, 0.62)


def asked(at_s: float = 0.0) -> Verification:
    return Verification(incident=INCIDENT, asked=stamp(at_s))


def glances(*sees: Sees, from_s: float = 1.0, step_s: float = 1.0, why: str | None = None) -> list[Glance]:
    return [Glance(sees=s, at=stamp(from_s + i * step_s), why=why) for i, s in enumerate(sees)]


def after(steps: Iterable[Glance], question: Verification | None = None) -> Verification:
    question = question or asked()
    for glance in steps:
        question = question.looked(glance, glance.at)
    return question


def told(question: Verification) -> tuple[Outcome | None, str | None]:
    return question.outcome, question.reason


E_, S_, O_, U_, D_, B_, R_ = (
    Sees.EMPTY,
    Sees.PRESENT,
    Sees.OCCLUDED,
    Sees.UNTOLD,
    Sees.DOUBTFUL,
    Sees.BLIND,
    Sees.REPLACED,
)
LONG = [E_] * 13  # twelve seconds lie between


@pytest.mark.parametrize(
    ("sees", "outcome"),
    [
        ([S_], None),
        ([S_, S_], Outcome.STILL_PRESENT),
        ([S_, E_, S_], Outcome.STILL_PRESENT),
        ([S_, E_, E_, S_], None),
        ([S_, O_, S_], Outcome.STILL_PRESENT),
        (LONG[1:], None),
        (LONG, Outcome.CLEARED),
        ([*LONG[1:], S_, E_], None),
        ([*LONG[1:], B_, E_, E_], None),
        ([*LONG[1:], U_, E_], None),
        ([*LONG[1:], U_, E_, E_], Outcome.CLEARED),
        ([*LONG[1:], D_, E_, E_], None),
        ([*LONG[1:], O_], None),
        ([R_], None),
        ([R_, R_], Outcome.CLEARED),
        ([Sees.LEFT], Outcome.CLEARED),
        ([Sees.SUCCEEDED], Outcome.CLEARED),
    ],
)
def test_what_looks_a_second_apart_add_up_to(sees: list[Sees], outcome: Outcome | None) -> None:
    assert after(glances(*sees)).outcome is outcome


def test_a_thing_that_is_often_missed_must_be_missed_more_often() -> None:
    def looks(count: int, rate: float, survived_s: float = 0.0) -> list[Glance]:
        return [Glance(sees=E_, at=stamp(4.0 * i), miss_rate=rate, survived_s=survived_s) for i in range(1, count + 1)]

    assert after(looks(4, 0.02)).outcome is Outcome.CLEARED
    assert after(looks(6, 1 / 3)).outcome is None
    assert after(looks(7, 1 / 3)).outcome is Outcome.CLEARED
    assert after(looks(10, 0.02, survived_s=20.0)).outcome is None
    assert after(looks(11, 0.02, survived_s=20.0)).outcome is Outcome.CLEARED


def test_looks_far_apart_attest_no_more_than_can_be_bridged() -> None:
    assert after(glances(E_, E_, step_s=30.0)).outcome is None
    assert after(glances(*[E_] * 3, step_s=14.0)).outcome is None, "three looks are too few"
    assert after(glances(*[E_] * 4, step_s=14.0)).outcome is Outcome.CLEARED


def test_what_was_seen_before_the_question_does_not_count() -> None:
    question = asked(at_s=20.0)
    assert after(glances(*[S_] * 20), question) == question
    assert after(glances(*LONG, from_s=8.5), question).outcome is None


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([], "no_picture"),
        (glances(*[B_] * 50, why="offline"), "offline"),
        ([*glances(*[B_] * 30, why="dark"), *glances(*[E_] * 10, from_s=31)], "dark"),
        (glances(*[O_] * 50), "occluded"),
        (glances(*[U_] * 50), "uncertain"),
        ([*glances(*[O_] * 5), *glances(*[D_] * 42, from_s=6)], "uncertain"),
    ],
)
def test_when_time_is_up_it_says_what_was_in_the_way(steps: list[Glance], reason: str) -> None:
    question = after(steps).waited(stamp(DEADLINE_S))
    assert told(question) == (Outcome.CANNOT_SEE, reason)
    assert question.decided_at == stamp(DEADLINE_S)


def test_one_sighting_suffices_when_no_other_look_came_and_only_then() -> None:
    assert after(glances(S_)).waited(stamp(DEADLINE_S)).outcome is Outcome.STILL_PRESENT
    assert after(glances(S_, E_)).waited(stamp(DEADLINE_S)).outcome is Outcome.CANNOT_SEE
    assert told(after(glances(B_, why="x") + glances(S_, from_s=2)).waited(stamp(50.0))) == (
        Outcome.STILL_PRESENT,
        None,
    )


def test_the_end_of_the_agent_answers_and_answers_stand() -> None:
    stopped = asked().ended(Fact.STOPPED, stamp(3.0))
    assert told(stopped) == (Outcome.CANNOT_SEE, "stopping")
    assert told(asked().ended(Fact.WITHDRAWN, stamp(3.0))) == (Outcome.CANNOT_SEE, "rule_removed")
    assert after(glances(S_, S_, from_s=4.0), stopped) == stopped == stopped.waited(stamp(99.0))
    done = after(glances(S_, S_))
    assert done.ended(Fact.STOPPED, stamp(9.0)) == done


@pytest.mark.parametrize(("interval_s", "deadline_s"), [(None, 45), (1, 45), (10, 80), (60, LONGEST_DEADLINE_S)])
def test_a_camera_with_few_pictures_has_longer(interval_s: float | None, deadline_s: float) -> None:
    assert deadline_for(interval_s) == deadline_s


@given(st.lists(st.tuples(st.sampled_from([E_, S_, O_, U_, D_, B_, R_]), st.floats(0.2, 15.0)), max_size=60))
def test_cleared_takes_a_long_row_of_empty_looks_and_time_always_ends_it(steps: list[tuple[Sees, float]]) -> None:
    question, now_s, row, looked_s = asked(), 0.0, 0, 0.0
    for sees, step_s in steps:
        now_s += step_s
        before = question
        question = question.looked(Glance(sees=sees, at=stamp(now_s)), stamp(now_s))
        if sees is E_:
            row, looked_s = row + 1, looked_s + (step_s if row else 0.0)
        elif sees not in (O_, U_):
            row, looked_s = 0, 0.0
        if question.fact is Fact.EMPTY and before.fact is None:
            assert row >= EMPTY_LOOKS
            assert looked_s >= EMPTY_S - 1e-6
        if before.fact:
            assert question == before
    assert question.waited(stamp(max(now_s, DEADLINE_S))).outcome is not None


# Through the scene


class Street:
    """A scene, and one question about its first incident that was asked right after the last step."""

    def __init__(self, steps: Sequence[Step], watched: CameraPlan | None = None) -> None:
        self.scene = Scene(watched or plan())
        self.events = watch(steps, self.scene)
        incident = next(e.incident_id for e in self.events if e.phase is Phase.OPENED)
        self.question = Verification(incident=incident, asked=steps[-1].stamp)
        self.took_s = 0.0

    def then(self, steps: Iterable[Step]) -> tuple[Outcome | None, str | None]:
        for step in steps:
            self.events += self.scene.step(step)
            glance = self.scene.glance(self.question.incident, self.question.asked)
            assert glance is not None
            self.question = self.question.looked(glance, step.stamp)
            if self.question.fact and self.question.decided_at:
                self.took_s = self.question.decided_at.mono_s - self.question.asked.mono_s
                break
        else:
            self.question = self.question.waited(self.question.asked.shifted(DEADLINE_S))
        return told(self.question)


PARKED = every(1, 0, 70, car())
LATER = plan(clear_after=600.0)
FOR_LONG = (1, 70, 130)


def test_a_car_that_stands_is_still_present_with_the_second_picture() -> None:
    street = Street(PARKED)
    assert street.then(every(*FOR_LONG, car())) == (Outcome.STILL_PRESENT, None)
    assert street.took_s == 2


def test_a_car_that_left_is_cleared_long_before_its_rule_says_so() -> None:
    street = Street(PARKED, LATER)
    assert street.then(every(*FOR_LONG)) == (Outcome.CLEARED, None)
    assert street.took_s == 13
    assert [e.phase for e in street.events] == [Phase.OPENED]


def test_where_its_rule_closes_it_meanwhile_that_is_the_answer() -> None:
    street = Street([*PARKED, *every(1, 70, 85)], plan(clear_after=20.0))
    assert street.then(every(1, 85, 130)) == (Outcome.CLEARED, None)
    assert street.took_s == 6


def test_empty_looks_before_the_question_do_not_count() -> None:
    street = Street([*PARKED, *every(1, 70, 100)], LATER)
    assert street.then(every(1, 100, 140)) == (Outcome.CLEARED, None)
    assert street.took_s == 13


def bus(seen: Observation) -> Observation:
    return look(seen.stamp.mono_s - 1000, car((0.15, 0.4, 0.45, 0.9), kind="bus", look=3))


def fault(steps: Iterable[Step], why: PictureFault) -> list[Step]:
    return [replace(s, fault=why) for s in steps if isinstance(s, Observation)]


def uncertain(steps: Iterable[Step]) -> list[Step]:
    return [replace(s, changes=Changes.none(complete=False)) for s in steps if isinstance(s, Observation)]


def looks(*things: Thing) -> list[Observation]:
    return [s for s in every(*FOR_LONG, *things) if isinstance(s, Observation)]


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([bus(s) for s in looks()], "occluded"),
        ([look(70 + t, car((0.1, 0.3, 0.5, 0.9), kind="person", look=5)) for t in range(60)], "occluded"),
        ([changed(s, (0.0, 0.0, 1.0, 1.0), kind=ChangeKind.SCREEN) for s in looks()], "occluded"),
        ([gap(70 + t) for t in range(0, 60, 5)], "offline"),
        ([gap(70 + t, GapReason.STALLED) for t in range(0, 60, 5)], "stalled"),
        (fault(looks(), PictureFault.COVERED), "covered"),
        (fault(looks(), PictureFault.DARK), "dark"),
        ([replace(s, suspected=True) for s in looks()], "uncertain"),
        ([changed(s, PLACE) for s in looks()], "uncertain"),
        (looks(car((0.28, 0.5, 0.48, 0.7), look=1)), "uncertain"),
        ([look(70), *looks(car(score=0.15, look=1))[1:]], "uncertain"),
        ([s for t in range(70, 130, 10) for s in (*every(1, t, t + 9), gap(t + 9))], "uncertain"),
    ],
    ids=[
        "a bus in front",
        "somebody in front",
        "close to the camera",
        "offline",
        "stalled",
        "covered",
        "dark",
        "pictures that do not look as they should",
        "something that nobody names stands there",
        "another one passes at the place",
        "a weak box that does not look like it",
        "an outage in every ten seconds",
    ],
)
def test_an_empty_place_that_nobody_could_really_see_is_never_cleared(steps: list[Step], reason: str) -> None:
    assert Street(PARKED, LATER).then(steps) == (Outcome.CANNOT_SEE, reason)


def test_another_car_on_the_spot_is_cleared_as_replaced() -> None:
    street = Street([*PARKED, *every(1, 70, 85)], LATER)
    assert street.then(every(1, 85, 130, car(look=1))) == (Outcome.CLEARED, "replaced")


def test_another_look_after_an_outage_may_be_another_light() -> None:
    street = Street([*PARKED, *(gap(70 + t) for t in range(0, 60, 5))], LATER)
    assert street.then(every(1, 130, 175, car(look=1))) == (Outcome.CANNOT_SEE, "uncertain")


def test_another_look_within_seconds_may_be_another_light() -> None:
    street = Street([*PARKED, *every(1, 70, 75)], LATER)
    assert street.then(every(1, 75, 120, car(look=1))) == (Outcome.CANNOT_SEE, "uncertain")


def test_a_car_that_is_found_in_every_third_picture_stands_there() -> None:
    def seldom(from_s: int, to_s: int) -> list[Step]:
        return [look(t, *([car()] if t % 3 == 0 else [])) for t in range(from_s, to_s)]

    street = Street([*PARKED, *seldom(70, 300)], LATER)
    assert street.then(seldom(300, 340)) == (Outcome.STILL_PRESENT, None)


def test_who_was_missed_often_of_late_must_be_missed_more_often() -> None:
    """A record of an hour of daylight says nothing about the dusk."""
    dusk = [look(t, *([car()] if t % 8 == 0 else [])) for t in range(72, 200, 4)]
    day: list[Step] = [look(t - 3600, car()) for t in range(0, 3672, 4)]
    street = Street([*day, *dusk, look(200, car())], LATER)
    assert street.then(every(4, 204, 228)) == (Outcome.CANNOT_SEE, "uncertain")
    assert Street([*day, look(72, car())], LATER).then(every(4, 76, 100)) == (Outcome.CLEARED, None)


@given(st.data())
def test_what_stands_there_is_never_cleared_however_often_it_is_hidden_or_missed_now_and_then(
    data: st.DataObject,
) -> None:
    step_s = data.draw(st.sampled_from([0.5, 1.0, 2.0, 4.0, 10.0]))
    ways: dict[str, Callable[[float], Step]] = {
        "seen": lambda t: look(t, car()),
        "missed": look,
        "bus": lambda t: look(t, car((0.15, 0.4, 0.45, 0.9), kind="bus", look=3)),
        "passing": lambda t: look(t, car((0.28, 0.5, 0.48, 0.7), look=int(t) % 5 + 1)),
        "gap": gap,
        "dark": lambda t: replace(look(t), fault=PictureFault.DARK),
        "suspected": lambda t: replace(look(t), suspected=True),
    }
    drawn = data.draw(st.lists(st.sampled_from([*ways]), min_size=20, max_size=80))
    row, names = 0, []
    for name in drawn:
        row = 0 if name == "seen" else row + (name == "missed")
        names.append("seen" if row >= EMPTY_LOOKS else name)
        row = 0 if names[-1] == "seen" else row
    stood = [look(i * step_s, car()) for i in range(int(70 / step_s) + 2)]
    steps = [ways[name]((len(stood) + i) * step_s) for i, name in enumerate(names)]
    at = data.draw(st.integers(0, len(steps) - 1))
    outcome, _ = Street([*stood, *steps[:at]], LATER).then(steps[at:])
    assert outcome is not Outcome.CLEARED


# Incidents that ended


def test_an_incident_that_ended_is_cleared_while_its_place_is_empty() -> None:
    street = Street([*PARKED, *every(1, 70, 95)])
    assert street.events[-1].phase is Phase.CLOSED
    assert street.then(every(1, 95, 140)) == (Outcome.CLEARED, None)
    assert street.took_s == 13


@pytest.mark.parametrize(
    ("thing", "answer"),
    [
        (car(), (Outcome.STILL_PRESENT, None)),
        (car(look=1), (Outcome.CLEARED, "replaced")),
        (car((0.28, 0.5, 0.48, 0.7)), (Outcome.CANNOT_SEE, "uncertain")),
        (car((0.1, 0.3, 0.5, 0.9), kind="bus", look=2), (Outcome.CANNOT_SEE, "occluded")),
        (car((0.6, 0.5, 0.8, 0.7)), (Outcome.CLEARED, None)),
    ],
    ids=["the same came back", "another one stands there", "a like one half there", "hidden", "it stands elsewhere"],
)
def test_what_stands_where_an_incident_ended(thing: Thing, answer: tuple[Outcome, str | None]) -> None:
    street = Street([*PARKED, *every(1, 70, 95)])
    kept = street.scene.keep()
    street.scene = Scene(plan())
    street.scene.recall(kept, stamp(94))
    assert street.then(every(1, 95, 141, thing)) == answer


def test_who_asks_too_late_or_about_nothing_is_told_so() -> None:
    scene = Scene(plan())
    assert scene.glance(INCIDENT, stamp(0)) is None
    events = []
    for n in range(14):
        t = n * 100
        events += watch([*every(2, t, t + 70, car()), *every(2, t + 70, t + 100)], scene)
    closed = [e.incident_id for e in events if e.phase is Phase.CLOSED]
    assert [scene.glance(i, stamp(1400)) is not None for i in closed] == [False] * 2 + [True] * 12


# Taught zones, things left standing, and the camera itself


def full(t_s: float, share: float) -> Observation:
    return reading(look(t_s), "bins", share)


BIN = plan(duty("garbage_overflow", zone="bins", place="bin", clear_after=600.0))


def test_a_taught_zone_is_judged_by_what_was_read_since() -> None:
    steps = [full(t, 0.9) for t in range(320)]
    assert Street(steps, BIN).then([full(t, 0.9) for t in range(320, 400)]) == (Outcome.STILL_PRESENT, None)
    emptied = Street(steps, BIN)
    assert emptied.then([full(t, 0.1) for t in range(320, 400)]) == (Outcome.CLEARED, None)

    for share in (0.9, 0.1):
        street = Street([*steps[:-1], full(319, share)], BIN)
        [old] = steps[-1].readings if share == 0.9 else full(319, share).readings
        again = [replace(look(t), readings=(old,)) for t in range(320, 380)]
        assert street.then(again) == (Outcome.CANNOT_SEE, "uncertain"), "the old reading says nothing"

    [once] = full(320, 0.1).readings
    street = Street(steps, BIN)
    again = [replace(look(t), readings=(once,)) for t in range(320, 380)]
    assert street.then(again) == (Outcome.CANNOT_SEE, "uncertain"), "one reading is one look"


def test_a_heap_that_only_the_scene_change_channel_knows() -> None:
    heap: Box = (0.3, 0.7, 0.4, 0.8)
    ground = plan(duty("garbage_overflow", clear_after=600.0))
    steps: list[Step] = [changed(look(t), heap) for t in range(320)]
    assert Street(steps, ground).then([changed(look(t), heap) for t in range(320, 380)])[0] is Outcome.STILL_PRESENT
    assert Street(steps, ground).then(every(1, 320, 380)) == (Outcome.CLEARED, None)
    assert Street(steps, ground).then(uncertain(every(1, 320, 380))) == (Outcome.CANNOT_SEE, "uncertain")


def test_a_camera_s_own_fault() -> None:
    def camera() -> CameraPlan:
        return replace(plan(), health=CameraHealthSettings(dwell=30.0, clear_after=300.0))

    dark = fault(every(1, 0, 60), PictureFault.DARK)
    assert Street(dark, camera()).then(fault(every(1, 60, 110), PictureFault.DARK)) == (Outcome.STILL_PRESENT, None)
    assert Street(dark, camera()).then(every(1, 60, 110)) == (Outcome.CLEARED, None)
    assert Street(dark, camera()).then(gap(t) for t in range(60, 105, 5)) == (Outcome.CANNOT_SEE, "offline")
    offline = [gap(t) for t in range(0, 90, 5)]
    assert Street(offline, camera()).then(gap(t) for t in range(90, 110, 5)) == (Outcome.STILL_PRESENT, None)
    anew = [gap(90, GapReason.RESTART), gap(95, GapReason.RESTART)]
    assert Street(offline, camera()).then(anew) == (Outcome.CANNOT_SEE, "restart"), "no fault of the camera"
    ended = Street([*offline, *every(1, 90, 400)], camera())
    assert ended.events[-1].phase is Phase.CLOSED
    assert ended.then(every(1, 400, 430)) == (Outcome.CLEARED, None)
