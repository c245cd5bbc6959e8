"""ISAPI against the simulated camera: its digests, its lock-out, and settings that it takes as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest

from agent.adapters.clock import SystemClock
from agent.adapters.isapi import IsapiCamera, IsapiClient, Wanted
from agent.adapters.rtsp import RtspSource
from agent.core.errors import CameraAnswerUnusable, CameraRefused, CameraUnreachable, CityEyeError
from tests.cameras import PASSWORD, USER, SimulatedCamera, simulated_camera
from tests.digest_camera import WebCamera, web_camera
from tests.shared_data import shared

pytestmark = pytest.mark.server

WEB = ("--web-port", "0")
CALM = Wanted(codec="H.264", gop_s=1.0, smart=False, svc=False)


def isapi(base: str, password: str = PASSWORD) -> IsapiCamera:
    client = IsapiClient(camera="gate", base=base, username=USER, password=password, clock=SystemClock())
    return IsapiCamera(client)


def camera(*options: str) -> Iterator[SimulatedCamera]:
    with simulated_camera(shared("video", "cdnet_fall_1600f.mp4"), *WEB, *options) as running:
        yield running


@pytest.fixture(params=["MD5", "SHA-256"])
def either_digest(request: pytest.FixtureRequest) -> Iterator[SimulatedCamera]:
    yield from camera("--web-digest", request.param, "--smart", "--clock-offset", "-90")


def test_what_a_camera_tells(either_digest: SimulatedCamera) -> None:
    asked = isapi(either_digest.web)
    assert asked.device().model == "DS-2CD-SIMULATED"
    behind = SystemClock().now().utc - asked.time()
    assert timedelta(seconds=80) < behind < timedelta(seconds=100)
    told = asked.stream(102)
    assert (told.codec, told.size_px, told.fps, told.gop_s, told.smart) == ("H.264", (720, 480), 30.0, 2.0, True)
    with pytest.raises(CameraAnswerUnusable, match=r"channels/103.*found status 404"):
        asked.stream(103)
    assert either_digest.counted() == {"good_logins": 4, "bad_logins": 0, "locked": [], "puts": []}


def test_a_change_is_taken_and_told() -> None:
    for running in camera("--smart"):
        taken = isapi(running.web).set_stream(102, CALM)
        assert (taken.before.gop_s, taken.before.smart) == (2.0, True)
        assert (taken.after.gop_s, taken.after.smart, taken.restart) == (1.0, False, False)
        assert isapi(running.web).stream(101).smart is True, "the other stream is left alone"
        assert running.counted()["puts"] == [102]


def test_what_a_camera_clamps_is_seen() -> None:
    for running in camera("--smart", "--stubborn", "--least-gop", "45"):
        taken = isapi(running.web).set_stream(102, CALM)
        assert (taken.after.gop_frames, taken.after.smart) == (45, True)


def test_a_wrong_password_costs_one_login_however_much_is_asked() -> None:
    for running in camera():
        asked = isapi(running.web, "wrong")
        with pytest.raises(CameraRefused, match="is refused") as first:
            asked.device()
        with pytest.raises(CameraRefused, match="not asked") as second:
            asked.stream(102)
        assert (first.value.attempted, second.value.attempted) == (True, False)
        assert running.counted()["bad_logins"] == 1
        assert PASSWORD not in str(first.value)
        assert "wrong" not in str(first.value).replace("wrong ones", "")


def test_rtsp_and_isapi_share_the_lock_out() -> None:
    for running in camera("--lock-after", "3"):
        for _ in range(2):
            with suppress(CameraRefused):
                isapi(running.web, "wrong").device()
        source = RtspSource(
            camera="gate", url=running.url(), username=USER, password="wrong", clock=SystemClock(), decode="keyframes"
        )
        with pytest.raises(CameraRefused):
            next(source.samples())
        assert running.counted() == {"good_logins": 0, "bad_logins": 3, "locked": ["127.0.0.1"], "puts": []}
        with pytest.raises(CameraRefused):
            isapi(running.web).device()
        right = RtspSource(camera="gate", url=running.url(), username=USER, password=PASSWORD, clock=SystemClock())
        with pytest.raises(CameraRefused):
            next(right.samples())


@pytest.mark.parametrize(
    ("answers", "error", "expected"),
    [
        (WebCamera(b"", challenge=('Digest realm="x", nonce="y", algorithm=FOO',)), CameraRefused, "algorithm 'FOO'"),
        (
            WebCamera(b"", challenge=('Digest realm="x", nonce="y", qop="auth-int"',)),
            CameraRefused,
            "auth-int only; the password was not tried",
        ),
        (WebCamera(b"", challenge=("Digest nonsense",)), CameraRefused, "a challenge that cannot be read"),
        (WebCamera(b"", challenge=()), CameraAnswerUnusable, "found status 404"),
    ],
)
def test_odd_answers(answers: WebCamera, error: type[CityEyeError], expected: str) -> None:
    with web_camera(answers) as running, pytest.raises(error, match=expected):
        isapi(running.url.partition("/ISAPI")[0]).device()
    assert answers.logins == []


def test_nobody_there() -> None:
    with pytest.raises(CameraUnreachable, match="cannot be connected to; check that the camera's web service is on"):
        isapi("http://127.0.0.1:9").device()
