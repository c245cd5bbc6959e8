"""Observations in, events out: the promises of the core, one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from agent.core.calendar import Calendar
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import CloseReason, Phase, Stamp
from agent.core.zones import Zone
from tests.unit.core.world import PLACE, START, Thing, car, every, gap, look, phases, plan, stamp, watch

TRUCK_IN_FRONT = car((0.1, 0.35, 0.5, 0.85), kind="truck", look=5)
NEIGHBOUR = car((0.41, 0.5, 0.6, 0.7), look=3)
PASSING = car((0.2, 0.7, 0.5, 0.95), look=6)


def test_a_parked_car_opens_one_incident_when_its_time_is_up() -> None:
    [event] = watch(every(2, 0, 300, car()))
    assert event.phase is Phase.OPENED
    assert event.at == stamp(60).utc
    assert event.first_seen == START
    assert (event.dwell_s, event.blind_s) == (60.0, 0.0)
    assert event.objects[0].box_n == pytest.approx(PLACE)
    assert (event.camera, event.rule, event.zone) == ("gate", "illegal_parking", "kerb")


def test_leaving_closes_it_once_the_place_was_seen_empty_long_enough() -> None:
    events = watch(every(2, 0, 100, car()) + every(2, 100, 200))
    assert phases(events) == ["opened", "closed"]
    opened, closed = events
    assert closed.close_reason is CloseReason.CLEARED
    assert closed.incident_id == opened.incident_id
    assert (opened.revision, closed.revision) == (1, 2)
    assert closed.last_seen == stamp(98).utc
    assert closed.closed_at == stamp(120).utc
    assert closed.dwell_s == 98.0


def test_a_short_stop_and_passing_traffic_open_nothing() -> None:
    shades = [car(look=i % 8) for i in range(200)]
    assert watch(every(2, 0, 50, car()) + every(2, 50, 400)) == []
    assert watch([look(2 * i, shade) for i, shade in enumerate(shades)]) == [], "dense traffic through one spot"


def test_a_car_outside_the_zone_opens_nothing() -> None:
    assert watch(every(2, 0, 300, car((0.2, 0.1, 0.4, 0.3)))) == []


@pytest.mark.parametrize("step_s", [1.0, 2.0, 4.0, 7.5, 30.0])
def test_dwell_is_counted_in_seconds_whatever_the_sampling(step_s: float) -> None:
    [event] = watch(every(step_s, 0, 300, car()))
    assert 60.0 <= event.dwell_s < 60.0 + step_s


def test_occlusion_neither_closes_nor_restarts_the_clock() -> None:
    steps = every(2, 0, 40, car()) + every(2, 40, 90, TRUCK_IN_FRONT) + every(2, 90, 200, car())
    [event] = watch(steps)
    assert event.first_seen == START
    assert event.blind_s == 52.0, "from the last sighting at 38 s to the next at 90 s"
    assert event.dwell_s >= 60.0


def test_a_short_occlusion_counts_as_sight() -> None:
    [event] = watch(every(2, 0, 40, car()) + every(2, 40, 46, TRUCK_IN_FRONT) + every(2, 46, 100, car()))
    assert (event.at, event.blind_s) == (stamp(60).utc, 0.0)


def test_an_occluded_incident_stays_open_for_hours() -> None:
    assert phases(watch(every(2, 0, 80, car()) + every(2, 80, 7200, TRUCK_IN_FRONT))) == ["opened", "opened"], (
        "the truck that stands there for two hours is a violation of its own; the hidden car is not closed"
    )


def test_a_neighbour_that_was_there_all_along_hides_nothing() -> None:
    wide_neighbour = car((0.3, 0.45, 0.6, 0.7), look=3)
    events = watch(every(2, 0, 100, car(), wide_neighbour) + every(2, 100, 160, wide_neighbour))
    assert phases(events) == ["opened", "opened", "closed"]


def test_a_gap_closes_nothing_and_is_blind_time() -> None:
    outage = [gap(t) for t in range(100, 4000, 10)]
    events = watch(every(2, 0, 100, car()) + outage + every(2, 4000, 4200, car()) + every(2, 4200, 4300))
    assert phases(events) == ["opened", "closed"]
    assert events[1].blind_s == 4000.0 - 98.0
    assert events[1].last_seen == stamp(4198).utc


def test_a_car_gone_after_an_outage_closes_only_after_it_was_looked_for() -> None:
    outage = [gap(t) for t in range(100, 1000, 10)]
    events = watch(every(2, 0, 100, car()) + outage + every(2, 1000, 1100))
    assert phases(events) == ["opened", "closed"]
    assert events[1].closed_at == stamp(1020).utc
    assert events[1].blind_s == pytest.approx(1000 - 98, abs=2)


def test_an_unreported_silence_is_a_gap_too() -> None:
    assert phases(watch(every(2, 0, 100, car()) + [look(t) for t in (5000, 9000, 13000)])) == ["opened"]


def test_another_car_at_the_same_spot_is_a_new_incident() -> None:
    outage = [gap(110)]
    events = watch(every(2, 0, 100, car(look=0)) + outage + every(2, 120, 300, car(look=1)))
    assert phases(events) == ["opened", "closed", "opened"]
    assert events[1].close_reason is CloseReason.REPLACED
    assert events[0].incident_id != events[2].incident_id
    assert events[2].first_seen == stamp(120).utc


def test_dusk_changes_the_look_but_not_the_incident() -> None:
    events = watch(every(2, 0, 100, car(look=0)) + every(2, 100, 200, car(look=1)) + [gap(201)])
    scene = Scene(plan())
    watch(every(2, 0, 100, car(look=0)) + every(2, 100, 200, car(look=1)), scene)
    after_the_outage = watch([gap(201), *every(2, 300, 400, car(look=1))], scene)
    assert phases(events) == ["opened"]
    assert after_the_outage == [], "the new look was learnt while the car was in sight"


def test_class_flips_and_weak_scores_are_one_car() -> None:
    kinds = ["car", "truck", "bus", "car"]
    flips = [look(2 * i, car(kind=kinds[i % 4], score=0.5 if i == 0 else 0.12)) for i in range(60)]
    assert phases(watch(flips)) == ["opened"]


def test_weak_detections_alone_start_nothing() -> None:
    assert watch(every(2, 0, 300, car(score=0.3))) == []


def test_a_second_box_around_one_car_is_not_a_second_incident() -> None:
    inner = car((0.21, 0.6, 0.3, 0.69), score=0.5, look=4)
    assert phases(watch(every(2, 0, 300, car(), inner))) == ["opened"]
    late = every(2, 0, 30, inner) + every(2, 30, 300, car(), inner)
    assert phases(watch(late)) == ["opened"], "whichever was seen first"


def test_two_neighbours_are_two_incidents() -> None:
    assert phases(watch(every(2, 0, 300, car(), NEIGHBOUR))) == ["opened", "opened"]


def test_creeping_traffic_is_not_parked_and_a_nudged_incident_stays_one() -> None:
    creep = [look(4 * i, car((0.01 * i * 6, 0.5, 0.01 * i * 6 + 0.2, 0.7))) for i in range(14)]
    assert watch(creep) == []
    nudged = car((0.26, 0.5, 0.46, 0.7))
    assert phases(watch(every(2, 0, 100, car()) + every(2, 100, 400, nudged))) == ["opened"]


def test_jitter_of_the_box_does_not_restart_the_clock() -> None:
    boxes = [(0.2 + d, 0.5, 0.4 + d, 0.7 - d) for d in (0.0, 0.02, -0.02, 0.01, 0.03)]
    assert phases(watch([look(2 * i, car(boxes[i % 5])) for i in range(40)])) == ["opened"]


def test_passing_traffic_in_front_is_not_a_reason_to_close() -> None:
    def passing(i: int) -> Thing:
        box = TRUCK_IN_FRONT.box_n if i % 3 else PASSING.box_n
        return car(box, look=1 + i % 7)

    steps = [look(2 * i, passing(i)) if i % 3 else look(2 * i, car(), passing(i)) for i in range(100)]
    assert phases(watch(steps)) == ["opened"]


def test_grace_gives_a_class_more_time() -> None:
    scene = Scene(plan(grace={"truck": 120.0}))
    events = watch(every(2, 0, 200, car(), car((0.5, 0.5, 0.8, 0.8), kind="truck", look=2)), scene)
    assert [(e.objects[0].class_name, e.dwell_s) for e in events] == [("car", 60.0), ("truck", 120.0)]


def test_the_calendar_starts_and_ends_the_clock() -> None:
    office_hours = Calendar.model_validate({"active": [{"from": "16:05", "to": "16:10"}]})
    events = watch(every(2, 0, 900, car()), Scene(plan(calendar=office_hours)))
    assert phases(events) == ["opened", "closed"]
    assert events[0].first_seen == stamp(300).utc, "the clock starts when the rule comes into force"
    assert (events[1].at, events[1].close_reason) == (stamp(600).utc, CloseReason.PERMITTED)


def test_a_holiday_suspends_the_rule() -> None:
    calendar = Calendar(holidays=(date(2026, 11, 2),))
    assert watch(every(2, 0, 300, car()), Scene(plan(calendar=calendar))) == []


def test_of_two_zones_the_one_it_stands_in_most_gets_the_incident() -> None:
    duty = plan(zone="left", polygon=((0, 0), (0.28, 0), (0.28, 1), (0, 1)), overlap=0.3).duties[0]
    other = plan(zone="right", polygon=((0.25, 0), (1, 0), (1, 1), (0.25, 1)), overlap=0.3).duties[0]
    both = CameraPlan(box_id="b", camera="gate", duties=(duty, other), time_zone=plan().time_zone)
    events = watch(every(2, 0, 300, car()), Scene(both))
    assert [(e.phase, e.zone) for e in events] == [(Phase.OPENED, "right")]


def test_a_removed_zone_closes_its_incident() -> None:
    scene = Scene(plan())
    watch(every(2, 0, 100, car()), scene)
    renamed = Scene(plan(zone="other"))
    renamed.recall(scene.keep(), stamp(110))
    events = renamed.retire(stamp(110)) + watch(every(2, 110, 200, car()), renamed)
    assert [(e.phase.value, e.zone, e.close_reason) for e in events] == [
        ("closed", "kerb", CloseReason.RULE_REMOVED),
        ("opened", "other", None),
    ]


def test_a_scene_refuses_another_camera_and_time_that_runs_back() -> None:
    scene = Scene(plan())
    scene.step(look(10))
    with pytest.raises(ValueError, match="time ran back"):
        scene.step(look(9))
    with pytest.raises(ValueError, match="was given"):
        Scene(CameraPlan(box_id="b", camera="x", duties=(), time_zone=plan().time_zone)).step(look(1))


def test_a_foreign_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        Scene(plan()).recall('{"version": 1}', stamp(0))
    kept = Scene(plan()).keep().replace('"version":1', '"version":99')
    with pytest.raises(ValueError, match="expected version 1, found 99"):
        Scene(plan()).recall(kept, stamp(0))


def test_a_reboot_with_another_monotonic_clock_continues_the_incident() -> None:
    before = Scene(plan())
    first = watch(every(2, 0, 40, car()), before)
    after = Scene(plan())

    def rebooted(t_s: float) -> Stamp:
        return Stamp(utc=stamp(t_s).utc, mono_s=t_s - 5000.0)

    after.recall(before.keep(), rebooted(45))
    second = []
    for t in range(46, 200, 2):
        second += after.step(replace(look(t, car()), stamp=rebooted(t)))
    assert first == []
    [event] = second
    assert (event.first_seen, event.at) == (START, stamp(60).utc)


def test_zone_overlap_counts_the_ground_footprint_not_the_roof() -> None:
    zone = Zone.of("z", ((0, 0), (1, 0), (1, 0.5), (0, 0.5)))
    assert zone.overlap((0.2, 0.1, 0.4, 0.8)) == 0.0, "roof in the zone, wheels outside"
    assert zone.overlap((0.2, 0.1, 0.4, 0.5)) == pytest.approx(1.0)
