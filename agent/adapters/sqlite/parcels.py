"""The pictures that still have to reach the centre."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from agent.adapters.sqlite.connection import Database
from agent.core.types import Evidence, Stamp
from agent.core.wire import EvidenceOf
from agent.ports import Parcel

log = logging.getLogger(__name__)

MOST = 100_000
"""Pictures that wait; beyond, the oldest are given up. At 400 bytes a row 40 MB; few disks hold more pictures."""
_BOUND_EVERY = 100
_LONGEST_WAIT_S = 4000.0
"""Nothing is postponed further (an hour at most). What seems to be was postponed before the clock was set back."""

_INSERT = """
INSERT OR IGNORE INTO parcels
  (evidence_id, camera, incident, sequence, command_id, kind, sha256, bytes, mime, captured_at, path)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_DUE = """
SELECT row, evidence_id, camera, incident, sequence, command_id, kind, sha256, bytes, mime, captured_at, path, attempts
FROM parcels WHERE {which} AND NOT (due_at_utc_s > :now AND due_at_utc_s <= :horizon) ORDER BY row LIMIT :limit
"""
_COUNT_DROPPED = "UPDATE meta SET value = value + ? WHERE key = 'parcels_dropped'"


class SqliteParcels:
    """`ports.Parcels` on a `Database`. `added` is called after each commit of `add` (to wake whoever sends)."""

    def __init__(self, database: Database, added: Callable[[], None] = lambda: None) -> None:
        self._database = database
        self._added = added

    def add(self, pictures: Sequence[Evidence], about: EvidenceOf) -> None:
        """See `ports.Parcels.add`."""
        self._database.write(lambda connection: insert_parcels(connection, pictures, about))
        self._added()

    def due(self, now: Stamp, limit: int) -> list[Parcel]:
        """See `ports.Parcels.due`."""
        now_s = now.utc.timestamp()
        values = {"now": now_s, "horizon": now_s + _LONGEST_WAIT_S, "limit": limit}
        rows = self._database.read(_DUE.format(which="command_id IS NOT NULL"), values)
        if len(rows) < limit:
            values["limit"] = limit - len(rows)
            rows += self._database.read(_DUE.format(which="command_id IS NULL"), values)
        return [_parcel(row) for row in rows]

    def done(self, row: int) -> None:
        """See `ports.Parcels.done`."""
        self._database.write(lambda connection: connection.execute("DELETE FROM parcels WHERE row = ?", (row,)))

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        """See `ports.Parcels.postpone`."""
        sql = "UPDATE parcels SET attempts = attempts + 1, due_at_utc_s = ? WHERE row = ?"
        self._database.write(lambda connection: connection.execute(sql, (due_at_utc_s, row)))

    def drop(self, row: int) -> None:
        """See `ports.Parcels.drop`."""

        def work(connection: sqlite3.Connection) -> None:
            gone = connection.execute("DELETE FROM parcels WHERE row = ?", (row,)).rowcount
            connection.execute(_COUNT_DROPPED, (gone,))

        self._database.write(work)

    def clear(self) -> int:
        """Forget all, uncounted: nothing is to be sent any more. Returns how many there were."""
        if not self.waiting():
            return 0
        return self._database.write(lambda connection: connection.execute("DELETE FROM parcels").rowcount)

    def paths(self) -> list[str]:
        """See `ports.Parcels.paths`."""
        return [str(row[0]) for row in self._database.read("SELECT path FROM parcels")]

    def waiting(self) -> int:
        """See `ports.Parcels.waiting`."""
        return int(self._database.read("SELECT count(*) FROM parcels")[0][0])

    def dropped(self) -> int:
        """See `ports.Parcels.dropped`."""
        return int(self._database.read("SELECT value FROM meta WHERE key = 'parcels_dropped'")[0][0])


def insert_parcels(connection: sqlite3.Connection, pictures: Sequence[Evidence], about: EvidenceOf) -> None:
    """Put pictures in, within a transaction of the caller's."""
    for picture in pictures:
        added = connection.execute(_INSERT, _values(picture, about))
        if added.rowcount > 0 and added.lastrowid is not None and added.lastrowid % _BOUND_EVERY == 0:
            _bound(connection)


def _bound(connection: sqlite3.Connection) -> None:
    waiting = int(connection.execute("SELECT count(*) FROM parcels").fetchone()[0])
    if waiting > MOST:
        sql = "DELETE FROM parcels WHERE row IN (SELECT row FROM parcels ORDER BY row LIMIT ?)"
        dropped = connection.execute(sql, (waiting - MOST,)).rowcount
        connection.execute(_COUNT_DROPPED, (dropped,))
        log.warning("%d pictures wait for the centre: the oldest %d were given up", waiting, dropped)


def _values(picture: Evidence, about: EvidenceOf) -> tuple[Any, ...]:
    return (
        str(picture.evidence_id),
        about.camera,
        None if about.incident is None else str(about.incident),
        about.sequence,
        about.command_id,
        picture.kind,
        picture.sha256,
        picture.bytes,
        picture.mime,
        picture.captured_at.isoformat(),
        picture.path,
    )


def _parcel(columns: tuple[Any, ...]) -> Parcel:
    row, evidence_id, camera, incident, sequence, command_id, kind, sha256, size, mime, at, path, attempts = columns
    return Parcel(
        row=row,
        picture=Evidence(
            evidence_id=UUID(evidence_id),
            kind=kind,
            sha256=sha256,
            bytes=size,
            mime=mime,
            captured_at=datetime.fromisoformat(at),
            path=path,
        ),
        about=EvidenceOf(
            camera=camera,
            incident=None if incident is None else UUID(incident),
            sequence=sequence,
            command_id=command_id,
        ),
        attempts=attempts,
    )
