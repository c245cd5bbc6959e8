"""Incidents, scene states and the outbox rows of events, kept together or not at all."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from agent.adapters.sqlite.casebook import handled, keep_hours, keep_moment, prune
from agent.adapters.sqlite.casebook import text_of as _text
from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.outbox import insert_row, next_sequence
from agent.adapters.sqlite.parcels import insert_parcels
from agent.adapters.sqlite.remarks import Remark, Remarks
from agent.core.errors import StoreUnusable
from agent.core.types import Event, Message, Phase
from agent.core.wire import EvidenceOf
from agent.ports import IncidentRow, WatchHour

log = logging.getLogger(__name__)

_UPSERT_INCIDENT = """
INSERT INTO incidents (incident_id, camera, rule, zone, phase, opened_at, closed_at, dwell_s, blind_s, close_reason,
                       revision)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (incident_id) DO UPDATE SET
    phase = excluded.phase, closed_at = excluded.closed_at, dwell_s = excluded.dwell_s, blind_s = excluded.blind_s,
    close_reason = excluded.close_reason, revision = excluded.revision
WHERE excluded.revision >= revision
"""
_ACKNOWLEDGE = """
UPDATE incidents SET acknowledged_at = ?, acknowledged_by = ?, acknowledged_note = ?
WHERE incident_id = ? AND acknowledged_at IS NULL
"""
_SELECT_INCIDENTS = """
SELECT incident_id, camera, rule, zone, phase, opened_at, closed_at, dwell_s, blind_s, close_reason, revision,
       NOT EXISTS (SELECT 1 FROM outbox WHERE order_key = incident_id AND state <> 1)
FROM incidents
"""
_UNFINISHED = """
SELECT incident_id FROM incidents WHERE closed_at IS NULL
UNION SELECT order_key FROM outbox WHERE state <> 1
"""
_NEWEST_FIRST = " ORDER BY opened_at DESC, number DESC LIMIT ?"
_KEEP_CLOSED = 100_000
"""Closed incidents that are remembered: years at a busy box, about 30 MB."""
_PRUNE_EVERY = 1000
BACKLOG = 100_000
"""Undelivered events: at 1.5 KB each 150 MB, and weeks of a busy box."""
_BOUND_EVERY = 100
_DROP = """
DELETE FROM outbox WHERE row IN (
  SELECT row FROM outbox WHERE state = 0 AND lesser = 1 AND sent = 0 ORDER BY row LIMIT ?)
