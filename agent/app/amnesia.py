"""What to tell the centre when a scene's memory cannot be read: its incidents end, rather than stay open for ever."""

from __future__ import annotations

from collections.abc import Iterable

from agent.core.ids import uuid7_from
from agent.core.types import Channel, CloseReason, Event, Phase, Severity, Stamp
from agent.ports import IncidentRow


def forgotten(rows: Iterable[IncidentRow], now: Stamp) -> list[Event]:
    """A closing for each incident, of what the store still knows: no objects, no pictures, onset unknown."""
    return [
        Event(
            event_id=uuid7_from(int(now.utc.timestamp() * 1000), f"{row.incident_id}/{row.revision + 1}".encode()),
            incident_id=row.incident_id,
            revision=row.revision + 1,
            phase=Phase.CLOSED,
            camera=row.camera,
            rule=row.rule,
            zone=row.zone,
            severity=Severity.MEDIUM,
            channel=Channel.MODEL,
            at=now.utc,
            first_seen=row.opened_at,
            opened_at=row.opened_at,
            last_seen=row.opened_at,
            closed_at=now.utc,
            dwell_s=row.dwell_s,
            blind_s=row.blind_s,
            objects=(),
            close_reason=CloseReason.FORGOTTEN,
            evidence_note="no_picture",
        )
        for row in rows
    ]
