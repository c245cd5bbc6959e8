"""What the agent reported in a period, and what the centre made of it; read from any process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.silences import SqliteSilences
from agent.adapters.sqlite.visitor import Visitor
from agent.core.silence import Dismissal
from agent.core.stays import Judged, Verdict
from agent.core.types import Box

_REPORTED = """
SELECT incident_id, camera, rule, zone, opened_at, closed_at, acknowledged_at, disposition, box FROM incidents
WHERE opened_at <= ? AND (closed_at IS NULL OR closed_at >= ?) ORDER BY number
"""


def judged_incidents(
    database: Database | Visitor, since: datetime, until: datetime
) -> tuple[list[Judged], list[Dismissal]]:
    """The incidents that were open at some moment of a period, and all dismissals. Raises StoreUnusable."""
    found = []
    for row in database.read(_REPORTED, (_text(until), _text(since))):
        incident, camera, rule, zone, opened_at, closed_at, acknowledged_at, disposition, box = row
        found.append(
            Judged(
                incident_id=UUID(incident),
                camera=camera,
                rule=rule,
                zone=zone,
                opened_at=datetime.fromisoformat(opened_at),
                closed_at=None if closed_at is None else datetime.fromisoformat(closed_at),
                verdict=_verdict(disposition, acknowledged=acknowledged_at is not None),
                box_n=_box(box),
            )
        )
    return found, SqliteSilences(database).dismissals()


def _verdict(disposition: str | None, *, acknowledged: bool) -> Verdict:
    """A dismissal is the later word: somebody acknowledges what he is shown, and dismisses what he then sees."""
    if disposition is not None:
        return Verdict.FALSE if disposition == "false_report" else Verdict.TOLERATED
    return Verdict.CONFIRMED if acknowledged else Verdict.UNKNOWN


def _box(kept: str | None) -> Box | None:
    """Where it opened; None of incidents that an older agent kept."""
    if kept is None:
        return None
    x1, y1, x2, y2 = json.loads(kept)
    return (float(x1), float(y1), float(x2), float(y2))


def _text(moment: datetime) -> Any:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
