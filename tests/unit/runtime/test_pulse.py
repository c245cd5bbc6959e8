"""When a loop counts as hanging: not while it waits on purpose, however long."""

from __future__ import annotations

from threading import Event, Thread

from agent.runtime.pulse import Pulse
from tests.e2e.agent_process import wait_until
from tests.fakes import FakeClock


def test_each_look_at_it_is_a_sign_of_life() -> None:
    clock = FakeClock()
    pulse = Pulse(clock, 60.0)
    clock.advance(61)
    assert (pulse.overdue(clock.now()), pulse.silent_s(clock.now())) == (True, 61)
    assert not pulse.is_set()
    assert (pulse.overdue(clock.now()), pulse.silent_s(clock.now())) == (False, 0)
    clock.advance(60)
    assert not pulse.overdue(clock.now())


def test_a_wait_is_silence_that_was_announced() -> None:
    clock, done = FakeClock(), Event()
    pulse = Pulse(clock, 60.0)

    def wait() -> None:
        pulse.wait(600.0)
        done.set()

    thread = Thread(target=wait)
    clock.advance(30)
    thread.start()
    wait_until(lambda: pulse.silent_s(clock.now()) == 0, "the wait to begin")
    clock.advance(660)
    assert not pulse.overdue(clock.now())
    clock.advance(1)
    assert pulse.overdue(clock.now()), "it should have come back by then"
    pulse.set()
    assert done.wait(30)
    thread.join()
    assert not pulse.overdue(clock.now())


def test_who_waits_for_the_stop_alone_owes_no_sign() -> None:
    clock = FakeClock()
    pulse = Pulse(clock, 60.0)
    thread = Thread(target=pulse.wait)
    clock.advance(1)
    thread.start()
    wait_until(lambda: pulse.silent_s(clock.now()) == 0, "the wait to begin")
    clock.advance(10**6)
    assert not pulse.overdue(clock.now())
    pulse.set()
    thread.join()
