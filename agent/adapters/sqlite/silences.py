"""What the centre, or a person at the box, wants to hear no more of."""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from agent.adapters.sqlite.casebook import handled, judged
from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.remarks import Remark, Remarks
from agent.adapters.sqlite.visitor import Visitor
from agent.core.silence import DISMISSAL, PAUSE, Dismissal, Pause

log = logging.getLogger(__name__)
T = TypeVar("T")

_COUNT_UP = "UPDATE meta SET value = value + 1 WHERE key = 'silences'"
_KEEP_OVER = timedelta(days=30)
"""How long those that are over are kept, for people who ask why something was silent."""


class SqliteSilences:
    """`ports.SilenceStore`, on the agent's own `Database` or as a `Visitor` of it."""

    def __init__(self, database: Database | Visitor, remarks: Remarks | None = None) -> None:
        """`remarks`: keeps what people say; None: the centre is not told of it."""
        self._database = database
        self._remarks = remarks or Remarks()

    def dismiss(self, dismissal: Dismissal) -> None:
        """See `ports.SilenceStore.dismiss`."""
        until_s = None if dismissal.until is None else dismissal.until.timestamp()
        row = (str(dismissal.incident_id), dismissal.camera, until_s, DISMISSAL.dump_json(dismissal).decode())
        remark = Remark(
            incident=dismissal.incident_id,
            kind="dismissed",
            at=dismissal.at,
            by=dismissal.by,
            note=dismissal.note,
            at_box=dismissal.at_box,
            reason=dismissal.reason,
            until=dismissal.until,
            spot=dismissal,
        )

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM dismissals WHERE until_utc_s < ?", (_long_ago_s(dismissal.at),))
            connection.execute(
                "INSERT OR REPLACE INTO dismissals (incident_id, camera, until_utc_s, dismissal) VALUES (?, ?, ?, ?)",
                row,
            )
            connection.execute(_COUNT_UP)
            handled(connection, dismissal.incident_id, dismissal.at)
            judged(connection, dismissal.incident_id, dismissal.reason)
            self._remarks.keep(connection, remark)

        self._database.write(work)
        if dismissal.at_box:
            self._remarks.queued()

    def take_back(
        self, incident_id: UUID, at: datetime, by: str | None = None, *, at_box: bool | None = None
    ) -> Dismissal | None:
        """See `ports.SilenceStore.take_back`."""

        def work(connection: sqlite3.Connection) -> list[Dismissal]:
            sql = "DELETE FROM dismissals WHERE incident_id = ? RETURNING dismissal"
            gone = connection.execute(sql, (str(incident_id),)).fetchall()
            known = _read(DISMISSAL, gone)
            if gone:
                connection.execute(_COUNT_UP)
                judged(connection, incident_id, None)
                spot = known[0] if known else None
                remark = Remark(incident=incident_id, kind="restored", at=at, by=by, at_box=at_box, spot=spot)
                self._remarks.keep(connection, remark)
            return known

        found = self._database.write(work)
        if at_box:
            self._remarks.queued()
        return found[0] if found else None

    def dismissals(self, camera: str | None = None) -> list[Dismissal]:
        """See `ports.SilenceStore.dismissals`."""
        sql = "SELECT dismissal FROM dismissals WHERE ? IS NULL OR camera = ? ORDER BY number"
        return _read(DISMISSAL, self._database.read(sql, (camera, camera)))

    def pause(self, pause: Pause, now: datetime) -> None:
        """See `ports.SilenceStore.pause`."""

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM pauses WHERE until_utc_s < ?", (_long_ago_s(now),))
            _drop_within(connection, pause)
            row = (pause.until.timestamp(), PAUSE.dump_json(pause).decode())
            connection.execute("INSERT INTO pauses (until_utc_s, pause) VALUES (?, ?)", row)
            connection.execute(_COUNT_UP)

        self._database.write(work)

    def resume(self, asked: Pause) -> None:
        """See `ports.SilenceStore.resume`."""

        def work(connection: sqlite3.Connection) -> None:
            _drop_within(connection, asked)
            connection.execute(_COUNT_UP)

        self._database.write(work)

    def pauses(self) -> list[Pause]:
        """See `ports.SilenceStore.pauses`."""
        return _read(PAUSE, self._database.read("SELECT pause FROM pauses ORDER BY number"))

    def version(self) -> int:
        """See `ports.SilenceStore.version`."""
        return int(self._database.read("SELECT value FROM meta WHERE key = 'silences'")[0][0])


def _read(adapter: TypeAdapter[T], rows: list[tuple[str]]) -> list[T]:
    """Those that can be read; one that cannot holds nobody's mouth shut."""
    found = []
    for (text,) in rows:
        try:
            found.append(adapter.validate_json(text))
        except ValidationError as error:
            log.error("a silence cannot be read and does not hold any more: %s", error)
    return found


def _drop_within(connection: sqlite3.Connection, asked: Pause) -> None:
    """Pauses that are about nothing that `asked` is not about."""
    rows = connection.execute("SELECT number, pause FROM pauses").fetchall()
    gone = [(number,) for number, text in rows if all(known.within(asked) for known in _read(PAUSE, [(text,)]))]
    connection.executemany("DELETE FROM pauses WHERE number = ?", gone)


def _long_ago_s(now: datetime) -> float:
    return (now - _KEEP_OVER).timestamp()
