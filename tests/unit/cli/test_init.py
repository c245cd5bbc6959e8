"""`cityeye init` without a terminal: what it refuses, and that it then leaves nothing behind."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import pytest

from agent.adapters.onnx.model import file_sha256
from agent.cli import main
from agent.config import load
from agent.config.catalogue import shipped_folder
from agent.config.sections.box import BoxConfig
from tests.memory_disk import memory_disk
from tests.unit.cli.commands import run

URL = "rtsp://192.168.1.64/Streaming/Channels/102"
QUIET = ("--no-doctor", "--no-pull", "--no-discover")
PASSWORD = "hunter2"
OTHERS = 65534
"""The user and group that own nothing."""


def as_others(act: Callable[[], object]) -> tuple[int, str]:
    """Done in a child process that owns nothing: its exit code, and what it complained of."""
    ours, theirs = os.pipe()
    if (child := os.fork()) == 0:
        code, told = 99, StringIO()
        try:
            if os.geteuid() == 0:  # who may enter everything
                os.setgroups([])
                os.setresgid(OTHERS, OTHERS, OTHERS)
                os.setresuid(OTHERS, OTHERS, OTHERS)
            with redirect_stderr(told):
                act()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:  # with 99, and nothing told, for any other exception
            os.write(theirs, told.getvalue().encode())
            os._exit(code)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as told_us:
        text = told_us.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), text


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "CITYEYE_MIRROR"):
        monkeypatch.delenv(name, raising=False)


def test_by_flags_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAMERA_PASSWORD", PASSWORD)
    (tmp_path / "broker.txt").write_text(f"{PASSWORD}-broker\n", encoding="utf-8")
    (tmp_path / "ca.pem").touch()
    code, out, err = run(
        capsys, "init", "site.yaml", *QUIET, "--yes",
        "--box-id", "box-7", "--tenant", "gongshu", "--time-zone", "Asia/Urumqi", "--location", "120.1,30.3,gcj02",
        "--broker", "mqtts://broker:8884", "--broker-ca", "ca.pem",
        "--broker-user", "box", "--broker-password-from", f"file:{tmp_path}/broker.txt",
        "--camera", f"gate={URL}", "--camera", "东门=rtsp://192.168.1.65/x",
        "--camera-user", "admin", "--camera-password-from", "env:CAMERA_PASSWORD",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "next: cityeye doctor --config site.yaml"
    text = (tmp_path / "site.yaml").read_text(encoding="utf-8")
    assert PASSWORD not in text + out
    config = load(tmp_path / "site.yaml")
    assert (config.box.id, config.box.tenant, config.box.time_zone) == ("box-7", "gongshu", "Asia/Urumqi")
    assert config.box.location is not None
    assert (config.box.location.lon, config.box.location.crs) == (120.1, "gcj02")
    assert config.mqtt.tls is not None
    assert (config.mqtt.port, config.mqtt.tls.ca_file) == (8884, tmp_path / "ca.pem")
    assert "{file: broker.txt}" in text, "short where it lies beside the file"
    assert [(camera.id, camera.name, camera.zones) for camera in config.cameras] == [
        ("gate", None, ()),
        ("camera-65", "东门", ()),
    ]
    for camera in config.cameras:
        assert camera.password is not None
        assert (camera.username, camera.password.get_secret_value()) == ("admin", PASSWORD)
    assert config.mqtt.password is not None
    assert config.mqtt.password.get_secret_value() == f"{PASSWORD}-broker"


def test_what_is_not_said_is_the_usual(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "init", *QUIET, "--broker", "broker", "--lang", "zh")
    assert code == 0
    assert "下一步：cityeye doctor --config street.yaml" in out
    config = load(tmp_path / "street.yaml")
    assert (config.box.tenant, config.cameras) == (BoxConfig().tenant, ())
    assert "# 城市之眼边缘代理" in (tmp_path / "street.yaml").read_text(encoding="utf-8")


def test_what_is_missing_is_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(capsys, "init", *QUIET, "--camera-user", "admin", "--broker-user", "box")
    assert (code, out) == (2, "")
    assert err == (
        "nobody can be asked here (no terminal, or --yes): expected --broker, --broker-password-from, "
        "--camera-password-from as well\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_everything_that_is_wrong_is_told_at_once_and_no_password_with_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(
        capsys, "init", *QUIET, "--box-id", "Box 7", "--broker", "broker:x", "--camera-password-from", PASSWORD,
        "--broker-user", "b", "--broker-password-from", f"env:{PASSWORD}!", "--camera", f"gate=rtsp://a:{PASSWORD}@h/x",
        "--cameras-from", "none.txt",
    )  # fmt: skip
    assert (code, out) == (2, "")
    headers = [line for line in err.splitlines() if not line.startswith(" ")]
    assert headers == [
        "--box-id", "--broker", "--broker-password-from", "--camera-password-from", "--camera gate", "--cameras-from",
    ]  # fmt: skip
    assert PASSWORD not in err
    assert "  mend      for example box-7" in err.splitlines()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", [PASSWORD, ":x", "https://a", "vault:x"])
def test_a_password_on_the_command_line_is_refused_unseen(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    code, _, err = run(
        capsys, "init", *QUIET, "--broker", "b", "--camera-user", "admin", "--camera-password-from", text
    )
    assert (code, text in err) == (2, False)
    assert "never the password itself" in err
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_left_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "street.yaml"
    file.write_text("mine", encoding="utf-8")
    code, out, err = run(capsys, "init", *QUIET, "--broker", "b")
    assert (code, out) == (2, "")
    assert "replace it with --force" in err
    assert file.read_text(encoding="utf-8") == "mine"
    code, out, _ = run(capsys, "init", *QUIET, "--broker", "b", "--force")
    assert (code, "the old file is kept: street.yaml.bak" in out) == (0, True)
    assert (tmp_path / "street.yaml.bak").read_text(encoding="utf-8") == "mine"
    assert load(file).mqtt.host == "b"


def test_a_folder_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("file/street.yaml", "."):
        code, out, err = run(capsys, "init", name, *QUIET, "--broker", "b")
        assert (code in (1, 2), out) == (True, "")
        assert "expected" in err
    code, _, err = run(capsys, "init", "/proc/street.yaml", *QUIET, "--broker", "b")
    assert code == 1
    assert "/proc" in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("name", ["street.yaml", "sub/street.yaml", "configs/street.yaml"])
def test_a_folder_that_may_not_be_entered(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    argv = ("init", closed / name, *QUIET, "--broker", "b")
    run(capsys, "init", "open.yaml", *argv[2:])  # whatever is imported late: others may not be able to read it
    code, text = as_others(lambda: main([str(argument) for argument in argv]))
    closed.chmod(0o700)
    assert code == 1
    assert text == (
        f"{(closed / name).parent}: expected a folder that may be entered and written to, found none; "
        "choose another, or run it as the agent's user\n"
    )


def test_a_disk_that_is_read_only(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with memory_disk(tmp_path / "disk", "ro") as disk:
        code, out, err = run(capsys, "init", disk / "configs" / "street.yaml", *QUIET, "--broker", "b", "--force")
    assert (code, out) == (1, "")
    assert f"{disk}/configs: expected a folder that may be entered and written to" in err


def test_cameras_of_what_discover_printed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    devices = [
        {"address": "192.168.1.64", "ways": ["onvif"], "maker": "Hikvision", "model": "DS-2CD2T46", "name": "东门"},
        {"address": "192.168.1.70", "ways": ["rtsp"], "maker": "", "model": "evil\n  x: y"},
    ]
    (tmp_path / "found.json").write_text(json.dumps({"devices": devices}), encoding="utf-8")
    code, _, _ = run(capsys, "init", *QUIET, "--broker", "b", "--cameras-from", "found.json")
    assert code == 0
    text = (tmp_path / "street.yaml").read_text(encoding="utf-8")
    assert "  # Hikvision DS-2CD2T46 192.168.1.64\n  - id: camera-64" in text
    assert text.count("    #url: ") == 3
    config = load(tmp_path / "street.yaml")
    assert [(camera.id, camera.name) for camera in config.cameras] == [("camera-64", "东门"), ("camera-70", None)]


def test_two_cameras_of_one_recorder_may_have_names_in_any_language(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    named = [f"{name}={URL[:-3]}{channel}02" for channel, name in enumerate(("东门", "北门"), 1)]
    (tmp_path / "list.txt").write_text(f"南门={URL[:-3]}302\n西门={URL[:-3]}402\n", encoding="utf-8")
    flags = [part for text in named for part in ("--camera", text)]
    code, _, err = run(capsys, "init", *QUIET, "--broker", "b", *flags, "--cameras-from", "list.txt")
    assert (code, err) == (0, "")
    assert [(camera.id, camera.name) for camera in load(tmp_path / "street.yaml").cameras] == [
        ("camera-64", "东门"),
        ("camera-64-2", "北门"),
        ("camera-64-3", "南门"),
        ("camera-64-4", "西门"),
    ]


def test_without_a_network_the_model_comes_from_a_folder_or_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    shipped = shipped_folder() / "street-nano.onnx"
    own = tmp_path / "own detector.onnx"
    own.write_bytes(shipped.read_bytes())
    code, _, _ = run(capsys, "init", "a.yaml", "--no-doctor", "--no-discover", "--broker", "b", "--model", own)
    assert (code, load(tmp_path / "a.yaml").model.id) == (0, "street-nano"), "known by its hash"
    code, _, err = run(
        capsys, "init", "b.yaml", "--no-doctor", "--no-discover", "--broker", "b", "--mirror", tmp_path / "stick"
    )
    assert code == 3, "the file is written, the model is not there"
    assert "expected" in err
    assert (tmp_path / "b.yaml").exists()
    code, _, err = run(capsys, "init", "c.yaml", *QUIET, "--broker", "b", "--model", "nosuch")
    assert (code, "cityeye models list" in err) == (2, True)
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    code, _, err = run(capsys, "init", "c.yaml", *QUIET, "--broker", "b", "--model", "bad.onnx")
    assert code == 1
    assert not (tmp_path / "c.yaml").exists()
    assert file_sha256(shipped, None)


def test_a_range_that_is_not_asked(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "init", "--broker", "b", "--range", "8.8.8.0/24")
    assert code == 2
    assert "expected private addresses" in err
    assert list(tmp_path.iterdir()) == []
