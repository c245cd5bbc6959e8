"""The database from another process, while an agent may be using it: a command that reads or leaves something there."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from agent.adapters.sqlite.connection import BUSY_S, checked_version, committed, translated
from agent.adapters.sqlite.migrations import MIGRATIONS
from agent.core.errors import StoreUnusable

T = TypeVar("T")


def agent_in(folder: Path) -> str | None:
    """The process id of the agent that uses a data folder now, None when there is none. Takes no lock of the folder.

    From `/proc/locks` where there is one. Elsewhere the lock is tried for a moment, shared with others that look.
    """
    lock = folder / "agent.lock"
    try:
        with lock.open("rb") as file:
            owner = file.read(32).decode("ascii", "replace").strip() or "?"
            return owner if _locked(file.fileno()) else None
    except OSError:
        return None


def _locked(handle: int) -> bool:
    try:
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
    # By the inode alone: on btrfs and overlays the device that is told there is not the one that stat tells.
    wanted = f":{os.fstat(handle).st_ino} "
    return any(" FLOCK " in line and wanted in line for line in lines)


class Visitor:
    """Short transactions on a file that exists; takes no lock of the folder and never migrates.

    WAL lets it read while the agent writes; its own writes wait their turn, as the agent's do.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """As `Database.write`.

        Raises:
            StoreFull: no room, or another program holds the database; call again.
            StoreUnusable: there is no database, or it is of another version of the agent.
        """
        with self._connection("rw") as connection:
            connection.execute("PRAGMA synchronous=FULL")
            return committed(connection, work)

    def read(self, sql: str, parameters: tuple[Any, ...] | dict[str, Any] = ()) -> list[Any]:
        """As `Database.read`."""
        with self._connection("ro") as connection:
            return connection.execute(sql, parameters).fetchall()

    @contextmanager
    def _connection(self, mode: str) -> Iterator[sqlite3.Connection]:
        address = f"{self.path.resolve().as_uri()}?mode={mode}"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None)) as connection:
                version = checked_version(connection, self.path)
                if version != len(MIGRATIONS):
                    raise StoreUnusable(
                        f"{self.path}: expected schema version {len(MIGRATIONS)}, found {version}, of an older agent; "
                        "start the agent that is installed now, it brings the file up to date"
                    )
                yield connection
        except sqlite3.Error as error:
            raise translated(error, self.path) from error
