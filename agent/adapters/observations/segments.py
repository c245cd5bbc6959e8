"""The files of kept observations: `CAMERA/YYYYMMDDTHHMMSS.ffffffZ.obs`, blocks one after the other.

The name is the moment of the first step. Nobody ever continues a file that another run began, so that a torn one, after
a power cut or on a full disk, is simply one that ends early. Files that do not fit the layout are not touched.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent.adapters.observations.block import FRAME, Frame, frame_of

_NAME = re.compile(r"\d{8}T\d{6}\.\d{6}Z\.obs")
_FORMAT = "%Y%m%dT%H%M%S.%fZ.obs"
_CAMERA = re.compile(r"[a-z0-9][a-z0-9_-]*")
_MODE = 0o640


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One file. `begun`: the moment of its first step."""

    path: Path
    camera: str
    begun: datetime
    size: int


def segments(root: Path, camera: str | None = None) -> list[Segment]:
    """All files, or one camera's, oldest first. What goes away meanwhile, or cannot be read, is left out."""
    found = []
    for folder in _entries(root):
        if not _CAMERA.fullmatch(folder.name) or (camera is not None and folder.name != camera):
            continue
        for entry in _entries(folder):
            try:
                if not _NAME.fullmatch(entry.name) or not entry.is_file() or entry.is_symlink():
                    continue
                begun = datetime.strptime(entry.name, _FORMAT).replace(tzinfo=UTC)
                size = entry.stat().st_size
            except (OSError, ValueError):
                continue
            found.append(Segment(path=entry, camera=folder.name, begun=begun, size=size))
    return sorted(found, key=lambda segment: (segment.begun, segment.camera))


def begin(root: Path, camera: str, first: datetime) -> Path:
    """Make a new, empty file for steps from this moment on. Raises OSError, also where there is one already."""
    folder = root / camera
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / first.astimezone(UTC).strftime(_FORMAT)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
    return path


def append(path: Path, block: bytes) -> None:
    """Put a block behind the others, without waiting for the disk. Raises OSError; then the file may end torn."""
    with path.open("ab", buffering=0) as file:
        if file.write(block) != len(block):
            raise OSError(f"{path.name}: only a part of a block was written")


def blocks(path: Path, since: datetime | None, until: datetime | None) -> Iterator[tuple[Frame, bytes]]:
    """The blocks of a file that may hold steps of a period, in order, up to the end or to where it is torn.

    Raises OSError.
    """
    with path.open("rb") as file:
        while (frame := frame_of(file.read(FRAME.size))) is not None:
            if (since is not None and frame.last < since) or (until is not None and frame.first > until):
                file.seek(frame.size, os.SEEK_CUR)
                continue
            body = file.read(frame.size)
            if len(body) != frame.size or zlib.crc32(body) != frame.checksum:
                return
            yield frame, body


def last_moment(path: Path) -> datetime | None:
    """The moment of the last whole block's last step, without unpacking any. Raises OSError."""
    last = None
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        while (frame := frame_of(file.read(FRAME.size))) is not None:
            if file.seek(frame.size, os.SEEK_CUR) > size:
                break
            last = frame.last
    return last


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []
