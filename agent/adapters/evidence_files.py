"""The files of evidence pictures: `YYYY-MM-DD/<incident id>/<revision>-<kind>.jpg`, written whole or not at all.

Files that do not fit the layout are neither seen nor touched; symbolic links inside the folder are never followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INCIDENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PICTURE = re.compile(r"\d+-[a-z0-9_]+\.jpg")
_TEMPORARY = ".tmp"
_MODE = 0o640
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

Place = tuple[str, str, str]
"""Day folder, incident folder, file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One file: its bytes, and when it was written, in seconds since the epoch."""

    size: int
    written_s: float


@contextmanager
def _opened(folder: Path | str, dir_fd: int | None = None) -> Iterator[int]:
    """A real folder as a descriptor; a symbolic link is refused (NotADirectoryError)."""
    descriptor = os.open(folder, _DIRECTORY, dir_fd=dir_fd)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def write_picture(root: Path, place: Place, jpeg: bytes) -> float:
    """Write one picture whole or not at all; folders that were made for nothing are removed.

    Returns:
        When it was written, in seconds since the epoch by the file system.
    """
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
                        written_s = os.fstat(file.fileno()).st_mtime
                    os.rename(temporary, name, src_dir_fd=incident_fd, dst_dir_fd=incident_fd)
                    os.fsync(incident_fd)
                    return written_s
                except OSError:
                    with suppress(OSError):
                        os.unlink(temporary, dir_fd=incident_fd)
                    raise
    except OSError:
        _remove_empty(root, place)
        raise


def read_picture(root: Path, place: Place) -> bytes:
    """The bytes of one picture. Raises OSError."""
    day, incident, name = place
    with _opened(root / day) as day_fd, _opened(incident, day_fd) as incident_fd:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=incident_fd)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            return file.read()


def place_of(path: str) -> Place | None:
    """The place that a picture's path means; None for any path that is not of the layout."""
    parts = path.split("/")
    if len(parts) != 3 or not all(
        p.fullmatch(part) for p, part in zip((_DAY, _INCIDENT, _PICTURE), parts, strict=True)
    ):
        return None
    return parts[0], parts[1], parts[2]


def delete_picture(root: Path, place: Place) -> None:
    """Remove one picture, and its folders when they are empty then. One that is gone already is no error."""
    day, incident, name = place
    with (
        suppress(FileNotFoundError, NotADirectoryError),
        _opened(root / day) as day_fd,
        _opened(incident, day_fd) as incident_fd,
    ):
        os.unlink(name, dir_fd=incident_fd)
    _remove_empty(root, place)


def _remove_empty(root: Path, place: Place) -> None:
    day, incident, _ = place
    for folder in (root / day / incident, root / day):
        with suppress(OSError):
            folder.rmdir()


def scan_pictures(root: Path) -> Iterator[tuple[Place, Picture]]:
    """Every picture of the layout; removes leftovers of a crash and empty folders."""
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
                    picture = Picture(size=status.st_size, written_s=status.st_mtime)
                    yield (day.name, incident.name, entry.name), picture
            with suppress(OSError):
                incident.rmdir()
        with suppress(OSError):
            day.rmdir()


def _folders(parent: Path, name: re.Pattern[str]) -> list[Path]:
    with os.scandir(parent) as entries:
        return [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False) and name.fullmatch(e.name)]
