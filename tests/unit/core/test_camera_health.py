"""Looks and gaps in, incidents of the camera itself out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.core.camera_health import FAULTS, CameraHealth, CameraHealthSettings
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.types import (
    Channel,
    CloseReason,
    Event,
    Gap,
    GapReason,
    Limits,
    Observation,
    Phase,
    PictureFault,
    Severity,
    Stamp,
)
from tests.unit.core.world import START, gap, look, stamp

Step = Observation | Gap


def health(**settings: object) -> CameraHealth:
    """One that sends no heartbeats unless told so."""
    return CameraHealth("box-1", "gate", CameraHealthSettings.model_validate({"update_every": 1e6, **settings}))


def well(from_s: float, to_s: float, step_s: float = 2.0) -> list[Step]:
    return [look(from_s + i * step_s) for i in range(round((to_s - from_s) / step_s))]


def ill(fault: PictureFault, from_s: float, to_s: float, step_s: float = 2.0) -> list[Step]:
    return [replace(seen, fault=fault) for seen in well(from_s, to_s, step_s) if isinstance(seen, Observation)]


def away(from_s: float, to_s: float, reason: GapReason = GapReason.OFFLINE, step_s: float = 5.0) -> list[Step]:
    return [gap(from_s + i * step_s, reason) for i in range(round((to_s - from_s) / step_s))]


def told(steps: Iterable[Step], watcher: CameraHealth | None = None) -> list[Event]:
    watcher = watcher or health()
    return [event for seen in steps for event in watcher.step(seen)]


def short(events: Iterable[Event]) -> list[tuple[str, str, float]]:
    return [(e.phase.value, e.objects[0].class_name, (e.at - START) / timedelta(seconds=1)) for e in events]


@pytest.mark.parametrize("reason", [GapReason.OFFLINE, GapReason.STALLED, GapReason.REFUSED, GapReason.UNDECODABLE])
def test_a_camera_that_sends_nothing_is_offline_since_its_last_picture(reason: GapReason) -> None:
    opened, closed = told(well(0, 20) + away(23, 203, reason) + well(204, 300))
    assert short([opened, closed]) == [("opened", "offline", 78.0), ("closed", "offline", 234.0)]
    assert opened.first_seen == stamp(18).utc
    assert (opened.dwell_s, opened.blind_s) == (60.0, 0.0)
    assert (opened.rule, opened.zone, opened.channel) == ("camera_health", "", Channel.CAMERA)
    assert opened.objects[0].box_n == (0.0, 0.0, 1.0, 1.0)
    assert opened.severity is Severity.MEDIUM
    assert closed.incident_id == opened.incident_id
    assert (closed.revision, closed.close_reason) == (2, CloseReason.CLEARED)
    assert closed.last_seen == stamp(198).utc
    assert closed.dwell_s == 180.0


@pytest.mark.parametrize("fault", PictureFault)
@pytest.mark.parametrize("step_s", [0.5, 2.0, 4.0])
def test_a_picture_fault_opens_after_its_dwell_and_closes_when_all_was_well(fault: PictureFault, step_s: float) -> None:
    events = told(well(0, 20, step_s) + ill(fault, 20, 120, step_s) + well(120, 200, step_s))
    assert short(events) == [("opened", fault.value, 80.0), ("closed", fault.value, 152.0 if step_s == 4 else 150.0)]


def test_what_passes_within_the_dwell_is_not_told() -> None:
    steps = well(0, 20) + ill(PictureFault.COVERED, 20, 78) + well(78, 90) + away(93, 148) + well(150, 200)
    assert told(steps) == []


def test_short_faults_of_the_picture_do_not_add_up_but_a_connection_that_comes_and_goes_does() -> None:
    def flapping(kind: str) -> list[Step]:
        steps: list[Step] = []
        for start in range(0, 400, 40):
            bad = away(start, start + 25) if kind == "offline" else ill(PictureFault.COVERED, start, start + 25, 1.0)
            steps += bad + well(start + 25, start + 40, 1.0)
        return steps

    assert told(flapping("covered")) == []
    assert short(told(flapping("offline")))[0][:2] == ("opened", "offline")


def turns(*faults: PictureFault | None, each_s: float, to_s: float, step_s: float = 2.0) -> list[Step]:
    """Looks at which the given faults, or health, take turns."""
    times = [i * step_s for i in range(round(to_s / step_s))]
    return [replace(look(t), fault=faults[int(t // each_s) % len(faults)]) for t in times]


def test_faults_that_take_turns_are_one_incident_named_after_the_greater_share() -> None:
    dark, covered = PictureFault.DARK, PictureFault.COVERED
    [opened] = told(turns(dark, covered, each_s=10, to_s=1200))
    assert short([opened]) == [("opened", "dark", 60.0)]
    assert opened.dwell_s == 60.0
    assert short(told(turns(dark, covered, covered, each_s=10, to_s=1200))) == [("opened", "covered", 60.0)]
    mixed = [s for t in range(0, 1200, 12) for s in [*away(t, t + 10), *ill(dark, t + 10, t + 12)]]
    assert short(told(mixed))[0][:2] == ("opened", "offline")


def test_a_good_picture_now_and_then_does_not_hide_that_the_camera_is_useless() -> None:
    steps = [s for t in range(0, 1200, 52) for s in [*ill(PictureFault.DARK, t, t + 50), look(t + 50)]]
    [opened] = told(steps)
    assert short([opened]) == [("opened", "dark", 64.0)]  # two seconds were well, and two halves of them paid for it
    assert opened.dwell_s == 62.0


@pytest.mark.parametrize(("bad_s", "good_s", "told_n"), [(2, 2, 1), (4, 4, 1), (10, 8, 1), (2, 8, 0), (2, 4, 0)])
def test_the_share_of_useless_time_decides(bad_s: int, good_s: int, told_n: int) -> None:
    steps: list[Step] = []
    for start in range(0, 1200, bad_s + good_s):
        steps += ill(PictureFault.BLURRED, start, start + bad_s) + well(start + bad_s, start + bad_s + good_s)
    assert [e.phase for e in told(steps)] == [Phase.OPENED] * told_n


def test_being_well_for_a_third_of_what_closes_is_forgiven() -> None:
    dark = PictureFault.DARK
    assert told(ill(dark, 0, 58) + well(58, 70) + ill(dark, 70, 128) + well(128, 200)) == []
    events = told(ill(dark, 0, 58) + well(58, 66) + ill(dark, 66, 80))
    assert short(events) == [("opened", "dark", 72.0)]


def test_faults_that_are_not_told_do_not_count_when_they_take_turns() -> None:
    steps = turns(PictureFault.DARK, PictureFault.MOVED, each_s=20, to_s=400)
    [opened] = told(steps, health(faults=["moved"]))
    assert short([opened])[0][:2] == ("opened", "moved")
    assert opened.at >= stamp(120).utc
    assert told(steps, health(faults=["blurred"])) == []


def test_a_clock_that_several_faults_share_survives_a_restart() -> None:
    before = health()
    assert told(turns(PictureFault.COVERED, PictureFault.COVERED, PictureFault.DARK, each_s=16, to_s=40), before) == []
    after = health()
    after.recall(before.keep(), stamp(100))
    [opened] = told(ill(PictureFault.DARK, 100, 124), after)
    assert short([opened]) == [("opened", "covered", 122.0)]
    assert (opened.dwell_s, opened.blind_s) == (60.0, 62.0)


@pytest.mark.parametrize("faults", [[], ["offline"]])
def test_a_fault_that_is_no_longer_asked_for_closes_its_incident(faults: list[str]) -> None:
    before = health()
    [opened] = told(ill(PictureFault.DARK, 0, 70), before)
    after = health(faults=faults)
    after.recall(before.keep(), stamp(100))
    [closed] = after.retire(stamp(100))
    assert (closed.incident_id, closed.revision) == (opened.incident_id, 2)
    assert (closed.phase, closed.close_reason) == (Phase.CLOSED, CloseReason.RULE_REMOVED)
    assert after.incident is None
    assert after.retire(stamp(101)) == []
    assert told(ill(PictureFault.DARK, 102, 200), after) == []


def test_a_fault_that_is_still_asked_for_stays_open() -> None:
    before = health()
    told(ill(PictureFault.DARK, 0, 70), before)
    after = health(faults=["dark"])
    after.recall(before.keep(), stamp(100))
    assert after.retire(stamp(100)) == []
    assert after.incident is not None


def test_a_removed_fault_leaves_no_half_run_clock() -> None:
    before = health()
    assert told(ill(PictureFault.DARK, 0, 58), before) == []
    after = health(faults=["moved"])
    after.recall(before.keep(), stamp(60))
    assert after.retire(stamp(60)) == []
    assert short(told(ill(PictureFault.MOVED, 60, 122), after)) == [("opened", "moved", 120.0)]


def test_the_scene_retires_the_camera_too() -> None:
    plan = CameraPlan(box_id="b", camera="gate", duties=(), time_zone=ZoneInfo("UTC"))
    before = Scene(plan)
    [opened] = [event for seen in ill(PictureFault.DARK, 0, 70) for event in before.step(seen)]
    after = Scene(replace(plan, health=CameraHealthSettings(faults=())))
    after.recall(before.keep(), stamp(100))
    [closed] = after.retire(stamp(100))
    assert (closed.incident_id, closed.close_reason) == (opened.incident_id, CloseReason.RULE_REMOVED)
    assert after.open_incidents == ()


def test_another_fault_takes_over_only_after_its_own_dwell() -> None:
    events = told(ill(PictureFault.MOVED, 0, 100) + away(101, 141) + ill(PictureFault.MOVED, 142, 180))
    assert short(events) == [("opened", "moved", 60.0)]
    events = told(ill(PictureFault.MOVED, 0, 100) + away(103, 303) + well(304, 400))
    assert short(events) == [
        ("opened", "moved", 60.0),
        ("closed", "moved", 158.0),
        ("opened", "offline", 158.0),
        ("closed", "offline", 334.0),
    ]
    assert len({e.incident_id for e in events}) == 2
    assert len({e.event_id for e in events}) == 4


def test_time_that_another_fault_hid_is_blind() -> None:
    events = told(ill(PictureFault.MOVED, 0, 70) + away(73, 93) + ill(PictureFault.MOVED, 94, 120) + well(120, 160))
    assert events[-1].dwell_s == 68.0 + 24.0
    assert events[-1].blind_s == 26.0


def test_closing_needs_unbroken_health() -> None:
    steps = ill(PictureFault.DARK, 0, 70)
    for start in range(70, 270, 20):
        steps += well(start, start + 18) + ill(PictureFault.DARK, start + 18, start + 20)
    assert short(told(steps)) == [("opened", "dark", 60.0)]
    gaps = [seen for start in range(70, 270, 20) for seen in [*well(start, start + 18), gap(start + 18.5)]]
    assert short(told(ill(PictureFault.DARK, 0, 70) + gaps)) == [("opened", "dark", 60.0)]


def test_a_fault_that_nobody_asked_for_is_not_told_yet_no_health_either() -> None:
    watcher = health(faults=["moved"])
    steps = ill(PictureFault.MOVED, 0, 70) + ill(PictureFault.DARK, 70, 300) + away(300, 500)
    assert short(told(steps, watcher)) == [("opened", "moved", 60.0)]
    assert short(told(well(500, 540), watcher)) == [("closed", "moved", 530.0)]


def test_a_restart_of_the_agent_is_no_fault_of_the_camera() -> None:
    assert told(well(0, 20) + away(20, 300, GapReason.RESTART) + well(300, 330)) == []


def test_an_open_incident_survives_a_restart_and_is_not_told_twice() -> None:
    before = health()
    [opened] = told(well(0, 10) + away(13, 103), before)
    after = health()
    now = Stamp(utc=stamp(500).utc, mono_s=7.0)  # another boot, another monotonic clock
    after.recall(before.keep(), now)

    def later(steps: list[Step]) -> list[Step]:
        return [
            replace(s, stamp=Stamp(utc=s.stamp.utc, mono_s=s.stamp.mono_s - stamp(500).mono_s + 7.0)) for s in steps
        ]

    assert told(later([gap(500, GapReason.RESTART), *away(501, 701)]), after) == []
    [closed] = told(later(well(702, 750)), after)
    assert (closed.incident_id, closed.revision) == (opened.incident_id, 2)
    assert closed.first_seen == stamp(8).utc
    assert closed.dwell_s == pytest.approx(90.0 + 195.0)
    assert closed.blind_s == pytest.approx(403.0)


def test_a_fault_that_began_before_a_restart_counts_on_without_the_time_between() -> None:
    before = health()
    assert told(away(0, 40), before) == []
    after = health()
    after.recall(before.keep(), stamp(300))
    [opened] = told(away(300, 400), after)
    assert (opened.first_seen, opened.at) == (START, stamp(325).utc)
    assert (opened.dwell_s, opened.blind_s) == (60.0, 265.0)


def test_a_clock_set_back_is_as_if_no_time_had_passed() -> None:
    before = health()
    told(away(0, 40), before)
    after = health()
    after.recall(before.keep(), Stamp(utc=START - timedelta(days=1), mono_s=5000.0))
    assert after.step(replace(gap(0), stamp=Stamp(utc=START, mono_s=5001.0))) == []


def test_looks_too_far_apart_say_nothing_about_the_time_between() -> None:
    assert told([gap(0), gap(500), gap(1000), gap(1500)]) == []
    assert told([replace(look(t), fault=PictureFault.DARK) for t in (0, 100, 200, 300)]) == []


def test_what_is_kept_is_checked() -> None:
    watcher = health()
    with pytest.raises(ValueError, match="gate: kept camera health cannot be read"):
        watcher.recall("{}", stamp(0))
    with pytest.raises(ValueError, match="expected version 1, found 9"):
        watcher.recall(watcher.keep().replace('"version":1', '"version":9'), stamp(0))
    watcher.recall(watcher.keep(), stamp(0))


def test_another_camera_and_time_that_runs_back_are_refused() -> None:
    watcher = health()
    with pytest.raises(ValueError, match="health of 'gate' was given 'yard'"):
        watcher.step(replace(look(0), camera="yard"))
    watcher.step(look(5))
    with pytest.raises(ValueError, match="time ran back"):
        watcher.step(look(4))


def test_settings_say_what_is_wrong_with_them() -> None:
    assert CameraHealthSettings().faults == FAULTS
    assert CameraHealthSettings.model_validate({"dwell": "2m", "faults": ["offline"]}).dwell == 120.0
    for wrong in ({"dwell": 0}, {"faults": ["tired"]}, {"clear": 3}):
        with pytest.raises(ValidationError):
            CameraHealthSettings.model_validate(wrong)


_KINDS = st.sampled_from([None, *PictureFault, GapReason.OFFLINE, GapReason.STALLED, GapReason.RESTART])


@given(st.lists(st.tuples(_KINDS, st.integers(1, 40), st.sampled_from([1.0, 4.0, 20.0, 90.0])), max_size=12), st.data())
def test_incidents_alternate_whatever_happens_and_memory_changes_nothing(
    stretches: list[tuple[PictureFault | GapReason | None, int, float]], data: st.DataObject
) -> None:
    watcher, events, t = health(), list[Event](), 0.0
    for kind, count, step_s in stretches:
        for _ in range(count):
            t += step_s
            if isinstance(kind, GapReason):
                events += watcher.step(gap(t, kind))
            else:
                events += watcher.step(replace(look(t), fault=kind))
        if data.draw(st.booleans()):
            again = health()
            again.recall(watcher.keep(), stamp(t))
            assert again.keep() == watcher.keep()
            watcher = again
    phases = [e.phase for e in events]
    assert phases[:1] in ([], [Phase.OPENED])
    assert all(a is not b for a, b in pairwise(phases))
    for opened, closed in zip(events[::2], events[1::2], strict=False):
        assert (opened.incident_id, opened.revision, closed.revision) == (closed.incident_id, 1, 2)
        assert opened.dwell_s >= 60.0
        assert closed.dwell_s + closed.blind_s <= t
    assert len({e.event_id for e in events}) == len(events)
    assert (watcher.incident is not None) == (phases[-1:] == [Phase.OPENED])


def test_an_opening_says_how_long_the_fault_might_last() -> None:
    [opened] = told(away(0, 400), health(dwell=300.0, clear_after=40.0))
    assert opened.limits == Limits(dwell_s=300.0, clear_after_s=40.0)
