"""The doctor's judgements, apart from the things that it looks at."""

from __future__ import annotations

import ast
import os
import re
import runpy
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.adapters.isapi import StreamSettings, Wanted
from agent.adapters.machine import disk_of, memory, others_may_read
from agent.adapters.pictures import Caption, zone_map
from agent.adapters.rtsp_probe import Address
from agent.adapters.sqlite import Database, SqliteLedger, Visitor, agent_in
from agent.app.doctor.box import certificate_findings, disk_findings, folder_findings, ledger_fault
from agent.app.doctor.camera_web import channel_of, web_address
from agent.app.doctor.findings import Finding
from agent.app.doctor.ledger import SharedLedger
from agent.app.doctor.mending import shown, told_after, wanted_for
from agent.cli.texts import Texts
from agent.cli.texts_doctor import DOCTOR
from agent.config import CameraConfig, Config
from agent.core.errors import StoreFull
from agent.ports import LoginLedger
from tests.certificates import authority, issued
from tests.contracts.login_ledger import LoginLedgerContract
from tests.events import T0
from tests.fakes import FakeClock
from tests.memory_disk import fill, memory_disk

ROOT = Path(__file__).parents[2]
GOOD = StreamSettings(channel=102, codec="H.264", size_px=(704, 576), fps=25.0, gop_frames=50, smart=False, svc=False)


