"""What the configuration becomes when the agent is put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from agent.app.parts import facts_of, login_of
from agent.config import CameraConfig
from agent.core.types import Detections, Image, ModelInfo
from agent.core.wire import event_message, parse_event
from agent.runtime.logins import Login
from tests.events import CLOCK, make_event
from tests.unit.config.samples import config_of, good

CROSSWALK = """\
code_systems: [DB31/T 1]
violations: [{rule: illegal_parking, kind: car, zh: 违停, en: Parked, classes: [car], codes: {DB31/T 1: "017"}}]
"""


class BlindDetector:
    """`ports.Detector` that sees nothing."""

    info = ModelInfo(name="blind.onnx", sha256="0" * 64, input_px=(32, 32), class_names=("car",))

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        raise NotImplementedError


def test_events_carry_the_sites_own_codes(tmp_path: Path) -> None:
    (tmp_path / "codes.yaml").write_text(CROSSWALK, encoding="utf-8")
    section = {"file": "codes.yaml", "code_system": "DB31/T 1"}
    config = config_of({**good(), "taxonomy": section}, home=tmp_path)
    sent = parse_event(event_message(make_event(), 1, facts_of(config, BlindDetector()), CLOCK).payload).data
    assert sent.codes is not None
    assert (sent.codes.code_system, sent.codes.code, sent.title.zh) == ("DB31/T 1", "017", "违停 · gate · fire-lane")
    assert sent.config_version == config.version_hash()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("rtsp://NVR.local:554/a", "http://nvr.local./ISAPI/b", True),
        ("rtsp://[2001:db8:0::1]/a", "rtsp://[2001:DB8::1]:8554/b", True),
        ("rtsp://10.0.0.8/a", "rtsp://10.0.0.9/a", False),
    ],
)
def test_cameras_at_one_host_with_one_credential_share_a_login(one: str, other: str, same: bool) -> None:
    def gate(identity: str, url: str, password: str) -> CameraConfig:
        return CameraConfig(id=identity, url=url, username="admin", password=SecretStr(password))

    first, second = login_of(gate("a", "rtsp://x/", "p"), one), login_of(gate("b", "rtsp://y/", "p"), other)
    assert (first == second) is same
    assert (first.fingerprint == second.fingerprint) is same, "salted by the device"
    assert login_of(gate("b", "rtsp://y/", "q"), one) != first


def test_a_camera_without_a_login_has_no_fingerprint() -> None:
    assert login_of(CameraConfig(id="a", url="rtsp://10.0.0.8/a")) == Login("10.0.0.8", "")
