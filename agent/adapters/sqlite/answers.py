"""Which commands of the centre were taken, and what was answered."""

from __future__ import annotations

import sqlite3
from typing import Any

from agent.adapters.sqlite.connection import Database
from agent.core.wire import Asked
from agent.ports import Answered

_KEEP = 10_000
"""Commands that are remembered: months of a busy centre."""
_SELECT = """
SELECT command_id, digest, command, response_topic, correlation, correlation_data, answer FROM answers
"""
_PUT = """
INSERT INTO answers (command_id, digest, command, response_topic, correlation, correlation_data, answer)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (command_id) DO UPDATE SET
    response_topic = excluded.response_topic, correlation = excluded.correlation,
    correlation_data = excluded.correlation_data, answer = excluded.answer
"""
_PRUNE = """
DELETE FROM answers WHERE number <= (SELECT number FROM answers ORDER BY number DESC LIMIT 1 OFFSET ?)
"""


class SqliteAnswers:
    """`ports.AnswerMemory` on a `Database`."""

    def __init__(self, database: Database, *, keep: int = _KEEP) -> None:
        self._database = database
        self._keep = keep

    def find(self, command_id: str) -> Answered | None:
        """See `ports.AnswerMemory.find`."""
        rows = self._database.read(f"{_SELECT} WHERE command_id = ?", (command_id,))
        return _answered(rows[0]) if rows else None

    def begin(self, taken: Answered) -> None:
        """See `ports.AnswerMemory.begin`. One that was begun before, and not finished, is begun anew."""
        self._put(taken)

    def finish(self, taken: Answered) -> None:
        """See `ports.AnswerMemory.finish`. Whether or not it was begun: the disk may have been full then."""
        self._put(taken)

    def forget(self, command_id: str) -> None:
        """See `ports.AnswerMemory.forget`."""
        sql = "DELETE FROM answers WHERE command_id = ?"
        self._database.write(lambda connection: connection.execute(sql, (command_id,)))

    def _put(self, taken: Answered) -> None:
        asked = taken.asked
        row = (asked.id, taken.digest, asked.command, asked.response_topic, asked.correlation, taken.correlation)

        def work(connection: sqlite3.Connection) -> None:
            connection.execute(_PUT, (*row, taken.answer))
            connection.execute(_PRUNE, (self._keep,))

        self._database.write(work)

    def unfinished(self, command: str) -> list[Answered]:
        """See `ports.AnswerMemory.unfinished`."""
        sql = f"{_SELECT} WHERE command = ? AND answer IS NULL ORDER BY number"
        return [_answered(row) for row in self._database.read(sql, (command,))]


def _answered(row: tuple[Any, ...]) -> Answered:
    command_id, digest, command, response_topic, correlation, data, answer = row
    asked = Asked(id=command_id, command=command, response_topic=response_topic, correlation=correlation)
    return Answered(digest=digest, asked=asked, correlation=None if data is None else bytes(data), answer=answer)
