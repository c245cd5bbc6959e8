from __future__ import annotations

import logging
from collections.abc import Iterable
from itertools import pairwise
from threading import Event

import pytest

from agent.core.errors import (
    CameraRefused,
    CameraStalled,
    CameraUnreachable,
    CityEyeError,
    StreamEnded,
    UnsupportedStream,
)
from agent.core.types import Gap, GapReason
from agent.ports import LoginLedger, Sample
from agent.runtime.capture import GAP_EVERY_S, GOOD_STRETCH_S, SLOW_RETRY_S, CaptureLoop, CapturePhase
from agent.runtime.logins import LOCK_S, Login, LoginBudget
from agent.runtime.mailbox import Mailroom
from tests.fakes import Act, FakeClock, FakeSample, FakeSource, FakeStop, MemoryLoginLedger


class OpenMailroom(Mailroom):
    """Keeps a copy of all that was posted."""

    def __init__(self) -> None:
        super().__init__()
        self.posted: list[Sample | Gap] = []

    def post_sample(self, sample: Sample) -> None:
        self.posted.append(sample)
        super().post_sample(sample)

    def post_gap(self, gap: Gap) -> None:
        self.posted.append(gap)
        super().post_gap(gap)

    def gaps(self) -> list[GapReason]:
        return [item.reason for item in self.posted if isinstance(item, Gap)]


class Rig:
    """A capture loop with a script for a camera."""

    def __init__(self, *acts: Act, ledger: LoginLedger | None = None, jitter_s: float = 1.0) -> None:
        self.clock = FakeClock()
        self.source = FakeSource(*acts, keyframe_interval_s=2.0)
        self.room = OpenMailroom()
        self.ranges: list[float] = []
        self.loop = CaptureLoop(
            camera="gate",
            source=self.source,
            mailroom=self.room,
            clock=self.clock,
            logins=LoginBudget(
                camera="gate", login=Login("gate", "f1"), ledger=ledger or MemoryLoginLedger(), clock=self.clock
            ),
            jitter=self.jitter,
        )
        self.jitter_s = jitter_s

    def jitter(self, low: float, high: float) -> float:
        self.ranges.append(high)
        return min(self.jitter_s, high)

    def run_for(self, seconds: float) -> FakeStop:
        stop = FakeStop(self.clock, seconds)
        self.loop.run(stop)
        return stop


def fails(error: CityEyeError) -> Act:
    def act() -> Iterable[Sample]:
        raise error

    return act


def gives(rig: Rig, count: int, every_s: float, then: CityEyeError | None) -> Act:
    def act() -> Iterable[Sample]:
        for number in range(count):
            yield FakeSample(camera="gate", seq=number, stamp=rig.clock.now())
            rig.clock.advance(every_s)
        if then is not None:
            raise then

    return act


def script(rig: Rig, *acts: Act) -> None:
    rig.source = FakeSource(*acts, keyframe_interval_s=2.0)
    rig.loop = CaptureLoop(
        camera="gate",
        source=rig.source,
        mailroom=rig.room,
        clock=rig.clock,
        logins=LoginBudget(camera="gate", login=Login("gate", "f1"), ledger=MemoryLoginLedger(), clock=rig.clock),
        jitter=rig.jitter,
    )


REFUSED = CameraRefused("camera gate: wrong password", attempted=True)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CameraUnreachable("no route"), GapReason.OFFLINE),
        (StreamEnded("over"), GapReason.OFFLINE),
        (CameraStalled("silence"), GapReason.STALLED),
        (REFUSED, GapReason.REFUSED),
        (UnsupportedStream("audio only"), GapReason.UNDECODABLE),
    ],
)
def test_each_fault_is_a_gap_with_its_reason_and_a_message_for_people(error: CityEyeError, reason: GapReason) -> None:
    rig = Rig(fails(error))
    rig.run_for(0.5)
    state = rig.loop.state()
    assert (rig.room.gaps()[0], state.reason, state.message) == (reason, reason, str(error))


def test_a_lasting_fault_is_posted_again_and_again_while_the_loop_waits() -> None:
    rig = Rig(fails(UnsupportedStream("audio only")))
    rig.run_for(SLOW_RETRY_S - 1)
    assert rig.source.opened == 1
    assert len(rig.room.gaps()) == SLOW_RETRY_S / GAP_EVERY_S
    times_s = [item.stamp.mono_s for item in rig.room.posted]
    assert {b - a for a, b in pairwise(times_s)} == {GAP_EVERY_S}


