"""A configuration that the box takes back is a line of the record of changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.adapters.audit import AuditFile
from agent.app.console.fate import record_fates
from agent.ports.console.access import AuditEntry
from tests.unit.test_reload import Box, rename, run


def recorded(box: Box, folder: Path) -> Sequence[AuditEntry]:
    """As a console that begins now would do it, and shows it."""
    audit = AuditFile(folder / "audit.jsonl")
    record_fates(box.reloader, audit, box.street.clock)
    return audit.newest(10)


def test_a_document_that_is_taken_back_while_the_console_runs(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        assert recorded(box, tmp_path) == []
        box.put(rename, by="王芳")
        version = box.version
        box.online.remove("gate")
        box.wait(31)
        [entry] = recorded(box, tmp_path)
        assert (entry.who, entry.action, entry.subject, entry.outcome) == ("", "config.taken_back", version, "done")
        assert entry.detail.startswith("王芳 ")
        assert "camera gate delivered pictures before and has not" in entry.detail


def test_a_document_that_the_agent_did_not_survive_is_told_once(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        box.put(rename)
    for _ in range(2):
        with run(tmp_path) as box:
            [entry] = recorded(box, tmp_path)
            assert "in the middle of the probation" in entry.detail
    assert len((tmp_path / "audit.jsonl").read_text().splitlines()) == 1


def test_a_document_that_proves_itself_needs_no_line_of_its_own(tmp_path: Path) -> None:
    with run(tmp_path) as box:
        recorded(box, tmp_path)
        box.put(rename)
        box.wait(61)
        assert recorded(box, tmp_path) == []
