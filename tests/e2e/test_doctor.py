"""`cityeye doctor` as a field engineer runs it: on a street that is well, and on each that is broken in one way."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import pytest
import yaml

from agent.adapters.clock import clock_info
from tests.cameras import MAIN, PASSWORD, SUB, USER, SimulatedCamera, encode, simulated_camera
from tests.certificates import authority, issued
from tests.e2e.agent_process import AgentProcess, cityeye
from tests.e2e.faults import check_log
from tests.e2e.street import camera as street_camera
from tests.e2e.street import clip, file_camera, write_street
from tests.memory_disk import fill, memory_disk
from tests.mosquitto import Mosquitto, ServerTls, free_port

pytestmark = pytest.mark.server

HERE = {"clock"} if not clock_info().synced else set()
"""What is wrong with the machine that the tests run on, whatever they set up."""
BROKER_PASSWORD = "br0ker@/ #7%"
CAMERA = ("reach", "describe", "digest", "password", "stream", "gop", "picture", "isapi", "settings", "channel")
BROKER = ("tcp", "tls", "login", "limit", "listen", "publish", "round")


@dataclass(frozen=True)
class Said:
    """What `cityeye doctor --json` printed."""

    code: int
    text: str
    findings: list[dict[str, Any]]

    def bad(self) -> dict[str, str]:
        """Check to code of whatever is wrong, but for the machine's own faults."""
        wrong = {found["check"]: found["code"] for found in self.findings if found["mark"] == "bad"}
        assert self.code == (1 if wrong else 0)
        return {check: code for check, code in wrong.items() if check not in HERE}

    def codes(self) -> dict[str, str]:
        return {found["check"]: found["code"] for found in self.findings}

    def of(self, check: str) -> dict[str, Any]:
        (found,) = (found for found in self.findings if found["check"] == check)
        return found


def doctor(config: Path, *options: str) -> Said:
    done = cityeye("doctor", "--config", str(config), "--json", "--watch", "7", *options)
    check_log(done.stdout + done.stderr, PASSWORD, BROKER_PASSWORD)
    assert done.stderr == ""
    return Said(done.returncode, done.stdout, json.loads(done.stdout)["findings"])


@pytest.fixture(autouse=True)
def _passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    monkeypatch.setenv("BROKER_PASSWORD", BROKER_PASSWORD)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as running:
        yield running


def configured(
    folder: Path,
    camera: SimulatedCamera | None,
    mqtt: dict[str, Any],
    path: str = SUB,
    ids: tuple[str, ...] = ("gate",),
    **sections: Any,
) -> Path:
    cameras = []
    if camera is not None:
        login: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
        picture = f"{camera.web}/ISAPI/Streaming/channels/101/picture"
        cameras = [street_camera(name, url=camera.url(path), main_stream=picture, **login) for name in ids]
    return write_street(folder, cameras=cameras, mqtt=mqtt, **sections)


def test_a_street_that_is_well(tmp_path: Path, broker: Mosquitto) -> None:
    pictures = tmp_path / "pictures"
    with simulated_camera(clip(), "--web-port", "0", "--loop") as camera:
        config = configured(tmp_path, camera, {"port": broker.port})
        said = doctor(config, "--pictures", str(pictures))
        assert said.bad() == {}
        assert {*CAMERA, *BROKER, "model", "folder", "disk", "medium", "memory"} <= set(said.codes())
        assert said.of("stream")["values"] == {
            "codec": "H.264",
            "width": 720,
            "height": 480,
            "fps": pytest.approx(30, abs=1),
        }
        assert said.of("gop")["values"]["seconds"] == pytest.approx(2.0, abs=0.1)
        assert said.of("settings")["found"] == "102: H.264, 720×480, 30 fps, GOP 2 s, SmartCodec off, SVC off"
        drawn = cv2.imread(str(pictures / "gate.jpg"))
        assert drawn is not None
        assert drawn.shape[1] == 720
        assert camera.counted()["bad_logins"] == 0
        assert not (tmp_path / "data").exists(), "nothing was made"
        chinese = cityeye("doctor", "--config", str(config), "--lang", "zh", "--watch", "3")
    assert "  ✓ 密码            用户 admin 已接受" in chinese.stdout.splitlines()
    check_log(chinese.stdout + chinese.stderr, PASSWORD)


