"""The database file: opening, migrating, and one transaction at a time that survives a power cut."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from agent.adapters.sqlite.migrations import MIGRATIONS
from agent.adapters.sqlite.reserve import Reserve
from agent.core.errors import StoreFull, StoreHeld, StoreUnusable

log = logging.getLogger(__name__)
T = TypeVar("T")

APPLICATION_ID = 0x43455945
"""'CEYE' in the file's header: tells our database from a foreign one."""
_RESERVE_BYTES = 8 * 2**20
BUSY_S = 5.0
"""How long another program may hold the database before what was to be written is not kept."""
_BUSY_STEP_S = 0.05
_WAL_PAGES = 1000
_SHORT_WAL_PAGES = 16
"""Pages in the write-ahead log after which it is folded into the database: SQLite's default, and when space is short.
One event writes about 14 pages."""
_SIDE_FILES_BYTES = 64 * 1024
"""Below this, SQLite may fail to grow its side files (the -shm file grows by 32 KiB)."""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def committed(connection: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    """Run `work` in one transaction of this connection, or keep nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        # SQLite itself rolls back on some errors (SQLITE_FULL among them).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


class Database:
    """One SQLite file, used by one agent and by any number of its threads.

    Beside the file lie `agent.lock` (two agents never share a folder) and `reserve.bin` (see `Reserve`).
    """

    def __init__(self, path: Path, *, reserve_bytes: int = _RESERVE_BYTES) -> None:
        self.path = path
        self._reserve = Reserve(path.with_name("reserve.bin"), reserve_bytes)
        self._lock = threading.RLock()
        self._hurried = threading.Event()
        self._lock_file: int | None = None
        self._connection: sqlite3.Connection | None = None

    def open(self) -> Self:
        """Create or migrate the file and take it for this process.

        Raises:
            StoreUnusable: the folder or file cannot be used until somebody changes something.
            StoreFull: no room to create or migrate it.
        """
        self._lock_file = _lock_folder(self.path)
        try:
            self._patiently(lambda: self._with_reserve(self._connect))
        except BaseException:
            self.close()
            raise
        self._reserve.take()
        return self

    def hurry(self) -> None:
        """From now on wait for no other program that holds the database: the agent is stopping. From any thread."""
        self._hurried.set()

    def close(self) -> None:
        """Idempotent. Everything recorded is already safe."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    def __enter__(self) -> Self:
        return self.open() if self._connection is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` in one transaction and commit it to the disk (`synchronous=FULL`), or keep nothing of it.

        Raises:
            StoreFull: no room, or (StoreHeld) another program holds the database; call again.
            StoreUnusable: the file or the disk is damaged, or was closed.
        """

        def once() -> T:
            with self._lock:
                result = self._with_reserve(lambda: committed(self._open_connection(), work))
                if not self._reserve.held and self._reserve.take():
                    self._open_connection().execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}").fetchall()
                return result

        return self._patiently(once)

    def read(self, sql: str, parameters: tuple[Any, ...] | dict[str, Any] = ()) -> list[Any]:
        """All rows of one query. Raises StoreFull (held by another program), StoreUnusable."""

        def once() -> list[Any]:
            with self._lock:
                return self._open_connection().execute(sql, parameters).fetchall()

        return self._patiently(once)

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreUnusable(f"{self.path}: the database is not open; the agent is stopping or has not started")
        return self._connection

    def _with_reserve(self, action: Callable[[], T]) -> T:
        """Run `action`; when the disk is full, make room by all means there are and run it once more."""
        try:
            return action()
        except sqlite3.Error as error:
            if not _is_full(error, self.path):
                raise
            self._make_room()
        return action()

    def _patiently(self, action: Callable[[], T]) -> T:
        """Run `action`, again and again while another program holds the database. Raises StoreFull, StoreUnusable.

        SQLite's own waiting (busy_timeout) would keep the other threads from reading meanwhile, and a stop waiting.
        """
        for left in range(round(BUSY_S / _BUSY_STEP_S), -1, -1):
            try:
                return action()
            except sqlite3.Error as error:
                if _code(error) not in _BUSY or not left or self._hurried.wait(_BUSY_STEP_S):
                    raise translated(error, self.path) from error
        raise AssertionError("the last try returns or raises")

    def _make_room(self) -> None:
        """Release the reserve, fold the write-ahead log into the database, and keep it short while space is short."""
        self._reserve.release()
        if self._connection is None:
            return
        try:
            self._connection.execute(f"PRAGMA wal_autocheckpoint={_SHORT_WAL_PAGES}").fetchall()
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            log.debug("%s: no checkpoint: %s", self.path, error)

    def _connect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = connection = sqlite3.connect(
            self.path, timeout=0.0, isolation_level=None, check_same_thread=False
        )
        version = checked_version(connection, self.path)
        # With WAL and synchronous=NORMAL, a power cut may take back the last commits (sqlite.org/pragma.html).
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "journal_size_limit=4194304"):
            connection.execute(f"PRAGMA {pragma}")
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            log.info("%s: migration %d: %s", self.path, number, migration.name)
            connection.execute("BEGIN IMMEDIATE")
            for statement in migration.statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version={number}")
            connection.execute("COMMIT")


def checked_version(connection: sqlite3.Connection, path: Path) -> int:
    """The file's `user_version`, after making sure that the file is ours and not from the future."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (tables or version):
        raise StoreUnusable(
            f"{path}: expected a database of City Eye, found one of another program (application id "
            f"{application:#x}, {tables} tables); move it away or set another data folder"
        )
    if version > len(MIGRATIONS):
        raise StoreUnusable(
            f"{path}: expected schema version {len(MIGRATIONS)} or older, found {version}, written by a newer agent; "
            "install that agent again, or move the file away to start empty"
        )
    return version


@contextmanager
def folder_to_itself(path: Path) -> Iterator[None]:
    """Whatever is done within is done while no agent uses the folder of this database. Raises StoreUnusable."""
    handle = _lock_folder(path)
    try:
        yield
    finally:
        os.close(handle)


def _lock_folder(path: Path) -> int:
    """Take the folder for this process; the lock ends with the process, however it ends."""
    lock = path.with_name("agent.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StoreUnusable(
            f"{path.parent}: expected a folder the agent may write to, found: {error.strerror}; "
            "mend its owner, permissions or mount, or set another data folder"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        owner = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        raise StoreUnusable(
            f"{path.parent}: expected a folder of this agent alone, found it in use by process {owner}; "
            "stop that agent, or give each its own data folder"
        ) from error
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:  # the lock holds without its note, which is only for people
        log.debug("%s: no note of the process id: %s", lock, error)
    return handle


def _code(error: sqlite3.Error) -> int:
    """The primary result code (sqlite.org/rescode.html): the low byte of the extended one."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)) & 0xFF


def _is_full(error: sqlite3.Error, path: Path) -> bool:
    """SQLite says FULL when the database does not fit, but IOERR or CANTOPEN when its -wal or -shm file does not."""
    code = _code(error)
    if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN} and path.parent.exists():
        return shutil.disk_usage(path.parent).free < _SIDE_FILES_BYTES
    return code == sqlite3.SQLITE_FULL


def translated(error: sqlite3.Error, path: Path) -> StoreFull | StoreUnusable:
    code = _code(error)
    if _is_full(error, path):
        return StoreFull(f"{path}: expected room for a commit, found a full disk or quota; free some space there")
    if code in _BUSY:
        return StoreHeld(f"{path}: nothing was kept: another program holds the database; end it (sqlite3 shell?)")
    if code in {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}:
        return StoreUnusable(
            f"{path}: expected a database of City Eye, found: {error}; move the file away to start empty, keep it for "
            "`sqlite3 .recover`"
        )
    return StoreUnusable(
        f"{path}: expected a database that can be read and written, found: {error}; mend the disk, owner, permissions "
        "or mount of that folder"
    )
