"""Disk space held back in a file, so that events can still be committed when everything else filled the disk."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)


class Reserve:
    """A ballast file. Released when a commit does not fit, taken back when there is ample room again."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self._held = False

    @property
    def held(self) -> bool:
        """Whether the space is held back now."""
        return self._held

    def take(self) -> bool:
        """Hold the space back if the disk has three times as much free; True when it is held. Never fails."""
        if self._held or self._size_bytes == 0:
            return self._held
        try:
            if not self._is_there():
                if shutil.disk_usage(self._path.parent).free < 3 * self._size_bytes:
                    return False
                with self._path.open("wb") as file:
                    os.posix_fallocate(file.fileno(), 0, self._size_bytes)
        except OSError as error:
            with suppress(OSError):
                self._path.unlink()
            log.warning("no disk reserve: %s", error)
            return False
        self._held = True
        return True

    def _is_there(self) -> bool:
        """From an earlier run, with real blocks behind it."""
        return self._path.exists() and self._path.stat().st_blocks * 512 >= self._size_bytes

    def release(self) -> bool:
        """Give the space to the database; False when there was none to give."""
        try:
            self._path.unlink()
        except OSError:
            return False
        finally:
            self._held = False
        log.error("disk full: released the reserve of %d bytes so that events can still be kept", self._size_bytes)
        return True
