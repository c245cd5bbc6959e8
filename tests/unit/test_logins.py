from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import timedelta

import pytest

from agent.core.errors import CameraRefused, StoreFull
from agent.core.types import Gap, GapReason
from agent.ports import LoginLedger, Sample
from agent.runtime.capture import CaptureLoop
from agent.runtime.logins import LOCK_S, MAX_REFUSALS, TURN_S, Door, Doors, Login, LoginBudget
from agent.runtime.mailbox import Mailroom
from tests.contracts.login_ledger import LoginLedgerContract
from tests.fakes import START, FakeClock, FakeSample, FakeSource, MemoryLoginLedger


class TestMemoryLoginLedger(LoginLedgerContract):
    @pytest.fixture
    def ledger(self) -> LoginLedger:
        return MemoryLoginLedger()


class FullDisk(MemoryLoginLedger):
    def refused(self, device: str, fingerprint: str, at_utc_s: float) -> None:
        raise StoreFull("no space left")


def budget(clock: FakeClock, ledger: LoginLedger, fingerprint: str = "f1") -> LoginBudget:
    return LoginBudget(camera="gate", login=Login("gate", fingerprint), ledger=ledger, clock=clock)


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


CAMERAS = 16


class GapRoom(Mailroom):
    """Tells of each camera that is refused."""

    def __init__(self) -> None:
        super().__init__()
        self.refused = threading.Semaphore(0)

    def post_gap(self, gap: Gap) -> None:
        super().post_gap(gap)
        if gap.reason is GapReason.REFUSED:
            self.refused.release()


class Recorder:
    """One device: what its cameras share, and how many of them log in at once."""

    def __init__(self, ledger: LoginLedger, *, good: bool, fingerprint: str = "f1") -> None:
        self.clock = FakeClock()
        self.room = GapRoom()
        self.attempts = 0
        self.most_at_once = 0
        self.go = threading.Event()
        self.all_in = threading.Barrier(CAMERAS + 1)
        self.stop = threading.Event()
        self._good = good
        self._at_once = 0
        self._lock = threading.Lock()
        login, doors = Login("10.0.0.9", fingerprint), Doors()
        self._threads: list[threading.Thread] = []
        for number in range(CAMERAS):
            camera = f"c{number}"
            loop = CaptureLoop(
                camera=camera,
                source=FakeSource(self.connect),
                mailroom=self.room,
                clock=self.clock,
                logins=LoginBudget(camera=camera, login=login, ledger=ledger, clock=self.clock, door=doors.of(login)),
                jitter=lambda low, high: high,
            )
            self._threads.append(threading.Thread(target=loop.run, args=(self.stop,), daemon=True))
        self.asked = threading.Event()

    def connect(self) -> Iterable[Sample]:
        with self._lock:
            self.attempts += 1
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self.asked.set()
        self.go.wait()
        with self._lock:
            self._at_once -= 1
        if not self._good:
            raise CameraRefused("wrong password", attempted=True)
        yield FakeSample(camera="c", seq=0, stamp=self.clock.now())
        self.all_in.wait(30)
        self.stop.wait()

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)


def test_the_cameras_of_a_recorder_try_a_login_one_by_one_until_it_is_accepted_and_then_all_at_once() -> None:
    recorder = Recorder(MemoryLoginLedger(), good=True)
    recorder.begin()
    assert recorder.asked.wait(30)
    assert recorder.attempts == 1
    recorder.go.set()
    recorder.all_in.wait(30)  # none of them ends before all are in
    recorder.end()
    assert recorder.attempts == CAMERAS


def test_sixteen_cameras_with_a_wrong_password_spend_two_logins_together() -> None:
    recorder = Recorder(MemoryLoginLedger(), good=False)
    recorder.go.set()
    recorder.begin()
    for _ in range(CAMERAS):
        assert recorder.room.refused.acquire(timeout=30)
    recorder.end()
    assert (recorder.attempts, recorder.most_at_once) == (MAX_REFUSALS, 1)


def test_without_a_login_nobody_waits() -> None:
    recorder = Recorder(MemoryLoginLedger(), good=True, fingerprint="")
    recorder.begin()
    recorder.go.set()
    recorder.all_in.wait(30)
    recorder.end()
    assert recorder.attempts == CAMERAS


def test_a_try_that_hangs_is_not_waited_for_without_end() -> None:
    clock, ledger, door = FakeClock(), MemoryLoginLedger(), Door()
    login = Login("10.0.0.9", "f1")
    one, two = (LoginBudget(camera=name, login=login, ledger=ledger, clock=clock, door=door) for name in "ab")
    assert one.enter()
    assert not two.enter()
    clock.advance(TURN_S)
    assert two.enter()
    one.leave()
    assert not one.enter(), "the turn was the other's"
    two.refused("wrong")
    two.leave()
    assert one.enter(), "one refusal leaves a try"
    one.accepted()
    assert two.enter()
    assert one.enter()


def test_refusals_that_cannot_be_recorded_count_for_every_camera_of_the_device() -> None:
    clock, door, login = FakeClock(), Door(), Login("10.0.0.9", "f1")
    one, two = (LoginBudget(camera=name, login=login, ledger=FullDisk(), clock=clock, door=door) for name in "ab")
    one.refused("wrong")
    two.refused("wrong")
    assert not allowed(one)
    assert not allowed(two)
