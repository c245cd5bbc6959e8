"""Reading the database while the agent writes to it, without keeping it waiting."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from agent.adapters.sqlite.connection import BUSY_S, translated

T = TypeVar("T")

_STEPS = 1_000_000
MOST_STEPS = 300
"""Millions of steps of SQLite's machine after which a query is given up: some 5 s of one core."""


class Reading:
    """Queries on connections of their own, each of which sees one state of the database. From any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """A connection that can only read. What it raises is StoreUnusable or StoreFull (busy)."""
        left = MOST_STEPS

        def out_of_steps() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        try:
            with closing(
                sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
            ) as connection:
                connection.row_factory = sqlite3.Row
                connection.set_progress_handler(out_of_steps, _STEPS)
                connection.execute("BEGIN")
                yield connection
        except sqlite3.Error as error:
            raise translated(error, self._path) from error

    def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of some queries on one state of the database."""
        with self.open() as connection:
            return work(connection)
