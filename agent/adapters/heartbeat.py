"""A small file that the running agent renews: how another process on the box sees that it lives."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.core.wire import HealthReport

log = logging.getLogger(__name__)

STALE_S = 60.0
"""A heartbeat older than this is none: six are missed by then."""


class Heartbeat:
    """Writes the file; a disk that does not take it is said once, and only makes the box look dead."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._faulty = False

    def beat(self, report: HealthReport) -> None:
        """Replace the file by one of this moment."""
        looking = sum(camera.state == "online" for camera in report.cameras)
        content = {
            "at": report.at.isoformat(),
            "cameras": len(report.cameras),
            "looking": looking,
            **report.facts,
            "watched": [camera.model_dump(mode="json") for camera in report.cameras],
        }
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(content), encoding="ascii")
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

    def end(self) -> None:
        """Take the file away: the agent stops on purpose."""
        with suppress(OSError):
            self._path.unlink()


def last_heartbeat(path: Path, now: datetime) -> dict[str, Any] | str:
    """What the running agent last said about itself, or why it cannot be well.

    Returns:
        `at`, `cameras`, `looking` (cameras whose pictures come), the facts of the health report, and
        `watched`, its cameras; or a text.
        Never raises: a file that is missing or damaged is an agent that is not well.
    """
    try:
        kept = json.loads(path.read_text(encoding="ascii"))
        age_s = (now - datetime.fromisoformat(kept["at"])).total_seconds()
        against = kept["not_alive"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return f"{path}: expected the heartbeat of a running agent, found none ({type(error).__name__})"
    if not -STALE_S <= age_s <= STALE_S:
        return f"{path}: expected a heartbeat younger than {STALE_S:.0f} s, found one of {age_s:.0f} s ago"
    if against:
        return f"{path}: parts of the agent fail again and again, or hang: {against}; see its log"
    return dict(kept)