"""


class SqliteStore:
    """`ports.Store` on a `Database`.

    Args:
        encode: makes the message of an event with its sequence number; called inside the transaction.
        recorded: called after each commit that brought new outbox rows (to wake the courier).
        counted: takes the events of these rows, each once.
        backlog: about how many undelivered events are kept; beyond, the oldest `updated` ones that were never sent are
            given up and counted. `opened` and `closed` are never given up.
        parcels: whether the pictures that events name are to reach the centre.
        remarks: keeps what people say; None: the centre is not told of it.
    """

    def __init__(
        self,
        database: Database,
        encode: Callable[[Event, int], Message],
        recorded: Callable[[], None] = lambda: None,
        *,
        counted: Callable[[Sequence[Event]], None] = lambda _: None,
        backlog: int = BACKLOG,
        parcels: bool = False,
        remarks: Remarks | None = None,
    ) -> None:
        self._database = database
        self._remarks = remarks or Remarks()
        self._parcels = parcels
        self._backlog = backlog
        self._encode = encode
        self._recorded = recorded
        self._counted = counted

    def record(self, camera: str, events: Sequence[Event], state: str, hours: Sequence[WatchHour] = ()) -> None:
        """See `ports.Store.record`. An event that is already there (by its id) is not recorded a second time."""

        def work(connection: sqlite3.Connection) -> list[Event]:
            new = [event for event in events if self._add(connection, event)]
            _keep_state(connection, camera, state)
            keep_hours(connection, camera, hours)
            return new

        if new := self._database.write(work):
            self._recorded()
            self._counted(new)

    def save_state(self, camera: str, state: str, hours: Sequence[WatchHour] = ()) -> None:
        """See `ports.Store.save_state`."""

        def work(connection: sqlite3.Connection) -> None:
            _keep_state(connection, camera, state)
            keep_hours(connection, camera, hours)

        self._database.write(work)

    def load_state(self, camera: str) -> str | None:
        """See `ports.Store.load_state`."""
        rows = self._database.read("SELECT state FROM scenes WHERE camera = ?", (camera,))
        return str(rows[0][0]) if rows else None

    def cameras(self) -> list[str]:
        """See `ports.Store.cameras`."""
        return [str(row[0]) for row in self._database.read("SELECT camera FROM scenes ORDER BY camera")]

    def forget(self, camera: str) -> None:
        """See `ports.Store.forget`."""
        self._database.write(lambda connection: connection.execute("DELETE FROM scenes WHERE camera = ?", (camera,)))

    def incidents(self, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
        """See `ports.Store.incidents`."""
        sql, parameters = _incident_query(limit, camera)
        return [_incident(row) for row in self._database.read(sql, parameters)]

    def open_by_rule(self) -> dict[str, int]:
        """How many incidents are open now, by rule; rules without any are not there."""
        sql = "SELECT rule, count(*) FROM incidents WHERE closed_at IS NULL GROUP BY rule"
        return {str(rule): int(count) for rule, count in self._database.read(sql)}

    def acknowledge(
        self, incident_id: UUID, at: datetime, by: str | None, note: str | None, *, at_box: bool | None = None
    ) -> datetime | None:
        """See `ports.Store.acknowledge`."""
        remark = Remark(incident=incident_id, kind="acknowledged", at=at, by=by, note=note, at_box=at_box)

        def work(connection: sqlite3.Connection) -> list[tuple[str]]:
            row = (_text(at), by, note, str(incident_id))
            if connection.execute(_ACKNOWLEDGE, row).rowcount:
                handled(connection, incident_id, at)
                self._remarks.keep(connection, remark)
            sql = "SELECT acknowledged_at FROM incidents WHERE incident_id = ?"
            return connection.execute(sql, (str(incident_id),)).fetchall()

        found = self._database.write(work)
        if at_box:
            self._remarks.queued()
        return datetime.fromisoformat(found[0][0]) if found else None

    def unfinished(self) -> list[UUID]:
        """See `ports.Store.unfinished`."""
        return [UUID(row[0]) for row in self._database.read(_UNFINISHED)]

    def _add(self, connection: sqlite3.Connection, event: Event) -> bool:
        if connection.execute("SELECT 1 FROM outbox WHERE event_id = ?", (str(event.event_id),)).fetchone():
            return False
        sequence = next_sequence(connection)
        message, lesser = self._encode(event, sequence), event.phase is Phase.UPDATED
        insert_row(connection, event.event_id, sequence, event.incident_id, message, lesser=lesser)
        connection.execute(_UPSERT_INCIDENT, _incident_values(event))
        keep_moment(connection, event, sequence)
        if self._parcels:
            about = EvidenceOf(camera=event.camera, incident=event.incident_id, sequence=sequence)
            insert_parcels(connection, event.evidence, about)
        if sequence % _PRUNE_EVERY == 0:  # where a remark took that number, the next thousand does
            _prune_incidents(connection)
            prune(connection, sequence)
        if sequence % min(_BOUND_EVERY, self._backlog) == 0:
            self._bound(connection)
        return True

    def _bound(self, connection: sqlite3.Connection) -> None:
        """Give up the oldest lesser events beyond the backlog."""
        waiting = int(connection.execute("SELECT count(*) FROM outbox WHERE state = 0").fetchone()[0])
        if waiting > self._backlog:
            dropped = connection.execute(_DROP, (waiting - self._backlog,)).rowcount
            connection.execute("UPDATE meta SET value = value + ? WHERE key = 'dropped'", (dropped,))
            if dropped:
                log.warning("%d events wait for the centre: the oldest %d updates were given up", waiting, dropped)


def read_incidents(path: Path, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
    """Incidents of a database that another process may be using; reads only.

    Raises:
        StoreUnusable: there is no readable database of City Eye at that path.
    """
    sql, parameters = _incident_query(limit, camera)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            return [_incident(row) for row in connection.execute(sql, parameters)]
    except sqlite3.Error as error:
        raise StoreUnusable(
            f"{path}: expected a database of City Eye, found: {error}; check the data folder, and that the agent ran"
        ) from error


def _keep_state(connection: sqlite3.Connection, camera: str, state: str) -> None:
    connection.execute(
        "INSERT INTO scenes VALUES (?, ?) ON CONFLICT (camera) DO UPDATE SET state = excluded.state", (camera, state)
    )


def _incident_query(limit: int, camera: str | None) -> tuple[str, tuple[Any, ...]]:
    if camera is None:
        return _SELECT_INCIDENTS + _NEWEST_FIRST, (limit,)
    return f"{_SELECT_INCIDENTS} WHERE camera = ?{_NEWEST_FIRST}", (camera, limit)


def _prune_incidents(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM incidents WHERE closed_at IS NOT NULL AND number <= "
        "(SELECT number FROM incidents WHERE closed_at IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?)",
        (_KEEP_CLOSED,),
    )


def _incident_values(event: Event) -> tuple[Any, ...]:
    return (
        str(event.incident_id),
        event.camera,
        event.rule,
        event.zone,
        event.phase.value,
        _text(event.opened_at),
        None if event.closed_at is None else _text(event.closed_at),
        event.dwell_s,
        event.blind_s,
        None if event.close_reason is None else event.close_reason.value,
        event.revision,
    )


def _incident(row: tuple[Any, ...]) -> IncidentRow:
    return IncidentRow(
        incident_id=UUID(row[0]),
        camera=row[1],
        rule=row[2],
        zone=row[3],
        phase=row[4],
        opened_at=datetime.fromisoformat(row[5]),
        closed_at=None if row[6] is None else datetime.fromisoformat(row[6]),
        dwell_s=row[7],
        blind_s=row[8],
        close_reason=row[9],
        revision=row[10],
        delivered=bool(row[11]),
    )
