"""Looking incidents up: a list in pages, one with all that is known of it, and where a picture lies."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from agent.adapters.sqlite.casebook import text_of
from agent.adapters.sqlite.reading import Reading
from agent.core.types import Evidence
from agent.ports.console.incidents import MOST_ROWS, IncidentFilter

Row = dict[str, Any]

_SELECT = """
SELECT incident_id, camera, rule, zone, phase, opened_at, closed_at, dwell_s, blind_s, close_reason, first_seen,
       severity, channel, class_name, score, kind, limits, box, previous_incident, disposition, handled_at,
       acknowledged_at, number,
       (SELECT evidence_id FROM shots WHERE shots.incident_id = incidents.incident_id AND sequence IS NOT NULL
        ORDER BY kind LIKE 'first_sight%', kind <> 'close_up', sequence LIMIT 1) AS picture
FROM incidents
"""
_MOMENTS = """
SELECT moments.*, (SELECT coalesce(reason, '') FROM outbox WHERE outbox.sequence = moments.sequence AND state = 2)
    AS set_aside
FROM moments WHERE incident_id = ? ORDER BY revision
"""
MOST_MOMENTS = 2000
"""Events of one incident that are shown: two weeks of heartbeats every ten minutes."""
MOST_REMARKS = 200
_REMARKS = """
SELECT remarks.*, (SELECT coalesce(reason, '') FROM outbox WHERE outbox.sequence = remarks.sequence AND state = 2)
    AS set_aside
FROM remarks WHERE incident_id = ? ORDER BY number DESC LIMIT ?
"""
_VERSION = """
SELECT (SELECT max(sequence) FROM moments), (SELECT max(number) FROM remarks),
       (SELECT min(sequence) FROM moments WHERE acked_at IS NULL AND taken_at IS NOT NULL),
       (SELECT max(sequence) FROM moments WHERE acked_at IS NULL AND taken_at IS NOT NULL),
       (SELECT min(sequence) FROM remarks WHERE acked_at IS NULL AND taken_at IS NOT NULL),
       (SELECT max(sequence) FROM remarks WHERE acked_at IS NULL AND taken_at IS NOT NULL),
       (SELECT min(row) FROM outbox WHERE state = 0), (SELECT max(row) FROM outbox WHERE state = 1),
       (SELECT max(row) FROM outbox WHERE state = 2)
"""
"""Events, what people said, and how far the centre has it: nine looks into indices, however much is kept.

What was taken and acknowledged between two looks shows in the outbox only.
"""
_CURSOR = re.compile(r"([oc])~([0-9T:.+-]{20,40})~(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one incident, as rows: of the incident, its events, what was said, and its pictures."""

    incident: Row
    moments: list[Row]
    remarks: list[Row]
    shots: list[Row]


