"""What the centre knows, in SQLite: every message is one transaction, committed before the broker hears of it."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from .contract import EVENT_SCHEMAS, Range

_TABLES = """
CREATE TABLE IF NOT EXISTS events (
  source TEXT, id TEXT, sequence INTEGER, subject TEXT, revision INTEGER, type TEXT, arrived REAL, payload BLOB,
  PRIMARY KEY (source, id));
CREATE INDEX IF NOT EXISTS events_in_order ON events (source, sequence);
CREATE TABLE IF NOT EXISTS incidents (
  source TEXT, subject TEXT, revision INTEGER, phase TEXT, rule TEXT, camera TEXT, zone TEXT, severity TEXT,
  first_seen TEXT, dwell_s REAL, blind_s REAL, close_reason TEXT, PRIMARY KEY (source, subject));
CREATE TABLE IF NOT EXISTS cases (
  source TEXT, subject TEXT, stage TEXT, since REAL, outcome TEXT, PRIMARY KEY (source, subject));
CREATE TABLE IF NOT EXISTS notes (
  source TEXT, id TEXT, sequence INTEGER, subject TEXT, said TEXT, at TEXT, by TEXT, reason TEXT, until TEXT, note TEXT,
  PRIMARY KEY (source, id));
CREATE TABLE IF NOT EXISTS pictures (
  source TEXT, id TEXT, incident TEXT, command TEXT, kind TEXT, mime TEXT, content BLOB, PRIMARY KEY (source, id));
CREATE TABLE IF NOT EXISTS commands (
  id TEXT PRIMARY KEY, source TEXT, command TEXT, body TEXT, status TEXT, answer TEXT);
CREATE TABLE IF NOT EXISTS boxes (
  source TEXT PRIMARY KEY, solid INTEGER NOT NULL DEFAULT 0, state TEXT, health TEXT);
