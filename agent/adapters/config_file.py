"""The configuration file that the agent was started with, its earlier contents, and notes that survive a power cut."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.core.errors import StoreFull, StoreUnusable

_FULL = {errno.ENOSPC, errno.EDQUOT}
KEEP = 20
"""Earlier contents that are kept."""


class ConfigFile:
    """A text file that is replaced as a whole, or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def text(self) -> str:
        """What stands there now. Raises StoreUnusable."""
        try:
            return self.path.read_bytes().decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            what = getattr(error, "strerror", None) or "no UTF-8 text"
            raise StoreUnusable(
                f"{self.path}: expected a configuration that can be read, found: {what}; make it readable"
            ) from error

    def replace(self, text: str) -> None:
        """Put another text there, with the same owner and rights. Raises StoreFull, StoreUnusable."""
        target = self.path.resolve()  # a link stays one
        try:
            known = target.stat()
            replace_durably(target, text.encode(), mode=known.st_mode & 0o7777, owner=(known.st_uid, known.st_gid))
        except OSError as error:
            raise unwritten(
                self.path, error, "a file that the agent may replace, in a folder that it may write to"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An earlier content: until when it was in force, by whose document it was replaced ("" where nobody said)."""

    number: int
    until: datetime
    by: str
    size: int


class History:
    """Numbered texts in a folder of their own, readable for the agent only: they may hold passwords."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, text: str, by: str | None = None) -> int:
        """Keep one more and return its number; the oldest are deleted. Raises StoreFull, StoreUnusable.

        Args:
            by: who replaces it, where that is known.
        """
        number = max(self._numbers(), default=0) + 1
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if by:
                replace_durably(self._by(number), by.encode(), mode=0o600)
            replace_durably(self._path(number), text.encode(), mode=0o600)  # last: it counts once this is there
        except OSError as error:
            self.drop(number)
            raise unwritten(self._folder, error, "a folder that the agent may write to") from error
        for old in sorted(self._numbers())[:-KEEP]:
            self.drop(old)
        return number

    def drop(self, number: int) -> None:
        """Let go of one, as far as the disk allows."""
        for path in (self._path(number), self._by(number)):
            with suppress(OSError):
                path.unlink()

    def all(self) -> list[Kept]:
        """Those that are kept, newest first. Raises StoreUnusable."""
        found = []
        try:
            for number in sorted(self._numbers(), reverse=True):
                known, by = self._path(number).stat(), self._by(number)
                until = datetime.fromtimestamp(known.st_mtime, UTC)
                told = by.read_text("utf-8") if by.exists() else ""
                found.append(Kept(number=number, until=until, by=told, size=known.st_size))
        except (OSError, UnicodeDecodeError) as error:
            raise StoreUnusable(f"{self._folder}: expected a folder that can be read, found: {error}") from error
        return found

    def text(self, number: int) -> str:
        """One of them. Raises StoreUnusable."""
        return ConfigFile(self._path(number)).text()

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.yaml"

    def _by(self, number: int) -> Path:
        return self._folder / f"{number:06d}.by"

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob("*.yaml") if path.stem.isdecimal()]


class Note:
    """A small text that is there or not, whatever happens to the power."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """The text, or None. Raises StoreUnusable."""
        return ConfigFile(self._path).text() if self._path.exists() else None

    def write(self, text: str) -> None:
        """Keep it in place of the last one. Raises StoreFull, StoreUnusable."""
        try:
            replace_durably(self._path, text.encode(), mode=0o600)
        except OSError as error:
            raise unwritten(self._path, error, "a folder that the agent may write to") from error

    def clear(self) -> None:
        """Take it away. Raises StoreUnusable."""
        try:
            self._path.unlink(missing_ok=True)
            _sync_folder(self._path.parent)
        except OSError as error:
            raise unwritten(self._path, error, "a file that the agent may delete") from error


def replace_durably(target: Path, content: bytes, *, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Write beside the target, to the disk itself, then rename: a reader sees the old or the new. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".new")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                with suppress(PermissionError):  # then it is the agent's own, with the rights that it had
                    os.fchown(stream.fileno(), *owner)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(target)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def unwritten(path: Path, error: OSError, expected: str) -> StoreFull | StoreUnusable:
    """What is raised when something could not be written there."""
    if error.errno in _FULL:
        return StoreFull(f"{path}: expected room on the disk, found none; free some space there")
    return StoreUnusable(
        f"{path}: expected {expected}, found: {error.strerror}; mend its owner, rights or mount "
        "(a container: mount the folder, not the file, and not read-only)"
    )
