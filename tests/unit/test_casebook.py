"""What people look up about an incident: kept with its events, read back, counted, and bounded."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import pytest

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.sqlite import Database, SqliteCaseNotes, SqliteOutbox, SqliteSilences, SqliteStore, casebook
from agent.adapters.sqlite.cases import SqliteCases
from agent.adapters.sqlite.migrations import MIGRATIONS
from agent.adapters.sqlite.numbers import SqliteNumbers
from agent.app.console.incidents import CaseDesk
from agent.app.console.naming import Naming
from agent.app.console.numbers import FigureBook
from agent.core.errors import CommandRejected, RejectCode
from agent.core.silence import Dismissal
from agent.core.types import CloseReason, Event, Evidence, Limits, Message, Phase, UpdateReason
from agent.core.verification import Outcome, Verdict
from agent.core.wire import Acknowledge, AcknowledgeResult, Command, Dismiss, Verify
from agent.ports import WatchHour
from agent.ports.console.incidents import IncidentFilter
from agent.ports.console.numbers import Period
from agent.runtime.commander import Answer
from tests.events import T0, closed, make_event
from tests.fakes_delivery import FakeClock
from tests.unit.config.samples import config_of, good

LIMITS = Limits(dwell_s=180.0, clear_after_s=30.0, min_score=0.35, overlap=0.5)


def encode(event: Event, sequence: int) -> Message:
    return Message(topic="t/event", payload=b"{}", content_type="text/plain")


@dataclass
class Book:
    """The book of one box, with those who write and read it."""

    database: Database
    evidence: EvidenceFolder
    clock: FakeClock
    asked: list[tuple[Command, Answer]]

    def __post_init__(self) -> None:
        self.store = SqliteStore(self.database, encode)
        self.outbox = SqliteOutbox(self.database, clock=self.clock)
        self.silences = SqliteSilences(self.database)
        naming = Naming(lambda: config_of(good()))
        self.desk = CaseDesk(
            cases=SqliteCases(self.database.path),
            evidence=self.evidence,
            naming=naming,
            intend=lambda command, answer: self.asked.append((command, answer)),
            clock=self.clock,
        )
        self.numbers = FigureBook(SqliteNumbers(self.database.path), naming, self.clock)

    def record(self, *events: Event, hours: tuple[WatchHour, ...] = ()) -> None:
        self.store.record("gate", events, "s", hours)

    def dismiss(self, event: Event, reason: str = "false_report", **more: Any) -> None:
        dismissal = Dismissal(
            incident_id=event.incident_id,
            camera="gate",
            rule=event.rule,
            zone=event.zone,
            class_name="car",
            track_id=1,
            box_n=event.objects[0].box_n,
            look=np.zeros(0, np.float32),
            reason=reason,
            **more,
        )
        self.silences.dismiss(dismissal)

    def ids(self, **wanted: Any) -> list[str]:
        return [line["id"] for line in self.desk.listed(IncidentFilter(**wanted), after=None, limit=50)["incidents"]]


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        evidence = EvidenceFolder(tmp_path / "evidence", quota_bytes=10**7, keep_free_bytes=0)
        yield Book(database, evidence, FakeClock(T0 + timedelta(hours=1)), [])


def identity(number: int) -> str:
    return str(make_event(number).incident_id)


def test_an_incident_has_its_events_pictures_and_the_limits_of_its_opening(book: Book) -> None:
    opening = make_event(1, limits=LIMITS)
    picture = book.evidence.keep(opening, "close_up", b"jpeg", opening.at)
    later = replace(
        closed(opening, 3), revision=3, evidence=(), at=T0 + timedelta(minutes=9), closed_at=T0 + timedelta(minutes=9)
    )
    beat = make_event(2, incident=1, revision=2, phase=Phase.UPDATED, update_reason=UpdateReason.HEARTBEAT)
    book.record(replace(opening, evidence=(picture,)), beat, later)
    page = book.desk.page(opening.incident_id)
    assert page is not None
    assert page["limits"] == {"dwell_s": 180.0, "clear_after_s": 30.0, "min_score": 0.35, "overlap": 0.5}
    assert [(m["phase"], m["reason"], m["taken"]) for m in page["moments"]] == [
        ("opened", None, None),
        ("updated", "heartbeat", None),
        ("closed", "cleared", None),
    ]
    assert page["incident"]["kind"]["zh"] == "机动车乱停放"
    assert page["first_seen"] == T0.isoformat(timespec="microseconds")
    assert [(p["id"], p["sequence"]) for p in page["pictures"]] == [(str(picture.evidence_id), 1)]
    assert page["scores"][0][1] == 0.71
    assert book.desk.picture(picture.evidence_id) == ("image/jpeg", b"jpeg")
    assert book.desk.picture(UUID(int=5)) is None
    assert book.desk.page(UUID(int=5)) is None


def test_a_picture_that_is_not_what_was_kept_is_not_shown(book: Book, tmp_path: Path) -> None:
    event = make_event(1)
    picture = book.evidence.keep(event, "wide", b"jpeg", event.at)
    book.record(replace(event, evidence=(picture, replace(picture, evidence_id=UUID(int=9), path="../cityeye.db"))))
    assert book.desk.picture(UUID(int=9)) is None
    (tmp_path / "evidence" / picture.path).write_bytes(b"another")
    assert book.desk.picture(picture.evidence_id) is None


def test_it_says_when_broker_and_platform_took_each_event(book: Book) -> None:
    book.record(make_event(1), make_event(2, incident=1, revision=2, phase=Phase.UPDATED), make_event(3))
    book.outbox.sent([1, 2], 0.0, 60.0)
    book.clock.elapsed_s = 5.0
    book.outbox.sent([1], 0.0, 60.0)
    book.outbox.acked(2, [(2, 2)])
    page = book.desk.page(make_event(1).incident_id)
    assert page is not None
    at = (T0 + timedelta(hours=1)).isoformat(timespec="microseconds")
    later = (T0 + timedelta(hours=1, seconds=5)).isoformat(timespec="microseconds")
    assert [(m["taken"], m["acked"]) for m in page["moments"]] == [(at, later), (at, None)]
    book.outbox.acked(2)
    book.outbox.set_aside(3, "too large")
    other = book.desk.page(make_event(3).incident_id)
    assert other is not None
    assert [(m["taken"], m["acked"], m["set_aside"]) for m in other["moments"]] == [(None, None, "too large")]


def test_an_event_that_comes_twice_is_in_the_book_once(book: Book) -> None:
    book.record(make_event(1))
    book.record(make_event(1))
    assert book.database.read("SELECT count(*) FROM moments") == [(1,)]


def test_what_people_said_is_told_in_order(book: Book) -> None:
    event = make_event(1)
    book.record(event)
    at = T0 + timedelta(minutes=10)
    book.store.acknowledge(event.incident_id, at, "王", "看到", at_box=True)
    book.store.acknowledge(event.incident_id, at + timedelta(minutes=1), "li", None)
    book.dismiss(event, at=at + timedelta(minutes=2), by="li", until=at + timedelta(days=1))
    before = Evidence(
        evidence_id=UUID(int=1), kind="close_up", sha256="0", bytes=1, mime="image/jpeg", captured_at=at, path="a"
    )
    after = replace(before, evidence_id=UUID(int=2), kind="after")
    verdict = Verdict(
        incident=event.incident_id, verdict=Outcome.CLEARED, reason=None, looked_at=at, before=before, after=after
    )
    SqliteCaseNotes(book.database).verified(verdict, "zhang")
    book.silences.take_back(event.incident_id, at + timedelta(minutes=3), "li", at_box=False)
    page = book.desk.page(event.incident_id)
    assert page is not None
    assert [(r["kind"], r["by"]) for r in page["remarks"]] == [
        ("acknowledged", "王"),
        ("dismissed", "li"),
        ("verified", "zhang"),
        ("restored", "li"),
    ]
    assert page["remarks"][0]["details"] == {"note": "看到", "at_box": True}
    assert "at_box" not in page["remarks"][1]["details"]
    assert page["remarks"][3]["details"] == {"at_box": False}
    assert page["remarks"][2]["details"] == {
        "verdict": "cleared",
        "before": str(UUID(int=1)),
        "after": str(UUID(int=2)),
    }
    assert [(p["kind"], p["sequence"]) for p in page["pictures"]] == [("after", None), ("close_up", None)]
    assert page["incident"]["disposition"] is None
    assert page["incident"]["acknowledged"] == at.isoformat(timespec="microseconds")


def test_the_list_comes_in_pages_with_what_is_open_first(book: Book) -> None:
    for n in range(1, 8):
        event = make_event(n, opened_at=T0 + timedelta(minutes=n // 2))
        book.record(event)
        if n not in (2, 3):
            book.record(closed(event, 100 + n))
    pages, after = [], None
    while True:
        page = book.desk.listed(IncidentFilter(), after=after, limit=2)
        pages.append([int(line["id"][-2:], 16) for line in page["incidents"]])
        if (after := page["next"]) is None:
            break
    assert pages == [[3, 2], [7, 6], [5, 4], [1]]
    with pytest.raises(ValueError, match="after"):
        book.desk.listed(IncidentFilter(), after="o~'; DROP TABLE incidents~1", limit=2)


def test_the_list_can_be_narrowed(book: Book) -> None:
    first, second, third = make_event(1), make_event(2, zone="yard"), make_event(3, camera="yard")
    book.record(first, second, third, closed(second, 9))
    book.dismiss(first, at=T0)
    one, two, three = identity(1), identity(2), identity(3)
    assert book.ids(state="open") == [three, one]
    assert book.ids(state="closed") == [two]
    assert book.ids(camera="yard") == [three]
    assert book.ids(zone="yard", rule="illegal_parking") == [two]
    assert book.ids(dismissed="any") == book.ids(dismissed="false_report") == [one]
    assert book.ids(dismissed="none") == [three, two]
    assert book.ids(dismissed="tolerated") == []
    opened = first.opened_at
    assert book.ids(since=opened, until=opened + timedelta(seconds=1)) == [three, one, two]
    assert book.ids(until=opened) == []


def test_lines_are_told_as_they_are_now(book: Book) -> None:
    event = make_event(1)
    book.record(event, make_event(2))
    book.record(closed(event, 9))
    [line] = book.desk.lines([event.incident_id, UUID(int=7)])
    assert (line["id"], line["close_reason"]) == (str(event.incident_id), "cleared")
    assert book.desk.lines([]) == []


def test_the_version_is_another_after_each_thing_that_a_page_shows(book: Book) -> None:
    cases, event = SqliteCases(book.database.path), make_event(1)
    seen = [cases.version()]

    def news() -> bool:
        seen.append(cases.version())
        return seen[-1] != seen[-2]

    assert not news()
    book.record(event, make_event(2))
    assert news()
    book.outbox.sent([1], 0.0, 60.0)
    assert news()
    book.outbox.acked(1)
    assert news()
    book.outbox.set_aside(2, "too large")
    assert news()
    book.store.acknowledge(event.incident_id, T0, "li", None)
    assert news()
    book.dismiss(event, at=T0)
    assert news()
    book.silences.take_back(event.incident_id, T0)
    assert news()
    book.store.save_state("gate", "{}")
    assert not news()


def test_a_wish_is_a_command_with_the_name_of_who_has_it(book: Book) -> None:
    incident = UUID(int=7)
    begun = book.desk.verify(incident, by="王")
    assert begun["status"] == "waiting"
    [(command, answer)] = book.asked
    assert isinstance(command, Verify)
    assert (command.incident, command.by) == (incident, "王")
    answer(CommandRejected(RejectCode.UNKNOWN_INCIDENT, "not here"))
    told = book.desk.asked(begun["id"])
    assert told is not None
    assert (told["status"], told["code"], told["message"]) == ("rejected", "unknown_incident", "not here")
    assert book.desk.asked("another") is None


def test_an_answer_that_comes_at_once_is_waited_for(book: Book) -> None:
    def at_once(command: Command, answer: Answer) -> None:
        book.asked.append((command, answer))
        assert isinstance(command, Acknowledge | Dismiss)
        answer(AcknowledgeResult(incident=command.incident, acknowledged_at=T0))

    book.desk._wishes._intend = at_once
    told = book.desk.acknowledge(UUID(int=7), by="li", note="看到")
    assert told["status"] == "done"
    book.desk.dismiss(UUID(int=7), by="li", reason="tolerated", until=None, note=None)
    book.desk.restore(UUID(int=7), by="li")
    dismissed, restored = (command for command, _ in book.asked[1:])
    assert isinstance(dismissed, Dismiss)
    assert isinstance(restored, Dismiss)
    assert (dismissed.reason, restored.undo) == ("tolerated", True)
    with pytest.raises(ValueError, match="nonsense"):
        book.desk.dismiss(UUID(int=7), by="li", reason="nonsense", until=None, note=None)


def test_old_events_are_forgotten_but_not_those_of_open_incidents(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(casebook, "KEEP_MOMENTS", 2)
    monkeypatch.setattr(casebook, "KEEP_HOURS", 24)
    gone, there = make_event(1), make_event(2)
    picture = book.evidence.keep(gone, "wide", b"jpeg", gone.at)
    book.record(replace(gone, evidence=(picture,)), there, closed(gone, 3), hours=(WatchHour(hour=1, looked_s=5.0),))
    book.record(make_event(4), make_event(5), hours=(WatchHour(hour=100, looked_s=5.0),))
    book.database.write(lambda connection: casebook.prune(connection, 5))
    assert book.database.read("SELECT sequence FROM moments ORDER BY 1") == [(2,), (4,), (5,)]
    assert book.database.read("SELECT count(*) FROM shots") == [(0,)]
    assert book.database.read("SELECT hour FROM watch_hours") == [(100,)]
    assert book.desk.page(gone.incident_id) is not None


def test_a_box_that_was_upgraded_knows_what_was_dismissed_and_acknowledged(tmp_path: Path) -> None:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        book = Book(database, EvidenceFolder(tmp_path, quota_bytes=1, keep_free_bytes=0), FakeClock(), [])
        book.record(make_event(1), make_event(2))
        book.dismiss(make_event(1), at=T0)
        book.store.acknowledge(make_event(2).incident_id, T0, None, None)
        added = [name for (name,) in database.read("SELECT name FROM pragma_table_info('incidents')")][14:]

        def back(connection: Any) -> None:
            for table in ("moments", "shots", "remarks", "watch_hours"):
                connection.execute(f"DROP TABLE {table}")
            for column in added:
                connection.execute(f"ALTER TABLE incidents DROP COLUMN {column}")
            [before] = [i for i, step in enumerate(MIGRATIONS) if step.name.startswith("what people look up")]
            connection.execute(f"PRAGMA user_version={before}")

        database.write(back)
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        rows = database.read("SELECT disposition, handled_at IS NOT NULL FROM incidents ORDER BY number")
        assert rows == [("false_report", 0), (None, 1)]
        page = Book(database, EvidenceFolder(tmp_path, quota_bytes=1, keep_free_bytes=0), FakeClock(), []).desk.page(
            make_event(1).incident_id
        )
        assert page is not None
        assert (page["moments"], page["limits"]) == ([], None)


def a_day(book: Book) -> Period:
    """Four incidents: at 16:03 (two), 23:59 and 0:01 of the next day, Shanghai."""
    for n, minutes in ((1, 3), (2, 3), (3, 479), (4, 481)):
        event = make_event(n, opened_at=T0 + timedelta(minutes=minutes))
        book.record(event)
        if n < 4:
            book.record(replace(closed(event, 10 + n), closed_at=event.opened_at + timedelta(minutes=n)))
    book.dismiss(make_event(1), at=T0 + timedelta(minutes=5))
    book.store.acknowledge(make_event(2).incident_id, T0 + timedelta(minutes=13), "li", None)
    return Period(since=T0 - timedelta(hours=8), until=T0 + timedelta(hours=16))


def test_numbers_of_a_period(book: Book) -> None:
    period = a_day(book)
    hour = int(T0.timestamp()) // 3600
    book.store.save_state("gate", "s", [WatchHour(hour=hour, looked_s=30.0, blind_s=10.0)])
    book.store.save_state("gate", "s", [WatchHour(hour=hour, looked_s=5.0)])
    figures = book.numbers.figures(period)
    totals = {name: figures[name] for name in ("incidents", "open", "judged", "false", "tolerated")}
    assert totals == {"incidents": 4, "open": 1, "judged": 2, "false": 1, "tolerated": 0}
    assert [(k["zh"], k["incidents"], k["false"]) for k in figures["kinds"]] == [("机动车乱停放", 4, 1)]
    assert {h["id"]: h["incidents"] for h in figures["hours"] if h["incidents"]} == {"16:00": 2, "23:00": 1, "00:00": 1}
    assert [
        (s["rule"], s["count"], round(s["median_s"] or 0), round(s["p90_s"] or 0)) for s in figures["reaction"]
    ] == [
        ("", 2, 120, 600),
        ("illegal_parking", 2, 120, 600),
    ]
    closing = figures["closing"][0]
    assert (closing["count"], round(closing["median_s"] or 0), round(closing["p90_s"] or 0)) == (3, 120, 180)
    assert figures["watched"] == [{"camera": "gate", "name": "gate", "looked_s": 35.0, "blind_s": 10.0}]
    empty = book.numbers.figures(Period(since=period.until, until=period.until + timedelta(days=1)))
    assert (empty["incidents"], empty["false"], empty["kinds"], empty["reaction"]) == (0, 0, [], [])


def test_dismissed_incidents_do_not_shorten_the_closing_time(book: Book) -> None:
    event = make_event(1)
    book.record(event, closed(event, 2, CloseReason.DISMISSED))
    assert book.numbers.figures(Period(since=T0, until=T0 + timedelta(days=1)))["closing"] == []


def test_csv_can_be_read_and_does_not_run(book: Book) -> None:
    period = a_day(book)
    evil = make_event(50, zone="=cmd|' /C calc'!A0")
    book.record(evil)
    book.store.acknowledge(evil.incident_id, T0, "@SUM(1)", None)
    rows = list(csv.DictReader(io.StringIO(book.numbers.csv("incidents", period))))
    assert {row["zone"] for row in rows} == {"fire-lane", "'=cmd|' /C calc'!A0"}
    assert {row["acknowledged_by"] for row in rows} == {"", "li", "'@SUM(1)"}
    assert rows[0]["opened"] == "2026-07-02 00:01:00"
    for table in ("kinds", "zones", "hours", "times", "watched"):
        lines = list(csv.reader(io.StringIO(book.numbers.csv(table, period))))
        assert len({len(line) for line in lines}) == 1
    with pytest.raises(ValueError, match="table"):
        book.numbers.csv("passwords", period)


def test_periods_are_days_of_the_site(book: Book) -> None:
    today = book.numbers.named_period("today", None, None, None)
    assert (today.since, today.until) == (T0 - timedelta(hours=16), T0 + timedelta(hours=8))
    days = book.numbers.named_period("days", "2026-06-30", "2026-07-01", "gate")
    assert (days.until - days.since, days.until, days.camera) == (timedelta(days=2), today.until, "gate")
    for name, since, until in (("days", None, None), ("days", "2026-07-01", "9999-12-31"), ("year", None, None)):
        with pytest.raises(ValueError, match=r".+"):
            book.numbers.named_period(name, since, until, None)
    with pytest.raises(ValueError, match="at most"):
        book.numbers.figures(book.numbers.named_period("days", "2020-01-01", "2026-07-01", None))
    with pytest.raises(ValueError, match="ends after"):
        book.numbers.figures(Period(since=T0, until=datetime.fromisoformat(T0.isoformat())))


def test_details_are_json(book: Book) -> None:
    book.record(make_event(1, limits=LIMITS))
    [(limits, box)] = book.database.read("SELECT limits, box FROM incidents")
    assert json.loads(limits)["dwell_s"] == 180.0
    assert json.loads(box) == [0.25, 0.5, 0.5, 0.75]
