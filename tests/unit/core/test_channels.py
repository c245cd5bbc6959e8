"""Garbage and stalls: what each channel sees, and that all of them together make one incident."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agent.core.calendar import Calendar
from agent.core.plan import Duty
from agent.core.scene import Scene
from agent.core.taxonomy import TAXONOMY
from agent.core.tracking.sighting import sightings
from agent.core.types import Box, ChangeKind, Changes, Channel, CloseReason, Event, Observation, ZoneReading
from tests.unit.core.world import Step, Thing, car, changed, duty, gap, look, phases, plan, reading, stamp, watch

HEAP: Box = (0.4, 0.7, 0.5, 0.8)
BIN = ((0.38, 0.6), (0.55, 0.6), (0.55, 0.85), (0.38, 0.85))
STANDING: Box = (0.42, 0.6, 0.48, 0.82)

Look = Callable[[float], Observation]


def garbage(box: Box = HEAP, score: float = 0.6, kind: str = "garbage") -> Thing:
    return Thing(box, kind, score)


def person(box: Box = STANDING) -> Thing:
    return Thing(box, "person", 0.8, look=3)


def shown(*parts: tuple[float, float, Look], every_s: float = 2.0) -> list[Step]:
    """Looks made by each part's function from its start to before its end."""
    return [make(a + i * every_s) for a, b, make in parts for i in range(round((b - a) / every_s))]


def run(duties: Sequence[Duty], *parts: tuple[float, float, Look], every_s: float = 2.0) -> list[Event]:
    return watch(shown(*parts, every_s=every_s), Scene(plan(*duties)))


def said(events: Sequence[Event]) -> list[tuple[str, str, str | None, str | None]]:
    return [(e.phase.value, e.channel.value, e.kind, e.close_reason and e.close_reason.value) for e in events]


GROUND = duty("garbage_overflow", zone="ground")
BIN_ZONE = duty("garbage_overflow", zone="bin", polygon=BIN, place="bin")
PAVEMENT = duty("stall_encroachment", zone="pavement")


def region(t: float) -> Observation:
    return changed(look(t), HEAP)


def empty(t: float) -> Observation:
    return look(t)


@pytest.mark.parametrize("target", [GROUND, BIN_ZONE], ids=["ground", "bin"])
@pytest.mark.parametrize(
    ("make", "channel"),
    [
        (lambda t: look(t, garbage()), "model"),
        (region, "scene_change"),
        (lambda t: changed(look(t, garbage(score=0.5)), HEAP), "scene_change"),
        (lambda t: changed(look(t, garbage(score=0.95)), HEAP), "model"),
    ],
    ids=["model", "scene change", "both, the region surer", "both, the model surer"],
)
def test_each_channel_alone_and_both_together_make_one_incident(target: Duty, make: Look, channel: str) -> None:
    kind = "bin" if target is BIN_ZONE else "heap"
    events = run([target], (0, 100, make), (100, 140, empty))
    assert said(events) == [("opened", channel, kind, None), ("closed", channel, kind, "cleared")]
    assert (events[0].at - events[0].first_seen).total_seconds() == 60


def test_channels_that_take_turns_keep_one_incident() -> None:
    """The model sees the heap in every fifth picture, with a smaller box; the region is there all the time."""
    inner: Box = (0.41, 0.72, 0.48, 0.79)

    def make(t: float) -> Observation:
        seen = look(t, garbage(inner)) if t % 10 == 0 else look(t)
        return changed(seen, HEAP)

    assert phases(run([GROUND], (0, 200, make), (200, 240, empty))) == ["opened", "closed"]


def test_the_model_alone_then_the_region_alone_is_one_incident() -> None:
    events = run([GROUND], (0, 100, lambda t: look(t, garbage())), (100, 200, region), (200, 240, empty))
    assert phases(events) == ["opened", "closed"]
    assert events[1].closed_at is not None
    assert events[1].last_seen.timestamp() - events[0].first_seen.timestamp() == 198


def test_a_heap_that_grows_is_one_incident_named_once_the_model_knows() -> None:
    big: Box = (0.38, 0.6, 0.6, 0.82)
    events = run([GROUND], (0, 100, region), (100, 200, lambda t: changed(look(t, garbage(big)), big)))
    assert phases(events) == ["opened"]