CREATE TABLE IF NOT EXISTS defects (at REAL, source TEXT, what TEXT, reason TEXT, payload BLOB);
"""


class Taken(StrEnum):
    """What became of a message."""

    NEW = "new"
    DOUBLE = "double"
    """Known already, to the byte: at-least-once delivery. Acknowledge it again."""
    DEFECT = "defect"
    """Kept apart, with the reason."""


@dataclass(frozen=True)
class Standing:
    """What is stored of one source: all of 1..`solid`, and up to `highest` all but `gaps`."""

    solid: int
    highest: int
    gaps: tuple[Range, ...]


class Books:
    """The centre's database. Everything else may be lost at any moment; it comes back from here."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        # FULL: a commit is on the disk before PUBACK and ack say so. NORMAL could lose the last ones with the power.
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = FULL")
        self.db.executescript(_TABLES)

    def close(self) -> None:
        self.db.close()

    def take_event(self, event: dict[str, Any], payload: bytes) -> Taken:
        """Upsert on (source, id). The first content of an id is kept; another one is the box's defect."""
        source, sequence = event["source"], int(event["sequence"])
        with _transaction(self.db):
            known = self._one("SELECT payload FROM events WHERE source = ? AND id = ?", source, event["id"])
            if known:
                if bytes(known[0]) == payload:
                    return Taken.DOUBLE
                return self._defect(source, "other content", f"{event['id']} came with other content before", payload)
            other = self._one("SELECT id FROM events WHERE source = ? AND sequence = ?", source, sequence)
            if other:  # an event all the same: keep it, and have somebody look at the box
                self._defect(source, "sequence reused", f"{sequence} is {other[0]} and {event['id']}", payload)
            kind, data = event["type"], event.get("data")
            revision = data.get("revision") if isinstance(data, dict) else None
            self._run(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(source, event["id"], sequence, event.get("subject"), revision, kind, time.time(), payload),
            )
            self._run("INSERT OR IGNORE INTO boxes (source) VALUES (?)", source)
            schema = EVENT_SCHEMAS.get(kind.rpartition(".")[2])  # None, of a later version: stored and counted, no more
            if schema == "event":
                self._follow(event)
            elif schema == "note":
                self._note(event)
        return Taken.NEW

    def take_picture(self, source: str, picture: dict[str, Any]) -> Taken:
        """Keep a picture by its id, whether or not its event is here; a damaged one is a defect."""
        content = base64.b64decode(picture["data_base64"])
        found = hashlib.sha256(content).hexdigest()
        with _transaction(self.db):
            if found != picture["sha256"]:
                reason = f"{picture['id']}: expected sha256 {picture['sha256']}, found {found}"
                return self._defect(source, "damaged picture", reason, content)
            values = (source, picture["id"], picture.get("subject"), picture.get("commandid"), picture["kind"])
            sql = "INSERT OR IGNORE INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?)"
            count = self._run(sql, *values, picture["datacontenttype"], content).rowcount
        return Taken.NEW if count else Taken.DOUBLE

    def take_answer(self, source: str, answer: dict[str, Any]) -> Taken:
        """What became of a command. `accepted` may come late, or twice: it never replaces the end."""
        with _transaction(self.db):
            values = (answer["id"], source, answer["command"])
            self._run("INSERT OR IGNORE INTO commands (id, source, command) VALUES (?, ?, ?)", *values)
            sql = (
                "UPDATE commands SET status = ?, answer = ? WHERE id = ? AND coalesce(status, 'accepted') = 'accepted'"
            )
            count = self._run(sql, answer["status"], json.dumps(answer), answer["id"]).rowcount
            result = answer.get("result") or {}
            if count and result.get("verdict"):
                sql = "UPDATE cases SET outcome = ? WHERE source = ? AND subject = ? AND stage <> 'closed'"
                self._run(sql, result["verdict"], source, result["incident"])
                if result["verdict"] == "cleared":
                    self._close_case(source, result["incident"], "verified: cleared")
        return Taken.NEW if count else Taken.DOUBLE

    def take_status(self, source: str, kind: str, body: dict[str, Any]) -> Taken:
        """State or health: the newest counts."""
        column = {"state": "state", "health": "health"}[kind]
        with _transaction(self.db):
            if kind == "state" and body["status"] == "offline" and body["reason"] == "lost":
                row = self._one("SELECT state FROM boxes WHERE source = ?", source)
                if row and row[0] and json.loads(row[0])["boot_id"] != body["boot_id"]:
                    return Taken.DOUBLE  # the will of an earlier run: the box is back already
            self._run("INSERT OR IGNORE INTO boxes (source) VALUES (?)", source)
            self._run(f"UPDATE boxes SET {column} = ? WHERE source = ?", json.dumps(body), source)
        return Taken.NEW

    def put_aside(self, source: str, what: str, reason: str, payload: bytes) -> Taken:
        """Keep a message that cannot be used, for a person to look at."""
        with _transaction(self.db):
            return self._defect(source, what, reason, payload)

    def asked(self, source: str, body: dict[str, Any]) -> None:
        """Note a command before it is sent, so that a restarted centre can send the SAME id again."""
        with _transaction(self.db):
            sql = "INSERT OR IGNORE INTO commands (id, source, command, body) VALUES (?, ?, ?, ?)"
            self._run(sql, body["id"], source, body["command"], json.dumps(body))

    def standing(self, source: str) -> Standing:
        """Which numbers are here; moves the solid mark up, so that the next call is cheap."""
        row = self._one("SELECT solid FROM boxes WHERE source = ?", source)
        solid = highest = int(row[0]) if row else 0
        sql = "SELECT DISTINCT sequence FROM events WHERE source = ? AND sequence > ? ORDER BY sequence"
        gaps: list[Range] = []
        for (sequence,) in self.db.execute(sql, (source, solid)):
            if sequence > highest + 1:
                gaps.append((highest + 1, sequence - 1))
            highest = sequence
        return Standing(self._raise_solid(source, solid, gaps[0][0] - 1 if gaps else highest), highest, tuple(gaps))

    def give_up(self, source: str, gap: Range) -> None:
        """Wait no longer for the lowest gap: the box has said often enough, by silence, that it no longer has it."""
        self.put_aside(source, "lost events", f"{gap[0]} to {gap[1]} never came", b"")
        self._raise_solid(source, gap[0] - 1, gap[1])

    def sources(self) -> list[str]:
        """All boxes that were ever heard of."""
        return [source for (source,) in self.db.execute("SELECT source FROM boxes ORDER BY source")]

    def find_incident(self, ending: str) -> tuple[str, str] | None:
        """Source and whole id of the one incident whose id ends like this."""
        sql = "SELECT source, subject FROM incidents WHERE substr(subject, -length(?)) = ?"
        rows: list[tuple[str, str]] = self.db.execute(sql, (ending, ending)).fetchall()
        return rows[0] if len(rows) == 1 else None

    def move_case(self, source: str, subject: str, stage: str, since: float) -> None:
        """Enter the next stage of a case that is not closed meanwhile."""
        sql = "UPDATE cases SET stage = ?, since = ? WHERE source = ? AND subject = ? AND stage <> 'closed'"
        with _transaction(self.db):
            self._run(sql, stage, since, source, subject)

    def _follow(self, event: dict[str, Any]) -> None:
        """The incident stands as its highest revision says, whatever the order of arrival; its case follows."""
        source, subject, data = event["source"], event["subject"], event["data"]
        phase = event["type"].rpartition(".")[2]
        values = (
            source,
            subject,
            data["revision"],
            phase,
            data["rule"],
            data["camera"],
            data["zone"],
            data["severity"],
        )
        times = (data["times"]["first_seen"], data["dwell_s"], data["blind_s"], data.get("close_reason"))
        sql = """INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
            revision = excluded.revision, phase = excluded.phase, severity = excluded.severity,
            dwell_s = excluded.dwell_s, blind_s = excluded.blind_s, close_reason = excluded.close_reason
            WHERE excluded.revision > revision"""
        self._run(sql, *values, *times)
        self._run("INSERT OR IGNORE INTO cases VALUES (?, ?, 'new', ?, NULL)", source, subject, time.time())
        if phase == "closed":
            said = self._judged(source, subject) if data.get("close_reason") == "dismissed" else None
            self._close_case(source, subject, said or str(data.get("close_reason")))

    def _note(self, event: dict[str, Any]) -> None:
        """What a person at the box said. The incident stands as before; its case knows that somebody is at it."""
        source, subject, data = event["source"], event["subject"], event["data"]
        words = (data["said"], event["time"], data["by"], data["reason"], data["until"], data["note"])
        sql = "INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        self._run(sql, source, event["id"], int(event["sequence"]), subject, *words)
        case, now = "source = ? AND subject = ?", time.time()
        self._run("INSERT OR IGNORE INTO cases VALUES (?, ?, 'new', ?, NULL)", source, subject, now)
        if data["said"] == "acknowledged":
            sql = f"UPDATE cases SET stage = 'dispatched', since = ? WHERE {case} AND stage = 'new'"
            self._run(sql, now, source, subject)
        elif judged := self._judged(source, subject):
            self._run(f"UPDATE cases SET outcome = ? WHERE {case}", judged, source, subject)

    def _judged(self, source: str, subject: str) -> str | None:
        """The box's last word about whether it is one: the highest sequence counts, whatever the order of arrival."""
        sql = """SELECT said, reason FROM notes WHERE source = ? AND subject = ? AND said <> 'acknowledged'
            ORDER BY sequence DESC LIMIT 1"""
        row = self._one(sql, source, subject)
        if row is None:
            return None
        return f"dismissed at the box: {row[1]}" if row[0] == "dismissed" else "dismissal taken back at the box"

    def _close_case(self, source: str, subject: str, outcome: str) -> None:
        case = "source = ? AND subject = ? AND stage <> 'closed'"
        sql = f"UPDATE cases SET stage = 'closed', since = ?, outcome = ? WHERE {case}"
        self._run(sql, time.time(), outcome, source, subject)

    def _raise_solid(self, source: str, old: int, new: int) -> int:
        if new > old:
            with _transaction(self.db):
                self._run("UPDATE boxes SET solid = ? WHERE source = ?", new, source)
        return new

    def _defect(self, source: str, what: str, reason: str, payload: bytes) -> Taken:
        self._run("INSERT INTO defects VALUES (?, ?, ?, ?, ?)", time.time(), source, what, reason, payload)
        return Taken.DEFECT

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        return self.db.execute(sql, values)

    def _one(self, sql: str, *values: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self.db.execute(sql, values).fetchone()
        return row


class _transaction:  # noqa: N801 - read as a word in `with`
    """All or nothing, also when the body returns early."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")
