"""Pictures of the main stream, from real servers: digest login over HTTP, one keyframe over RTSP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.clock import SystemClock
from agent.adapters.isapi import MAX_JPEG_BYTES, IsapiStills
from agent.adapters.rtsp import RtspSource
from agent.adapters.rtsp_still import RtspStills
from agent.core.errors import CameraRefused, CameraUnreachable, CityEyeError, UnsupportedStream
from agent.core.types import Image
from agent.ports import Clock
from agent.runtime.logins import MAX_REFUSALS, Login, LoginBudget
from agent.runtime.main_stream import HANGS_S, LONG_PAUSE_S, MOST_HUNG, PAUSE_S, MainStream
from tests.cameras import PASSWORD, USER, simulated_camera
from tests.digest_camera import NONCE, PICTURE, REALM, WebCamera, web_camera
from tests.fakes import FakeClock, MemoryLoginLedger, street_picture
from tests.shared_data import shared

SCENE = street_picture(3, (640, 360))


def jpeg(image: Image = SCENE) -> bytes:
    return bytes(cv2.imencode(".jpg", image)[1].tobytes())


def stills(url: str, password: str = PASSWORD, clock: Clock | None = None) -> IsapiStills:
    return IsapiStills(camera="gate", url=url, username=USER, password=password, clock=clock or SystemClock())


def like(one: Image, other: Image) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(int) - other.astype(int)).mean()) < 8


@pytest.mark.server
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_picture_behind_a_digest_login(algorithm: str) -> None:
    challenge = f'Digest qop="auth", realm="{REALM}", nonce="{NONCE}", algorithm={algorithm}'
    with web_camera(WebCamera(jpeg(), challenge=(challenge,))) as camera:
        source = stills(camera.url)
        assert like(source.picture(), SCENE)
        assert like(source.picture(), SCENE)
    assert (camera.requests, len(camera.logins)) == (4, 2), "asked without a login first, each time"
    assert PASSWORD not in "".join(camera.logins)


@pytest.mark.server
@pytest.mark.parametrize(
    ("camera", "expected", "attempted"),
    [
        (WebCamera(jpeg(), password="another"), r"the login to be accepted, found .* refused \(401\)", True),
        (WebCamera(jpeg(), challenge=('Basic realm="x"',)), "digest authentication, found that .* another kind", False),
        (WebCamera(jpeg(), challenge=('Digest realm="x", nonce="y", algorithm=FOO',)), "algorithm 'FOO'", False),
        (WebCamera(jpeg(), status=403), r"forbidden to \(403\)", False),
    ],
)
def test_a_refused_login_is_told_from_one_that_was_not_tried(camera: WebCamera, expected: str, attempted: bool) -> None:
    with web_camera(camera), pytest.raises(CameraRefused, match=expected) as caught:
        stills(camera.url).picture()
    assert caught.value.attempted == attempted
    assert len(camera.logins) == (1 if attempted or camera.status == 403 else 0), "never more than one try"
    assert PASSWORD not in str(caught.value)


@pytest.mark.server
@pytest.mark.parametrize(
    ("camera", "error", "expected"),
    [
        (WebCamera(b"<html>", challenge=()), UnsupportedStream, "a JPEG, found 6 bytes that begin with '<html>'"),
        (WebCamera(jpeg()[:40], challenge=()), UnsupportedStream, "a JPEG, found 40 bytes"),
        (WebCamera(jpeg(), status=404), UnsupportedStream, "found status 404"),
        (WebCamera(jpeg(), status=503), CameraUnreachable, "found status 503"),
        (WebCamera(jpeg(), endless=True), CameraUnreachable, f"at most {MAX_JPEG_BYTES} bytes"),
    ],
)
def test_what_is_no_picture(camera: WebCamera, error: type[CityEyeError], expected: str) -> None:
    with web_camera(camera), pytest.raises(error, match=expected):
        stills(camera.url).picture()


def bomb() -> bytes:
    """A GiB, packed twice."""
    once = gzip.compress(bytes(1 << 26))
    return gzip.compress(once * 16)


def huge_jpeg() -> bytes:
    """A small picture that says it is 60,000 pixels wide and high."""
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = (60_000).to_bytes(2, "big") * 2
    return bytes(data)


@pytest.mark.server
@pytest.mark.parametrize(
    ("camera", "expected"),
    [
        (WebCamera(bomb(), encoding="gzip, gzip"), r"expected a JPEG, found [0-9]+ bytes"),
        (WebCamera(huge_jpeg()), "at most 40,000,000 pixels, found one that says it has 60000 x 60000"),
    ],
)
def test_what_would_grow_is_not_unpacked(camera: WebCamera, expected: str) -> None:
    with web_camera(camera), pytest.raises(UnsupportedStream, match=expected):
        stills(camera.url).picture()


@pytest.mark.server
def test_the_answer_that_asks_for_a_login_is_not_read_to_its_end() -> None:
    with web_camera(WebCamera(jpeg(), chatty=True)) as camera:
        assert like(stills(camera.url).picture(), SCENE)


def test_a_camera_without_a_web_server() -> None:
    with pytest.raises(CameraUnreachable, match=r"gate \(http://127.0.0.1:9/.*cannot be connected to"):
        stills(f"http://127.0.0.1:9{PICTURE}").picture()


@pytest.mark.server
def test_one_keyframe_of_the_main_stream_over_rtsp() -> None:
    video = shared("video", "cdnet_fall_1600f.mp4")
    with simulated_camera(video) as camera:
        source = RtspSource(
            camera="gate",
            url=camera.url(),
            username=USER,
            password=PASSWORD,
            decode="keyframes",
            sample_every_s=0.0,
            clock=SystemClock(),
        )
        image = RtspStills("gate", source).picture()
    first = first_picture(video)
    assert np.array_equal(image, first)


def first_picture(video: Path) -> Image:
    ok, image = cv2.VideoCapture(str(video)).read()
    assert ok
    return np.asarray(image, np.uint8)


class Way:
    """A way to a picture that does what it is told."""

    def __init__(self, *acts: Callable[[], Image] | CityEyeError) -> None:
        self._acts = list(acts)
        self.tried = 0

    def picture(self) -> Image:
        act = self._acts[min(self.tried, len(self._acts) - 1)]
        self.tried += 1
        if isinstance(act, CityEyeError):
            raise act
        return act()


def stream(
    ways: Sequence[Way | IsapiStills], clock: FakeClock, ledger: MemoryLoginLedger, wait_s: float = 30.0
) -> MainStream:
    logins = LoginBudget(camera="gate", login=Login("gate", "f"), ledger=ledger, clock=clock, most=1)
    return MainStream("gate", ways, logins=logins, clock=clock, wait_s=wait_s)


def a_picture() -> Image:
    return SCENE


def test_the_second_way_is_taken_while_the_first_rests_after_a_failure() -> None:
    clock = FakeClock()
    broken, good = Way(CameraUnreachable("gate: no answer"), a_picture), Way(a_picture)
    main = stream([broken, good], clock, MemoryLoginLedger())
    for seconds, tried in ((0.0, (1, 1)), (PAUSE_S - 1, (1, 2)), (1.0, (2, 2))):
        clock.advance(seconds)
        still = main.picture()
        assert still is not None
        assert (still.image is SCENE, still.at) == (True, clock.now().utc)
        assert (broken.tried, good.tried) == tried


def test_a_dead_camera_costs_nothing_until_it_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    clock, dead = FakeClock(), Way(CameraUnreachable("gate: no answer"))
    main = stream([dead], clock, MemoryLoginLedger())
    for _ in range(5):
        assert main.picture() is None
    assert dead.tried == 1
    clock.advance(PAUSE_S)
    assert main.picture() is None
    assert dead.tried == 2
    assert [r.getMessage() for r in caplog.records] == ["no picture of the main stream: gate: no answer"]


def test_a_slow_camera_is_not_waited_for_and_asked_only_once_at_a_time() -> None:
    clock, release = FakeClock(), threading.Event()

    def slow() -> Image:
        release.wait()
        return SCENE

    way = Way(slow, a_picture)
    main = stream([way], clock, MemoryLoginLedger(), wait_s=0.01)
    assert main.picture() is None
    clock.advance(PAUSE_S)
    assert main.picture() is None, "the first is still under way"
    assert way.tried == 1
    release.set()
    for thread in threading.enumerate():
        if thread.name == "still":
            thread.join()
    clock.advance(PAUSE_S)
    later = stream([way], clock, MemoryLoginLedger()).picture()
    assert later is not None
    assert way.tried == 2


def test_a_fetch_that_hangs_makes_room_for_another_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    clock, release = FakeClock(), threading.Event()

    def hangs() -> Image:
        release.wait()
        return SCENE

    way = Way(hangs)
    main = stream([way], clock, MemoryLoginLedger(), wait_s=0.01)
    for tried in range(1, MOST_HUNG + 3):
        assert main.picture() is None
        assert way.tried == min(tried, MOST_HUNG + 1)
        clock.advance(HANGS_S)
    release.set()
    for thread in threading.enumerate():
        if thread.name == "still":
            thread.join()
    assert main.picture() is not None
    assert sum("fetching a picture hangs" in record.getMessage() for record in caplog.records) == MOST_HUNG


@pytest.mark.server
def test_a_refused_login_leaves_a_try_to_the_watching_and_is_not_repeated() -> None:
    clock, ledger = FakeClock(), MemoryLoginLedger()
    with web_camera(WebCamera(jpeg(), password="another")) as camera:
        rtsp = Way(a_picture)
        main = stream([stills(camera.url), rtsp], clock, ledger)
        assert main.picture() is None
        assert (len(camera.logins), rtsp.tried) == (1, 0), "nor is it tried over RTSP"
        assert ledger.refusals("gate", "f")[0] == 1 < MAX_REFUSALS
        LoginBudget(camera="gate", login=Login("gate", "f"), ledger=ledger, clock=clock).check()
        LoginBudget(
            camera="gate", login=Login("gate", "f"), ledger=ledger, clock=clock
        ).accepted()  # the watching gets in
        clock.advance(PAUSE_S)
        still = main.picture()
        assert still is not None
        assert (len(camera.logins), rtsp.tried) == (1, 1), "by RTSP, since HTTP refuses what RTSP accepts"
        clock.advance(LONG_PAUSE_S)
        with suppress(CameraRefused):
            main.picture()
        assert len(camera.logins) == 2


def test_while_the_watching_is_refused_no_login_is_spent_on_a_picture() -> None:
    clock, ledger, way = FakeClock(), MemoryLoginLedger(), Way(a_picture)
    ledger.refused("gate", "f", clock.now().utc.timestamp())
    main = stream([way], clock, ledger)
    assert main.picture() is None
    assert way.tried == 0
    ledger.clear("gate")
    clock.advance(PAUSE_S)
    assert main.picture() is not None