def test_bags_that_touch_are_one_heap() -> None:
    bags = [garbage((0.4 + i * 0.05, 0.7, 0.45 + i * 0.05, 0.78)) for i in range(3)]
    events = run([GROUND], (0, 100, lambda t: look(t, *bags)))
    assert phases(events) == ["opened"]
    x1, y1, x2, y2 = events[0].objects[0].box_n
    assert (round(x1, 3), round(y1, 3), round(x2, 3), round(y2, 3)) == (0.4, 0.7, 0.55, 0.78)


def test_two_heaps_apart_are_two_incidents_on_the_ground_and_one_at_a_bin() -> None:
    two = (garbage((0.4, 0.7, 0.44, 0.76)), garbage((0.5, 0.7, 0.54, 0.76)))
    assert phases(run([GROUND], (0, 100, lambda t: look(t, *two)))) == ["opened", "opened"]
    assert phases(run([BIN_ZONE], (0, 100, lambda t: look(t, *two)))) == ["opened"]


def test_a_taught_zone_opens_holds_and_clears() -> None:
    def at(full: float) -> Look:
        return lambda t: reading(look(t), "bin", full)

    events = run([BIN_ZONE], (0, 100, at(0.9)), (100, 200, at(0.5)), (200, 240, at(0.1)))
    assert said(events) == [("opened", "zone_state", "bin", None), ("closed", "zone_state", "bin", "cleared")]
    assert (events[1].at - events[0].first_seen).total_seconds() == 220
    assert run([BIN_ZONE], (0, 200, at(0.5))) == []


def test_a_taught_zone_and_the_model_make_one_incident() -> None:
    def make(t: float) -> Observation:
        return reading(look(t, garbage(score=0.5)) if t < 100 else look(t), "bin", 0.9)

    assert said(run([BIN_ZONE], (0, 200, make))) == [("opened", "zone_state", "bin", None)]


def test_no_reading_of_late_ends_nothing_and_opens_nothing() -> None:
    """The zone was read once; then it is not any more: pictures are rare, or what was taught was forgotten."""

    def old(t: float) -> Observation:
        return replace(look(t), readings=(ZoneReading(zone="bin", full=0.9, stamp=stamp(0)),))

    unread = run([BIN_ZONE], (0, 80, old), (1200, 1600, old), (1600, 2000, empty), every_s=4)
    assert said(unread) == [("opened", "zone_state", "bin", None)]
    again = run([BIN_ZONE], (0, 80, old), (1200, 1600, old), (1600, 1640, lambda t: reading(look(t), "bin", 0.1)))
    assert phases(again) == ["opened", "closed"]
    assert again[1].blind_s > 1000
    assert run([BIN_ZONE], (1000, 2000, old)) == []


@pytest.mark.parametrize(
    ("target", "name", "score", "every"),
    [
        ({}, "chair", 0.26, 1000),
        ({}, "chair", 0.26, 2),
        ({"channels": ("scene_change",)}, "garbage", 0.3, 10),
        ({"channels": ("scene_change",)}, "chair", 0.7, 2),
    ],
)
def test_a_weak_name_silences_no_heap(target: dict[str, Any], name: str, score: float, every: int) -> None:
    heap = garbage(score=score, kind=name)

    def make(t: float) -> Observation:
        return changed(look(t, heap) if t % every == 0 else look(t), HEAP)

    assert phases(run([duty("garbage_overflow", **target)], (0, 100, make))) == ["opened"]


@pytest.mark.parametrize(("name", "score"), [("table", 0.6), ("umbrella", 0.3)])
def test_a_stall_rule_that_listens_to_no_names_is_not_put_off_by_one(name: str, score: float) -> None:
    target = duty("stall_encroachment", channels=("scene_change",), classes=("stall",))
    assert phases(run([target], (0, 100, lambda t: changed(look(t, garbage(score=score, kind=name)), HEAP)))) == [
        "opened"
    ]


