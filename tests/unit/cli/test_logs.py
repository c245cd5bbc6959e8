"""The log's lines and its levels."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agent.cli.logs import LogLevel, SiteFormatter
from tests.unit.cli.commands import GOOD, run, write

SUMMER, WINTER = 1_782_893_000.25, 1_767_261_600.0
"""2026-07-01T08:03:20.250Z and 2026-01-01T10:00:00Z"""


def line(zone: str, created: float, *, error: bool = False) -> str:
    try:
        raise ValueError("broken")
    except ValueError:
        fault = sys.exc_info() if error else None
    record = logging.LogRecord("agent.x", logging.INFO, "x.py", 1, "%d events", (3,), fault)
    record.created, record.threadName = created, "courier"
    return SiteFormatter(ZoneInfo(zone)).format(record)


@pytest.mark.parametrize(
    ("zone", "created", "time"),
    [
        ("Asia/Shanghai", SUMMER, "2026-07-01T16:03:20.250+08:00"),
        ("Europe/Berlin", SUMMER, "2026-07-01T10:03:20.250+02:00"),
        ("Europe/Berlin", WINTER, "2026-01-01T11:00:00.000+01:00"),
        ("UTC", WINTER, "2026-01-01T10:00:00.000+00:00"),
    ],
)
def test_a_line_begins_with_the_sites_time(zone: str, created: float, time: str) -> None:
    assert line(zone, created) == f"{time} INFO    courier agent.x: 3 events"


def test_a_traceback_follows_its_line() -> None:
    first, *rest = line("UTC", WINTER, error=True).splitlines()
    assert first.endswith("3 events")
    assert rest[0].startswith("    Traceback")
    assert rest[-1] == "    ValueError: broken"


@pytest.mark.parametrize("level", ["verbose", "", "10"])
def test_a_level_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path, level: str) -> None:
    code, out, err = run(capsys, "run", "--config", write(tmp_path, GOOD), "--log-level", level)
    assert (code, out) == (2, "")
    assert all(known in err for known in ("--log-level", *LogLevel))
    assert "TRACEBACK" not in err.upper()


@pytest.mark.parametrize("level", ["debug", "WARNING"])
def test_levels_in_small_or_capital_letters(capsys: pytest.CaptureFixture[str], tmp_path: Path, level: str) -> None:
    code, _, err = run(capsys, "run", "--config", tmp_path / "none.yaml", "--log-level", level)
    assert code == 2
    assert "no such file" in err