def test_a_wrong_password_costs_one_login_each_time_and_none_when_two_were_refused(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "wrong")
    with simulated_camera(clip(), "--web-port", "0") as camera:
        config = configured(tmp_path, camera, {"port": broker.port})
        for refused, code in ((1, "password_refused"), (2, "password_refused"), (2, "password_resting")):
            said = doctor(config)
            assert said.bad() == {"password": code}
            assert said.codes()["isapi"] == "skipped", "RTSP was refused, so ISAPI is not tried"
            assert camera.counted()["bad_logins"] == refused
        monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
        assert doctor(config).bad() == {}, "a corrected password is tried at once"
        assert (camera.counted()["bad_logins"], camera.counted()["locked"]) == (2, [])


def test_a_recorder_counts_bad_logins_for_all_its_cameras(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "wrong")
    with simulated_camera(clip(), "--web-port", "0") as recorder:
        config = configured(tmp_path, recorder, {"port": broker.port}, ids=("one", "two", "three", "four", "five"))
        for refused in (1, 2, 2):
            codes = [found["code"] for found in doctor(config).findings if found["check"] == "password"]
            assert sorted(codes)[:4] == ["password_elsewhere"] * 4
            assert recorder.counted()["bad_logins"] == refused


def test_a_recorder_counts_bad_logins_for_cameras_that_are_looked_at_one_by_one(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "wrong")
    with simulated_camera(clip(), "--web-port", "0") as recorder:
        config = configured(tmp_path, recorder, {"port": broker.port}, ids=("a", "b", "c"))
        codes = [doctor(config, "--camera", name).codes()["password"] for name in "aabbc"]
        assert codes == ["password_refused"] * 2 + ["password_resting"] * 3
        assert recorder.counted()["bad_logins"] == 2


def test_a_camera_that_has_locked_the_box_out_is_not_tried(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--lock-after", "0") as camera:
        said = doctor(configured(tmp_path, camera, {"port": broker.port}))
        assert said.bad() == {"password": "password_locked"}
        assert said.of("password")["values"] == {"minutes": 30}
        assert (camera.counted()["good_logins"], camera.counted()["bad_logins"]) == (0, 0)


def test_rtsp_with_sha_256_only(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--rtsp-digest", "SHA-256", "--web-digest", "SHA-256") as camera:
        said = doctor(configured(tmp_path, camera, {"port": broker.port}))
        assert said.bad() == {"digest": "digest_sha"}
        assert "RTSP Digest Algorithm to MD5" in said.of("digest")["mend"]
        assert said.codes()["password"] == "password_web", "the web service can tell"
        assert camera.counted()["bad_logins"] == 0


def test_rtsp_with_sha_256_and_a_wrong_password(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "wrong")
    with simulated_camera(clip(), "--web-port", "0", "--rtsp-digest", "SHA-256") as camera:
        said = doctor(configured(tmp_path, camera, {"port": broker.port}))
        assert said.bad() == {"digest": "digest_sha", "password": "password_refused", "isapi": "isapi_refused"}
        assert camera.counted()["bad_logins"] == 1


@pytest.fixture(scope="module")
def long_gop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A keyframe every ten seconds, as a smart codec makes it on a quiet street."""
    options = ("-t", "20", "-c:v", "libx264", "-preset", "ultrafast", "-g", "300", "-sc_threshold", "0")
    return encode(clip(), tmp_path_factory.mktemp("films") / "long.mp4", *options)


def test_a_smart_codec_is_told_and_mended(tmp_path: Path, broker: Mosquitto, long_gop: Path) -> None:
    options = ("--web-port", "0", "--loop", "--smart", "--calm", str(clip()))
    with simulated_camera(long_gop, *options) as camera:
        config = configured(tmp_path, camera, {"port": broker.port})
        said = doctor(config)
        assert said.bad() == {"gop": "gop_endless", "settings": "settings_wrong"}
        assert camera.counted()["puts"] == [], "nothing is changed without consent"
        refused = cityeye("doctor", "--config", str(config), "--mend")
        assert (refused.returncode, refused.stdout) == (2, ""), "there is no terminal to ask on"
        mended = doctor(config, "--mend", "--yes")
        assert mended.bad() == {}
        assert camera.counted()["puts"] == [102]
        assert mended.of("mend")["found"] == (
            "102: H.264, 720×480, 30 fps, GOP 10 s, SmartCodec on, SVC off → "
            "H.264, 720×480, 30 fps, GOP 2 s, SmartCodec off, SVC off"
        )
        assert mended.of("gop")["values"]["seconds"] == pytest.approx(2.0, abs=0.1)
        assert camera.counted()["bad_logins"] == 0


def asked(config: Path, answer: str) -> str:
    """What is said on a terminal on which somebody gives this answer."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agent", "doctor", "-c", str(config), "--mend", "--watch", "2", "--lang", "en"]
    with os.fdopen(ours, "wb", buffering=0) as keyboard, os.fdopen(theirs, "rb", buffering=0) as stdin:
        keyboard.write(f"{answer}\n".encode())
        done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=False, timeout=240)
    check_log(done.stdout + done.stderr, PASSWORD)
    return done.stdout