def test_a_rule_that_listens_to_the_model_only_takes_no_region_for_evidence() -> None:
    """The other rule's channel sees something there; that does not make a weak detection a certain one."""
    only_model = duty("garbage_overflow", zone="ground", channels=("model",))
    elsewhere = duty("stall_encroachment", zone="far", polygon=((0.8, 0.8), (0.9, 0.8), (0.9, 0.9), (0.8, 0.9)))
    weak = garbage(score=0.4)
    assert run([only_model, elsewhere], (0, 200, lambda t: changed(look(t, weak), HEAP))) == []


def named_late(t: float) -> Observation:
    return changed(look(t, garbage(kind="chair")) if t > 70 else look(t), HEAP)


def named_in_turns(t: float) -> Observation:
    return changed(look(t, garbage(kind="chair" if t % 4 else "garbage")), HEAP)


@pytest.mark.parametrize("make", [region, named_late, named_in_turns])
@pytest.mark.parametrize("rules", [(GROUND, PAVEMENT), (PAVEMENT, GROUND), (BIN_ZONE, PAVEMENT), (BIN_ZONE, GROUND)])
def test_one_thing_is_never_two_incidents(make: Look, rules: tuple[Duty, ...]) -> None:
    assert phases(run(rules, (0, 300, make))) == ["opened"]
    quicker = replace(rules[1], settings=rules[1].settings.model_copy(update={"dwell": 20.0}))
    assert phases(run([rules[0], quicker], (0, 300, make))) == ["opened"]


def test_heaps_that_a_bag_joins_for_a_while_stay_what_they_were() -> None:
    left, right = garbage((0.40, 0.7, 0.45, 0.78)), garbage((0.49, 0.7, 0.54, 0.78))
    bridge = garbage((0.44, 0.7, 0.50, 0.78), score=0.5)
    apart, joined = (lambda t: look(t, left, right)), (lambda t: look(t, left, bridge, right))
    events = run([GROUND], (0, 100, apart), (100, 200, joined), (200, 400, apart))
    assert phases(events) == ["opened", "opened"]
    assert phases(run([GROUND], (0, 100, apart), (100, 200, joined), (200, 300, empty)))[2:] == ["closed", "closed"]


def test_a_bin_zone_that_becomes_ground_ends_as_its_rule() -> None:
    scene = Scene(plan(BIN_ZONE))
    watch(shown((0, 80, region)), scene)
    changed_plan = Scene(plan(duty("garbage_overflow", zone="bin", polygon=BIN, place="ground")))
    changed_plan.recall(scene.keep(), stamp(100))
    (event,) = changed_plan.retire(stamp(100))
    assert event.close_reason is CloseReason.RULE_REMOVED


def test_accepting_a_zone_leaves_what_it_was_taught_to_see() -> None:
    scene = Scene(plan(BIN_ZONE))
    watch(shown((0, 80, lambda t: reading(region(t), "bin", 0.8))), scene)
    assert scene.accept("bin", stamp(80)) == []
    only_changed = Scene(plan(BIN_ZONE))
    watch(shown((0, 80, region)), only_changed)
    (event,) = only_changed.accept("bin", stamp(80))
    assert event.close_reason is CloseReason.ACCEPTED


def test_a_reading_of_another_zone_says_nothing() -> None:
    assert run([BIN_ZONE], (0, 200, lambda t: reading(look(t), "other", 0.99))) == []


@pytest.mark.parametrize(
    ("channels", "opened"),
    [(("model",), []), (("zone_state",), []), (("scene_change",), ["opened"])],
)
def test_a_rule_listens_only_to_the_channels_it_names(channels: tuple[str, ...], opened: list[str]) -> None:
    for place in ("bin", "ground"):
        target = duty("garbage_overflow", polygon=BIN, channels=channels, place=place)
        assert phases(run([target], (0, 100, region))) == opened
    if channels != ("zone_state",):
        assert phases(run([duty("stall_encroachment", channels=channels)], (0, 100, region))) == opened


def test_what_was_taken_away_is_no_violation() -> None:
    def removed(t: float) -> Observation:
        return changed(look(t), HEAP, kind=ChangeKind.REMOVED)

    assert run([GROUND, PAVEMENT], (0, 200, removed)) == []


