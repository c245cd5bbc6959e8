"""Files that come into being together: all of them, or none and everything is as it was."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from agent.adapters.config_file import replace_durably, unwritten
from agent.core.errors import StoreUnusable

_FOLDER_MODE = {True: 0o700, False: 0o755}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """What is to lie where. `private`: readable for the owner only, as is its folder if that has to be made."""

    path: Path
    text: str
    private: bool = False


def write_together(files: Sequence[NewFile], *, over: Path | None = None) -> Path | None:
    """Write all of them, in their order.

    What root writes belongs to whom the folder belongs, as the agent that runs there has to read it.

    Args:
        over: the one file that may be there already; it is kept beside the new one.

    Returns:
        Where that one is kept, or None when it was not there.

    Raises:
        StoreFull, StoreUnusable: one could not be written, or is there; nothing has changed.
    """
    made: list[Path] = []
    backup, before = None, None
    try:
        for file in files:
            target = file.path.resolve() if file.path.is_symlink() and file.path == over else file.path
            _make_folder(target.parent, made, private=file.private)
            mode, owner = 0o600 if file.private else 0o644, _owner(target)
            if os.path.lexists(target):
                if file.path != over:
                    raise StoreUnusable(f"{file.path}: expected no file yet, found one; move it away")
                known = target.stat()
                mode, owner = known.st_mode & 0o7777, (known.st_uid, known.st_gid)
                before = target
                backup = _copied(target, made)
            else:
                made.append(target)
            replace_durably(target, file.text.encode(), mode=mode, owner=owner)
    except BaseException as error:
        _undo(made, before, backup)
        if isinstance(error, OSError):
            raise unwritten(file.path, error, "a file that can be made there") from error
        raise
    return backup


def _make_folder(folder: Path, made: list[Path], *, private: bool) -> None:
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=_FOLDER_MODE[private and path == folder])
        made.append(path)
        with suppress(PermissionError):
            os.chown(path, *_owner(path))


def _owner(path: Path) -> tuple[int, int]:
    """Whose the folder around is, where root writes; else this process's own."""
    around = path.parent.stat()
    return (around.st_uid, around.st_gid) if os.geteuid() == 0 else (os.geteuid(), os.getegid())


def _copied(target: Path, made: list[Path]) -> Path:
    """A copy of a file beside it, with its rights, under a name that is free."""
    for number in count(1):
        backup = target.with_name(f"{target.name}.bak" if number == 1 else f"{target.name}.bak-{number}")
        if not os.path.lexists(backup):
            break
    known = target.stat()
    made.append(backup)
    content = target.read_bytes()
    replace_durably(backup, content, mode=known.st_mode & 0o7777, owner=(known.st_uid, known.st_gid))
    return backup


def _undo(made: list[Path], before: Path | None, backup: Path | None) -> None:
    """Take away what was made, the last first; what was replaced comes back."""
    with suppress(OSError):
        if before is not None and backup is not None:
            backup.replace(before)
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            else:
                path.unlink()