def test_consent_is_asked_for_on_a_terminal(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--loop", "--smart") as camera:
        config = configured(tmp_path, camera, {"port": broker.port}, MAIN)
        said = asked(config, "n")
        assert "Channel 101 is the main stream: recordings change with it." in said
        assert "SmartCodec on, SVC off\nto\n  H.264, 720×480, 30 fps, GOP 2 s, SmartCodec off" in said
        assert "camera gate: left as it is" in said
        assert camera.counted()["puts"] == []
        assert "  ✓ mending         101: " in asked(config, "y")
        assert camera.counted()["puts"] == [101]


def test_what_a_camera_does_not_take_is_told(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--loop", "--smart", "--stubborn") as camera:
        said = doctor(configured(tmp_path, camera, {"port": broker.port}), "--mend", "--yes")
        assert said.bad() == {"mend": "mend_partly", "settings": "settings_left"}
        assert "SmartCodec on" in said.of("mend")["values"]["after"]
        assert "SmartCodec off" in said.of("mend")["values"]["wanted"]


def test_a_stream_that_stalls_is_not_one_that_cannot_be_decoded(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--end-after", "1") as camera:
        said = doctor(configured(tmp_path, camera, {"port": broker.port}))
        assert said.bad() == {"stream": "stream_broke"}
        assert said.codes()["password"] == "password_good"


def test_no_login_is_risked_where_a_refusal_could_not_be_kept(
    tmp_path: Path, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", "wrong")
    data = tmp_path / "data"
    with memory_disk(data, "size=8m"), simulated_camera(clip(), "--web-port", "0") as camera:
        filler = fill(data)
        config = configured(tmp_path, camera, {"port": broker.port}, storage={"folder": str(data)})
        assert doctor(config).codes()["password"] == "password_unguarded"
        assert camera.counted()["bad_logins"] == 0
        assert list(data.iterdir()) == [filler], "nothing is left behind"


def test_the_main_stream_is_dear_and_a_wrong_clock_is_told(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--loop", "--clock-offset", "600") as camera:
        said = doctor(configured(tmp_path, camera, {"port": broker.port}, MAIN))
    assert said.bad() == {"camera_clock": "camera_clock_off"}
    assert said.of("camera_clock")["values"]["seconds"] == pytest.approx(600, abs=5)
    assert said.of("channel")["code"] == "channel_dear"
    assert said.of("channel")["values"]["url"] == camera.url(SUB)


def test_a_camera_that_is_off_and_a_stream_that_it_does_not_have(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--auth", "none") as camera:
        config = configured(tmp_path, camera, {"port": broker.port}, "/Streaming/Channels/901")
        assert doctor(config).bad() == {"describe": "describe_path"}
    gone = doctor(config)
    assert gone.bad() == {"reach": "camera_away"}
    assert gone.codes()["gop"] == "skipped"


def test_no_broker(tmp_path: Path) -> None:
    said = doctor(configured(tmp_path, None, {"port": free_port()}))
    assert said.bad() == {"tcp": "broker_away"}
    assert {said.codes()[check] for check in BROKER[1:]} == {"skipped"}


OWN = "cityeye/v1/gongshu/box-7"


def test_a_broker_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acl = f"user box\ntopic write {OWN}/state\ntopic write {OWN}/health\ntopic read {OWN}/cmd\ntopic read {OWN}/ack\n"
    limits = ("max_packet_size 20000",)
    login = {"username": "box", "password": {"env": "BROKER_PASSWORD"}}
    with Mosquitto(tmp_path / "broker", users={"box": BROKER_PASSWORD}, acl=acl, options=limits) as broker:
        config = configured(tmp_path, None, {"port": broker.port, **login})
        said = doctor(config)
        assert said.bad() == {"publish": "publish_denied", "limit": "limit_small"}
        assert said.of("publish")["values"]["topics"] == f"{OWN}/event, {OWN}/rsp, {OWN}/evidence"
        monkeypatch.setenv("BROKER_PASSWORD", "wr0ng")
        assert doctor(config).bad() == {"login": "login_refused"}


def test_a_broker_that_cannot_say_no(tmp_path: Path, broker: Mosquitto) -> None:
    said = doctor(configured(tmp_path, None, {"port": broker.port, "protocol": "3.1.1"}))
    assert said.bad() == {}
    assert said.of("publish")["code"] == "publish_untold"
    assert said.of("login")["values"]["version"] == "3.1.1"


@pytest.mark.parametrize(("expired", "code"), [(False, "tls_soon"), (True, "tls_expired")])
def test_the_brokers_certificate(tmp_path: Path, expired: bool, code: str) -> None:
    ca = authority(tmp_path, "ca")
    shown = issued(tmp_path, "broker-of-the-city", ca, expired=expired)
    tls = ServerTls(ca.cert_file, shown.cert_file, shown.key_file)
    with Mosquitto(tmp_path / "broker", tls=tls) as broker:
        mqtt = {"host": "localhost", "port": broker.port, "tls": {"ca_file": str(ca.cert_file)}}
        said = doctor(configured(tmp_path, None, mqtt))
    assert said.codes()["tls"] == code
    assert said.bad() == ({"tls": "tls_expired"} if expired else {})
    assert said.codes()["login"] == ("skipped" if expired else "login_good")


@pytest.mark.parametrize("why", ["unknown authority", "another name"])
def test_a_certificate_that_nobody_known_vouches_for(tmp_path: Path, why: str) -> None:
    ca, other = authority(tmp_path, "ca"), authority(tmp_path, "other-ca")
    unknown = why == "unknown authority"
    shown = issued(tmp_path, "broker-of-the-city", other if unknown else ca, host="localhost" if unknown else "b")
    with Mosquitto(tmp_path / "broker", tls=ServerTls(ca.cert_file, shown.cert_file, shown.key_file)) as broker:
        mqtt = {"host": "localhost", "port": broker.port, "tls": {"ca_file": str(ca.cert_file)}}
        assert doctor(configured(tmp_path, None, mqtt)).bad() == {"tls": "tls_untrusted"}


def test_a_port_that_does_not_speak_tls(tmp_path: Path, broker: Mosquitto) -> None:
    said = doctor(configured(tmp_path, None, {"host": "localhost", "port": broker.port, "tls": {}}))
    assert said.bad() == {"tls": "tls_refused"}


def test_a_model_that_is_missing_or_another(tmp_path: Path, broker: Mosquitto) -> None:
    model = yaml.safe_load(configured(tmp_path, None, {"port": broker.port}).read_text())["model"]["file"]
    missing = {"file": str(tmp_path / "none.onnx")}
    said = doctor(configured(tmp_path, None, {"port": broker.port}, model=missing))
    assert said.bad() == {"model": "model_missing"}
    other = {"file": model, "sha256": "0" * 64}
    said = doctor(configured(tmp_path, None, {"port": broker.port}, model=other))
    assert said.bad() == {"model": "model_unusable"}
    assert "sha256" in said.of("model")["detail"].lower()


def test_a_running_agent_is_left_alone(tmp_path: Path, broker: Mosquitto) -> None:
    with simulated_camera(clip(), "--web-port", "0", "--loop") as camera:
        config = configured(tmp_path, camera, {"port": broker.port})
        with AgentProcess(config) as agent:
            agent.wait_for_log("cameras: 1")
            broker.wait_for_log("cityeye-gongshu-box-7")
            said = doctor(config)
            assert said.bad() == {}
            assert said.of("agent")["values"] == {"pid": str(agent.pid)}
            assert broker.logged("already connected") == 0, "nobody was thrown out"
            assert agent.stop() == 0
        check_log(agent.log, PASSWORD)
        assert "WARNING" not in agent.log
        assert camera.counted()["bad_logins"] == 0


def test_a_clip_that_plays_the_camera(tmp_path: Path, broker: Mosquitto) -> None:
    config = write_street(tmp_path, cameras=[file_camera("clip")], mqtt={"port": broker.port})
    said = doctor(config, "--pictures", str(tmp_path / "look"))
    assert said.bad() == {}
    assert said.of("picture")["values"] == {"file": str(tmp_path / "look" / "clip.jpg")}
    assert (tmp_path / "look" / "clip.jpg").exists()


def test_a_configuration_that_is_no_good(tmp_path: Path) -> None:
    config = configured(tmp_path, None, {"prot": 1883})
    done = cityeye("doctor", "--config", str(config))
    assert done.returncode == 2
    assert "mqtt.prot" in done.stdout
    assert "✗ configuration" in done.stdout


def test_the_box_alone() -> None:
    done = cityeye("doctor", "--json")
    checks = {found["check"] for found in json.loads(done.stdout)["findings"]}
    assert checks == {"disk", "medium", "memory", "clock"}