@pytest.mark.parametrize("mover", [person(HEAP), car((0.3, 0.5, 0.6, 0.85))], ids=["person", "car"])
def test_a_region_that_is_a_person_or_a_car_is_no_object(mover: Thing) -> None:
    assert run([GROUND, PAVEMENT], (0, 200, lambda t: changed(look(t, mover), HEAP))) == []


def test_a_parked_car_that_the_model_misses_now_and_then_is_no_object() -> None:
    def make(t: float) -> Observation:
        seen = look(t, car((0.38, 0.6, 0.6, 0.85))) if t < 20 or t % 10 == 0 else look(t)
        return changed(seen, (0.38, 0.6, 0.6, 0.85))

    assert run([PAVEMENT], (0, 300, make)) == []


def test_a_person_in_front_of_a_heap_hides_it_and_ends_nothing() -> None:
    def in_front(t: float) -> Observation:
        return look(t, person((0.35, 0.5, 0.55, 0.85)))

    for target in (GROUND, BIN_ZONE):
        events = run([target], (0, 100, region), (100, 160, in_front), (160, 200, region), (200, 260, empty))
        assert phases(events) == ["opened", "closed"]
        assert events[1].close_reason is CloseReason.CLEARED
        assert events[1].blind_s > 40


def test_a_gap_counts_for_nothing_and_a_restart_forgets_nothing() -> None:
    scene = Scene(plan(GROUND))
    opened = watch(shown((0, 80, region)), scene)
    scene.step(gap(81))
    again = Scene(plan(GROUND))
    again.recall(scene.keep(), look(600).stamp)
    events = watch([gap(600), *shown((602, 660, region), (660, 700, empty))], again)
    assert phases(opened) == ["opened"]
    assert phases(events) == ["closed"]
    assert events[0].incident_id == opened[0].incident_id
    assert events[0].blind_s > 500


def test_one_unnamed_thing_violates_one_rule_only() -> None:
    assert [e.rule for e in run([PAVEMENT, GROUND], (0, 100, region))] == ["stall_encroachment"]
    assert [e.rule for e in run([GROUND, PAVEMENT], (0, 100, region))] == ["garbage_overflow"]


def test_people_who_stay_beside_it_tell_a_stall_from_goods_put_out() -> None:
    seller = person((0.51, 0.6, 0.56, 0.82))

    def manned(t: float) -> Observation:
        return changed(look(t, seller) if t % 10 else look(t), HEAP)

    def passed(t: float) -> Observation:
        return changed(look(t, seller) if t % 20 == 0 else look(t), HEAP)

    (stall,), (goods,) = run([PAVEMENT], (0, 100, manned)), run([PAVEMENT], (0, 100, passed))
    assert (stall.kind, goods.kind) == ("stall", "shop_goods")
    assert stall.objects[0].score > goods.objects[0].score
    codes = [TAXONOMY.classify(e.rule, [], e.channel, e.kind).codes for e in (stall, goods)]
    assert [sorted(code.values()) for code in codes] == [["04-06", "09006"], ["04-05", "09005"]]


@pytest.mark.parametrize(
    ("name", "kind"), [("stall", "stall"), ("cart", "stall"), ("goods", "shop_goods"), ("table", "shop_goods")]
)
def test_a_named_thing_on_the_pavement(name: str, kind: str) -> None:
    assert said(run([PAVEMENT], (0, 100, lambda t: look(t, garbage(kind=name))))) == [("opened", "model", kind, None)]


def test_garbage_is_no_stall_and_a_stall_no_garbage() -> None:
    assert [e.rule for e in run([PAVEMENT, GROUND], (0, 100, lambda t: look(t, garbage())))] == ["garbage_overflow"]
    stall = run([GROUND, PAVEMENT], (0, 100, lambda t: look(t, garbage(kind="stall"))))
    assert [e.rule for e in stall] == ["stall_encroachment"]


