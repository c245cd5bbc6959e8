"""Several people at one incident: what the console answers, and what it writes down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.sqlite import Database
from agent.console.routes import incidents
from agent.core.errors import CommandRejected
from agent.core.types import Event
from agent.core.wire import Acknowledge, AcknowledgeResult, Command, Dismiss, DismissResult
from agent.runtime.commander import Answer
from agent.runtime.silencer import unknown_incident
from tests.events import T0, make_event
from tests.fakes_delivery import FakeClock
from tests.unit.console.rig import Rig, rig
from tests.unit.test_casebook import Book


class Box:
    """A box with one incident, its console, and the parts of the agent that carry out what is asked there."""

    def __init__(self, folder: Path, database: Database) -> None:
        evidence = EvidenceFolder(folder / "evidence", quota_bytes=10**7, keep_free_bytes=0)
        self.book = Book(database, evidence, FakeClock(T0 + timedelta(hours=1)), [])
        self.book.desk._wishes._intend = self.carry_out
        self.event: Event = make_event(1)
        self.book.record(self.event)
        self.console: Rig = rig(folder, incidents.routes(self.book.desk))
        self.headers = self.console.log_in()

    def carry_out(self, command: Command, answer: Answer) -> None:
        self.book.clock.advance(1.0)
        now, about = self.book.clock.now().utc, self.event.incident_id
        if isinstance(command, Acknowledge):
            since = self.book.store.acknowledge(about, now, command.by, command.note)
            assert since is not None
            answer(AcknowledgeResult(incident=about, acknowledged_at=since))
        elif isinstance(command, Dismiss) and command.undo:
            gone = self.book.silences.take_back(about, now, command.by)
            rejected: CommandRejected = unknown_incident(about)
            answer(rejected if gone is None else DismissResult(incident=about, undone=True))
        elif isinstance(command, Dismiss):
            assert command.reason is not None
            self.book.dismiss(self.event, command.reason.value, at=now, until=None, by=command.by, note=command.note)
            answer(DismissResult(incident=about, reason=command.reason, undone=False))

    def post(self, action: str, **body: Any) -> tuple[int, Any, str]:
        """Its status, its code, and what the record of changes says of it."""
        path = f"/api/incidents/{self.event.incident_id}/{action}"
        answer = self.console.client.post(path, json=body, headers=self.headers)
        said = answer.json()
        code = said["error"]["code"] if "error" in said else said["code"]
        entry = self.console.audit.newest(1)[0]
        assert entry.subject == str(self.event.incident_id)
        return answer.status_code, code, entry.outcome

    @property
    def disposition(self) -> str | None:
        [line] = self.book.desk.lines([self.event.incident_id])
        return line["disposition"]


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        yield Box(tmp_path, database)


def test_a_dismissal_that_was_taken_back_already_is_no_fault(box: Box) -> None:
    assert box.post("restore") == (404, "unknown_incident", "unknown_incident"), "never dismissed"
    box.post("dismiss", reason="tolerated")
    assert box.post("restore") == (200, None, "done")
    assert box.post("restore") == (200, "already", "already")


def test_an_incident_is_acknowledged_once(box: Box) -> None:
    assert box.post("acknowledge") == (200, None, "done")
    box.book.clock.advance(1.0)
    assert box.post("acknowledge") == (200, "already", "already")


def test_nobody_overrules_a_judgement_that_he_has_not_seen(box: Box) -> None:
    assert box.post("dismiss", reason="tolerated", expected="none") == (200, None, "done")
    late = box.post("dismiss", reason="false_report", expected="none")
    assert late == (409, "judged_meanwhile", "judged_meanwhile")
    assert box.disposition == "tolerated"
    assert box.post("dismiss", reason="false_report", expected="tolerated") == (200, None, "done")
    assert box.disposition == "false_report"
    assert box.post("dismiss", reason="tolerated") == (200, None, "done"), "who expects nothing is not held up"
    assert box.post("dismiss", reason="tolerated", expected="nonsense")[:2] == (400, "invalid")


def test_a_note_may_be_as_long_as_in_the_contract(box: Box) -> None:
    assert box.post("dismiss", reason="tolerated", note="长" * 1000)[0] == 200
    assert box.post("dismiss", reason="tolerated", note="长" * 1001)[0] == 400
