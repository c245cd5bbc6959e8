"""What each camera's clean view looks like, kept across restarts, and requests to take the present one for clean."""

from __future__ import annotations

from collections.abc import Sequence

from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.visitor import Visitor
from agent.ports import ResetRequest


class SqliteViews:
    """`ports.Views`, on the agent's own `Database` or as a `Visitor` of it."""

    def __init__(self, database: Database | Visitor) -> None:
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

    def request(self, camera: str, zone: str | None) -> None:
        """See `ports.Views.request`."""
        sql = "INSERT INTO view_resets (camera, zone) VALUES (?, ?)"
        self._database.write(lambda connection: connection.execute(sql, (camera, zone)))

    def resets(self, camera: str) -> list[ResetRequest]:
        """See `ports.Views.resets`."""
        sql = "SELECT number, zone FROM view_resets WHERE camera = ? ORDER BY number"
        return [ResetRequest(number=int(number), zone=zone) for number, zone in self._database.read(sql, (camera,))]

    def done(self, requests: Sequence[ResetRequest]) -> None:
        """See `ports.Views.done`."""
        numbers = [(request.number,) for request in requests]
        sql = "DELETE FROM view_resets WHERE number = ?"
        self._database.write(lambda connection: connection.executemany(sql, numbers))
