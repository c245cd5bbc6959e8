"""Puts a finished draft on disk: its passwords, and then the file that names them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from agent.adapters.new_files import NewFile, write_together
from agent.config.draft import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was written. `backup`: where the file that was there is now."""

    file: Path
    secrets: tuple[Path, ...]
    backup: Path | None


def keep(draft: Draft, *, force: bool) -> Kept:
    """Write it. Raises StoreFull, StoreUnusable: nothing was written, or it is there and `force` was not given."""
    secrets = [
        NewFile(path=draft.home / place, text=f"{text}\n", private=True) for place, text in draft.secrets.items()
    ]
    config = NewFile(path=draft.file, text=draft.text())
    backup = write_together([*secrets, config], over=draft.file if force else None)
    return Kept(file=draft.file, secrets=tuple(secret.path for secret in secrets), backup=backup)
