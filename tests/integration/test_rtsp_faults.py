"""What goes wrong with cameras, and what a person is told about it."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import av
import pytest

from agent.adapters.clock import SystemClock
from agent.adapters.rtsp import RtspSource
from agent.adapters.rtsp_probe import MAX_REPLY_BYTES
from agent.core.errors import (
    CameraRefused,
    CameraStalled,
    CameraUnreachable,
    CityEyeError,
    StreamEnded,
    UnsupportedStream,
)
from tests.cameras import (
    BASIC,
    MAIN,
    MD5,
    OK,
    PASSWORD,
    PLAIN,
    SETUP,
    SHA,
    USER,
    raw_peer,
    scripted_camera,
    sdp,
    simulated_camera,
    status,
    tapped,
)
from tests.mosquitto import free_port
from tests.shared_data import shared

pytestmark = pytest.mark.server


def source(url: str, **settings: Any) -> RtspSource:
    given: dict[str, Any] = {"username": USER, "password": PASSWORD, "sample_every_s": 0.0, "open_timeout_s": 30.0}
    return RtspSource(camera="gate", url=url, clock=SystemClock(), **{**given, **settings})


def failure(it: RtspSource) -> CityEyeError:
    """The error that ends the samples, checked for secrets: its text, its chain, what a traceback would show."""
    with pytest.raises(CityEyeError) as caught:
        list(it.samples())
    error = caught.value
    shown = "".join(traceback.format_exception(error))
    link: BaseException | None = error
    while link is not None:
        shown += f"{link!r} {link} {link.args}"
        link = link.__cause__ or link.__context__
    for secret in (PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in shown
    return error


@pytest.fixture(autouse=True)
def no_secrets_in_logs(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Neither our log nor what FFmpeg prints by itself may show a credential."""
    with caplog.at_level(logging.DEBUG):
        yield
    out, err = capfd.readouterr()
    for secret in (PASSWORD, quote(PASSWORD, safe="")):
        assert secret not in out + err + caplog.text


def test_an_unknown_host_is_named() -> None:
    error = failure(source("rtsp://no-such-camera.invalid/Streaming/Channels/101"))
    assert isinstance(error, CameraUnreachable)
    for part in ("camera gate", "no-such-camera.invalid:554", "name no-such-camera.invalid is unknown", "check"):
        assert part in str(error)


def test_a_refused_connection_names_the_port_to_check() -> None:
    port = free_port()
    error = failure(source(f"rtsp://127.0.0.1:{port}/x"))
    assert isinstance(error, CameraUnreachable)
    assert f"at 127.0.0.1:{port}, found that the connection is refused; check that RTSP is enabled" in str(error)


def test_a_refused_connection_on_ipv6_is_written_with_brackets() -> None:
    error = failure(source(f"rtsp://[::1]:{free_port()}/x"))
    assert isinstance(error, CameraUnreachable)
    assert "at [::1]:" in str(error)


@pytest.mark.parametrize("chunks", [(), (b"RTSP/1.0 200",)], ids=["silent", "half a line"])
def test_a_peer_that_does_not_finish_its_answer_is_given_up(chunks: tuple[bytes, ...]) -> None:
    with raw_peer(*chunks, hang_up=False) as peer:
        error = failure(source(peer.url(), open_timeout_s=0.3))
    assert isinstance(error, CameraUnreachable)
    assert "no answer within 0.3 s" in str(error)


def test_a_peer_that_hangs_up_may_be_a_camera_that_starts() -> None:
    with raw_peer() as peer:
        error = failure(source(peer.url()))
    assert isinstance(error, CameraUnreachable)
    assert "hangs up without an answer" in str(error)


@pytest.mark.parametrize(
    ("banner", "shown"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_"),
        (b"\xff\x00" * MAX_REPLY_BYTES, r"\\xff\x00"),
    ],
    ids=["web server", "ssh", "endless noise"],
)
def test_a_peer_that_is_no_rtsp_server_is_told_apart(banner: bytes, shown: str) -> None:
    with raw_peer(banner) as peer:
        error = failure(source(peer.url()))
    assert isinstance(error, UnsupportedStream)
    assert shown in str(error)
    assert "check the port" in str(error)


