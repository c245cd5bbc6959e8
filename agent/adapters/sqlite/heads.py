"""What was taught about zones."""

from __future__ import annotations

import logging
import sqlite3

from pydantic import ValidationError

from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.visitor import Visitor
from agent.core.zone_state import Head

log = logging.getLogger(__name__)

_COUNT_UP = "UPDATE meta SET value = value + 1 WHERE key = 'heads'"


class SqliteHeads:
    """`ports.Heads`, on the agent's own `Database` or as a `Visitor` of it."""

    def __init__(self, database: Database | Visitor) -> None:
        self._database = database

    def save_head(self, camera: str, zone: str, head: Head) -> None:
        """See `ports.Heads.save_head`."""
        text = head.model_dump_json()

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO zone_heads VALUES (?, ?, ?) ON CONFLICT (camera, zone) DO UPDATE SET head = excluded.head",
                (camera, zone, text),
            )
            connection.execute(_COUNT_UP)

        self._database.write(work)

    def heads(self, camera: str | None = None) -> dict[tuple[str, str], Head]:
        """See `ports.Heads.heads`. One that cannot be read any more is left out and logged: it is to be taught anew."""
        sql = "SELECT camera, zone, head FROM zone_heads WHERE ? IS NULL OR camera = ? ORDER BY camera, zone"
        found = {}
        for name, zone, text in self._database.read(sql, (camera, camera)):
            try:
                found[str(name), str(zone)] = Head.model_validate_json(text)
            except ValidationError as error:
                log.error("%s, zone %s: what was taught cannot be read, teach it again: %s", name, zone, error)
        return found

    def forget_head(self, camera: str, zone: str) -> bool:
        """See `ports.Heads.forget_head`."""

        def work(connection: sqlite3.Connection) -> bool:
            sql = "DELETE FROM zone_heads WHERE camera = ? AND zone = ?"
            gone = connection.execute(sql, (camera, zone)).rowcount > 0
            if gone:
                connection.execute(_COUNT_UP)
            return gone

        return self._database.write(work)

    def version(self) -> int:
        """See `ports.Heads.version`."""
        return int(self._database.read("SELECT value FROM meta WHERE key = 'heads'")[0][0])
