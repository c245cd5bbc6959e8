"""The agent's record of refused logins, used by the doctor as well: together they spend no more than one budget.

It is read without disturbing an agent that runs. It is written to only when a login was refused, which every other
program on the box has to know of; where no agent has run yet, the database is made then, and only then.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from threading import Lock

from agent.adapters.machine import existing
from agent.adapters.sqlite import Database, SqliteLedger, Visitor
from agent.core.errors import StoreFull


def is_made(database: Path) -> bool:
    """Whether an agent or a doctor has made it; an empty file is what is left where there was no room for it."""
    return database.exists() and database.stat().st_size > 0


class SharedLedger:
    """`ports.LoginLedger` on the database of the data folder, from beside the agent."""

    def __init__(self, database: Path) -> None:
        self._path = database
        self._there = SqliteLedger(Visitor(database))
        self._making = Lock()

    def refusals(self, device: str, fingerprint: str) -> tuple[int, float]:
        """See `ports.LoginLedger.refusals`."""
        return self._there.refusals(device, fingerprint) if is_made(self._path) else (0, 0.0)

    def refused(self, device: str, fingerprint: str, at_utc_s: float) -> None:
        """See `ports.LoginLedger.refused`."""
        with self._making:
            if not is_made(self._path):
                self._make()
        self._there.refused(device, fingerprint, at_utc_s)

    def clear(self, device: str) -> None:
        """See `ports.LoginLedger.clear`."""
        if is_made(self._path):
            self._there.clear(device)

    def _make(self) -> None:
        """As root, for whoever owns the folder that it is made in: the agent is to find a database that it can use."""
        there = existing(self._path.parent)
        owner = there.stat()
        try:
            Database(self._path, reserve_bytes=0).open().close()
        except StoreFull:  # Anything else may be the fault of an agent that is just making it.
            self._unmake(there)
            raise
        if os.geteuid() == 0:
            for path in (self._path.parent, *self._path.parent.iterdir()):
                with suppress(OSError):
                    os.chown(path, owner.st_uid, owner.st_gid)

    def _unmake(self, there: Path) -> None:
        """Leave nothing of a database that could not be made. `there`: the folder that was there before."""
        folder, name = self._path.parent, self._path.name
        for left in (name, f"{name}-wal", f"{name}-shm", f"{name}-journal", "agent.lock"):
            (folder / left).unlink(missing_ok=True)
        while folder != there:
            with suppress(OSError):  # Somebody else put something there meanwhile.
                folder.rmdir()
            folder = folder.parent
