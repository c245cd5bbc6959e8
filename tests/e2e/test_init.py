"""`cityeye init` as a field engineer runs it: on a terminal, against a camera and a broker that are real."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from agent.adapters.clock import clock_info
from agent.config import Config, load
from tests.cameras import PASSWORD, SUB, USER, SimulatedCamera, simulated_camera
from tests.e2e.agent_process import cityeye
from tests.e2e.faults import black_hole, check_log
from tests.mosquitto import Mosquitto
from tests.shared_data import shared
from tests.terminal import CTRL_C, CTRL_D, Terminal

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
FILM = ROOT / "demo" / "street.mp4"
HOST = "127.0.0.5"
BROKER_PASSWORD = "br0ker@/ #7% 密码"
WELL = 0 if clock_info().synced else 3
"""The exit code on this machine, whose clock doctor looks at too."""


@pytest.fixture
def camera() -> Iterator[SimulatedCamera]:
    with simulated_camera(FILM, "--host", HOST, "--web-port", "0", "--loop") as running:
        yield running


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker", users={"box": BROKER_PASSWORD}) as running:
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    return folder


def seated(site: Path, *options: str, lang: str = "en") -> Terminal:
    """Somebody in front of `cityeye init`."""
    environment = {**os.environ, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    environment.pop("CITYEYE_MIRROR", None)
    command = [sys.executable, "-m", "agent", "init", "--lang", lang, *options]
    return Terminal(command, folder=site, environment=environment)


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def password_of(config: Config, camera_id: str) -> str | None:
    password = config.camera(camera_id).password
    return password.get_secret_value() if password else None


def bad_logins(camera: SimulatedCamera) -> int:
    with urlopen(f"http://{HOST}:{camera.web_port}/simulation", timeout=60) as answer:
        return int(json.load(answer)["bad_logins"])


def search(camera: SimulatedCamera) -> tuple[str, ...]:
    ports = ("--port", str(camera.port), "--port", str(camera.web_port))
    return ("--range", "127.0.0.3-7", "--allow", "loopback", "--wait", "0", *ports)


def test_a_site_in_english(site: Path, camera: SimulatedCamera, broker: Mosquitto) -> None:
    model = shared("models", "yolox_nano.onnx")
    with seated(site, *search(camera)) as somebody:
        somebody.wait_for("Sets up street.yaml")
        somebody.answer("Id of this box", "Box 7")
        somebody.answer("mend      for example box-7", "box-7")
        somebody.answer("Tenant", "gongshu")
        somebody.answer("Where it stands", "30.3,120.1")
        somebody.answer("expected  at most 90", "120.1,30.3")
        somebody.answer("Broker", f"127.0.0.1:{broker.port}")
        somebody.answer("User at the broker", "box")
        somebody.answer("Password of box", BROKER_PASSWORD)
        somebody.wait_for("1 device(s) found")
        somebody.wait_for(HOST)
        somebody.answer("Which of them", "2")
        somebody.answer("numbers from 1 to 1", "1")
        somebody.answer("Id or name", "East Gate")
        somebody.answer("A further camera", f"gate=rtsp://{USER}:x@{HOST}/x")
        somebody.answer("expected  an address without a password")
        somebody.answer("User at the cameras", USER)
        somebody.answer("Password of admin", "")
        somebody.answer("found nothing", PASSWORD)
        somebody.answer("Fetch the detector yolox-nano", "/no/such.onnx")
        somebody.answer("No such file", str(model))
        somebody.wait_for("east-gate (East Gate)")
        somebody.answer("Write street.yaml?", "maybe")
        somebody.answer("expected y or n", "y")
        somebody.wait_for("accepted for admin")
        assert somebody.end() == WELL
        assert "box-7/cmd" in somebody.shown
        check_log(somebody.shown, PASSWORD, BROKER_PASSWORD)
    assert everything(site) == {"street.yaml", "secrets/mqtt", "secrets/cameras", "models/yolox_nano.onnx"}
    for secret in ("secrets/mqtt", "secrets/cameras"):
        assert (site / secret).stat().st_mode & 0o777 == 0o600
    config = load(site / "street.yaml", env={})
    (taken,) = config.cameras
    assert (taken.id, taken.name, taken.url) == ("east-gate", "East Gate", f"rtsp://{HOST}:{camera.port}{SUB}")
    assert (taken.username, password_of(config, "east-gate"), taken.zones) == (USER, PASSWORD, ())
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == BROKER_PASSWORD
    assert config.box.location is not None
    assert (config.box.id, config.box.tenant, config.box.location.lat) == ("box-7", "gongshu", 30.3)
    assert bad_logins(camera) == 0


def test_a_site_in_chinese(site: Path, camera: SimulatedCamera, broker: Mosquitto) -> None:
    with seated(site, *search(camera), "--no-pull", lang="zh") as somebody:
        somebody.wait_for("将配置 street.yaml")
        somebody.answer("本设备的编号", "东门盒子")
        somebody.answer("由 a–z、0–9、- 和 _ 组成的编号", "box-7")
        somebody.answer("所属租户")
        somebody.answer("所在位置", "120.1，30.3，gcj02")
        somebody.answer("服务器", f"127。0。0。1：{broker.port}")
        somebody.answer("服务器用户名", "box")
        somebody.answer("box 在服务器上的密码", BROKER_PASSWORD)
        somebody.wait_for("找到 1 台设备")
        somebody.answer("选用哪些", "全部")
        somebody.wait_for("的编号或名称")
        somebody.wait_for("> ")
        somebody.press("东\n".encode("gbk"))
        somebody.answer("应为 UTF-8 文本", "东门")
        somebody.answer("再加一台摄像机")
        somebody.answer("摄像机用户名")
        somebody.answer("admin 在摄像机上的密码", PASSWORD)
        somebody.wait_for("camera-5 (东门)")
        somebody.answer("写入 street.yaml？", "是")
        somebody.wait_for("用户 admin 已接受")
        assert somebody.end() == WELL
        check_log(somebody.shown, PASSWORD, BROKER_PASSWORD)
    text = (site / "street.yaml").read_text(encoding="utf-8")
    assert "# 本设备的编号，在同一租户内唯一；是每个主题的一部分。" in text
    config = load(site / "street.yaml", env={})
    assert (config.cameras[0].name, password_of(config, "camera-5")) == ("东门", PASSWORD)
    assert config.box.location is not None
    assert config.box.location.crs == "gcj02"
    assert bad_logins(camera) == 0


def test_a_site_by_flags_alone(
    site: Path, camera: SimulatedCamera, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    secret = site / "broker.txt"
    secret.write_text(f"{BROKER_PASSWORD}\n", encoding="utf-8")
    file = site / "configs" / "site.yaml"
    done = cityeye(
        "init", str(file), "--yes", "--no-pull", *search(camera),
        "--box-id", "box-7", "--broker", f"127.0.0.1:{broker.port}",
        "--broker-user", "box", "--broker-password-from", f"file:{secret}",
        "--camera-user", USER, "--camera-password-from", "env:CAMERA_PASSWORD",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (WELL, "")
    check_log(done.stdout, PASSWORD, BROKER_PASSWORD)
    assert "accepted for admin" in done.stdout
    assert everything(site) == {"broker.txt", "configs/site.yaml"}, "passwords stay where they were"
    assert [known.id for known in load(file).cameras] == ["camera-5"]
    assert bad_logins(camera) == 0


def test_passwords_that_are_wrong_are_told_and_tried_once(
    site: Path, camera: SimulatedCamera, broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WRONG", "wrong")
    done = cityeye(
        "init", str(site / "street.yaml"), "--no-pull", *search(camera), "--broker", f"127.0.0.1:{broker.port}",
        "--broker-user", "box", "--broker-password-from", "env:WRONG",
        "--camera-user", USER, "--camera-password-from", "env:WRONG",
    )  # fmt: skip
    assert done.returncode == 3
    assert "✗ login           refused" in done.stdout
    assert "✗ password        refused, after one try" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("next: mend what is marked ✗")
    assert load(site / "street.yaml").mqtt.host == "127.0.0.1"
    assert bad_logins(camera) == 1


QUESTIONS = (
    ("Id of this box", "box-7"),
    ("Tenant", ""),
    ("Where it stands", ""),
    ("Broker", "127.0.0.1:1"),
    ("User at the broker", "box"),
    ("Password of box", BROKER_PASSWORD),
    ("A further camera", "gate=rtsp://127.0.0.1:1/x"),
    ("A further camera", ""),
    ("User at the cameras", ""),
    ("Password of admin", PASSWORD),
    ("Fetch the detector", "n"),
    ("Write street.yaml?", "n"),
)


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 130), (CTRL_D, 1)])
def test_whoever_leaves_at_a_question_leaves_nothing_behind(site: Path, number: int, key: str, code: int) -> None:
    with seated(site, "--no-discover") as somebody:
        for question, answer in QUESTIONS[:number]:
            somebody.answer(question, answer)
        somebody.wait_for(QUESTIONS[number][0])
        somebody.wait_for("> ")
        assert somebody.leave(key) == code
        assert somebody.shown.splitlines()[-1] == "ended; street.yaml was not written"
        check_log(somebody.shown, PASSWORD, BROKER_PASSWORD)
    assert list(site.iterdir()) == []


def test_whoever_leaves_while_doctor_looks_keeps_what_is_written(site: Path) -> None:
    with black_hole() as port, seated(site, "--no-discover", "--no-pull", "--broker", f"127.0.0.1:{port}") as somebody:
        for question in ("Id of this box", "Tenant", "Where it stands", "User at the broker", "A further", "Write"):
            somebody.answer(question)
        somebody.wait_for("clock")
        assert somebody.leave(CTRL_C) == 3
        assert somebody.shown.splitlines()[-1] == "next: cityeye doctor --config street.yaml"
    assert load(site / "street.yaml").mqtt.port == port


def test_no_is_an_answer(site: Path) -> None:
    with seated(site, "--no-discover") as somebody:
        for question, answer in QUESTIONS:
            somebody.answer(question, answer)
        assert somebody.end() == 1
    assert list(site.iterdir()) == []


def test_what_cannot_be_written_is_told_before_the_first_question(site: Path) -> None:
    (site / "street.yaml").write_text("mine", encoding="utf-8")
    with seated(site) as somebody:
        somebody.wait_for("replace it with --force")
        assert somebody.end() == 2
    with seated(site, "street.yaml/site.yaml", lang="zh") as somebody:
        somebody.wait_for("应为可进入且可写入的文件夹")
        assert somebody.end() == 1
    assert everything(site) == {"street.yaml"}
    assert (site / "street.yaml").read_text(encoding="utf-8") == "mine"