class TestSharedLedger(LoginLedgerContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> LoginLedger:
        return SharedLedger(tmp_path / "data" / "cityeye.db")


def test_an_empty_file_is_no_database_yet(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    path.touch()
    assert ledger_fault(tmp_path) == ""
    SharedLedger(path).refused("10.0.0.9", "f", 1000.0)
    assert SharedLedger(path).refusals("10.0.0.9", "f") == (1, 1000.0)


def test_what_could_not_be_made_leaves_nothing_behind(tmp_path: Path) -> None:
    data = tmp_path / "disk"
    with memory_disk(data, "size=64k"):
        filler = fill(data)
        with pytest.raises(StoreFull):
            SharedLedger(data / "new" / "cityeye.db").refused("10.0.0.9", "f", 1000.0)
        assert list(data.iterdir()) == [filler]
        assert "of room" in ledger_fault(data)


def test_the_ledger_is_the_agents_own(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    with Database(path, reserve_bytes=0).open() as database:
        SqliteLedger(database).refused("gate", "f", 1000.0)
        shared = SharedLedger(path)
        assert shared.refusals("gate", "f") == (1, 1000.0)
        shared.refused("gate", "f", 2000.0)
        assert SqliteLedger(database).refusals("gate", "f") == (2, 2000.0)


def test_asking_makes_no_database(tmp_path: Path) -> None:
    SharedLedger(tmp_path / "data" / "cityeye.db").clear("gate")
    assert not (tmp_path / "data").exists()


def test_an_agent_is_noticed_by_its_lock_and_not_by_what_it_left_behind(tmp_path: Path) -> None:
    assert agent_in(tmp_path) is None
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open():
        assert agent_in(tmp_path) == str(os.getpid())
    assert (tmp_path / "agent.lock").exists()
    assert agent_in(tmp_path) is None


@pytest.mark.parametrize(
    ("settings", "main", "wanted"),
    [
        (GOOD, False, None),
        (StreamSettings(channel=102, codec="H.264", fps=25.0, gop_frames=100), False, None),
        (StreamSettings(channel=102, codec="H.264", fps=25.0, gop_frames=101), False, Wanted(gop_s=2.0)),
        (StreamSettings(channel=102, codec="H.264", keyframe_interval_ms=9000), False, Wanted(gop_s=2.0)),
        (StreamSettings(channel=102, codec="H.264"), False, Wanted(gop_s=2.0)),
        (StreamSettings(channel=102, codec="H.265", fps=25.0, gop_frames=50), False, Wanted(codec="H.264")),
        (StreamSettings(channel=101, codec="H.265", fps=25.0, gop_frames=50), True, None),
        (
            StreamSettings(channel=102, codec="MJPEG", fps=25.0, gop_frames=50, smart=True, svc=True),
            False,
            Wanted(codec="H.264", smart=False, svc=False),
        ),
    ],
)
def test_what_a_stream_should_be(settings: StreamSettings, main: bool, wanted: Wanted | None) -> None:
    assert wanted_for(settings, main=main) == wanted
    if wanted is not None:
        assert wanted_for(told_after(settings, wanted), main=main) is None, "once mended it stays so"


def test_settings_in_one_line() -> None:
    assert shown(GOOD) == "H.264, 704×576, 25 fps, GOP 2 s, SmartCodec off, SVC off"
    assert shown(StreamSettings(channel=101)) == ""


@pytest.mark.parametrize(
    ("path", "channel"),
    [
        ("/Streaming/Channels/102", 102),
        ("/streaming/channels/1601/?transportmode=unicast", 1601),
        ("/ISAPI/Streaming/channels/101", 101),
        ("/h264/ch1/main/av_stream", None),
        ("/Streaming/Channels/", None),
    ],
)
def test_the_channel_of_an_address(path: str, channel: int | None) -> None:
    assert channel_of(Address(host="h", port=554, path=path)) == channel


@pytest.mark.parametrize(
    ("url", "main_stream", "web"),
    [
        ("rtsp://192.168.1.64/x", "auto", "http://192.168.1.64"),
        ("rtsp://[fe80::1]:554/x", "off", "http://[fe80::1]"),
        ("rtsp://192.168.1.64/x", "https://192.168.1.64:8443/ISAPI/x", "https://192.168.1.64:8443"),
        ("rtsp://192.168.1.64/x", "rtsp://192.168.1.64/y", "http://192.168.1.64"),
    ],
)
def test_where_the_web_service_is(url: str, main_stream: str, web: str) -> None:
    address, _, _ = Address.of(url)
    assert web_address(CameraConfig(id="gate", url=url, main_stream=main_stream), address) == web


def codes(findings: list[Finding]) -> dict[str, str]:
    return {finding.check: finding.code for finding in findings}


def test_room_on_the_disk(tmp_path: Path) -> None:
    free = disk_of(tmp_path).free_bytes
    assert codes(disk_findings(tmp_path / "data", 0, 0))["disk"] == "disk_good"
    assert codes(disk_findings(tmp_path / "data", 0, 2 * free))["disk"] == "disk_tight"
    assert codes(disk_findings(tmp_path / "data", 2 * free, 0))["disk"] == "disk_low"


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a file system in memory")
def test_a_folder_in_memory() -> None:
    found = codes(disk_findings(Path("/dev/shm/cityeye"), 0, 0))
    assert found["medium"] == "medium_memory"


def test_memory_is_known_here() -> None:
    told = memory()
    assert told is not None
    assert 0 < told.available_bytes <= told.total_bytes


def test_who_may_read(tmp_path: Path) -> None:
    key = tmp_path / "box.key"
    key.touch(mode=0o600)
    assert not others_may_read(key)
    key.chmod(key.stat().st_mode | stat.S_IROTH)
    assert others_may_read(key)


@pytest.mark.parametrize(
    ("later_days", "code"), [(-30, "certificate_good"), (0, "certificate_soon"), (3, "certificate_expired")]
)
def test_the_boxs_own_certificate(tmp_path: Path, later_days: int, code: str) -> None:
    pair = issued(tmp_path, "box", authority(tmp_path, "ca"))  # for two days
    now = datetime.now(UTC)  # openssl reads the machine's clock
    clock = FakeClock(start=now + timedelta(days=later_days))
    [found] = certificate_findings(config_with_certificate(pair.cert_file), clock)
    assert found.code == code
    assert found.values["until"] == f"{now + timedelta(days=2):%Y-%m-%d}"


@pytest.mark.parametrize(
    "content",
    ["", "-----BEGIN CERTIFICATE-----\nMAMC\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIB", None],
)
def test_a_certificate_that_is_none(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "box.pem"
    file.write_text(content or "")
    config = config_with_certificate(file)
    if content is None:
        file.unlink()
    assert codes(certificate_findings(config, FakeClock())) == {"certificate": "certificate_unreadable"}


def test_a_box_without_a_certificate_of_its_own() -> None:
    assert certificate_findings(Config.model_validate({"mqtt": {"host": "broker"}}), FakeClock()) == []


def config_with_certificate(file: Path) -> Config:
    return Config.model_validate({"mqtt": {"host": "broker", "tls": {"cert_file": str(file)}}})


def test_a_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in its place")
    context = {"mqtt": {"host": "broker"}, "storage": {"folder": str(tmp_path / "data" / "deeper")}}
    config = Config.model_validate(context)
    assert codes(folder_findings(config)) == {"agent": "agent_stopped", "folder": "folder_closed"}


def test_a_database_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "cityeye.db").write_bytes(b"no database" * 100)
    config = Config.model_validate({"mqtt": {"host": "broker"}, "storage": {"folder": str(tmp_path)}})
    assert codes(folder_findings(config))["folder"] == "database_unusable"
    assert Visitor(tmp_path / "cityeye.db").path.exists()


def test_all_zones_are_drawn_on_one_picture() -> None:
    image = np.full((240, 320, 3), 90, np.uint8)
    zones = {"left": [(0.1, 0.1), (0.4, 0.1), (0.4, 0.5)], "right": [(0.6, 0.6), (0.9, 0.6), (0.9, 0.9)]}
    caption = Caption(camera="gate", zone="", at=T0, dwell_s=None)
    both, none = zone_map(image, zones, caption), zone_map(image, {}, caption)
    assert len(both) > len(none)
    assert image.min() == image.max() == 90, "the picture itself is not changed"


def constants(*files: Path) -> set[str]:
    """Every string in these sources."""
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_every_code_has_its_texts_and_every_text_its_code() -> None:
    said = constants(*(ROOT / "agent/app/doctor").glob("*.py"), ROOT / "agent/cli/doctor.py")
    found = {key.removeprefix("doctor.found.") for key in DOCTOR if key.startswith("doctor.found.")}
    assert found <= said, "a text that no check comes to"
    codes_of = {word for word in said if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)}
    assert codes_of - found - {"camera_clock"} == set(), "a code without a text"


def test_every_fault_has_its_mend() -> None:
    say = Texts("en")
    for source in (ROOT / "agent/app/doctor").glob("*.py"):
        for check, code in re.findall(r'\bbad\(\s*"([a-z_]+)",\s*"([a-z_]+)"', source.read_text(encoding="utf-8")):
            assert say.knows(f"doctor.check.{check}"), check
            assert say.knows(f"doctor.mend.{code}"), code


def test_the_page_has_the_faults_of_the_command() -> None:
    text = (ROOT / "docs/doctor.md").read_text(encoding="utf-8")
    page = runpy.run_path(str(ROOT / "scripts/doctor_docs.py"))["page"]
    assert page(text) == text, "run: python -m scripts.doctor_docs"
