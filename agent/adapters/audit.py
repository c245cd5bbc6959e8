"""The record of what people did at this box: one JSON object a line, in two files of bounded size."""

from __future__ import annotations

import logging
import os
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from io import FileIO
from itertools import chain
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from agent.adapters.config_file import unwritten
from agent.core.errors import StoreFull, StoreUnusable
from agent.ports.console.access import AuditEntry

log = logging.getLogger(__name__)

_ENTRY: TypeAdapter[AuditEntry] = TypeAdapter(AuditEntry)
_ID = re.compile(rb'"id":"([0-9a-f]+)"')
"""A quote within a text is written \\", so that this is found nowhere else."""
_BEGUN = b'"outcome":"begun"'
FILE_BYTES = 5_000_000
"""Then a new file begins; the one before it is kept."""
MOST_OWED = 1000
"""Entries that wait in memory for a disk that takes them; beyond, the oldest are in the log only."""


class AuditFile:
    """Implements `ports.console.Audit`. Safe to call from several threads; another process may add lines of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._owed: deque[AuditEntry] = deque(maxlen=MOST_OWED)

    def write(self, entry: AuditEntry) -> None:
        """See `Audit.write`."""
        with self._lock:
            self._append([*self._owed, entry])
            self._owed.clear()

    def note(self, entry: AuditEntry) -> None:
        """See `Audit.note`."""
        with self._lock:
            self._owed.append(entry)
            try:
                self._append(self._owed)
                self._owed.clear()
            except (StoreFull, StoreUnusable) as error:
                told = entry.who, entry.action, entry.subject, entry.outcome
                log.error("console: %s %s %s %s is not in the audit log yet: %s", *told, error)

    def complete(self, at: datetime) -> None:
        """See `Audit.complete`. Those of a disk without room are noted by a later run, if need be, and once."""
        try:
            open_ends = _unended(chain(_lines(self._former), _lines(self._path)))
        except OSError as error:
            log.error("console: %s: expected a file that can be read, found: %s", self._path, error.strerror)
            return
        for entry in open_ends:
            log.warning("console: how %s of %s ended is not known: the agent ended first", entry.action, entry.who)
            self.note(replace(entry, at=at, outcome="unknown", detail=f"begun {entry.at.isoformat()}"))

    def knows(self, entry_id: str) -> bool:
        """See `Audit.knows`."""
        with self._lock:
            if any(entry.id == entry_id for entry in self._owed):
                return True
        try:
            found = (_ID.search(line) for line in chain(_lines(self._former), _lines(self._path)))
            return any(it is not None and it[1] == entry_id.encode() for it in found)
        except OSError as error:
            log.error("console: %s: expected a file that can be read, found: %s", self._path, error.strerror)
            return False

    def newest(self, limit: int) -> Sequence[AuditEntry]:
        """See `Audit.newest`. A line that was torn by a power cut is passed over."""
        with self._lock:
            owed = list(self._owed)
        try:
            lines = deque(chain(_lines(self._former), _lines(self._path)), maxlen=2 * limit)
        except OSError as error:
            raise StoreUnusable(f"{self._path}: expected a file that can be read, found: {error.strerror}") from error
        kept = [entry for line in lines if (entry := _entry(line)) is not None]
        return _as_ended([*kept, *owed])[:limit]

    def _append(self, entries: Iterable[AuditEntry]) -> None:
        """All of them or none. Raises StoreFull, StoreUnusable."""
        text = b"".join(_ENTRY.dump_json(entry) + b"\n" for entry in entries)
        try:
            self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)  # as the agent makes it
            if self._path.exists() and self._path.stat().st_size + len(text) > FILE_BYTES:
                self._path.replace(self._former)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "r+b", buffering=0) as stream:
                if os.geteuid() == 0:  # who adds a user as root must not keep the agent from writing
                    owner = self._path.parent.stat()
                    os.fchown(handle, owner.st_uid, owner.st_gid)
                _add(stream, text)
        except OSError as error:
            raise unwritten(self._path, error, "a file that the agent may write to") from error

    @property
    def _former(self) -> Path:
        return self._path.with_name(f"{self._path.name}.1")


def _add(stream: FileIO, text: bytes) -> None:
    """On a line of its own, whatever a power cut left before it; what does not fit is taken away again."""
    size = os.fstat(stream.fileno()).st_size
    if size and os.pread(stream.fileno(), 1, size - 1) != b"\n":
        text = b"\n" + text
    try:
        while text:
            text = text[stream.write(text) :]
        os.fsync(stream.fileno())
    except OSError:
        os.ftruncate(stream.fileno(), size)
        raise


def _as_ended(entries: Sequence[AuditEntry]) -> list[AuditEntry]:
    """Newest first; of what is told twice the later."""
    known: set[str] = set()
    ended = []
    for entry in reversed(entries):
        if not entry.id or entry.id not in known:
            ended.append(entry)
            known.add(entry.id)
    return ended


def _unended(lines: Iterable[bytes]) -> list[AuditEntry]:
    """What was begun and has no other line, oldest first. Only these are parsed: the agent's start waits for it."""
    begun: dict[bytes, bytes] = {}
    for line in lines:
        found = _ID.search(line)
        if found and _BEGUN in line:
            begun[found[1]] = line
        elif found:
            begun.pop(found[1], None)
    return [entry for line in begun.values() if (entry := _entry(line)) is not None]


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as stream:
            yield from stream


def _entry(line: bytes) -> AuditEntry | None:
    try:
        return _ENTRY.validate_json(line)
    except ValidationError:
        return None
