"""What must hold whatever the street does: random streets of parked, passing, hidden and misread things."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from agent.core.geometry import iou, same_ground
from agent.core.scene import Scene
from agent.core.types import Event, Gap, Observation, Phase
from tests.unit.core.world import LOOKS, Step, Thing, car, gap, look, plan, watch

SPOTS = ((0.1, 0.55, 0.3, 0.7), (0.32, 0.55, 0.52, 0.7), (0.15, 0.7, 0.45, 0.95), (0.6, 0.1, 0.8, 0.3))


@st.composite
def things(draw: st.DrawFn) -> Thing:
    dx, dy = draw(st.floats(-0.02, 0.02)), draw(st.floats(-0.01, 0.01))
    x1, y1, x2, y2 = draw(st.sampled_from(SPOTS))
    kind = draw(st.sampled_from(["car", "truck", "bus", "person"]))
    score = draw(st.floats(0.1, 0.95))
    return car((x1 + dx, y1 + dy, x2 + dx, y2 + dy), kind=kind, score=score, look=draw(st.integers(0, LOOKS - 1)))


@st.composite
def streets(draw: st.DrawFn) -> list[Step]:
    """Looks and gaps in bouts, so that things really stand for a while."""
    steps: list[Step] = []
    t_s = 0.0
    for _ in range(draw(st.integers(1, 6))):
        present = draw(st.lists(things(), max_size=3))
        step_s = draw(st.sampled_from([0.5, 2.0, 4.0, 20.0]))
        for _ in range(draw(st.integers(1, 40))):
            t_s += step_s
            kind = draw(st.sampled_from(["look"] * 8 + ["miss", "gap"]))
            steps.append(gap(t_s) if kind == "gap" else look(t_s, *(present if kind == "look" else present[1:])))
    return steps


@given(streets())
def test_the_life_of_each_incident_is_whole_and_told_once(street: list[Step]) -> None:
    events = watch(street)
    assert len({e.event_id for e in events}) == len(events)
    lives: dict[object, list[Event]] = defaultdict(list)
    for event in events:
        lives[event.incident_id].append(event)
    for life in lives.values():
        assert [e.phase for e in life] in ([Phase.OPENED], [Phase.OPENED, Phase.CLOSED])
        assert [e.revision for e in life] == list(range(1, len(life) + 1))
        assert all(a.dwell_s <= b.dwell_s and a.at <= b.at for a, b in pairwise(life))


@given(streets())
def test_no_dwell_without_presence(street: list[Step]) -> None:
    for event in watch(street):
        stay_s = (event.last_seen - event.first_seen).total_seconds()
        assert 60.0 <= event.dwell_s <= stay_s + 1e-3
        assert event.phase is Phase.CLOSED or event.last_seen == event.at, "it opens only while it is seen"


@given(streets(), st.data())
def test_keeping_and_recalling_anywhere_changes_no_event(street: list[Step], data: st.DataObject) -> None:
    stops = data.draw(st.sets(st.integers(0, len(street) - 1), max_size=5))
    scene, events = Scene(plan()), []
    for i, step in enumerate(street):
        if i in stops:
            fresh = Scene(plan())
            fresh.recall(scene.keep(), street[i - 1].stamp if i else step.stamp)
            scene = fresh
        events += scene.step(step)
    assert events == watch(street)


@given(streets())
def test_a_gap_never_yields_an_event_and_nothing_seen_is_closed(street: list[Step]) -> None:
    scene = Scene(plan())
    for step in street:
        events = scene.step(step)
        if isinstance(step, Gap):
            assert events == []
        if isinstance(step, Observation):
            assert all(e.last_seen < step.stamp.utc for e in events if e.phase is Phase.CLOSED)


@given(streets(), st.integers(1, 600))
def test_an_outage_at_the_end_closes_nothing(street: list[Step], outage_s: int) -> None:
    scene = Scene(plan())
    watch(street, scene)
    before = scene.open_incidents
    end_s = street[-1].stamp.mono_s - 1000.0
    assert watch([gap(end_s + t) for t in range(1, outage_s, 10)], scene) == []
    assert scene.open_incidents == before


@given(streets())
def test_one_incident_per_place(street: list[Step]) -> None:
    scene = Scene(plan())
    for step in street:
        opened = [e for e in scene.step(step) if e.phase is Phase.OPENED]
        for event in opened:
            box = event.objects[0].box_n
            others = [p.box_n for p in scene.open_incidents if p.incident_id != event.incident_id]
            assert not any(iou(box, other) >= 0.6 and same_ground(box, other) for other in others)


@given(streets())
def test_only_vehicles_in_the_zone_are_reported(street: list[Step]) -> None:
    for event in watch(street):
        seen = event.objects[0]
        assert seen.class_name in {"car", "truck", "bus"}
        assert seen.box_n[3] > 0.6, "the zone begins at 0.6"