def test_samples_reach_the_mailroom_and_the_state_tells_of_them() -> None:
    rig = Rig()
    seen = []

    def act() -> Iterable[Sample]:
        for number in range(3):
            yield FakeSample(camera="gate", seq=number, stamp=rig.clock.now())
            seen.append(rig.loop.state())
            rig.clock.advance(2)
        raise StreamEnded("over")

    script(rig, act, fails(CameraUnreachable("gone")))
    rig.run_for(1)
    assert [item.seq for item in rig.room.posted if not isinstance(item, Gap)] == [0, 1, 2]
    assert {state.phase for state in seen} == {CapturePhase.ONLINE}
    assert {state.online_since for state in seen} == {seen[0].last_sample}
    assert (seen[0].keyframe_interval_s, seen[0].reason, seen[0].message) == (2.0, None, "")
    assert rig.loop.state().phase is CapturePhase.STOPPED


def test_retries_back_off_to_the_cap_and_start_over_after_a_good_stretch() -> None:
    rig = Rig()
    bad = [fails(CameraUnreachable("no route"))] * 7
    good = gives(rig, 2 + int(GOOD_STRETCH_S / 2), 2.0, StreamEnded("over"))
    script(rig, *bad, good, fails(CameraUnreachable("no route")))
    rig.run_for(GOOD_STRETCH_S + 60)
    assert rig.ranges[:8] == [1, 2, 4, 8, 16, 30, 30, 1]


def test_a_short_stretch_does_not_reset_the_backoff() -> None:
    rig = Rig()
    script(rig, gives(rig, 2, 1.0, StreamEnded("over")))
    rig.run_for(20)
    assert rig.ranges[:4] == [1, 2, 4, 8]


def test_a_wrong_password_is_tried_twice_and_then_not_until_the_lock_is_over() -> None:
    ledger = MemoryLoginLedger()
    rig = Rig(fails(REFUSED), ledger=ledger)
    rig.run_for(LOCK_S)
    assert rig.source.opened == 2
    assert ledger.refusals("gate", "f1")[0] == 2
    assert "No more tries" in rig.loop.state().message
    restarted = Rig(fails(REFUSED), ledger=ledger)
    restarted.clock.advance(SLOW_RETRY_S)
    restarted.run_for(600)
    assert restarted.source.opened == 0
    restarted.run_for(LOCK_S + 60)
    assert restarted.source.opened == 1


def test_a_refusal_that_cost_no_login_is_retried_slowly_for_ever() -> None:
    ledger = MemoryLoginLedger()
    rig = Rig(fails(CameraRefused("SHA-256 only", attempted=False)), ledger=ledger)
    rig.run_for(10 * SLOW_RETRY_S)
    assert (rig.source.opened, ledger.refusals("gate", "f1")) == (10, (0, 0.0))


def test_a_success_clears_the_ledger() -> None:
    ledger = MemoryLoginLedger()
    ledger.refused("gate", "f1", 1.0)
    rig = Rig(lambda: [FakeSample(camera="gate", seq=0, stamp=FakeClock().now())], ledger=ledger)
    rig.run_for(0.5)
    assert ledger.refusals("gate", "f1") == (0, 0.0)


def test_a_fault_is_logged_when_it_changes_not_when_it_lasts(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    no_route = fails(CameraUnreachable("no route"))
    script(rig, no_route, no_route, no_route, fails(REFUSED), gives(rig, 1, 1.0, StreamEnded("over")))
    with caplog.at_level(logging.INFO, "agent"):
        rig.run_for(SLOW_RETRY_S + 10)
    texts = [record.getMessage() for record in caplog.records]
    assert texts[:4] == [
        "no route",
        "camera gate: wrong password",
        "camera gate: back, failures before that: 4",
        "over",
    ]


def test_the_connection_is_closed_before_the_next_one_is_opened() -> None:
    rig = Rig(fails(StreamEnded("over")))
    rig.run_for(5)
    assert rig.source.opened == rig.source.closed > 1


def test_a_video_that_just_ends_is_opened_again_after_a_wait() -> None:
    rig = Rig()
    script(rig, gives(rig, 1, 0.0, None))
    stop = rig.run_for(10)
    assert rig.source.opened == len(stop.waits_s) > 1


def test_stop_ends_the_loop_at_the_next_sample_and_posts_no_gap() -> None:
    rig = Rig()
    stop = Event()

    def endless() -> Iterable[Sample]:
        while True:
            yield FakeSample(camera="gate", seq=0, stamp=rig.clock.now())
            stop.set()

    script(rig, endless)
    rig.loop.run(stop)
    assert (rig.source.closed, rig.room.gaps(), rig.loop.state().phase) == (1, [], CapturePhase.STOPPED)


def test_a_bug_in_the_source_leaves_a_gap_behind_and_goes_up_to_the_supervisor() -> None:
    def broken() -> Iterable[Sample]:
        raise ZeroDivisionError

    rig = Rig(broken)
    with pytest.raises(ZeroDivisionError):
        rig.loop.run(Event())
    assert (rig.room.gaps(), rig.source.closed) == ([GapReason.OFFLINE], 1)
