"""`cityeye discover` as a field engineer runs it, against the simulated camera and devices that answer by multicast."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.cameras import SUB, SimulatedCamera, simulated_camera
from tests.e2e.agent_process import cityeye
from tests.ws_responder import DAHUA, HIKVISION, Answering, responding

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.5"
RANGE = ("--range", "127.0.0.3-7", "--allow", "loopback", "--wait", "0")
ONVIF = ("--address", "127.0.0.1", "--wait", "2")
BROKER = "mqtt: {host: broker}\n"


@pytest.fixture
def camera() -> Iterator[SimulatedCamera]:
    with simulated_camera(ROOT / "demo" / "street.mp4", "--host", HOST, "--web-port", "0") as running:
        yield running


def ports(camera: SimulatedCamera) -> tuple[str, ...]:
    return ("--port", str(camera.port), "--port", str(camera.web_port))


def discover(*options: str) -> tuple[int, dict[str, Any]]:
    done = cityeye("discover", "--json", *options)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def test_a_camera_in_a_range_and_not_one_login_is_tried(camera: SimulatedCamera) -> None:
    code, said = discover(*RANGE, *ports(camera))
    (device,) = said["devices"]
    assert (code, device["address"], device["maker"], device["ways"]) == (0, HOST, "Hikvision", ["isapi", "rtsp"])
    assert device["urls"][0] == f"rtsp://{HOST}:{camera.port}{SUB}"
    assert (said["others"], device["configured_as"]) == (4, None)
    with urlopen(f"http://{HOST}:{camera.web_port}/simulation", timeout=60) as answer:
        assert json.load(answer) == {"good_logins": 0, "bad_logins": 0, "locked": [], "puts": []}


def test_a_camera_without_a_login_tells_its_model() -> None:
    options = ("--host", HOST, "--web-port", "0", "--auth", "none")
    with simulated_camera(ROOT / "demo" / "street.mp4", *options) as running:
        _, said = discover(*RANGE, *ports(running))
    (device,) = said["devices"]
    assert (device["model"], device["name"], device["firmware"]) == ("DS-2CD-SIMULATED", "IP CAMERA", "V5.7.3")


def test_what_it_prints_can_be_pasted_and_is_then_known(camera: SimulatedCamera, tmp_path: Path) -> None:
    file = tmp_path / "street.yaml"
    file.write_text(f"{BROKER}cameras:\n", encoding="utf-8")
    done = cityeye("discover", "--yaml", *RANGE, *ports(camera))
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].endswith("cityeye doctor --config FILE")
    with file.open("a", encoding="utf-8") as end:
        end.write(done.stdout)
    _, said = discover("--config", str(file), *RANGE, *ports(camera))
    assert said["devices"][0]["configured_as"] == ["camera-5"]
    assert said["next"] == f"next: all of them are configured; run: cityeye doctor --config {file}"
    again = cityeye("discover", "--yaml", "--config", str(file), *RANGE, *ports(camera))
    assert (again.returncode, again.stdout) == (0, "")


def test_devices_that_answer_by_multicast(tmp_path: Path) -> None:
    file = tmp_path / "street.yaml"
    cameras = f"cameras: [{{id: gate, url: 'rtsp://127.0.0.11{SUB}'}}]\n"
    file.write_text(BROKER + cameras, encoding="utf-8")
    garbage = Answering("127.0.0.4", (b"garbage",))
    with responding(
        Answering("127.0.0.11", (HIKVISION, HIKVISION)), Answering("127.0.0.9", (DAHUA,)), garbage, port=3702
    ):
        done = cityeye("discover", "--config", str(file), *ONVIF)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "2 device(s) found",
        "address     maker      model         name                  found by  configured as",
        "127.0.0.9   Dahua      IPC-HFW2431S  Dahua                 onvif     -",
        "    rtsp://127.0.0.9/cam/realmonitor?channel=1&subtype=1",
        "    rtsp://127.0.0.9/cam/realmonitor?channel=1&subtype=0",
        "127.0.0.11  Hikvision  DS-2CD2T46    HIKVISION DS-2CD2T46  onvif     gate",
        "    rtsp://127.0.0.11/Streaming/Channels/102",
        "    rtsp://127.0.0.11/Streaming/Channels/101",
        "1 answer(s) to the ONVIF question could not be read",
        "next: the same with --yaml prints lines for cameras: in the configuration; with these in it, run: "
        f"cityeye doctor --config {file}",
    ]


def test_nothing_there_says_what_to_look_at() -> None:
    done = cityeye("discover", *ONVIF, "--lang", "zh")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[0] == "找到 0 台设备"
    assert done.stdout.splitlines()[-1].startswith("下一步：检查电源和网线")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--range", "8.8.8.0/24"), "expected private addresses"),
        (("--range", "10.0.0.0/8"), "expected at most 1024 addresses in all, found 16777216"),
        (("--range", "127.0.0.1"), "add --allow loopback"),
        (("--range", "169.254.77.0/24"), "add --allow routed"),
        (("--range", "gate"), "expected 192.168.1.0/24"),
        (("--wait", "0"), "expected together with --range"),
        (("--wait", "600"), "expected 0 to 60 seconds"),
        (("--interface", "eth99"), "--interface: expected one of lo"),
        (("--address", "203.0.113.7"), "--address: expected one of 127.0.0.1"),
        (("--json", "--yaml"), "found both"),
        (("--range", "127.0.0.1", *[f"--port={port}" for port in range(1, 10)]), "--port: expected at most 8, found 9"),
    ],
)
def test_what_is_refused_before_anything_is_sent(options: tuple[str, ...], told: str) -> None:
    done = cityeye("discover", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