@pytest.mark.parametrize("challenges", [(SHA,), (MD5, SHA), (SHA, BASIC)], ids=["sha", "md5-sha", "sha-basic"])
def test_a_digest_that_ffmpeg_cannot_speak_spends_no_login(challenges: tuple[str, ...]) -> None:
    with scripted_camera(status("401 Unauthorized", *challenges)) as camera:
        error = failure(source(camera.url()))
    assert isinstance(error, CameraRefused)
    assert not error.attempted
    assert "found Digest SHA-256; the password was not tried" in str(error)
    assert "Configuration > System > Security > Authentication > RTSP digest algorithm to MD5" in str(error)
    assert (camera.connections, camera.logins()) == (1, 0)


@pytest.mark.parametrize(
    "challenges", [(MD5,), (PLAIN,), (SHA, MD5), (BASIC,)], ids=["md5", "unnamed", "sha-md5", "basic"]
)
@pytest.mark.parametrize("open_options", [True, False], ids=["options open", "options closed"])
def test_a_wrong_password_costs_exactly_one_login_per_open(challenges: tuple[str, ...], open_options: bool) -> None:
    no = status("401 Unauthorized", *challenges)
    with scripted_camera(no, OPTIONS=OK if open_options else no) as camera:
        error = failure(source(camera.url()))
    assert isinstance(error, CameraRefused)
    assert error.attempted
    assert "check username and password" in str(error)
    assert camera.logins() == 1


def test_a_login_is_not_taken_to_wherever_a_camera_says() -> None:
    with scripted_camera(status("401 Unauthorized", BASIC)) as elsewhere:
        moved = f"RTSP/1.0 302 Moved\r\nCSeq: CSEQ\r\nLocation: {elsewhere.url()}\r\n\r\n"
        with scripted_camera(moved) as camera:
            error = failure(source(camera.url()))
    assert isinstance(error, UnsupportedStream)
    assert "said to be elsewhere (status 302)" in str(error)
    assert elsewhere.connections == 0


def test_ffmpegs_own_log_stays_off_even_when_somebody_turned_it_on(caplog: pytest.LogCaptureFixture) -> None:
    av.logging.set_level(av.logging.DEBUG)
    logging.getLogger("libav").setLevel(logging.DEBUG)
    with scripted_camera(status("401 Unauthorized", MD5)) as camera:
        failure(source(camera.url()))
    assert [record for record in caplog.records if record.name.startswith("libav")] == []


def test_a_stale_nonce_does_not_cost_a_second_login() -> None:
    with scripted_camera(status("401 Unauthorized", MD5 + ", stale=true")) as camera:
        assert isinstance(failure(source(camera.url())), CameraRefused)
    assert camera.logins() == 1


def test_a_missing_login_is_asked_for_and_not_tried() -> None:
    with scripted_camera(status("401 Unauthorized", MD5)) as camera:
        error = failure(source(camera.url(), username=None, password=None))
    assert isinstance(error, CameraRefused)
    assert (error.attempted, camera.connections) == (False, 1)
    assert "needs a user name and password" in str(error)


def test_a_real_server_sees_one_login_for_a_wrong_password_and_one_session_for_a_right_one() -> None:
    with simulated_camera(shared("video", "cdnet_fall_1600f.mp4")) as camera, tapped(camera.port) as wire:
        error = failure(source(wire.url(), password="wrong"))
        assert isinstance(error, CameraRefused)
        assert (error.attempted, wire.logins()) == (True, 1)
        samples = source(wire.url()).samples()
        assert next(samples).seq == 0
        samples.close()


def test_a_basic_login_works() -> None:
    with simulated_camera(shared("video", "cdnet_fall_1600f.mp4"), "--auth", "basic") as camera:
        samples = source(camera.url()).samples()
        assert next(samples).decode() is not None
        samples.close()


