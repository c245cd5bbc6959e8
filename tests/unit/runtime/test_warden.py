"""What becomes of a loop that hangs: it gets on again, another takes its place, or the agent ends; and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

import pytest

from agent.runtime.supervisor import SILENCE_S, Supervisor
from agent.runtime.warden import GIVE_UP_AFTER_S, LOOK_S, RELIEVE_AFTER_S, STATUS_EVERY_S, STOOD_STILL_S, Warden
from tests.e2e.agent_process import wait_until
from tests.fakes import FakeClock
from tests.running_app import HeardService

WATCHDOG_S = 60.0


@dataclass
class Patrol:
    """A warden over one loop, which turns whenever `turn` is set and hangs otherwise."""

    clock: FakeClock = field(default_factory=FakeClock)
    service: HeardService = field(default_factory=lambda: HeardService(watchdog_s=WATCHDOG_S))
    replaceable: bool = False
    asked: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    begun: Event = field(default_factory=Event)
    turn: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.clock, lambda low, high: low)
        self.warden = Warden(
            clock=self.clock,
            supervisors=[self.supervisor],
            relieve=self._relieve,
            give_up=self.given_up.append,
            service=self.service,
            status=lambda: "all cameras looking",
        )
        self.supervisor.start("loop", self._loop)
        assert self.begun.wait(30)

    def pass_time(self, seconds: float) -> None:
        """Time in which the warden looks as often as it does."""
        for _ in range(round(seconds / LOOK_S)):
            self.clock.advance(LOOK_S)
            self.warden.look()

    def get_on(self) -> None:
        """The loop's next turn."""
        self.turn.set()
        wait_until(lambda: not self.turn.is_set(), "a turn")
        wait_until(lambda: not self.supervisor.states()[0].stuck, "a sign of life")

    def _relieve(self, loop: str) -> bool:
        self.asked.append(loop)
        return self.replaceable

    def _loop(self, stop: Event) -> None:
        while not stop.is_set():
            self.begun.set()
            self.turn.wait()
            self.turn.clear()


@pytest.fixture
def patrol() -> Iterator[Patrol]:
    it = Patrol()
    yield it
    while it.supervisor.stop(0.1):
        it.turn.set()


def test_a_loop_that_is_silent_for_long_enough_is_told_with_its_place_and_ends_the_agent(
    patrol: Patrol, caplog: pytest.LogCaptureFixture
) -> None:
    patrol.pass_time(SILENCE_S)
    assert (caplog.records, patrol.given_up) == ([], [])
    patrol.pass_time(1)
    [record] = caplog.records
    assert "loop: hangs, no sign of life for 181 s; it is at" in record.getMessage()
    assert "tests.unit.runtime.test_warden" in record.getMessage() and "_loop" in record.getMessage()
    assert patrol.service.told[-1] == "NOT WELL: loop_stuck loop; all cameras looking"
    patrol.pass_time(GIVE_UP_AFTER_S - 1)
    assert (len(caplog.records), patrol.given_up) == (1, [])
    patrol.pass_time(1)
    assert patrol.given_up == ["loop"]


def test_a_loop_that_gets_on_again_is_told_and_forgiven(patrol: Patrol, caplog: pytest.LogCaptureFixture) -> None:
    patrol.pass_time(SILENCE_S + GIVE_UP_AFTER_S)
    patrol.get_on()
    patrol.pass_time(GIVE_UP_AFTER_S)
    assert [record.getMessage().partition(",")[0] for record in caplog.records] == [
        "loop: hangs",
        "loop: gets on again",
    ]
    assert patrol.given_up == []


def test_another_takes_the_place_of_one_that_can_be_spared(patrol: Patrol) -> None:
    patrol.replaceable = True
    patrol.pass_time(SILENCE_S + RELIEVE_AFTER_S)
    assert patrol.asked == []
    patrol.pass_time(1)
    assert (patrol.asked, patrol.given_up) == (["loop"], [])


def test_a_machine_that_was_paused_proves_nothing(patrol: Patrol, caplog: pytest.LogCaptureFixture) -> None:
    patrol.pass_time(1)
    patrol.clock.advance(SILENCE_S + STOOD_STILL_S)
    patrol.warden.look()
    patrol.get_on()
    patrol.pass_time(GIVE_UP_AFTER_S)
    assert (caplog.records, patrol.given_up) == ([], [])


def test_the_watchdog_is_fed_well_within_half_of_its_time_and_only_while_all_is_well(patrol: Patrol) -> None:
    patrol.pass_time(SILENCE_S)
    fed = patrol.service.told.count("feed")
    assert fed >= SILENCE_S / (WATCHDOG_S / 2)
    assert patrol.service.told.count("all cameras looking") == SILENCE_S / STATUS_EVERY_S
    patrol.pass_time(WATCHDOG_S)
    assert patrol.service.told.count("feed") == fed
    patrol.get_on()
    patrol.pass_time(1)
    assert patrol.service.told.count("feed") == fed + 1


def test_nobody_is_fed_who_did_not_ask(patrol: Patrol) -> None:
    patrol.service.watchdog_s = None
    patrol.pass_time(SILENCE_S)
    assert "feed" not in patrol.service.told
