"""The list of incidents, on a terminal of the usual width."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from agent.adapters.sqlite import Database, SqliteOutbox, SqliteStore
from agent.app.places import DATABASE
from agent.core.types import CloseReason, Event, Message
from tests.events import T0, closed, make_event
from tests.fakes_delivery import FakeClock
from tests.unit.cli.commands import run

CONFIG = """\
mqtt: {host: broker}
storage: {folder: data}
cameras: [{id: gate, url: rtsp://192.168.1.64/x}]
"""


def encode(event: Event, sequence: int) -> Message:
    return Message(topic="t/event", payload=f"{sequence}:{event.event_id}".encode(), content_type="text/plain")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose store holds four incidents: short, past midnight, open, and with long names."""
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "data").mkdir()
    short, late, still = make_event(1), make_event(2), make_event(3, dwell_s=7325.0, blind_s=3599.4)
    long = replace(closed(late, 12, CloseReason.RULE_REMOVED), closed_at=T0 + timedelta(hours=20), dwell_s=71_930.0)
    named = make_event(4, camera="south-market-gate-of-the-old-town", zone="kerb-beside-the-pharmacy")
    events = [
        short,
        closed(short, 11),
        late,
        long,
        still,
        named,
    ]
    with Database(tmp_path / "data" / DATABASE) as database:
        store = SqliteStore(database, encode, lambda: None)
        for event in events:
            store.record(event.camera, [event], "{}")
        outbox = SqliteOutbox(database)
        outbox.done([envelope.row for envelope in outbox.due(FakeClock().now(), 2)])
    return tmp_path / "c.yaml"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_fits_80_columns(capsys: pytest.CaptureFixture[str], file: Path, lang: str) -> None:
    code, out, err = run(capsys, "events", "--config", file, "--lang", lang)
    assert (code, err) == (0, "")
    assert max(map(cell_len, out.splitlines())) <= 80
    assert "…" not in out


def test_what_it_tells(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    lines = run(capsys, "events", "--config", file, "--camera", "gate")[1].splitlines()
    assert [line.split() for line in lines if line.strip()] == [
        ["3", "incident(s)"],
        ["closed", "camera", "dwell"],
        ["opened", "reason", "zone", "rule", "blind", "sent", "incident"],
        [lines[3]],
        ["07-01", "16:03", "open", "gate", "Illegal", "parking", "2h2m", "no", "10000003"],
        ["fire-lane", "1h"],
        ["07-01", "16:03", "07-02", "12:00", "gate", "Illegal", "parking", "19h59m", "no", "10000002"],
        ["rule", "removed", "fire-lane", "12s"],
        ["07-01", "16:03", "16:09", "gate", "Illegal", "parking", "8m30s", "yes", "10000001"],
        ["cleared", "fire-lane", "12s"],
    ]


def test_whole_ids_are_for_programs(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    code, out, _ = run(capsys, "events", "--config", file, "--json", "--limit", "1")
    (row,) = [json.loads(line) for line in out.splitlines()]
    assert (code, row["incident_id"]) == (0, "00000000-0000-0000-0000-000010000004")


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "no agent has run with this configuration yet: no database at {}\n"),
        ("zh", "还没有代理使用该配置运行过：没有数据库 {}\n"),
    ],
)
def test_before_the_first_run(capsys: pytest.CaptureFixture[str], tmp_path: Path, lang: str, text: str) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    result = run(capsys, "events", "--config", tmp_path / "c.yaml", "--lang", lang)
    assert result == (1, "", text.format(tmp_path / "data" / DATABASE))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("broken", ["data", f"data/{DATABASE}"])
def test_a_database_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path, broken: str) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / broken).parent.mkdir(exist_ok=True)
    (tmp_path / broken).write_text("no database " * 100)
    code, out, err = run(capsys, "events", "--config", tmp_path / "c.yaml")
    assert (code, out) == (1, "")
    assert f"{tmp_path / 'data' / DATABASE}: expected a database of City Eye" in err
