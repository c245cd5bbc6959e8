"""What people said about incidents: kept in the book and, where it was said at this box, put into the outbox.

Both in the transaction of what the saying changes: never one without the other.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.adapters.sqlite.casebook import keep_shots, text_of
from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.outbox import insert_row, next_sequence
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.notes import BoxNote, Said
from agent.core.silence import Dismissal
from agent.core.types import Channel, Message
from agent.core.verification import Verdict

log = logging.getLogger(__name__)

_TOLD = {
    "acknowledged": Said.ACKNOWLEDGED,
    "dismissed": Said.DISMISSED,
    "restored": Said.DISMISSAL_WITHDRAWN,
}
"""Of the kinds of remarks, those that the centre is told: what was said, not what was asked."""
_INSERT = "INSERT INTO remarks (incident_id, kind, at, by, details, sequence) VALUES (?, ?, ?, ?, ?, ?)"
_ABOUT = "SELECT camera, rule, zone, class_name, channel, kind FROM incidents WHERE incident_id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What somebody said or asked about an incident.

    Attributes:
        kind: `acknowledged`, `dismissed`, `restored` or `verified`.
        at_box: whether that was at this box, not at the centre; None: not known, and the centre is not told.
        reason, until: of a dismissal. more: what else is to be known of it.
        spot: the dismissal that it is about; the book may have forgotten the incident that it ended.
    """

    incident: UUID
    kind: str
    at: datetime
    by: str | None = None
    note: str | None = None
    at_box: bool | None = None
    reason: str | None = None
    until: datetime | None = None
    more: dict[str, Any] | None = None
    spot: Dismissal | None = None


class Remarks:
    """Keeps what people said, within transactions of others."""

    def __init__(
        self, encode: Callable[[BoxNote, int], Message] | None = None, queued: Callable[[], None] = lambda: None
    ) -> None:
        """`encode`: makes the message of what was said at this box; None: the centre is told of nothing.

        `queued`: called after a commit that may have brought a new outbox row (to wake the courier).
        """
        self._encode = encode
        self.queued = queued

    def keep(self, connection: sqlite3.Connection, remark: Remark) -> None:
        """Note it, and have the centre told where it was said here."""
        sequence = self._tell(connection, remark) if remark.at_box and remark.kind in _TOLD else None
        until = None if remark.until is None else text_of(remark.until)
        details = {"reason": remark.reason, "note": remark.note, "until": until, "at_box": remark.at_box}
        said = {name: value for name, value in {**details, **(remark.more or {})}.items() if value is not None}
        row = (str(remark.incident), remark.kind, text_of(remark.at), remark.by, json.dumps(said, ensure_ascii=False))
        connection.execute(_INSERT, (*row, sequence))

    def _tell(self, connection: sqlite3.Connection, remark: Remark) -> int | None:
        """The sequence number under which the centre is told; None: it cannot be said of what that was."""
        about = _about(connection, remark)
        if self._encode is None or about is None:
            return None
        note = BoxNote(
            **about,
            incident_id=remark.incident,
            said=_TOLD[remark.kind],
            at=remark.at,
            by=remark.by,
            note=remark.note,
            reason=remark.reason,
            until=remark.until,
        )
        sequence = next_sequence(connection)
        message = self._encode(note, sequence)
        insert_row(connection, note.minted(sequence), sequence, note.incident_id, message)
        return sequence


class SqliteCaseNotes:
    """`ports.CaseNotes` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def verified(self, verdict: Verdict, by: str | None, *, at_box: bool | None = None) -> None:
        """See `ports.CaseNotes.verified`."""
        pictures = [picture for picture in (verdict.before, verdict.after) if picture is not None]
        more = {
            "verdict": verdict.verdict.value,
            "reason": verdict.reason,
            "dwell_s": verdict.dwell_s,
            "before": None if verdict.before is None else str(verdict.before.evidence_id),
            "after": None if verdict.after is None else str(verdict.after.evidence_id),
        }
        about, at = verdict.incident, verdict.looked_at
        remark = Remark(incident=about, kind="verified", at=at, by=by, at_box=at_box, more=more)

        def work(connection: sqlite3.Connection) -> None:
            known = "SELECT 1 FROM shots WHERE evidence_id = ?"
            new = [p for p in pictures if not connection.execute(known, (str(p.evidence_id),)).fetchone()]
            keep_shots(connection, verdict.incident, new, None)
            Remarks().keep(connection, remark)

        try:
            self._database.write(work)
        except (StoreFull, StoreUnusable) as error:
            log.warning("incident %s: that it was verified is not noted: %s", verdict.incident, error)


def _about(connection: sqlite3.Connection, remark: Remark) -> dict[str, Any] | None:
    row = connection.execute(_ABOUT, (str(remark.incident),)).fetchone()
    if row is not None:
        camera, rule, zone, class_name, channel, kind = row
        found = {"camera": camera, "rule": rule, "zone": zone, "class_name": class_name, "kind": kind}
        return found if channel is None else {**found, "channel": Channel(channel)}
    if (spot := remark.spot) is not None:
        return {"camera": spot.camera, "rule": spot.rule, "zone": spot.zone, "class_name": spot.class_name}
    log.warning("incident %s: the centre is not told what was said of it: nothing is known of it", remark.incident)
    return None
