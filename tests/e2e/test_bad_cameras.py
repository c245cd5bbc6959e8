"""Cameras that are broken in every way, beside one that works: it must not suffer, and each fault is told plainly."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cameras import (
    OK,
    PASSWORD,
    SETUP,
    SHA,
    SUB,
    USER,
    Wire,
    scripted_camera,
    sdp,
    simulated_camera,
    status,
    tapped,
)
from tests.e2e.agent_process import AgentProcess, wait_until
from tests.e2e.faults import check_log, check_message, incidents_of, told, wait_for_parked_cars
from tests.e2e.street import PARKED, camera, clip, file_camera, write_street
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.server

LOGIN: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
WRONG = "wr@ng:p/ss #2%"
BROKER_PASSWORD = "br@ker/p:ss 3%"


@dataclass(frozen=True)
class Street:
    """What was left of one agent run over many broken cameras."""

    log: str
    good_incidents: int
    sha: Wire


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Street:
    """Runs until every server was called a second time, which takes what somebody must mend about a minute."""
    folder = tmp_path_factory.mktemp("street")
    text = folder / "notes.mp4"
    text.write_text("not a video\n" * 100)
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder / "broker", users={"box": "right"}))
        sha = stack.enter_context(scripted_camera(status("401 Unauthorized", SHA)))
        media = sdp("m=video 0 RTP/AVP 96\r\na=rtpmap:96 X-OWN/90000\r\n")
        codec = stack.enter_context(scripted_camera(OK, DESCRIBE=media, SETUP=SETUP))
        real = stack.enter_context(simulated_camera(clip(), "--speed", "4", "--stall-after", "8"))
        path = stack.enter_context(tapped(real.port))
        stall = stack.enter_context(tapped(real.port))
        busy = stack.enter_context(scripted_camera(status("453 Not Enough Bandwidth")))
        servers: dict[str, Wire] = {"sha": sha, "codec": codec, "path": path, "stall": stall, "busy": busy}
        cameras = [
            file_camera(),
            camera("unknown-host", url="rtsp://no-such-camera.invalid/Streaming/Channels/102", **LOGIN),
            camera("refused", url=f"rtsp://127.0.0.1:{free_port()}{SUB}", **LOGIN),
            camera("text", url=f"file:{text}"),
            camera("path", url=path.url("/live"), **LOGIN),
            *(camera(name, url=servers[name].url(SUB), **LOGIN) for name in ("sha", "codec", "stall", "busy")),
        ]
        mqtt: dict[str, Any] = {"port": broker.port, "username": "box", "password": {"env": "BROKER_PASSWORD"}}
        config = write_street(folder, cameras=cameras, mqtt=mqtt)
        secrets = {"CAMERA_PASSWORD": PASSWORD, "BROKER_PASSWORD": BROKER_PASSWORD}
        with AgentProcess(config, secrets) as agent:
            wait_for_parked_cars(folder / "data")
            agent.wait_for_log("stall: nobody is looking: stalled", count=2)
            for name in ("sha", "codec", "path", "busy"):
                wait_until(partial(twice, name, servers[name]), f"a second call of {name}", 100.0)
            wait_until(lambda: broker.logged("not authorised") >= 2, "a second try at the broker", 100.0)
            good_incidents = incidents_of(folder / "data", "file")
            assert agent.stop() == 0
    return Street(log=agent.log, good_incidents=good_incidents, sha=sha)


def twice(name: str, server: Wire) -> bool:
    """Whether a server was asked for its stream a second time; FFmpeg's own connection follows our question."""
    return sum(request.startswith("DESCRIBE") for request in server.requests) > (2 if name == "codec" else 1)


def test_the_camera_beside_the_broken_ones_reports_every_parked_car_once(street: Street) -> None:
    assert street.good_incidents == len(PARKED)
    assert street.log.count("file: incident") == len(PARKED)


def test_the_log_shows_no_traceback_and_no_password(street: Street) -> None:
    check_log(street.log, PASSWORD, BROKER_PASSWORD)


@pytest.mark.parametrize(
    ("where", "expected", "found", "mend"),
    [
        (
            "camera unknown-host (rtsp://no-such-camera.invalid:554/Streaming/Channels/102)",
            "an RTSP camera",
            "the name no-such-camera.invalid is unknown",
            "check the host name and the box's DNS",
        ),
        ("camera refused (", "an RTSP camera", "the connection is refused", "check that RTSP is enabled"),
        ("camera sha (", "digest authentication with MD5", "Digest SHA-256", "RTSP digest algorithm to MD5"),
        ("camera path (", "a stream at /live", "has none (404)", "/Streaming/Channels/102 (sub)"),
        ("camera codec (", "H.264 or H.265", "a codec without a decoder", "set the stream's video encoding to H.264"),
        ("camera busy (", "an RTSP camera", "it is busy (status 453)", "close other viewers"),
        ("notes.mp4", "a video file", "Invalid data", "check the path"),
    ],
    ids=["unknown host", "refused", "sha-256", "no such path", "codec", "busy", "text file"],
)
def test_a_fault_is_told_once_with_its_mend(street: Street, where: str, expected: str, found: str, mend: str) -> None:
    check_message(told(street.log, where), where=where, expected=expected, found=found, mend=mend)


def test_a_digest_that_cannot_be_spoken_spends_no_credential(street: Street) -> None:
    assert street.sha.connections >= 2
    assert street.sha.logins() == 0


def test_a_stream_that_stops_while_its_connection_stays_is_stalled_not_offline(street: Street) -> None:
    lines = [line for line in street.log.splitlines() if "camera stall (rtsp" in line and "expected" in line]
    assert lines
    for line in lines:
        found = "none while the connection stays open"
        check_message(line, where="camera stall (", expected="video at least every 4 s", found=found, mend="check")
    _before, _, since_first_look = street.log.partition("stall: looking")  # before, it waits for its turn: offline
    assert "stall: nobody is looking: stalled" in since_first_look
    assert "stall: nobody is looking: offline" not in since_first_look


def test_a_broker_that_refuses_the_login_is_told_once(street: Street) -> None:
    line = told(street.log, "does not allow this login")
    check_message(
        line,
        where="mqtt://127.0.0.1:",
        expected="the broker to let this box in",
        found="not allow",
        mend="check user name",
    )


def test_a_wrong_password_is_tried_twice_and_never_again_until_it_changes(tmp_path: Path) -> None:
    with simulated_camera(clip(), "--loop") as real, tapped(real.port) as wire:
        gate = camera("gate", url=wire.url(SUB), **LOGIN)
        config = write_street(tmp_path, cameras=[gate, file_camera()], mqtt={"port": free_port()})
        agent = AgentProcess(config, {"CAMERA_PASSWORD": WRONG})
        for attempt in (1, 2):
            with agent:
                agent.wait_for_log("expected the login to be accepted, found that it is refused (401)", count=attempt)
                assert agent.stop() == 0
        assert wire.logins() == 2
        calls = wire.connections

        with agent:  # the third run knows from the first two
            agent.wait_for_log("No more tries with this login")
            wait_for_parked_cars(tmp_path / "data")
            assert agent.stop() == 0
        assert (wire.logins(), wire.connections) == (2, calls)
        line = told(agent.log, "No more tries")
        mend = "a changed password is tried at once"
        check_message(line, where="camera gate", expected="the login to be accepted", found="refused", mend=mend)

        with AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD}) as corrected:
            wait_for_parked_cars(tmp_path / "data", "gate")
            assert corrected.stop() == 0
    told(corrected.log, "expected an MQTT broker")  # which was away all the time
    check_log(agent.log + corrected.log, WRONG, PASSWORD)
