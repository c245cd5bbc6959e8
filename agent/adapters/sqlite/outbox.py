"""What still has to reach the centre, in order, and what could not."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agent.adapters.sqlite.casebook import text_of
from agent.adapters.sqlite.connection import Database
from agent.core.types import Envelope, Message, Stamp
from agent.ports import LONGEST_RESEND_S, Clock

_KEEP_DELIVERED = 5000
"""Delivered rows that are kept for people to look at: about 10 MB."""
_LONGEST_WAIT_S = 900.0
"""No row is postponed further than this (the courier's longest is 600 s). One that seems to be was postponed before the
clock was set back: it is due."""

_DUE = """
SELECT row, sequence, order_key, topic, payload, content_type, qos, retain, attempts, due_at_utc_s, sent
FROM outbox AS o
WHERE state = 0 AND NOT (due_at_utc_s > :now AND due_at_utc_s <= :horizon)
  AND NOT EXISTS (
    SELECT 1 FROM outbox AS older
    WHERE older.order_key = o.order_key AND older.row < o.row AND older.state <> 1 AND older.state = 0
      AND older.sent = 0 AND older.due_at_utc_s > :now AND older.due_at_utc_s <= :horizon)
ORDER BY row LIMIT :limit
"""
_SENT = """
UPDATE outbox SET due_at_utc_s = ? + min(?, ? * (1 << min(sent, 10))), sent = sent + 1, attempts = 0
WHERE row = ? AND state = 0
"""
_AGAIN = """
UPDATE outbox SET state = 0, sent = 0, attempts = 0, due_at_utc_s = 0
WHERE sequence BETWEEN ? AND ? AND (state = 1 OR state = 0 AND sent > 0)
"""
_BOOKED = ("moments", "remarks")
"""Tables whose rows may have an outbox row, by `sequence`: events, and what people said."""
_TAKEN = """
UPDATE {table} SET taken_at = ?
WHERE taken_at IS NULL AND sequence = (SELECT sequence FROM outbox WHERE row = ?)
"""
_ACKED = "UPDATE {table} SET acked_at = ? WHERE acked_at IS NULL AND taken_at IS NOT NULL AND sequence <= ?"
_MISSED = "UPDATE {table} SET acked_at = NULL WHERE sequence BETWEEN ? AND ?"
_NEXT = "UPDATE meta SET value = value + 1 WHERE key = 'sequence' RETURNING value"
_INSERT = """
INSERT INTO outbox (event_id, sequence, order_key, topic, content_type, qos, retain, payload, lesser)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_NOT_DROPPED = "UPDATE meta SET value = max(0, value - ?) WHERE key = 'dropped'"
_PRUNE = """
DELETE FROM outbox WHERE state = 1 AND row <= (
  SELECT row FROM outbox WHERE state = 1 ORDER BY row DESC LIMIT 1 OFFSET ?)
"""


class SqliteOutbox:
    """`ports.Outbox` on a `Database`. Delivered rows beyond `keep_delivered` are deleted, oldest first."""

    def __init__(
        self, database: Database, *, keep_delivered: int = _KEEP_DELIVERED, clock: Clock | None = None
    ) -> None:
        """`clock`: of the times at which broker and platform took an event; None: they are not kept."""
        self._database = database
        self._clock = clock
        self._keep_delivered = keep_delivered

    def due(self, now: Stamp, limit: int) -> list[Envelope]:
        """See `ports.Outbox.due`."""
        now_s = now.utc.timestamp()
        rows = self._database.read(_DUE, {"now": now_s, "horizon": now_s + _LONGEST_WAIT_S, "limit": limit})
        return [_envelope(row) for row in rows]

    def done(self, rows: Sequence[int]) -> None:
        """See `ports.Outbox.done`. A row that was done before stays done; one that was given up no more counts so."""

        def work(connection: sqlite3.Connection) -> None:
            sql = "UPDATE outbox SET state = 1, reason = NULL WHERE row = ?"
            there = connection.executemany(sql, [(row,) for row in rows]).rowcount
            if there < len(rows):  # given up while they were in flight, and arrived nevertheless
                connection.execute(_NOT_DROPPED, (len(rows) - there,))
            self._taken(connection, rows)
            connection.execute(_PRUNE, (self._keep_delivered,))

        if rows:
            self._database.write(work)

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        """See `ports.Outbox.postpone`."""
        sql = "UPDATE outbox SET attempts = attempts + 1, due_at_utc_s = ? WHERE row = ? AND state = 0"
        self._database.write(lambda connection: connection.execute(sql, (due_at_utc_s, row)))

    def sent(self, rows: Sequence[int], at_utc_s: float, resend_after_s: float) -> None:
        """See `ports.Outbox.sent`."""
        values = [(at_utc_s, LONGEST_RESEND_S, resend_after_s, row) for row in rows]

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(_SENT, values)
            self._taken(connection, rows)

        self._database.write(work)

    def acked(self, sequence: int, missing: Sequence[tuple[int, int]] = ()) -> int:
        """See `ports.Outbox.acked`."""
        last = int(self._database.read("SELECT value FROM meta WHERE key = 'sequence'")[0][0])
        if sequence > last:
            raise ValueError(f"expected a sequence up to {last}, found {sequence}")

        def work(connection: sqlite3.Connection) -> int:
            connection.executemany(_AGAIN, missing)
            sql = "UPDATE outbox SET state = 1, reason = NULL WHERE state = 0 AND sent > 0 AND sequence <= ?"
            count = connection.execute(sql, (sequence,)).rowcount
            self._acked(connection, sequence, missing)
            connection.execute(_PRUNE, (self._keep_delivered,))
            return count

        return self._database.write(work)

    def _taken(self, connection: sqlite3.Connection, rows: Sequence[int]) -> None:
        if self._clock is not None:
            at = text_of(self._clock.now().utc)
            for table in _BOOKED:
                connection.executemany(_TAKEN.format(table=table), [(at, row) for row in rows])

    def _acked(self, connection: sqlite3.Connection, sequence: int, missing: Sequence[tuple[int, int]]) -> None:
        if self._clock is not None:
            at = text_of(self._clock.now().utc)
            for table in _BOOKED:
                connection.execute(_ACKED.format(table=table), (at, sequence))
                connection.executemany(_MISSED.format(table=table), missing)

    def unacked(self) -> int:
        """See `ports.Outbox.unacked`."""
        return int(self._database.read("SELECT count(*) FROM outbox WHERE state = 0 AND sent > 0")[0][0])

    def highest_unacked(self) -> int:
        """See `ports.Outbox.highest_unacked`."""
        rows = self._database.read("SELECT max(sequence) FROM outbox WHERE state = 0 AND sent > 0")
        return int(rows[0][0] or 0)

    def dropped(self) -> int:
        """See `ports.Outbox.dropped`."""
        return int(self._database.read("SELECT value FROM meta WHERE key = 'dropped'")[0][0])

    def set_aside(self, row: int, reason: str) -> None:
        """See `ports.Outbox.set_aside`."""
        sql = "UPDATE outbox SET state = 2, reason = ? WHERE row = ? AND state = 0"
        self._database.write(lambda connection: connection.execute(sql, (reason, row)))

    def requeue(self) -> int:
        """See `ports.Outbox.requeue`."""
        sql = "UPDATE outbox SET state = 0, attempts = 0, sent = 0, due_at_utc_s = 0, reason = NULL WHERE state = 2"
        return self._database.write(lambda connection: connection.execute(sql).rowcount)

    def depth(self) -> int:
        """See `ports.Outbox.depth`."""
        return int(self._database.read("SELECT count(*) FROM outbox WHERE state = 0")[0][0])

    def oldest(self) -> datetime | None:
        """When the event was decided that has waited longest for delivery; None when none waits.

        Those that were set aside wait for a person instead. The time is that of the event's UUIDv7.
        """
        rows = self._database.read("SELECT event_id FROM outbox WHERE state = 0 ORDER BY row LIMIT 1")
        return datetime.fromtimestamp((UUID(rows[0][0]).int >> 80) / 1000, UTC) if rows else None

    def set_aside_count(self) -> int:
        """See `ports.Outbox.set_aside_count`."""
        return int(self._database.read("SELECT count(*) FROM outbox WHERE state = 2")[0][0])


def next_sequence(connection: sqlite3.Connection) -> int:
    """The number of the next row, taken in the transaction that inserts it: so there are no gaps."""
    return int(connection.execute(_NEXT).fetchall()[0][0])


def insert_row(
    connection: sqlite3.Connection,
    event_id: UUID,
    sequence: int,
    incident: UUID,
    message: Message,
    *,
    lesser: bool = False,
) -> None:
    """Queue a message about an incident behind all others about it. `lesser`: may be given up when too many wait."""
    sent_as = (message.topic, message.content_type, message.qos, message.retain, message.payload)
    connection.execute(_INSERT, (str(event_id), sequence, str(incident), *sent_as, lesser))


def _envelope(columns: tuple[Any, ...]) -> Envelope:
    row, sequence, order_key, topic, payload, content_type, qos, retain, attempts, due_at_utc_s, sent = columns
    return Envelope(
        row=row,
        sequence=sequence,
        order_key=order_key,
        message=Message(topic=topic, payload=bytes(payload), content_type=content_type, qos=qos, retain=bool(retain)),
        attempts=attempts,
        due_at_utc_s=due_at_utc_s,
        sent=sent,
    )
