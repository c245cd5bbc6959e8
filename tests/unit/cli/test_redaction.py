"""Nothing secret gets through, in any format; nothing else is lost."""

from __future__ import annotations

import json
import logging
import stat
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.logs import (
    MOST_CHARACTERS,
    JsonFormatter,
    LogFiles,
    LogFormat,
    LogSettings,
    SiteFormatter,
    log_the_uncaught,
    set_up_log,
)
from agent.cli.redaction import TELLING_CHARACTERS, Redactor
from agent.core.errors import StoreUnusable
from tests.unit.cli.commands import GOOD, run, write

FORMS = (str, quote, lambda secret: quote(secret, safe=""), lambda secret: repr(secret)[1:-1])
SECRET = 'p@ss/w"ord\\ 1密'


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    try:
        raise ValueError(f"broken: {SECRET}")
    except ValueError:
        fault = sys.exc_info() if error else None
    made = logging.LogRecord("agent.x", logging.WARNING, "x.py", 1, message, arguments, fault)
    made.created, made.threadName = 1_767_261_600.0, "courier"
    return made


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:hunter2@10.0.0.1/x?y=1 said no", "rtsp://***@10.0.0.1/x?y=1 said no"),
        ("('http://u:p@a@h/', 5) and mqtt://u@h", "('http://***@h/', 5) and mqtt://***@h"),
        ("rtsp://h/user=admin&password=abc&ch=1", "rtsp://h/user=admin&password=***&ch=1"),
        ("https://s/b/1.jpg?X-Amz-Signature=0a1b&x=2", "https://s/b/1.jpg?X-Amz-Signature=***&x=2"),
        ("mail to operator@city.example, 5 < 6", "mail to operator@city.example, 5 < 6"),
        ("rtsp://h/Streaming/Channels/102: 401", "rtsp://h/Streaming/Channels/102: 401"),
    ],
)
def test_addresses_lose_their_logins(text: str, shown: str) -> None:
    assert Redactor()(text) == shown


@given(
    st.text("abc@/:?=&%\"'\\ 密", min_size=TELLING_CHARACTERS), st.text("0123"), st.text("0123"), st.sampled_from(FORMS)
)
def test_what_it_was_told_never_comes_through(secret: str, before: str, after: str, form: Callable[[str], str]) -> None:
    redact = Redactor()
    redact.learn([secret])
    assert redact(f"{before}{form(secret)}{after}") == f"{before}***{after}"


def test_secrets_that_came_later_are_known_beside_the_earlier_ones_and_short_ones_are_not_looked_for() -> None:
    redact = Redactor()
    redact.learn(["first-one", "abc", ""])
    redact.learn(["first-one-longer"])
    assert redact("first-one-longer, first-one, abc") == "***, ***, abc"


def test_a_line_and_its_traceback_are_redacted() -> None:
    redact = Redactor()
    redact.learn([SECRET])
    text = SiteFormatter(UTC, redact).format(record("login %r", SECRET, error=True))
    assert text.splitlines()[0].endswith("login '***'")
    assert text.splitlines()[-1] == "    ValueError: broken: ***"


def test_a_json_line_has_each_part_by_its_name_and_no_secret_behind_its_escapes() -> None:
    redact = Redactor()
    redact.learn([SECRET])
    text = JsonFormatter(UTC, redact).format(record("密码\n%s", SECRET, error=True))
    assert "\n" not in text
    told = json.loads(text)
    assert told.pop("exception").endswith("ValueError: broken: ***")
    assert told == {
        "at": "2026-01-01T10:00:00.000+00:00",
        "level": "warning",
        "thread": "courier",
        "logger": "agent.x",
        "message": "密码\n***",
    }


def test_what_a_camera_says_neither_steers_a_terminal_nor_looks_like_a_record() -> None:
    said = "x\n2026-01-01T10:00:00.000+00:00 INFO    a agent: all is well\r\x1b[2J\x9b1m\u202e"
    text = SiteFormatter(UTC).format(record("camera gate: %s", said))
    assert text.splitlines()[1].startswith("    2026-01-01")
    assert text.endswith("all is well\\r\\x1b[2J\\x9b1m\\u202e")
    assert json.loads(JsonFormatter(UTC).format(record("%s", said)))["message"].endswith("\\x9b1m\\u202e")


@pytest.mark.parametrize("formatter", [SiteFormatter, JsonFormatter])
def test_a_record_is_bounded(formatter: type[SiteFormatter]) -> None:
    text = formatter(UTC).format(record("x" * 10 * MOST_CHARACTERS))
    assert len(text) < MOST_CHARACTERS + 300
    assert "more characters" in text


@contextmanager
def files(path: Path, file_bytes: int, count: int) -> Iterator[logging.Logger]:
    handler = LogFiles(path, file_bytes=file_bytes, files=count)
    handler.setFormatter(JsonFormatter(UTC))
    logger = logging.getLogger(f"files.{path.name}")
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        handler.close()


def test_files_are_bounded_in_size_and_number_and_readable_for_the_agent_only(tmp_path: Path) -> None:
    path = tmp_path / "agent.log"
    with files(path, 2_000, 3) as logger:
        for number in range(200):
            logger.warning("line %d", number)
    there = sorted(file.name for file in tmp_path.iterdir())
    assert there == ["agent.log", "agent.log.1", "agent.log.2"]
    assert all(0 < file.stat().st_size <= 2_000 for file in tmp_path.iterdir())
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o007 == 0 for file in tmp_path.iterdir())
    assert json.loads(path.read_text().splitlines()[-1])["message"] == "line 199"


def test_a_disk_that_takes_no_log_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with files(Path("/dev/full"), 10_000, 2) as logger:
        for _ in range(3):
            logger.warning("lost")
    assert capsys.readouterr().err.count("/dev/full: the log cannot be written: No space left on device") == 1


def test_a_log_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    settings = LogSettings(file=tmp_path / "none" / "agent.log", format=LogFormat.JSON)
    with pytest.raises(StoreUnusable, match="expected a log file that can be written, found: No such file"):
        set_up_log(settings, UTC, Redactor())


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--log-format", "xml", "human"),
        ("--log-file-size", "10KB", "100KB"),
        ("--log-file-size", "big", "200MB"),
        ("--log-files", "1", "2"),
    ],
)
def test_options_that_make_no_sense(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, option: str, value: str, told: str
) -> None:
    code, out, err = run(capsys, "run", "--config", write(tmp_path, GOOD), option, value)
    assert (code, out) == (2, "")
    assert told in err
    assert "TRACEBACK" not in err.upper()


def test_the_log_goes_where_it_is_told_to_or_nowhere(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, err = run(capsys, "run", "--config", write(tmp_path, GOOD), "--log-file", tmp_path / "none" / "a.log")
    assert code == 1
    assert "expected a log file that can be written" in err


def test_what_nobody_catches_is_logged_without_secrets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # puts them back, whatever is set
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    log_the_uncaught()
    thread = threading.Thread(target=lambda: 1 / 0, name="poet")
    thread.start()
    thread.join()
    error = ValueError("rtsp://u:hunter2@h")
    sys.excepthook(type(error), error, None)
    assert [record.levelname for record in caplog.records] == ["ERROR", "CRITICAL"]
    shown = [SiteFormatter(UTC, Redactor()).format(record) for record in caplog.records]
    assert "thread poet died" in shown[0] and "ZeroDivisionError" in shown[0]
    assert "the agent died" in shown[1] and "rtsp://***@h" in shown[1] and "hunter2" not in shown[1]
