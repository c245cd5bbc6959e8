"""A rehearsal that steps over rests reports what one that takes every look reports: random days, random plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, note
from hypothesis import strategies as st

from agent.core.calendar import ALWAYS, Calendar
from agent.core.camera_health import CameraHealthSettings
from agent.core.plan import CameraPlan, Duty
from agent.core.rehearsal import Rehearsal
from agent.core.silence import Dismissal
from agent.core.stays import CHANGED_S, Change, Comparison, Stay, compared
from agent.core.types import Observation
from tests.street_days import FAR, NEAR, Bout, days, kept
from tests.unit.core.world import LOOKS, START, Step, Thing, duty, look, plan
from tests.unit.core.world import car as thing

LEFT_HALF = ((0.0, 0.6), (0.55, 0.6), (0.55, 1.0), (0.0, 1.0))
MARKET = Calendar.model_validate({"permitted": [{"from": "16:06", "to": "16:21"}]})
OFFICE = Calendar.model_validate({"active": [{"from": "16:03", "to": "16:30"}]})

CHOICES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("illegal_parking", {}),
    ("illegal_parking", {"escalate": {"high": 300.0}}),
    ("stall_encroachment", {}),
    ("garbage_overflow", {"place": "ground"}),
    ("garbage_overflow", {"place": "bin"}),
)


@st.composite
def plans(draw: st.DrawFn) -> CameraPlan:
    """Some of all rules, each with values of its own."""
    made: dict[tuple[str, str], Duty] = {}
    for _ in range(draw(st.integers(1, 3))):
        rule, more = draw(st.sampled_from(CHOICES))
        zone, polygon = draw(st.sampled_from((("kerb", None), ("half", LEFT_HALF))))
        made[rule, zone] = duty(
            rule,
            zone=zone,
            calendar=draw(st.sampled_from((ALWAYS, ALWAYS, MARKET, OFFICE))),
            dwell=draw(st.sampled_from((5.0, 20.0, 60.0))),
            clear_after=draw(st.sampled_from((5.0, 20.0, 60.0))),
            min_score=draw(st.sampled_from((0.3, 0.45))),
            **({"polygon": polygon} if polygon else {}),
            **more,
        )
    health = draw(st.sampled_from((CameraHealthSettings(faults=()), CameraHealthSettings(dwell=20.0))))
    return replace(plan(*made.values()), health=health, recheck_s=10.0)


def calm(standing: tuple[Thing, ...]) -> Bout:
    """Ten minutes in which nothing happens."""
    share = dict.fromkeys(("passing", "missing", "weak", "gaps", "faults", "unsure", "shaky"), 0.0)
    return Bout(looks=300, every_s=2.0, standing=standing, full=None, seed=1, **share)


@st.composite
def dismissals(draw: st.DrawFn) -> Dismissal:
    """Somebody says at some moment that what was reported at a place is none."""
    box, name = draw(st.sampled_from(NEAR)), draw(st.sampled_from(("car", "chair", "garbage")))
    seen = look(0.0, thing(box, kind=name, look=draw(st.integers(0, LOOKS - 1))))
    return Dismissal(
        incident_id=draw(st.uuids()),
        camera="gate",
        rule=draw(st.sampled_from(("illegal_parking", "stall_encroachment", "garbage_overflow"))),
        zone="kerb",
        class_name=name,
        track_id=None,
        box_n=box,
        look=seen.detections.looks[0],
        reason="false_report",
        at=START + timedelta(seconds=draw(st.integers(0, 1200))),
    )


def rehearsed(chosen: CameraPlan, day: list[Step], said: list[Dismissal], *, whole: bool) -> Rehearsal:
    rehearsal = Rehearsal(chosen, said, whole=whole)
    for step in day:
        rehearsal.step(step)
    return rehearsal


def differing(result: Comparison, end: datetime) -> list[Stay | Change]:
    """All that differs by more than `CHANGED_S`; what happens so shortly before the end may come after it in either."""

    def late(at: datetime | None) -> bool:
        return at is None or (end - at).total_seconds() <= CHANGED_S

    only_one = [stay for stay in (*result.gained, *result.lost) if not late(stay.opened_at)]
    both = [
        change
        for change in result.changed
        if change.what != ("closed",) or not (late(change.before.closed_at) and late(change.after.closed_at))
    ]
    return [*only_one, *both]


@given(plans(), days(), st.lists(dismissals(), max_size=2))
def test_what_is_stepped_over_changes_no_incident(chosen: CameraPlan, day: list[Step], said: list[Dismissal]) -> None:
    whole, brief = (rehearsed(chosen, day, said, whole=whole) for whole in (True, False))
    true, found = whole.end(), brief.end()
    note(f"looks {whole.looks} and {brief.looks}, rests {sum(isinstance(s, Observation) and not s.asked for s in day)}")
    note(f"every look: {true}")
    note(f"stepped: {found}")
    assert differing(compared(true, found), day[-1].stamp.utc) == []
    assert brief.looks <= whole.looks == len(day)


def test_an_empty_street_and_one_where_all_stands_still_are_stepped_over() -> None:
    parked = [Thing(NEAR[0], "car", 0.9, 1), Thing(FAR[0], "truck", 0.9, 2)]
    for standing in ((), tuple(parked)):
        day = list(kept([calm(standing)] * 3))
        brief, whole = (rehearsed(replace(plan(), recheck_s=10.0), day, [], whole=whole) for whole in (False, True))
        assert brief.looks < len(day) / 3
        assert brief.end() == whole.end()
