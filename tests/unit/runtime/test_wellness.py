"""What makes the agent dead, and what only keeps it from working as it should; and the counting of incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event as StopEvent

import pytest

from agent.core.errors import StoreUnusable
from agent.core.types import Detections, Image, Phase, PictureFault
from agent.core.wire import CameraReport, HealthReport
from agent.core.wire.status import Fact
from agent.runtime.mailbox import Mailroom
from agent.runtime.pulse import Pulse
from agent.runtime.supervisor import FAILED_AFTER, SILENCE_S, LoopPhase, Supervisor
from agent.runtime.tally import IncidentCount, Tally
from agent.runtime.watch import Watch
from agent.runtime.wellness import UNSEEN_S, not_alive, not_ready
from tests.e2e.agent_process import wait_until
from tests.events import T0, closed, make_event
from tests.fakes_delivery import FakeClock
from tests.unit.core.world import stamp
from tests.unit.runtime.test_desk_and_watch import CountingDetector, Still, desks_of, lookouts_of

SEEN = CameraReport(camera="gate", state="online", blind_s=0.0, drops=0, looks=1, last_picture=T0)
WELL: dict[str, Fact] = {"broker_connected": True, "store_writable": True, "loops_failed": 0, "loops_stuck": 0}


def report(*cameras: CameraReport, **facts: Fact) -> HealthReport:
    at = T0 + timedelta(seconds=UNSEEN_S)
    return HealthReport(at=at, cameras=cameras, outbox_depth=0, outbox_set_aside=0, facts={**WELL, **facts})


def told(of: HealthReport) -> list[tuple[str, str]]:
    return [(reason.code, reason.what) for reason in not_ready(of)]


def test_a_box_that_does_all_it_should_is_ready() -> None:
    assert told(report(SEEN)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"state": "offline"}, "camera_offline"),
        ({"state": "connecting"}, "camera_connecting"),
        ({"fault": PictureFault.DARK}, "camera_dark"),
        ({"last_picture": None}, "camera_not_looked_at"),
        ({"last_picture": T0 - timedelta(seconds=1)}, "camera_not_looked_at"),
    ],
)
def test_each_camera_that_is_not_looked_at_is_a_reason(changes: dict[str, object], code: str) -> None:
    assert told(report(SEEN.model_copy(update=changes), SEEN.model_copy(update={"camera": "yard"}))) == [(code, "gate")]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"broker_connected": False}, ("broker_not_connected", "mqtt")),
        ({"store_writable": False}, ("store_not_writable", "data folder")),
        ({"events_waiting_for_disk": 2}, ("store_not_writable", "data folder")),
        ({"loops_failed": 2}, ("loops_failed", "2")),
        ({"loops_stuck": 1}, ("loops_stuck", "1")),
    ],
)
def test_what_else_keeps_it_from_working(facts: dict[str, Fact], reason: tuple[str, str]) -> None:
    assert told(report(SEEN, **facts)) == [reason]


def test_without_cameras_it_is_of_no_use() -> None:
    assert told(report()) == [("no_cameras", "configuration")]


def against(supervisor: Supervisor) -> list[tuple[str, str]]:
    return [(reason.code, reason.what) for reason in not_alive(supervisor.states())]


@pytest.mark.parametrize(
    ("error", "vital", "expected"),
    [
        (ValueError("rtsp://admin:hunter2@10.0.0.1"), True, [("loop_failed", "loop")]),
        (ValueError("a stream like no other"), False, []),
        (StoreUnusable("disk I/O error"), True, []),
    ],
    ids=["a fault of ours", "one camera's alone", "a dead disk"],
)
def test_a_loop_that_fails_again_and_again_makes_the_agent_dead_where_a_restart_may_help(
    error: Exception, vital: bool, expected: list[tuple[str, str]]
) -> None:
    supervisor = Supervisor(FakeClock(), lambda low, high: 0.0, vital=vital)

    def dies(stop: StopEvent) -> None:
        raise error

    supervisor.start("loop", dies)
    wait_until(lambda: supervisor.states()[0].phase is LoopPhase.FAILED, f"{FAILED_AFTER} failures")
    assert against(supervisor) == expected
    supervisor.stop(5.0)


@pytest.mark.parametrize("vital", [True, False])
def test_a_loop_that_hangs_makes_it_dead_whichever_it_is(vital: bool) -> None:
    clock, begun, release = FakeClock(), StopEvent(), StopEvent()
    supervisor = Supervisor(clock, lambda low, high: 0.0, vital=vital)

    def hangs(stop: StopEvent) -> None:
        begun.set()
        release.wait()

    supervisor.start("loop", hangs)
    assert begun.wait(30)
    clock.advance(SILENCE_S)
    assert against(supervisor) == []
    clock.advance(1)
    assert against(supervisor) == [("loop_stuck", "loop")]
    release.set()
    assert supervisor.stop(30) == []
    assert against(supervisor) == []


def test_a_detector_that_does_not_come_back_is_noticed_while_it_hangs_and_not_after() -> None:
    clock, stop, mailroom, desks = FakeClock(), StopEvent(), Mailroom(), desks_of("a")
    pulse, found = Pulse(clock, SILENCE_S), list[bool]()

    class HangingDetector(CountingDetector):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            for seconds in (SILENCE_S, 1.0):
                clock.advance(seconds)
                found.append(pulse.overdue(clock.now()))
            pulse.set()
            return super().detect(images)

    detector = HangingDetector(stop, pictures=1)
    watch = Watch(mailroom=mailroom, detector=detector, lookouts=lookouts_of(desks), desks=desks, clock=clock, batch=1)
    mailroom.post_sample(Still("a", 1, stamp(1)))
    watch.run(pulse)
    assert found == [False, True]
    assert not pulse.overdue(clock.now())


def test_incidents_are_counted_by_rule_and_kind_from_zero() -> None:
    tally = Tally([("illegal_parking", "cycle")], lambda event: event.objects[0].class_name)
    first = make_event(1)
    tally.count([first, make_event(2), closed(first, 3), replace(first, phase=Phase.UPDATED)])
    assert tally.counts() == [
        IncidentCount(rule="illegal_parking", kind="cycle", opened=0, closed=0),
        IncidentCount(rule="illegal_parking", kind="car", opened=2, closed=1),
    ]
