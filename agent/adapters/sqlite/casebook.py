"""What people can look up about an incident later: its events, pictures and what people said of it.

Everything here is written in the transaction of what it is about, so that nothing is told that the book does not have.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from uuid import UUID

from agent.core.types import Event, Evidence, Phase
from agent.ports import WatchHour

KEEP_MOMENTS = 100_000
"""Events of which the box remembers more than the centre was told: about 60 MB with their pictures' names."""
KEEP_REMARKS = 50_000
KEEP_HOURS = 400 * 24
"""Hours for which it is kept how long each camera was watched: 13 months, 10,000 short rows for each camera."""

_MOMENT = """
INSERT OR IGNORE INTO moments (sequence, incident_id, revision, phase, at, reason, severity, channel, class_name, score,
                               dwell_s, blind_s, evidence_note)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DETAILS = """
UPDATE incidents SET severity = :severity, channel = :channel, class_name = :class_name, score = :score,
    box = :box,
    first_seen = coalesce(first_seen, :first_seen), kind = coalesce(:kind, kind),
    limits = coalesce(limits, :limits), previous_incident = coalesce(previous_incident, :previous)
WHERE incident_id = :incident AND revision = :revision
"""
_SHOT = """
INSERT OR REPLACE INTO shots (evidence_id, incident_id, sequence, kind, sha256, bytes, mime, captured_at, path)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_HOUR = """
INSERT INTO watch_hours (camera, hour, looked_s, blind_s) VALUES (?, ?, ?, ?)
ON CONFLICT (camera, hour) DO UPDATE SET looked_s = looked_s + excluded.looked_s, blind_s = blind_s + excluded.blind_s
"""
_PRUNE = (
    "DELETE FROM moments WHERE sequence <= :last - :moments"
    " AND incident_id NOT IN (SELECT incident_id FROM incidents WHERE closed_at IS NULL)",
    "DELETE FROM moments WHERE incident_id NOT IN (SELECT incident_id FROM incidents)",
    "DELETE FROM shots WHERE incident_id NOT IN (SELECT incident_id FROM moments)",
    "DELETE FROM remarks WHERE incident_id NOT IN (SELECT incident_id FROM incidents)"
    " OR number <= (SELECT max(number) FROM remarks) - :remarks",
    "DELETE FROM watch_hours WHERE hour < (SELECT max(hour) FROM watch_hours) - :hours",
)


def text_of(moment: datetime) -> str:
    """Sorts like the moments themselves."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def keep_moment(connection: sqlite3.Connection, event: Event, sequence: int) -> None:
    """Note an event, its pictures, and what is new about its incident, whose row is there already."""
    first = event.objects[0] if event.objects else None
    reason = event.close_reason if event.phase is Phase.CLOSED else event.update_reason
    class_name, score = (first.class_name, first.score) if first else (None, None)
    connection.execute(
        _MOMENT,
        (
            sequence,
            str(event.incident_id),
            event.revision,
            event.phase.value,
            text_of(event.at),
            None if reason is None else reason.value,
            event.severity.value,
            event.channel.value,
            class_name,
            score,
            event.dwell_s,
            event.blind_s,
            event.evidence_note,
        ),
    )
    details = {
        "severity": event.severity.value,
        "channel": event.channel.value,
        "class_name": class_name,
        "score": score,
        "box": None if first is None else json.dumps(first.box_n),
        "first_seen": text_of(event.first_seen),
        "kind": event.kind,
        "limits": None if event.limits is None else json.dumps(asdict(event.limits)),
        "previous": None if event.previous_incident is None else str(event.previous_incident),
        "incident": str(event.incident_id),
        "revision": event.revision,
    }
    connection.execute(_DETAILS, details)
    keep_shots(connection, event.incident_id, event.evidence, sequence)


def keep_shots(
    connection: sqlite3.Connection, incident: UUID, pictures: Iterable[Evidence], sequence: int | None
) -> None:
    """Note pictures of an incident; `sequence`: of the event that names them, if one does."""
    rows = [
        (
            str(picture.evidence_id),
            str(incident),
            sequence,
            picture.kind,
            picture.sha256,
            picture.bytes,
            picture.mime,
            text_of(picture.captured_at),
            picture.path,
        )
        for picture in pictures
    ]
    connection.executemany(_SHOT, rows)


def handled(connection: sqlite3.Connection, incident: UUID, at: datetime) -> None:
    """Somebody took notice of an incident; the first one counts."""
    sql = "UPDATE incidents SET handled_at = coalesce(handled_at, ?) WHERE incident_id = ?"
    connection.execute(sql, (text_of(at), str(incident)))


def judged(connection: sqlite3.Connection, incident: UUID, disposition: str | None) -> None:
    """An incident was dismissed for this reason, or (None) is one after all."""
    sql = "UPDATE incidents SET disposition = ? WHERE incident_id = ?"
    connection.execute(sql, (disposition, str(incident)))


def keep_hours(connection: sqlite3.Connection, camera: str, hours: Sequence[WatchHour]) -> None:
    """Add to how long a camera was watched."""
    connection.executemany(_HOUR, [(camera, hour.hour, hour.looked_s, hour.blind_s) for hour in hours])


def prune(connection: sqlite3.Connection, last: int) -> None:
    """Forget what is beyond the bounds; `last`: the newest event's sequence number. Open incidents keep theirs."""
    bounds = {"last": last, "moments": KEEP_MOMENTS, "remarks": KEEP_REMARKS, "hours": KEEP_HOURS}
    for statement in _PRUNE:
        connection.execute(statement, bounds)
