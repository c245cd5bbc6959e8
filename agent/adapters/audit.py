"""The record of what people did at this box: one JSON object a line, in two files of bounded size."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from agent.adapters.config_file import unwritten
from agent.core.errors import StoreUnusable
from agent.ports.console.access import AuditEntry

_ENTRY: TypeAdapter[AuditEntry] = TypeAdapter(AuditEntry)
FILE_BYTES = 5_000_000
"""Then a new file begins; the one before it is kept."""


class AuditFile:
    """Implements `ports.console.Audit`. Safe to call from several threads of one process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def write(self, entry: AuditEntry) -> None:
        """See `Audit.write`."""
        line = _ENTRY.dump_json(entry) + b"\n"
        try:
            with self._lock:
                if self._path.exists() and self._path.stat().st_size + len(line) > FILE_BYTES:
                    self._path.replace(self._former)
                handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
                with os.fdopen(handle, "ab") as stream:
                    stream.write(line)
                    stream.flush()
                    os.fsync(stream.fileno())
        except OSError as error:
            raise unwritten(self._path, error, "a file that the agent may write to") from error

    def newest(self, limit: int) -> Sequence[AuditEntry]:
        """See `Audit.newest`. A line that was torn by a power cut is passed over."""
        try:
            lines = deque(chain(_lines(self._former), _lines(self._path)), maxlen=limit)
        except OSError as error:
            raise StoreUnusable(f"{self._path}: expected a file that can be read, found: {error.strerror}") from error
        return [entry for line in reversed(lines) if (entry := _entry(line)) is not None]

    @property
    def _former(self) -> Path:
        return self._path.with_name(f"{self._path.name}.1")


def _lines(path: Path) -> Iterator[bytes]:
    if path.exists():
        with path.open("rb") as stream:
            yield from stream


def _entry(line: bytes) -> AuditEntry | None:
    try:
        return _ENTRY.validate_json(line)
    except ValidationError:
        return None
