"""What a person sees: a live table, plain lines, or JSON lines for other programs."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from .books import Books, Taken

REFRESH_S = 1.0
SHOWN_ID = 12
"""Characters at the end of an incident's id, enough to name it to the other commands."""
_TOLD = ("sequence", "type", "subject", "id", "command", "status", "code", "reason")
_TOLD_OF_DATA = ("revision", "camera", "zone", "dwell_s", "close_reason", "said", "by", "reason", "until", "note")
_BOXES = "SELECT source, state, health FROM boxes ORDER BY source"
_CASES = """
SELECT i.source, i.subject, i.rule, i.camera, i.zone, i.severity, i.phase, i.revision, i.dwell_s, c.stage, c.outcome
FROM incidents i JOIN cases c USING (source, subject) ORDER BY i.phase = 'closed', i.first_seen DESC LIMIT ?"""


class Board:
    """Lines: one for each message. `as_json`: as JSON, else for people; duplicates are told, too."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json

    def told(self, kind: str, source: str, taken: Taken, body: dict[str, Any]) -> None:
        """A message came (or, kind `cmd`, was sent), and what became of it."""
        facts: dict[str, Any] = {"kind": kind, "source": source, "taken": str(taken)}
        facts |= {key: body[key] for key in _TOLD if body.get(key) is not None}
        data = body.get("data")
        data = data if isinstance(data, dict) else {}
        facts |= {key: data[key] for key in _TOLD_OF_DATA if data.get(key) is not None}
        self._print(facts)

    def trouble(self, text: str | None) -> None:
        """The connection, or the disk."""
        self._print({"kind": "trouble", "reason": text} if text else {"kind": "connected"})

    def refresh(self, books: Books) -> None:
        """Once a turn; a table is drawn anew now and then."""

    def close(self) -> None:
        """Leave the terminal as it was."""

    def _print(self, facts: dict[str, Any]) -> None:
        if self._as_json:
            line = json.dumps(facts, ensure_ascii=False)
        else:
            line = " ".join(str(value) for value in facts.values())
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


class LiveBoard(Board):
    """The same as a table that is always up to date."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(as_json=False)
        self._live = Live(console=console or Console(), auto_refresh=False, screen=True)
        self._live.start()
        self._drawn_at = 0.0
        self._last = ""

    def refresh(self, books: Books) -> None:
        if time.monotonic() - self._drawn_at < REFRESH_S:
            return
        self._drawn_at = time.monotonic()
        self._live.update(self._table(books, self._live.console.height), refresh=True)

    def close(self) -> None:
        self._live.stop()

    def _print(self, facts: dict[str, Any]) -> None:
        self._last = " ".join(str(value) for value in facts.values())

    def _table(self, books: Books, height: int) -> Group:
        boxes = Table("box", "state", "stored", "missing", "waiting there", "cameras", title="Boxes", expand=True)
        for source, state_text, health_text in books.db.execute(_BOXES).fetchall():
            state, health = json.loads(state_text or "{}"), json.loads(health_text or "{}")
            standing = books.standing(source)
            missing = sum(last - first + 1 for first, last in standing.gaps)
            cameras = ", ".join(f"{camera['camera']} {camera['state']}" for camera in health.get("cameras", []))
            depth = str(health.get("outbox_depth", "?"))
            boxes.add_row(source, state.get("status", "?"), str(standing.highest), str(missing), depth, cameras)
        cases = Table(
            *("incident", "what", "where", "severity", "phase", "rev", "stood", "case"), title="Incidents", expand=True
        )
        for row in books.db.execute(_CASES, (max(5, height - boxes.row_count - 14),)).fetchall():
            source, subject, rule, camera, zone, severity, phase, revision, dwell_s, stage, outcome = row
            place = f"{source.rpartition('/')[2]} {camera} {zone or ''}"
            stood = f"{int(dwell_s) // 60}:{int(dwell_s) % 60:02}"
            case = f"{stage} ({outcome})" if outcome else stage
            cases.add_row(subject[-SHOWN_ID:], rule, place, severity, phase, str(revision), stood, case)
        (defects,) = books.db.execute("SELECT count(*) FROM defects").fetchone()
        return Group(boxes, cases, f"defects kept apart: {defects}    last: {self._last}")
