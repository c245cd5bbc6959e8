"""`cityeye console`: who has a password."""

from __future__ import annotations

import io
import json
import stat
from pathlib import Path

import pytest

from agent.adapters.audit import AuditFile
from agent.cli import main


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "box.yaml"
    path.write_text(f"mqtt: {{host: localhost}}\nstorage: {{folder: {tmp_path / 'data'}}}\n")
    return str(path)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", "console", *arguments])
    return int(ended.value.code or 0)


def test_somebody_is_added_listed_and_removed(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    assert run("add", "王芳", "--role", "operator", "--password-file", "-", "--config", config) == 0
    assert run("list", "--config", config) == 0
    assert capsys.readouterr().out == "王芳: operator, has a password\n王芳\toperator\n"
    file = tmp_path / "data" / "console-users.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "correct horse" not in file.read_text()
    assert run("remove", "王芳", "--config", config) == 0
    assert json.loads(file.read_text()) == {}
    assert run("remove", "王芳", "--config", config) == 1
    assert "expected somebody with a password" in capsys.readouterr().err


def test_who_gives_and_takes_passwords_is_written_down(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_USER", "engineer")
    (tmp_path / "password").write_text("correct horse battery")
    given = ("--password-file", str(tmp_path / "password"), "--config", config)
    assert run("add", "王芳", "--role", "operator", *given) == 0
    assert run("remove", "李", "--config", config) == 1
    assert run("remove", "王芳", "--config", config) == 0
    entries = AuditFile(tmp_path / "data" / "audit.jsonl").newest(10)
    assert [(e.who, e.action, e.subject, e.outcome, e.detail) for e in reversed(entries)] == [
        ("engineer", "user.add", "王芳", "done", "operator"),
        ("engineer", "user.remove", "王芳", "done", ""),
    ]
    (tmp_path / "data" / "audit.jsonl").unlink()
    (tmp_path / "data" / "audit.jsonl").mkdir()
    assert run("add", "王芳", *given) == 1
    assert json.loads((tmp_path / "data" / "console-users.json").read_text()) == {}, "what is not written down"


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [("a b", "long enough 1", "a name of at most"), ("a", "short", "a password of 10 to 200 characters")],
)
def test_what_is_no_name_or_password_is_told(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, password: str, told: str
) -> None:
    (tmp_path / "password").write_text(password)
    assert run("add", name, "--password-file", str(tmp_path / "password"), "--config", config) == 2
    assert told in capsys.readouterr().err


def test_a_password_file_that_is_not_there_is_told(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("add", "a", "--password-file", "/nowhere", "--config", config) == 1
    assert "/nowhere: expected a file that can be read" in capsys.readouterr().err


def test_check_wonders_about_a_console_in_the_lan_that_is_open_to_listeners_and_lets_nobody_in(
    config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path(config).open("a") as file:
        file.write("console: {listen: '192.168.1.20:8190'}\n")
    for lang, told in (("en", "passwords and pictures can be read along"), ("zh", "密码和画面可能被窃听")):
        with pytest.raises(SystemExit) as ended:
            main(["--lang", lang, "check", config])
        assert ended.value.code in (0, None), "it may be so on purpose"
        shown = capsys.readouterr().out
        assert told in shown
        assert "cityeye console add NAME --role operator" in shown
