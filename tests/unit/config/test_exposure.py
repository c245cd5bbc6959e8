"""Who else may read a secret or change the configuration is told; what only a group shares is somebody's decision."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from agent.adapters.console_users import UsersFile
from agent.config import inspect
from agent.ports.console.access import Role

PLAIN = "mqtt: {host: broker, username: box, password: hunter2}\n"
IN_ADDRESS = "mqtt: {host: broker}\ncameras: [{id: gate, url: 'rtsp://admin:hunter2@10.0.0.1/x'}]\n"
PARAMETER = "mqtt: {host: broker}\ncameras: [{id: gate, url: 'rtsp://10.0.0.1/user=a&password=hunter2&x=1'}]\n"
SIGNED = "mqtt: {host: broker}\nevidence: {send: put, put_url: 'https://s/{id}.jpg?sig=hunter2'}\n"
NONE = "mqtt: {host: broker}\n"
BY_FILE = "mqtt: {host: broker, username: box, password: {file: broker.pw}}\n"


def told(folder: Path, text: str, mode: int) -> list[tuple[str, str]]:
    """Key and mend of each warning about modes."""
    file = folder / "c.yaml"
    file.write_text(text)
    file.chmod(mode)
    report = inspect(file, env={})
    assert report.config is not None, report.problems
    assert "hunter2" not in str(report)
    return [(warning.key, warning.mend) for warning in report.warnings if warning.mend.startswith("chmod")]


@pytest.mark.parametrize("text", [PLAIN, IN_ADDRESS, PARAMETER, SIGNED])
def test_a_secret_in_a_file_that_anybody_may_read(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text, 0o644) == [("(file)", f"chmod o-rwx {tmp_path}/c.yaml")]
    assert told(tmp_path, text, 0o640) == []


def test_a_file_without_secrets_may_be_read_but_not_changed_by_anybody(tmp_path: Path) -> None:
    assert told(tmp_path, NONE, 0o644) == []
    assert told(tmp_path, NONE, 0o666) == [("(file)", f"chmod o-w {tmp_path}/c.yaml")]


def test_the_file_of_a_secret(tmp_path: Path) -> None:
    secret = tmp_path / "broker.pw"
    secret.write_text("hunter2\n")
    for mode, warnings in ((0o644, 1), (0o602, 1), (0o640, 0), (0o600, 0)):
        secret.chmod(mode)
        assert told(tmp_path, BY_FILE, 0o644) == [("mqtt.password", f"chmod o-rwx {secret}")] * warnings


def test_the_key_of_the_box(tmp_path: Path) -> None:
    for name in ("box.pem", "box.key"):
        (tmp_path / name).write_text("")
        (tmp_path / name).chmod(0o644)
    text = "mqtt: {host: broker, tls: {cert_file: box.pem, key_file: box.key}}\n"
    assert told(tmp_path, text, 0o644) == [("mqtt.tls.key_file", f"chmod o-rwx {tmp_path}/box.key")]


@pytest.mark.parametrize(
    ("address", "warns"),
    [("http://store.example/{id}.jpg", True), ("https://s/{id}", False), ("http://[::1]/{id}", False)],
)
def test_pictures_that_everybody_in_between_can_see(tmp_path: Path, address: str, warns: bool) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("mqtt: {host: broker}\nevidence: {send: put, put_url: {env: PUT_URL}}\n")
    warnings = inspect(file, env={"PUT_URL": address}).warnings
    assert ("evidence.put_url" in [warning.key for warning in warnings]) == warns


@pytest.mark.parametrize(
    ("listen", "tls", "somebody", "keys"),
    [
        ("192.168.1.20:8190", False, False, ["console.tls", "console.listen"]),
        ("192.168.1.20:8190", False, True, ["console.tls"]),
        ("'[fd00::7]:8190'", True, False, ["console.listen"]),
        ("0.0.0.0:8190", True, True, []),
        ("127.0.0.1:8190", False, False, []),
        ("'[::1]:8190'", False, False, []),
        ("off", False, False, []),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh-CN"])
def test_a_console_that_others_reach_needs_a_certificate_and_a_password(
    tmp_path: Path, listen: str, tls: bool, somebody: bool, keys: list[str], lang: Literal["en", "zh-CN"]
) -> None:
    for name in ("c.pem", "c.key"):
        (tmp_path / name).touch(0o600)
    users = UsersFile(tmp_path / "data" / "console-users.json")
    users.put("somebody", "correct horse battery", Role.OPERATOR)
    if not somebody:
        users.remove("somebody")
    certificate = ", tls: {cert_file: c.pem, key_file: c.key}" if tls else ""
    file = tmp_path / "c.yaml"
    file.write_text(f"mqtt: {{host: broker}}\nstorage: {{folder: data}}\nconsole: {{listen: {listen}{certificate}}}\n")
    report = inspect(file, env={}, lang=lang)
    assert report.config is not None, report.problems
    told = [warning for warning in report.warnings if warning.key.startswith("console")]
    assert [warning.key for warning in told] == keys
    assert all(warning.expected.isascii() == (lang == "en") for warning in told)
    if not somebody:
        (tmp_path / "data" / "console-users.json").unlink()
        assert [w.key for w in inspect(file, env={}).warnings if w.key.startswith("console")] == keys, "nor a file"
