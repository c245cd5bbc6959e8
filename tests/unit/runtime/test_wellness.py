"""What makes the agent dead, and what only keeps it from working as it should; and the counting of incidents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from threading import Event as StopEvent

import pytest

from agent.core.errors import BrokerUnreachable
from agent.core.types import Detections, Image, Phase, PictureFault
from agent.core.wire import CameraReport, HealthReport
from agent.core.wire.status import Fact
from agent.runtime.mailbox import Mailroom
from agent.runtime.supervisor import FAILED_AFTER, LoopPhase, Supervisor
from agent.runtime.tally import IncidentCount, Tally
from agent.runtime.watch import Watch
from agent.runtime.wellness import STUCK_S, UNSEEN_S, Reason, not_alive, not_ready, stuck
from tests.courier_rig import Rig
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


def test_a_loop_that_fails_again_and_again_makes_the_agent_dead() -> None:
    clock = FakeClock()
    supervisor = Supervisor(clock, lambda low, high: 0.0)

    def dies(stop: StopEvent) -> None:
        raise ValueError("rtsp://admin:hunter2@10.0.0.1")

    supervisor.start("camera-gate", dies)
    wait_until(lambda: supervisor.states()[0].phase is LoopPhase.FAILED, f"{FAILED_AFTER} failures")
    assert not_alive(clock.now(), [supervisor], [], None) == [Reason(code="loop_failed", what="camera-gate")]
    supervisor.stop(5.0)


def test_a_heartbeat_that_is_not_renewed_makes_it_dead_too() -> None:
    clock = FakeClock()
    beaten = clock.now()
    clock.advance(STUCK_S)
    assert not_alive(clock.now(), [], [], beaten) == []
    clock.advance(1)
    assert not_alive(clock.now(), [], [], beaten) == [Reason(code="loop_stuck", what="health")]


def test_a_detector_that_does_not_come_back_is_noticed_while_it_hangs_and_not_after() -> None:
    rig, stop, mailroom, desks = Rig(), StopEvent(), Mailroom(), desks_of("a")
    found: list[list[str]] = []

    class HangingDetector(CountingDetector):
        def detect(self, images: Sequence[Image]) -> list[Detections]:
            for seconds in (STUCK_S, 1.0):
                rig.clock.advance(seconds)
                found.append(stuck(rig.clock.now(), [watch], rig.courier))
            return super().detect(images)

    detector = HangingDetector(stop, pictures=1)
    watch = Watch(
        mailroom=mailroom, detector=detector, lookouts=lookouts_of(desks), desks=desks, clock=rig.clock, batch=1
    )
    mailroom.post_sample(Still("a", 1, stamp(1)))
    watch.run(stop)
    assert found == [[], ["watch-1"]]
    assert stuck(rig.clock.now(), [watch], rig.courier) == []


def test_a_courier_that_gets_on_is_not_stuck_however_long_the_broker_is_away() -> None:
    rig = Rig()
    rig.broker.refusals.extend([BrokerUnreachable("away")] * 100)
    seen: list[list[str]] = []

    def looked_long_enough() -> bool:
        seen.append(stuck(rig.clock.now(), [], rig.courier))
        return len(seen) >= 60

    rig.run(looked_long_enough)
    assert [names for names in seen if names] == []
    rig.clock.advance(STUCK_S + 1)
    assert stuck(rig.clock.now(), [], rig.courier) == ["courier"]


def test_incidents_are_counted_by_rule_and_kind_from_zero() -> None:
    tally = Tally([("illegal_parking", "cycle")], lambda event: event.objects[0].class_name)
    first = make_event(1)
    tally.count([first, make_event(2), closed(first, 3), replace(first, phase=Phase.UPDATED)])
    assert tally.counts() == [
        IncidentCount(rule="illegal_parking", kind="cycle", opened=0, closed=0),
        IncidentCount(rule="illegal_parking", kind="car", opened=2, closed=1),
    ]