def test_a_login_in_the_url_works_and_an_open_camera_needs_none() -> None:
    with simulated_camera(shared("video", "cdnet_fall_1600f.mp4")) as camera:
        url = camera.url().replace("//", f"//{USER}:{quote(PASSWORD, safe='')}@")
        samples = source(url, username=None, password=None).samples()
        assert next(samples).seq == 0
        samples.close()
    with simulated_camera(shared("video", "cdnet_fall_1600f.mp4"), "--auth", "none") as camera:
        samples = source(camera.url(), username=None, password=None).samples()
        assert next(samples).seq == 0
        samples.close()


@pytest.mark.parametrize("protected", ["digest", "none"])
def test_a_wrong_path_is_named_together_with_the_right_ones(protected: str) -> None:
    with simulated_camera(shared("video", "cdnet_fall_1600f.mp4"), "--auth", protected) as camera:
        error = failure(source(camera.url("/live?user=me&password=secret1")))
    assert isinstance(error, UnsupportedStream)
    assert "expected a stream at /live?user=***&password=***, found that the camera has none (404)" in str(error)
    assert MAIN in str(error)


@pytest.mark.parametrize("line", ["453 Not Enough Bandwidth", "503 Service Unavailable"])
def test_a_busy_camera_may_be_tried_again(line: str) -> None:
    with scripted_camera(status(line)) as camera:
        error = failure(source(camera.url()))
    assert isinstance(error, CameraUnreachable)
    assert f"status {line[:3]}" in str(error)


def test_a_camera_that_is_busy_only_for_those_who_log_in_may_be_tried_again() -> None:
    with scripted_camera(status("453 Not Enough Bandwidth"), DESCRIBE=sdp("m=video 0 RTP/AVP 96\r\n")) as camera:
        error = failure(source(camera.url()))
    assert isinstance(error, CameraUnreachable)
    assert "close other viewers" in str(error)


def test_a_forbidden_address_spends_no_login() -> None:
    with scripted_camera(status("403 Forbidden")) as camera:
        error = failure(source(camera.url()))
    assert isinstance(error, CameraRefused)
    assert (error.attempted, camera.logins()) == (False, 0)


@pytest.mark.parametrize(
    ("media", "found"),
    [
        ("m=audio 0 RTP/AVP 0\r\n", "expected a video track, found none"),
        ("m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-OWN/90000\r\n", "found a codec without a decoder"),
    ],
    ids=["audio only", "unknown codec"],
)
def test_a_stream_that_cannot_be_decoded_is_permanent(media: str, found: str) -> None:
    with scripted_camera(OK, DESCRIBE=sdp(media), SETUP=SETUP) as camera:
        error = failure(source(camera.url(), open_timeout_s=1.0))
    assert isinstance(error, UnsupportedStream)
    assert found in str(error)


def test_a_stream_that_stalls_is_noticed_although_its_connection_stays_open() -> None:
    video = shared("video", "cdnet_fall_1600f.mp4")
    with simulated_camera(video, "--speed", "4", "--stall-after", "5") as camera:
        error = failure(source(camera.url(), read_timeout_s=1.0))
    assert isinstance(error, CameraStalled)
    assert "expected video at least every 1 s" in str(error)


def test_a_stream_that_ends_or_breaks_may_be_opened_again() -> None:
    video = shared("video", "cdnet_fall_1600f.mp4")
    with simulated_camera(video, "--end-after", "1") as camera:
        assert isinstance(failure(source(camera.url())), StreamEnded)
    with simulated_camera(video) as camera:
        samples = source(camera.url()).samples()
        next(samples)
        camera.stop()
        with pytest.raises(StreamEnded, match="expected the stream to go on"):
            list(samples)


@pytest.mark.parametrize(
    "url",
    ["http://camera/x", "rtsp:///x", "camera", "rtsp://admin:a#b@camera/x", "rtsp://admin:a/b@camera/x", "rtsp://[x"],
)
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    error = failure(source(url))
    assert isinstance(error, UnsupportedStream)
    assert "expected rtsp://HOST[:PORT]/PATH" in str(error)
    assert "admin" not in str(error)
