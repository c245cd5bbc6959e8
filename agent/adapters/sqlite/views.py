"""What each camera's clean view looks like, kept across restarts, and requests to take the present one for clean."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from agent.adapters.sqlite.connection import Database
from agent.core.errors import StoreUnusable
from agent.ports import ResetRequest

_BUSY_S = 10.0


class SqliteViews:
    """`ports.Views` on a `Database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, camera: str, kept: bytes) -> None:
        """See `ports.Views.save`."""
        sql = "INSERT INTO views VALUES (?, ?) ON CONFLICT (camera) DO UPDATE SET kept = excluded.kept"
        self._database.write(lambda connection: connection.execute(sql, (camera, kept)))

    def load(self, camera: str) -> bytes | None:
        """See `ports.Views.load`."""
        rows = self._database.read("SELECT kept FROM views WHERE camera = ?", (camera,))
        return bytes(rows[0][0]) if rows else None

    def forget(self, camera: str) -> None:
        """See `ports.Views.forget`."""
        self._database.write(lambda connection: connection.execute("DELETE FROM views WHERE camera = ?", (camera,)))

    def resets(self, camera: str) -> list[ResetRequest]:
        """See `ports.Views.resets`."""
        sql = "SELECT number, zone FROM view_resets WHERE camera = ? ORDER BY number"
        return [ResetRequest(number=int(number), zone=zone) for number, zone in self._database.read(sql, (camera,))]

    def done(self, requests: Sequence[ResetRequest]) -> None:
        """See `ports.Views.done`."""
        numbers = [(request.number,) for request in requests]
        sql = "DELETE FROM view_resets WHERE number = ?"
        self._database.write(lambda connection: connection.executemany(sql, numbers))


def request_reset(path: Path, camera: str, zone: str | None) -> None:
    """Ask the agent that uses this database, now or when it is started next, to reset a view.

    Raises:
        StoreUnusable: there is no database of this version that can be written at that path.
    """
    try:
        with (
            closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as connection,
            connection,
        ):
            connection.execute("INSERT INTO view_resets (camera, zone) VALUES (?, ?)", (camera, zone))
    except sqlite3.Error as error:
        raise StoreUnusable(
            f"{path}: expected a database of City Eye that can be written, found: {error}; check the data folder and "
            "its rights, and that the agent of this version ran"
        ) from error
