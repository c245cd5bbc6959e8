"""What the agent reported in a period, and what the centre made of it; read from any process."""

from __future__ import annotations

import json
from collections.abc import Collection
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
SELECT incident_id, camera, rule, zone, opened_at, closed_at, acknowledged_at FROM incidents
WHERE opened_at <= ? AND (closed_at IS NULL OR closed_at >= ?) ORDER BY number
"""
_EVENTS = "SELECT order_key, payload FROM outbox ORDER BY row"


def judged_incidents(
    database: Database | Visitor, since: datetime, until: datetime
) -> tuple[list[Judged], list[Dismissal]]:
    """The incidents that were open at some moment of a period, and all dismissals. Raises StoreUnusable."""
    dismissals = SqliteSilences(database).dismissals()
    reasons = {d.incident_id: d for d in dismissals}
    rows = database.read(_REPORTED, (_text(until), _text(since)))
    places = _places(database, {row[0] for row in rows})
    found = []
    for incident, camera, rule, zone, opened_at, closed_at, acknowledged_at in rows:
        dismissal = reasons.get(UUID(incident))
        found.append(
            Judged(
                incident_id=UUID(incident),
                camera=camera,
                rule=rule,
                zone=zone,
                opened_at=datetime.fromisoformat(opened_at),
                closed_at=None if closed_at is None else datetime.fromisoformat(closed_at),
                verdict=_verdict(dismissal, acknowledged=acknowledged_at is not None),
                box_n=dismissal.box_n if dismissal else places.get(incident),
            )
        )
    return found, dismissals


def _verdict(dismissal: Dismissal | None, *, acknowledged: bool) -> Verdict:
    """A dismissal is the later word: somebody acknowledges what he is shown, and dismisses what he then sees."""
    if dismissal is not None:
        return Verdict.FALSE if dismissal.reason == "false_report" else Verdict.TOLERATED
    return Verdict.CONFIRMED if acknowledged else Verdict.UNKNOWN


def _places(database: Database | Visitor, incidents: Collection[str]) -> dict[str, Box]:
    """Where incidents opened, of those whose first event is still in the outbox."""
    places: dict[str, Box] = {}
    if not incidents:
        return places
    for incident, payload in database.read(_EVENTS):
        if incident in incidents and incident not in places:
            try:
                x1, y1, x2, y2 = json.loads(payload)["data"]["objects"][0]["box"]
                places[incident] = (float(x1), float(y1), float(x2), float(y2))
            except (ValueError, KeyError, IndexError, TypeError):
                continue  # an event of another version: its place is not known
    return places


def _text(moment: datetime) -> Any:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
