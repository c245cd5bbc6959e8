"""The capture loop with a real camera: through outages, refusals and stalls, under its supervisor."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from agent.adapters.clock import SystemClock
from agent.adapters.rtsp import RtspSource
from agent.core.types import Gap, GapReason
from agent.ports import LoginLedger, Sample
from agent.runtime.capture import CaptureLoop, CapturePhase
from agent.runtime.logins import MAX_REFUSALS, Doors, Login, LoginBudget
from agent.runtime.mailbox import Mailroom
from agent.runtime.supervisor import LoopPhase, Supervisor
from tests.cameras import PASSWORD, USER, scripted_camera, simulated_camera, tapped
from tests.fakes import FakeClock, FakeStop, MemoryLoginLedger
from tests.shared_data import shared

pytestmark = pytest.mark.server


def street() -> Path:
    return shared("video", "cdnet_fall_1600f.mp4")


def short(low: float, high: float) -> float:
    return random.Random(1).uniform(low, high) / 20


class Rig:
    """Capture loop, mailroom and a worker that takes."""

    def __init__(
        self,
        url: str,
        *,
        password: str = PASSWORD,
        ledger: LoginLedger | None = None,
        logins: LoginBudget | None = None,
        stalled_after_s: float = 60.0,
    ) -> None:
        """`stalled_after_s`: longer than a slow machine keeps a camera that works waiting, but in tests of stalls."""
        self.room = Mailroom()
        clock = SystemClock()
        source = RtspSource(
            camera="gate",
            url=url,
            username=USER,
            password=password,
            clock=clock,
            sample_every_s=0.0,
            read_timeout_s=stalled_after_s,
            open_timeout_s=60.0,
        )
        self.loop = CaptureLoop(
            camera="gate",
            source=source,
            mailroom=self.room,
            clock=clock,
            logins=logins
            or LoginBudget(camera="gate", login=Login("gate", "f1"), ledger=ledger or MemoryLoginLedger(), clock=clock),
            jitter=short,
        )
        self.supervisor = Supervisor(clock, short)

    @contextmanager
    def running(self) -> Iterator[None]:
        self.supervisor.start("capture gate", self.loop.run)
        try:
            yield
        finally:
            assert self.supervisor.stop(30) == []
            self.room.close()
        [state] = self.supervisor.states()
        assert (state.phase, state.restarts, state.message) == (LoopPhase.ENDED, 0, "")

    def take(self) -> Sample | Gap:
        """The newest item that comes."""
        taken = self.room.take(60)
        assert taken is not None
        self.room.done(taken[0])
        return taken[1][-1]

    def until_sample(self) -> Sample:
        while isinstance(item := self.take(), Gap):
            pass
        return item

    def until_gap(self) -> Gap:
        while not isinstance(item := self.take(), Gap):
            pass
        return item


def test_samples_go_on_when_the_camera_comes_back() -> None:
    with simulated_camera(street(), "--loop", "--speed", "4") as camera:
        rig = Rig(camera.url())
        with rig.running():
            before = rig.until_sample()
            assert rig.loop.state().phase is CapturePhase.ONLINE
            camera.stop()
            assert rig.until_gap().reason is GapReason.OFFLINE
            state = rig.loop.state()
            assert (state.phase, state.reason, state.online_since) == (CapturePhase.DOWN, GapReason.OFFLINE, None)
            assert "camera gate" in state.message
            camera.start()
            after = rig.until_sample()
            assert after.seq > before.seq
            assert after.decode() is not None


def test_a_stall_is_a_gap_and_the_camera_is_opened_anew() -> None:
    with simulated_camera(street(), "--speed", "4", "--stall-after", "3") as camera:
        rig = Rig(camera.url(), stalled_after_s=1.0)
        with rig.running():
            rig.until_sample()
            assert rig.until_gap().reason is GapReason.STALLED
            rig.until_sample()


def test_a_wrong_password_reaches_a_real_server_twice_and_never_again() -> None:
    ledger = MemoryLoginLedger()
    with simulated_camera(street()) as camera, tapped(camera.port) as wire:
        source = RtspSource(camera="gate", url=wire.url(), username=USER, password="wrong", clock=SystemClock())
        clock = FakeClock()
        loop = CaptureLoop(
            camera="gate",
            source=source,
            mailroom=Mailroom(),
            clock=clock,
            logins=LoginBudget(camera="gate", login=Login("gate", "f1"), ledger=ledger, clock=clock),
            jitter=short,
        )
        loop.run(FakeStop(clock, 30 * 60))
        assert (wire.logins(), ledger.refusals("gate", "f1")[0]) == (2, 2)
        assert "No more tries" in loop.state().message
        rig = Rig(wire.url(), ledger=ledger)  # the right password: another fingerprint in real life
        ledger.clear("gate")
        with rig.running():
            assert rig.until_sample().decode() is not None


def test_a_camera_without_video_is_undecodable_time() -> None:
    sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\n"
    ok = "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 1\r\n"
    described = f"{ok}Content-Type: application/sdp\r\nContent-Length: {len(sdp)}\r\n\r\n{sdp}"
    with scripted_camera(f"{ok}\r\n", DESCRIBE=described) as camera:
        rig = Rig(camera.url())
        with rig.running():
            assert rig.until_gap().reason is GapReason.UNDECODABLE


RECORDER = Login("10.0.0.9", "f1")


@contextmanager
def recorder_cameras(url: str, password: str, count: int) -> Iterator[list[Rig]]:
    """Capture loops of several cameras at one address, all begun at once."""
    ledger, doors, clock = MemoryLoginLedger(), Doors(), SystemClock()
    rigs = []
    for number in range(count):
        logins = LoginBudget(camera=f"c{number}", login=RECORDER, ledger=ledger, clock=clock, door=doors.of(RECORDER))
        rigs.append(Rig(url, password=password, logins=logins))
    with ExitStack() as running:
        for rig in rigs:
            running.enter_context(rig.running())
        yield rigs


def test_the_cameras_of_one_recorder_spend_two_wrong_logins_together() -> None:
    with simulated_camera(street(), "--web-port", "0") as recorder:
        with recorder_cameras(recorder.url(), "wrong", 6) as rigs:
            assert {rig.until_gap().reason for rig in rigs} == {GapReason.REFUSED}
        assert recorder.counted()["bad_logins"] == MAX_REFUSALS
        assert recorder.counted()["locked"] == []


def test_the_cameras_of_one_recorder_all_connect_with_the_right_password() -> None:
    with simulated_camera(street(), "--web-port", "0", "--loop") as recorder:
        with recorder_cameras(recorder.url(), PASSWORD, 6) as rigs:
            assert all(rig.until_sample().decode() for rig in rigs)
        assert recorder.counted()["bad_logins"] == 0
