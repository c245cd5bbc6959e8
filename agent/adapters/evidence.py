"""Evidence pictures on disk, within a quota: `YYYY-MM-DD/<incident id>/<revision>-<kind>.jpg`.

A picture is either wholly there or not there (temporary file, fsync, rename). The oldest make room for the newest.
Files that do not fit the layout are neither counted nor touched; symbolic links inside the folder are never followed.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent.core.errors import EvidenceSkipped
from agent.core.ids import uuid7_from
from agent.core.types import Event, Evidence

log = logging.getLogger(__name__)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INCIDENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PICTURE = re.compile(r"\d+-[a-z0-9_]+\.jpg")
_KIND = re.compile(r"[a-z0-9_]+")
_TEMPORARY = ".tmp"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room, no inodes, or no quota left: deleting something of one's own helps."""
_LIMITED = errno.EFBIG
"""Larger than `ulimit -f` allows: deleting does not help."""
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MODE = 0o640
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_Place = tuple[str, str, str]
"""Day folder, incident folder, file name."""


class EvidenceFolder:
    """Implements `ports.EvidenceStore`. Safe to call from several threads of one process; owns its folder alone."""

    def __init__(self, folder: Path, *, quota_bytes: int, keep_free_bytes: int) -> None:
        """Touches nothing yet.

        Args:
            folder: made when missing.
            quota_bytes: all pictures together stay within it.
            keep_free_bytes: free space of the file system that pictures must leave to others, such as the database.
        """
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._keep_free_bytes = keep_free_bytes
        self._lock = threading.Lock()
        self._sizes: dict[_Place, int] | None = None  # oldest first
        self._used_bytes = 0
        self._trouble: str | None = None
        self._skipped = 0

    @property
    def used_bytes(self) -> int:
        """Bytes of all pictures kept."""
        return self._used_bytes

    @property
    def skipped(self) -> int:
        """Pictures that could not be kept since the start."""
        return self._skipped

    def prepare(self) -> None:
        """Make the folder, clear what a crash left, count what is there and prune to the quota.

        Called at start, so that the first event does not pay for it. A failure is logged, and `keep` tries again.
        """
        with self._lock, suppress(EvidenceSkipped), self._reporting():
            self._ensure_scanned()

    def keep(self, event: Event, kind: str, jpeg: bytes, captured_at: datetime) -> Evidence:
        """Write one JPEG; the same event and kind again replace it and yield the same evidence id.

        Raises:
            EvidenceSkipped: `disk_full`, `read_only` or `io_error`.
            ValueError: `kind` is not lower-case letters, digits and underscores (a bug).
        """
        if not _KIND.fullmatch(kind):
            raise ValueError(f"kind must match {_KIND.pattern}, found {kind!r}")
        day = captured_at.astimezone(UTC).date().isoformat()
        place = (day, str(event.incident_id), f"{event.revision}-{kind}.jpg")
        with self._lock:
            try:
                with self._reporting():
                    self._put(place, jpeg)
            except EvidenceSkipped:
                self._skipped += 1
                raise
        return Evidence(
            evidence_id=uuid7_from((event.at - _EPOCH) // _MILLISECOND, event.event_id.bytes + kind.encode()),
            kind=kind,
            sha256=hashlib.sha256(jpeg).hexdigest(),
            bytes=len(jpeg),
            mime="image/jpeg",
            captured_at=captured_at,
            path="/".join(place),
        )

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn the system's errors into EvidenceSkipped; log when the state changes, not every time."""
        try:
            try:
                yield
            except OSError as error:
                if error.errno not in _FULL:
                    self._sizes = None  # whatever happened to the folder, look at it anew the next time
                raise EvidenceSkipped(_reason(error), f"{self._folder}: {error.strerror or error}") from error
        except EvidenceSkipped as skipped:
            if self._trouble != skipped.reason:
                log.warning("evidence pictures are not kept (%s): %s", skipped.reason, skipped)
            self._trouble = skipped.reason
            raise
        if self._trouble is not None:
            log.info("evidence pictures are kept again in %s; %d were skipped so far", self._folder, self._skipped)
            self._trouble = None

    def _put(self, place: _Place, jpeg: bytes) -> None:
        sizes = self._ensure_scanned()
        self._make_room(len(jpeg))
        try:
            _write(self._folder, place, jpeg)
        except OSError as error:
            if error.errno not in _FULL or not self._prune(len(jpeg)):
                raise
            _write(self._folder, place, jpeg)
        self._used_bytes += len(jpeg) - sizes.pop(place, 0)  # a replaced picture becomes the newest
        sizes[place] = len(jpeg)

    def _ensure_scanned(self) -> dict[_Place, int]:
        if self._sizes is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            found = sorted(_scan(self._folder))
            self._sizes = {place: size for _, place, size in found}
            self._used_bytes = sum(self._sizes.values())
            self._prune(self._used_bytes - self._quota_bytes)
        return self._sizes

    def _make_room(self, size: int) -> None:
        if size > self._quota_bytes:
            raise EvidenceSkipped("disk_full", f"a picture of {size} bytes exceeds the quota of {self._quota_bytes}")
        self._prune(self._used_bytes + size - self._quota_bytes)
        while (missing := size + self._keep_free_bytes - self._free_bytes()) > 0:
            if not self._prune(missing):
                kept = f"less than {self._keep_free_bytes} bytes would stay free, and no picture is left to prune"
                raise EvidenceSkipped("disk_full", f"{self._folder}: {kept}")

    def _free_bytes(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize

    def _prune(self, wanted_bytes: int) -> int:
        """Delete the oldest pictures until so many bytes are gone or none is left; returns the bytes deleted."""
        assert self._sizes is not None
        gone = 0
        while gone < wanted_bytes and self._sizes:
            place = next(iter(self._sizes))
            _delete(self._folder, place)
            size = self._sizes.pop(place)
            self._used_bytes -= size
            gone += size
        return gone


def _reason(error: OSError) -> str:
    if error.errno in _FULL or error.errno == _LIMITED:
        return "disk_full"
    return "read_only" if error.errno in _READ_ONLY else "io_error"


@contextmanager
def _opened(folder: Path | str, dir_fd: int | None = None) -> Iterator[int]:
    """A real folder as a descriptor; a symbolic link is refused (NotADirectoryError)."""
    descriptor = os.open(folder, _DIRECTORY, dir_fd=dir_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write(root: Path, place: _Place, jpeg: bytes) -> None:
    """Write one picture whole or not at all; folders that were made for nothing are removed."""
    day, incident, name = place
    temporary = f".{name}{_TEMPORARY}"
    try:
        with suppress(FileExistsError):
            (root / day).mkdir()
        with _opened(root / day) as day_fd:
            with suppress(FileExistsError):
                os.mkdir(incident, dir_fd=day_fd)
            with _opened(incident, day_fd) as incident_fd:
                try:
                    with open(os.open(temporary, _NEW_FILE, _MODE, dir_fd=incident_fd), "wb") as file:  # noqa: PTH123
                        file.write(jpeg)
                        file.flush()
                        os.fsync(file.fileno())
                    os.rename(temporary, name, src_dir_fd=incident_fd, dst_dir_fd=incident_fd)
                    os.fsync(incident_fd)
                except OSError:
                    with suppress(OSError):
                        os.unlink(temporary, dir_fd=incident_fd)
                    raise
    except OSError:
        _remove_empty(root, place)
        raise


def _delete(root: Path, place: _Place) -> None:
    """Remove one picture, and its folders when they are empty then. One that is gone already is no error."""
    day, incident, name = place
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        _opened(root / day) as day_fd,
        _opened(incident, day_fd) as incident_fd,
    ):
        os.unlink(name, dir_fd=incident_fd)
    _remove_empty(root, place)


def _remove_empty(root: Path, place: _Place) -> None:
    day, incident, _ = place
    for folder in (root / day / incident, root / day):
        with suppress(OSError):
            folder.rmdir()


def _scan(root: Path) -> Iterator[tuple[tuple[str, int], _Place, int]]:
    """Age, place and size of every picture of the layout; removes leftovers of a crash and empty folders."""
    for day in _folders(root, _DAY):
        for incident in _folders(day, _INCIDENT):
            with os.scandir(incident) as listing:
                entries = list(listing)
            for entry in entries:
                if not entry.is_file(follow_symlinks=False):
                    continue
                if entry.name.endswith(_TEMPORARY):
                    Path(entry).unlink()
                elif _PICTURE.fullmatch(entry.name):
                    status = entry.stat(follow_symlinks=False)
                    yield (day.name, status.st_mtime_ns), (day.name, incident.name, entry.name), status.st_size
            with suppress(OSError):
                incident.rmdir()
        with suppress(OSError):
            day.rmdir()


def _folders(parent: Path, name: re.Pattern[str]) -> list[Path]:
    with os.scandir(parent) as entries:
        return [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False) and name.fullmatch(e.name)]