class SqliteCases:
    """Reads what `casebook` writes. From any thread; never keeps the agent waiting."""

    def __init__(self, path: Path) -> None:
        self._reading = Reading(path)

    def listed(self, wanted: IncidentFilter, after: str | None, limit: int) -> tuple[list[Row], str | None]:
        """Open incidents first, each part newest first; and where the next page begins, None at the end.

        Raises: ValueError for an `after` that is none; StoreUnusable, StoreFull.
        """
        limit = max(1, min(limit, MOST_ROWS))
        part, below = _read_cursor(after)
        rows: list[Row] = []
        with self._reading.open() as connection:
            for name in ("o", "c"):
                if (part, name) == ("c", "o") or (wanted.state is not None and wanted.state[0] != name):
                    continue
                found = _part(connection, wanted, name, below if part == name else None, limit + 1 - len(rows))
                rows += [{**row, "part": name} for row in found]
                if len(rows) > limit:
                    break
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], f"{last['part']}~{last['opened_at']}~{last['number']}"

    def lines(self, incidents: Sequence[UUID]) -> list[Row]:
        """These incidents, `MOST_ROWS` at most, those that are known; in no order. Raises StoreUnusable, StoreFull."""
        wanted = [str(incident) for incident in incidents[:MOST_ROWS]]
        marks = ", ".join("?" * len(wanted))
        with self._reading.open() as connection:
            return _rows(connection, f"{_SELECT} WHERE incident_id IN ({marks})", tuple(wanted))

    def version(self) -> str:
        """Is another when something about some incident is. Raises StoreUnusable, StoreFull."""
        with self._reading.open() as connection:
            return "/".join(str(value or 0) for value in connection.execute(_VERSION).fetchone())

    def case(self, incident: UUID) -> Case | None:
        """None when it is not known (any more). Raises StoreUnusable, StoreFull."""
        key = (str(incident),)
        with self._reading.open() as connection:
            row = connection.execute(f"{_SELECT} WHERE incident_id = ?", key).fetchone()
            if row is None:
                return None
            # The first and the newest ones, where there are more than are shown.
            moments = _rows(connection, _MOMENTS, key)
            if len(moments) > MOST_MOMENTS:
                moments = moments[: MOST_MOMENTS // 2] + moments[-MOST_MOMENTS // 2 :]
            remarks = _rows(connection, _REMARKS, (*key, MOST_REMARKS))[::-1]
            shots = _rows(connection, "SELECT * FROM shots WHERE incident_id = ? ORDER BY captured_at, kind", key)
        return Case(dict(row), moments, remarks, shots)

    def shot(self, evidence: UUID) -> Evidence | None:
        """A picture that an event or an answer named. Raises StoreUnusable, StoreFull."""
        with self._reading.open() as connection:
            found = _rows(connection, "SELECT * FROM shots WHERE evidence_id = ?", (str(evidence),))
        if not found:
            return None
        row = found[0]
        return Evidence(
            evidence_id=evidence,
            kind=row["kind"],
            sha256=row["sha256"],
            bytes=row["bytes"],
            mime=row["mime"],
            captured_at=datetime.fromisoformat(row["captured_at"]),
            path=row["path"],
        )


def conditions(wanted: IncidentFilter) -> tuple[list[str], list[Any]]:
    """SQL terms and their values, of all of a filter but the state."""
    terms, values = [], []
    for column, value in (("camera", wanted.camera), ("rule", wanted.rule), ("zone", wanted.zone)):
        if value is not None:
            terms.append(f"{column} = ?")
            values.append(value)
    if wanted.since is not None:
        terms.append("opened_at >= ?")
        values.append(text_of(wanted.since))
    if wanted.until is not None:
        terms.append("opened_at < ?")
        values.append(text_of(wanted.until))
    if wanted.dismissed in ("any", "none"):
        terms.append(f"disposition IS {'NOT ' if wanted.dismissed == 'any' else ''}NULL")
    elif wanted.dismissed is not None:
        terms.append("disposition = ?")
        values.append(wanted.dismissed)
    return terms, values


def _part(
    connection: sqlite3.Connection, wanted: IncidentFilter, part: str, below: tuple[str, int] | None, limit: int
) -> list[Row]:
    terms, values = conditions(wanted)
    terms.append("closed_at IS NULL" if part == "o" else "closed_at IS NOT NULL")
    if below is not None:
        terms.append("(opened_at, number) < (?, ?)")
        values += below
    sql = f"{_SELECT} WHERE {' AND '.join(terms)} ORDER BY opened_at DESC, number DESC LIMIT ?"
    return _rows(connection, sql, (*values, limit))


def _rows(connection: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> list[Row]:
    return [dict(row) for row in connection.execute(sql, values)]


def _read_cursor(after: str | None) -> tuple[str | None, tuple[str, int] | None]:
    if after is None:
        return None, None
    if (found := _CURSOR.fullmatch(after)) is None:
        raise ValueError("after: expected the `next` of an earlier page")
    return found[1], (found[2], int(found[3]))
