from __future__ import annotations

from datetime import timedelta

import pytest

from agent.core.errors import CameraRefused, StoreFull
from agent.ports import LoginLedger
from agent.runtime.logins import LOCK_S, MAX_REFUSALS, LoginBudget
from tests.contracts.login_ledger import LoginLedgerContract
from tests.fakes import START, FakeClock, MemoryLoginLedger


class TestMemoryLoginLedger(LoginLedgerContract):
    @pytest.fixture
    def ledger(self) -> LoginLedger:
        return MemoryLoginLedger()


class FullDisk(MemoryLoginLedger):
    def refused(self, camera: str, fingerprint: str, at_utc_s: float) -> None:
        raise StoreFull("no space left")


def budget(clock: FakeClock, ledger: LoginLedger, fingerprint: str = "f1") -> LoginBudget:
    return LoginBudget(camera="gate", fingerprint=fingerprint, ledger=ledger, clock=clock)


def allowed(logins: LoginBudget) -> bool:
    try:
        logins.check()
    except CameraRefused as error:
        assert not error.attempted
        return False
    return True


def spend(logins: LoginBudget) -> None:
    for _ in range(MAX_REFUSALS):
        assert allowed(logins)
        logins.refused("camera gate: wrong password")


def test_two_refusals_are_all_and_the_reason_is_told() -> None:
    logins = budget(FakeClock(), MemoryLoginLedger())
    spend(logins)
    with pytest.raises(CameraRefused, match=r"gate: wrong password\. No more tries .* 35 minutes .* changed password"):
        logins.check()


def test_the_count_survives_a_restart_but_not_a_new_password() -> None:
    clock, ledger = FakeClock(), MemoryLoginLedger()
    spend(budget(clock, ledger))
    assert not allowed(budget(clock, ledger))
    assert allowed(budget(clock, ledger, "f2"))


def test_one_try_is_allowed_after_each_lock_time() -> None:
    clock = FakeClock()
    logins = budget(clock, MemoryLoginLedger())
    spend(logins)
    clock.advance(LOCK_S - 1)
    assert not allowed(logins)
    clock.advance(1)
    assert allowed(logins)
    logins.refused("still wrong")
    assert not allowed(logins)


def test_refusals_of_another_client_of_the_camera_count() -> None:
    clock, ledger = FakeClock(), MemoryLoginLedger()
    rtsp, isapi = budget(clock, ledger), budget(clock, ledger)
    rtsp.refused("wrong")
    isapi.refused("wrong")
    assert not allowed(rtsp)
    clock.advance(LOCK_S - 1)
    ledger.refused("gate", "f1", clock.now().utc.timestamp())
    clock.advance(1)
    assert not allowed(rtsp)


def test_an_accepted_login_clears_the_count() -> None:
    clock, ledger = FakeClock(), MemoryLoginLedger()
    logins = budget(clock, ledger)
    logins.refused("wrong")
    logins.accepted()
    assert ledger.refusals("gate", "f1") == (0, 0.0)
    spend(logins)


def test_a_ledger_that_cannot_be_written_does_not_let_the_camera_lock_the_box_out() -> None:
    clock = FakeClock()
    logins = budget(clock, FullDisk())
    spend(logins)
    assert not allowed(logins)
    clock.advance(LOCK_S)
    assert allowed(logins)


@pytest.mark.parametrize("step", [timedelta(days=-400), timedelta(days=400)])
def test_setting_the_wall_clock_neither_frees_nor_locks_for_ever(step: timedelta) -> None:
    clock = FakeClock()
    logins = budget(clock, MemoryLoginLedger())
    spend(logins)
    clock.set_utc(START + step)
    assert not allowed(logins)
    clock.advance(LOCK_S)
    assert allowed(logins)


def test_a_refusal_from_the_future_holds_for_one_lock_time_after_a_restart() -> None:
    clock, ledger = FakeClock(), MemoryLoginLedger()
    spend(budget(clock, ledger))
    clock.set_utc(START - timedelta(days=400))
    logins = budget(clock, ledger)
    assert not allowed(logins)
    clock.advance(LOCK_S)
    assert allowed(logins)
