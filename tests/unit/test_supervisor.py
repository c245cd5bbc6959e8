from __future__ import annotations

import logging
from collections.abc import Iterator
from threading import Event, current_thread

import pytest

from agent.core.errors import StreamEnded
from agent.runtime.backoff import LEAST_SHARE, Backoff
from agent.runtime.supervisor import FAILED_AFTER, GOOD_RUN_S, SILENCE_S, LoopPhase, LoopState, Supervisor
from tests.e2e.agent_process import wait_until
from tests.fakes import FakeClock


def at_once(low: float, high: float) -> float:
    """No jitter: always the shortest wait."""
    return low


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def supervisor(clock: FakeClock) -> Iterator[Supervisor]:
    it = Supervisor(clock, at_once)
    yield it
    assert it.stop(30) == []


def only(supervisor: Supervisor) -> LoopState:
    [state] = supervisor.states()
    return state


class Flaky:
    """Raises the given errors one after the other, then runs until it is stopped."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.well = Event()
        self.threads: list[tuple[str, bool]] = []

    def __call__(self, stop: Event) -> None:
        self.threads.append((current_thread().name, current_thread().daemon))
        if self.errors:
            raise self.errors.pop(0)
        self.well.set()
        stop.wait()


def test_a_loop_runs_in_a_daemon_thread_of_its_name_until_stopped(supervisor: Supervisor) -> None:
    loop = Flaky()
    supervisor.start("watch", loop)
    assert loop.well.wait(30)
    assert only(supervisor).phase is LoopPhase.RUNNING
    assert supervisor.stop(30) == []
    assert (only(supervisor).phase, loop.threads) == (LoopPhase.ENDED, [("watch", True)])


def test_a_loop_that_raises_is_started_again_and_counted(supervisor: Supervisor) -> None:
    loop = Flaky(KeyError("x"), StreamEnded("gate: over"))
    supervisor.start("capture gate", loop)
    assert loop.well.wait(30)
    state = only(supervisor)
    assert (state.phase, state.restarts, state.message) == (LoopPhase.RUNNING, 2, "gate: over")


def test_a_loop_that_keeps_failing_counts_as_failed_until_it_has_run_well(
    supervisor: Supervisor, clock: FakeClock
) -> None:
    loop = Flaky(*(ValueError("broken") for _ in range(FAILED_AFTER)))
    supervisor.start("watch", loop)
    assert loop.well.wait(30)
    assert (only(supervisor).phase, only(supervisor).message) == (LoopPhase.FAILED, "ValueError: broken")
    clock.advance(GOOD_RUN_S)
    assert (only(supervisor).phase, only(supervisor).restarts) == (LoopPhase.RUNNING, FAILED_AFTER)


def test_failures_apart_by_a_good_run_do_not_add_up(supervisor: Supervisor, clock: FakeClock) -> None:
    runs = 0
    well = Event()

    def loop(stop: Event) -> None:
        nonlocal runs
        runs += 1
        if runs <= FAILED_AFTER + 2:
            clock.advance(GOOD_RUN_S)
            raise ValueError("now and then")
        well.set()
        stop.wait()

    supervisor.start("watch", loop)
    assert well.wait(30)
    assert only(supervisor).phase is LoopPhase.RUNNING


def test_a_repeated_fault_is_logged_once(supervisor: Supervisor, caplog: pytest.LogCaptureFixture) -> None:
    loop = Flaky(*(StreamEnded("gate: over") for _ in range(FAILED_AFTER + 5)))
    with caplog.at_level(logging.INFO, "agent"):
        supervisor.start("capture", loop)
        assert loop.well.wait(30)
    assert [record.getMessage() for record in caplog.records] == [
        "capture: died, is started again: gate: over",
        "capture: failed 5 times in a row, is tried again at least every 30 s",
    ]
    assert not any(record.exc_info for record in caplog.records)


def test_an_unforeseen_fault_is_logged_with_its_traceback(
    supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    loop = Flaky(ZeroDivisionError("oh"))
    supervisor.start("watch", loop)
    assert loop.well.wait(30)
    assert [bool(record.exc_info) for record in caplog.records] == [True]


def test_a_loop_that_returns_has_ended_and_is_not_started_again(supervisor: Supervisor) -> None:
    ran: list[int] = []
    supervisor.start("once", lambda stop: ran.append(1))
    assert supervisor.stop(30) == []
    assert (ran, only(supervisor).phase) == ([1], LoopPhase.ENDED)


def test_two_loops_of_one_name_are_a_bug(supervisor: Supervisor) -> None:
    supervisor.start("watch", Flaky())
    with pytest.raises(ValueError, match="watch: a loop of this name"):
        supervisor.start("watch", Flaky())


def test_stop_names_the_loops_that_do_not_end(clock: FakeClock) -> None:
    supervisor = Supervisor(clock, at_once)
    release, started = Event(), Event()

    def stuck(stop: Event) -> None:
        started.set()
        release.wait()

    supervisor.start("stuck", stuck)
    supervisor.start("good", Flaky())
    assert started.wait(30)
    with_time_out = supervisor.stop(0.2)
    assert "stuck" in with_time_out
    release.set()
    assert supervisor.stop(30) == []


def test_stop_interrupts_a_backoff(clock: FakeClock) -> None:
    supervisor = Supervisor(clock, lambda low, high: 3600.0)
    died = Event()

    def loop(stop: Event) -> None:
        died.set()
        raise ValueError("x")

    supervisor.start("watch", loop)
    assert died.wait(30)
    assert supervisor.stop(30) == []


def test_a_loop_that_waits_for_something_else_is_woken_by_a_stop(supervisor: Supervisor) -> None:
    bell = Event()

    def loop(stop: Event) -> None:
        bell.wait()

    supervisor.start("courier", loop, wake=bell.set)
    assert supervisor.stop(30) == []


def test_one_loop_is_ended_while_others_go_on_and_its_name_is_free_again(supervisor: Supervisor) -> None:
    gate, yard, again = Flaky(), Flaky(), Flaky()
    for name, loop in (("gate", gate), ("yard", yard)):
        supervisor.start(name, loop)
        assert loop.well.wait(30)
    assert supervisor.end(["gate", "unknown"], 30) == []
    assert [(state.name, state.phase) for state in supervisor.states()] == [("yard", LoopPhase.RUNNING)]
    supervisor.start("gate", again)
    assert again.well.wait(30)
    assert [state.name for state in supervisor.states()] == ["yard", "gate"]


def test_a_loop_that_does_not_end_is_told_now_and_again_at_the_stop(clock: FakeClock) -> None:
    supervisor = Supervisor(clock, at_once)
    release, started, died = Event(), Event(), Event()

    def stuck(stop: Event) -> None:
        started.set()
        release.wait()
        died.set()
        raise ValueError("after its end")

    supervisor.start("gate", stuck)
    assert started.wait(30)
    assert supervisor.end(["gate"], 0) == ["gate"]
    supervisor.start("gate", Flaky())
    assert supervisor.stop(0.2).count("gate") >= 1
    release.set()
    assert died.wait(30)
    assert supervisor.stop(30) == []
    assert only(supervisor).message == "", "the late one says nothing about its successor"


def test_a_loop_that_waits_for_something_else_is_woken_by_its_end(supervisor: Supervisor) -> None:
    bell = Event()

    def loop(stop: Event) -> None:
        bell.wait()

    supervisor.start("gate", loop, wake=bell.set)
    assert supervisor.end(["gate"], 30) == []


def test_one_that_hangs_is_abandoned_and_what_it_does_later_is_not_its_successors(clock: FakeClock) -> None:
    supervisor = Supervisor(clock, at_once)
    release, started, told = Event(), Event(), list[bool]()

    def stuck(stop: Event) -> None:
        started.set()
        release.wait()
        told.append(stop.is_set())

    supervisor.start("gate", stuck)
    assert started.wait(30)
    clock.advance(SILENCE_S + 1)
    assert (only(supervisor).stuck, only(supervisor).silent_s) == (True, SILENCE_S + 1)
    assert "tests.unit.test_supervisor" in supervisor.where("gate")
    assert supervisor.where("gate").count("stuck") == 1
    supervisor.abandon("gate")
    assert (supervisor.left(), supervisor.restarts, supervisor.where("gate")) == (["gate"], 1, "")
    again = Flaky(ValueError("x"))
    supervisor.start("gate", again)
    assert again.well.wait(30)
    assert not only(supervisor).stuck
    release.set()
    assert supervisor.stop(30) == []
    assert (supervisor.left(), supervisor.restarts, told) == ([], 2, [True])


def test_a_wait_between_two_tries_is_no_hang(clock: FakeClock) -> None:
    supervisor, died = Supervisor(clock, lambda low, high: 3600.0), Event()

    def loop(stop: Event) -> None:
        died.set()
        raise ValueError("x")

    supervisor.start("watch", loop)
    assert died.wait(30)
    wait_until(lambda: only(supervisor).phase is LoopPhase.RESTARTING, "the wait")
    clock.advance(SILENCE_S + 1)
    wait_until(lambda: not only(supervisor).stuck, "the wait to have begun")
    clock.advance(SILENCE_S + 1)
    assert not only(supervisor).stuck
    assert supervisor.stop(30) == []


def test_backoff_draws_from_ranges_that_double_up_to_the_cap_and_start_over() -> None:
    ranges: list[tuple[float, float]] = []

    def jitter(low: float, high: float) -> float:
        ranges.append((low, high))
        return high

    backoff = Backoff(jitter, base_s=1, cap_s=5)
    assert [backoff.next_s() for _ in range(5)] == [1, 2, 4, 5, 5]
    backoff.reset()
    assert backoff.next_s() == 1
    assert all(low == pytest.approx(LEAST_SHARE * high) for low, high in ranges)