def test_goods_may_stand_up_to_the_line() -> None:
    line = {"points": [(0.3, 0.8), (0.7, 0.8)], "shop": (0.5, 0.65)}
    strip = duty("stall_encroachment", goods_line=line)
    inside, beyond, half = (0.4, 0.65, 0.5, 0.79), (0.4, 0.75, 0.5, 0.9), (0.4, 0.7, 0.5, 0.81)

    def opened(box: Box) -> list[str]:
        return phases(run([strip], (0, 100, lambda t: look(t, garbage(box, kind="goods")))))

    assert (opened(inside), opened(beyond), opened(half)) == ([], ["opened"], [])
    other_side = duty("stall_encroachment", goods_line={**line, "shop": (0.5, 0.95)})
    assert phases(run([other_side], (0, 100, lambda t: look(t, garbage(inside, kind="goods"))))) == ["opened"]


def test_a_night_market_is_permitted() -> None:
    night = Calendar.model_validate({"permitted": [{"days": ["mon"], "from": "16:02", "to": "23:00"}]})
    market = duty("stall_encroachment", calendar=night)
    events = run([market], (0, 400, region))
    assert said(events) == [
        ("opened", "scene_change", "shop_goods", None),
        ("closed", "scene_change", "shop_goods", "permitted"),
    ]
    assert events[1].at == datetime(2026, 11, 2, 8, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("score", "name"),
    [(0.2, "object"), (0.3, "chair")],
)
def test_a_region_takes_no_name_from_a_weak_detection(score: float, name: str) -> None:
    seen = changed(look(0, garbage(score=score, kind="chair")), HEAP)
    assert {s.class_name for s in sightings(seen, ()) if s.sure} == {name}


def test_every_channel_that_saw_a_thing_is_remembered_with_its_best_score() -> None:
    seen = changed(look(0, garbage(score=0.5)), HEAP, (0.41, 0.71, 0.49, 0.79))
    (one,) = sightings(seen, ())
    assert [(channel, round(score, 3)) for channel, score in one.channels] == [
        (Channel.MODEL, 0.5),
        (Channel.SCENE_CHANGE, 0.9),
    ]


@pytest.mark.parametrize("target", [GROUND, BIN_ZONE], ids=["ground", "bin"])
def test_what_stood_still_before_it_was_told_of_counts_from_then(target: Duty) -> None:
    """The scene-change channel reports a thing once it has stood for some seconds; its clock runs since it came."""
    events = run([target], (8, 100, lambda t: changed(look(t), HEAP, still_s=t)))
    assert (events[0].first_seen, events[0].at) == (look(0).stamp.utc, look(60).stamp.utc)
    assert events[0].dwell_s == 60


@pytest.mark.parametrize("target", [GROUND, BIN_ZONE], ids=["ground", "bin"])
def test_a_channel_that_cannot_tell_ends_nothing(target: Duty) -> None:
    """Night falls, or the agent was started anew: until the channel can tell, the place counts as not seen."""

    def untold(t: float) -> Observation:
        return replace(look(t), changes=Changes.none(complete=False))

    events = run([target], (0, 100, region), (100, 300, untold), (300, 340, empty))
    assert phases(events) == ["opened", "closed"]
    assert events[1].at >= look(320).stamp.utc
    assert events[1].blind_s >= 190
    named = run([target], (0, 100, lambda t: look(t, garbage())), (100, 140, untold))
    assert phases(named) == ["opened", "closed"], "what the model alone saw is for the model to miss"


def test_a_stall_of_which_only_the_roof_can_be_seen_stays_at_its_place() -> None:
    """A lorry hides its lower half for a minute: its feet have not moved out of the zone."""
    stall: Box = (0.4, 0.4, 0.6, 0.8)
    roof: Box = (0.4, 0.4, 0.6, 0.6)
    zone = duty("stall_encroachment", zone="pavement", polygon=((0.3, 0.65), (0.7, 0.65), (0.7, 0.9), (0.3, 0.9)))
    lorry = Thing((0.1, 0.6, 0.9, 1.0), "truck", 0.9, look=5)
    whole = [(0, 100, lambda t: look(t, Thing(stall, "stall"))), (160, 200, lambda t: look(t, Thing(stall, "stall")))]
    hidden = (100, 160, lambda t: look(t, Thing(roof, "stall"), lorry))
    assert phases(run([zone], whole[0], hidden, whole[1])) == ["opened"]


