"""Secrets are found where they are said to be, and are never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.config import Config
from tests.unit.config.samples import config_of, good, read, read_data

SECRET = "hunter2"


def with_password(password: object) -> dict[str, Any]:
    data = good()
    data["cameras"][0] |= {"username": "admin", "password": password}
    return data


def password_of(config: Config) -> str:
    password = config.cameras[0].password
    assert password is not None
    return password.get_secret_value()


def test_from_the_environment() -> None:
    config = config_of(with_password({"env": "CAM"}), env={"CAM": SECRET})
    assert password_of(config) == SECRET
    assert SECRET not in repr(config)
    assert SECRET not in config.model_dump_json()


def test_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "cam.txt").write_text(f"{SECRET}\n")
    assert password_of(config_of(with_password({"file": "cam.txt"}), home=tmp_path)) == SECRET


def test_from_systemd(tmp_path: Path) -> None:
    (tmp_path / "cam").write_text(SECRET)
    env = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert password_of(config_of(with_password({"credential": "cam"}), env=env)) == SECRET


def test_in_the_file_it_is_taken_with_a_warning() -> None:
    report = read_data(with_password(SECRET))
    assert report.config is not None
    assert password_of(report.config) == SECRET
    assert [w.key for w in report.warnings if "outside" in w.expected] == ["cameras[0].password"]


@pytest.mark.parametrize(
    ("password", "env", "found"),
    [
        ({"env": "CAM"}, {}, "it is not set"),
        ({"env": "CAM"}, {"CAM": ""}, "it is empty"),
        ({"env": SECRET + "!"}, {}, "other text"),
        ({"file": "empty"}, {}, "an empty file"),
        ({"file": "two"}, {}, "more than one line"),
        ({"file": "bytes"}, {}, "a file that is not UTF-8 text"),
        ({"file": "."}, {}, "not a file"),
        ({"file": "none"}, {}, "no file HOME/none"),
        ({"credential": "cam"}, {}, "$CREDENTIALS_DIRECTORY is not set"),
        ({"credential": "../cam"}, {"CREDENTIALS_DIRECTORY": "/run"}, "a path"),
        ({SECRET: "x"}, {}, "a mapping (key: value)"),
        ({"env": "A", "file": SECRET}, {}, "a mapping (key: value)"),
        (12345678, {}, "a value that is not shown"),
        ([SECRET], {}, "a list of 1"),
        ("", {}, "nothing"),
    ],
)
def test_a_secret_that_is_not_there(tmp_path: Path, password: object, env: dict[str, str], found: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "two").write_text(f"{SECRET}\n{SECRET}\n")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    report = read_data(with_password(password), home=tmp_path, env=env)
    assert [(p.key, p.found) for p in report.problems] == [
        ("cameras[0].password", found.replace("HOME", str(tmp_path)))
    ]
    assert SECRET not in str(report)


@pytest.mark.parametrize(
    ("url", "username", "password"),
    [
        ("rtsp://admin:hunter2@10.0.0.1/x", "admin", "hunter2"),
        ("rtsp://admin:hunter2%40%23@10.0.0.1/x", "admin", "hunter2@#"),
        ("rtsp://admin:hunter2#?@@10.0.0.1/x", "admin", "hunter2#?@"),
        ("RTSP://admin@10.0.0.1/x", "admin", None),
    ],
)
def test_a_login_inside_the_address_is_taken_out(url: str, username: str, password: str | None) -> None:
    data = good()
    data["cameras"][0]["url"] = url
    report = read_data(data)
    assert report.config is not None
    camera = report.config.cameras[0]
    assert camera.url == "rtsp://10.0.0.1/x"
    assert camera.username == username
    assert (camera.password.get_secret_value() if camera.password else None) == password
    assert [w.found for w in report.warnings if w.key == "cameras[0].url"] == ["a login inside the address"]
    assert SECRET not in repr(report)


@pytest.mark.parametrize(
    "line",
    [
        "cameras: [{id: a, url: 'rtsp://admin:hunter2@10.0.0.1:99999/x'}]",
        "cameras: [{id: a, url: 'rtsp://admin:hun/hunter2@10.0.0.1/x'}]",
        "cameras: [{id: a, url: 'http://admin:hunter2@10.0.0.1/x'}]",
        "cameras: [{id: a, url: 'admin:hunter2@10.0.0.1/x'}]",
        "cameras: [{id: a, url: 'rtsp://admin:1/hunter2@10.0.0.1/x'}]",
        "cameras: [{id: a, url: 'rtsp://admin:hunter210.0.0.1/x'}]",
        "cameras: [{id: a, url: 'rtsp:/admin:hunter210.0.0.1/x'}]",
        "cameras: [{id: a, url: 'admin:hunter2.10.0.0.1/x'}]",
        "cameras: [{id: 'rtsp://admin:hunter2@10.0.0.1/x', url: rtsp://h/x}]",
        "cameras: [{id: a, url: 'rtsp://admin:hunter2@10.0.0.1/x', password: hunter2, username: b}]",
        "cameras: [{id: a, url: 'rtsp://10.0.0.1/x', pasword: hunter2}]",
        "cameras: [{id: a, url: 'rtsp://10.0.0.1/x', password: *hunter2}]",
        "cameras: [{id: a, url: 'rtsp://10.0.0.1/x', password: !hunter2 x}]",
        "cameras: [{id: a, url: 'rtsp://10.0.0.1/x', password: {hunter2, hunter2}}]",
        "cameras: [{id: a, url: 'rtsp://10.0.0.1/x', password: \"hunter2}]",
        "cameras: [{id: a, url: {'rtsp://u:hunter2@h': 1}, rtsp://u:hunter2@h/x: 1}]",
        "cameras: password:hunter2",
        "box: {id: 'password: hunter2'}",
        "mqtt:\n  host: h\n  password:hunter2\n",
        "mqtt: {host: 'mqtt://box:hunter2@broker'}",
        "mqtt: {host: h, username: u, password: {env: {hunter2: 1}}}",
    ],
)
def test_no_problem_shows_a_password(line: str) -> None:
    report = read(line)
    assert report.problems
    assert SECRET not in str(report)
