"""A small file that the running agent renews: how another process on the box sees that it lives."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)

STALE_S = 60.0
"""A heartbeat older than this is none: six are missed by then."""


class Heartbeat:
    """Writes the file; a disk that does not take it is said once, and only makes the box look dead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faulty = False

    def beat(self, at: datetime, failed_loops: int) -> None:
        """Replace the file by one of this moment."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({"at": at.isoformat(), "failed_loops": failed_loops}), encoding="ascii")
            fresh.replace(self._path)
        except OSError as error:
            if not self._faulty:
                log.error(
                    "%s: expected to renew the heartbeat, found: %s; make room or the folder writable, until then "
                    "`cityeye alive` says that the agent is not well",
                    self._path,
                    error.strerror,
                )
            self._faulty = True
        else:
            self._faulty = False


def sign_of_life(path: Path, now: datetime) -> str | None:
    """What is wrong with the agent whose heartbeat this is, or None when it is well.

    Never raises: a file that is missing or damaged is an agent that is not well.
    """
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
        age_s = (now - datetime.fromisoformat(kept["at"])).total_seconds()
        failed = int(kept["failed_loops"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{path}: expected the heartbeat of a running agent, found none ({type(error).__name__})"
    if not -STALE_S <= age_s <= STALE_S:
        return f"{path}: expected a heartbeat younger than {STALE_S:.0f} s, found one of {age_s:.0f} s ago"
    return f"{path}: {failed} part(s) of the agent fail again and again; see its log" if failed else None