def test_a_heap_that_the_model_takes_for_a_person_without_being_sure_is_reported() -> None:
    around: Box = (0.38, 0.68, 0.52, 0.82)
    events = run([GROUND], (0, 100, lambda t: changed(look(t, Thing(around, "person", 0.24, look=3)), HEAP)))
    assert phases(events) == ["opened"]


@pytest.mark.parametrize("target", [GROUND, BIN_ZONE], ids=["ground", "bin"])
def test_what_stands_before_the_camera_hides_a_heap_and_is_none(target: Duty) -> None:
    def screened(t: float) -> Observation:
        return changed(look(t), (0.1, 0.3, 0.9, 1.0), kind=ChangeKind.SCREEN)

    (opened,) = run([target], (0, 100, region), (100, 240, screened), (240, 260, region))
    assert opened.phase.value == "opened"
    assert run([target], (0, 400, screened)) == []


def test_what_was_before_the_camera_all_along_hides_nothing() -> None:
    """As where a lorry stood while the reference was learnt: then its outline stays, and nothing hides the street."""

    def ghost(t: float, *boxes: Thing) -> Observation:
        return changed(look(t, *boxes), (0.1, 0.3, 0.9, 1.0), kind=ChangeKind.SCREEN)

    events = run([GROUND], (0, 100, lambda t: ghost(t, garbage())), (100, 200, ghost))
    assert [e.phase.value for e in events] == ["opened", "closed"]


SHADOW: Box = (0.50, 0.77, 0.58, 0.81)


def test_a_shadow_at_the_feet_of_one_who_stands_about_is_nothing_left() -> None:
    """The model misses the person in every third picture; the shadow has stood there for as long."""

    def shaded(t: float) -> Observation:
        return changed(look(t, *([] if int(t) % 6 == 4 else [person()])), SHADOW, still_s=t)

    assert run([PAVEMENT], (0, 200, shaded), (200, 240, empty)) == []


def test_a_bag_at_the_feet_of_its_owner_is_told_of_when_the_owner_has_gone() -> None:
    def beside(t: float) -> Observation:
        return changed(look(t, person()), SHADOW, still_s=t)

    (opened,) = run([GROUND], (0, 100, beside), (100, 140, lambda t: changed(look(t), SHADOW, still_s=t)))
    assert (opened.at - opened.first_seen).total_seconds() == pytest.approx(110, abs=4)


def test_a_bag_that_was_there_before_somebody_stood_beside_it_stays_an_incident() -> None:
    events = run(
        [GROUND],
        (0, 100, lambda t: changed(look(t), SHADOW, still_s=t)),
        (100, 260, lambda t: changed(look(t, person()), SHADOW, still_s=t)),
    )
    assert [e.phase.value for e in events] == ["opened"]


@pytest.mark.parametrize(
    ("weak_between", "phases_told"), [(6, []), (2, ["opened"])], ids=["one look of seven", "one look of three"]
)
def test_one_certain_look_among_many_weak_ones_proves_nothing(weak_between: int, phases_told: list[str]) -> None:
    def front(t: float) -> Observation:
        certain = int(t / 2) % (weak_between + 1) == 0
        return look(t, garbage(score=0.5 if certain else 0.33, kind="chair"))

    assert [e.phase.value for e in run([PAVEMENT], (0, 200, front))] == phases_told


def test_a_part_of_an_open_incident_runs_no_clock_of_its_own() -> None:
    """A region falls in two, and one part then seems to lie beside the place for a moment."""
    upper, lower, beside = (0.4, 0.7, 0.48, 0.74), (0.42, 0.75, 0.5, 0.8), (0.45, 0.76, 0.62, 0.9)

    def two(t: float) -> Observation:
        return changed(look(t), upper, lower, still_s=t)

    def slipped(t: float) -> Observation:
        return changed(look(t, garbage(beside, kind="chair")), upper)

    events = run([PAVEMENT], (0, 80, region), (80, 120, two), (120, 124, slipped), (124, 160, two))
    assert phases(events) == ["opened"]
