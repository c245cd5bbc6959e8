"""The examples of what a person at a box says about an incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from agent.core.notes import BoxNote, Said
from agent.core.types import Message
from agent.core.wire import BoxFacts, ClockInfo, DismissReason, note_message


def notes(incident: UUID, since: datetime, facts: BoxFacts, clock: ClockInfo, sequence: int) -> dict[str, Message]:
    """By what was said, numbered from `sequence` on: an acknowledgement, and a dismissal that was taken back."""
    until = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)

    def note(said: Said, minutes: int, **more: object) -> BoxNote:
        about = {"incident_id": incident, "camera": "gate", "rule": "illegal_parking", "zone": "fire-lane"}
        at = since + timedelta(minutes=minutes)
        return BoxNote(**about, class_name="car", said=said, at=at, by="王芳", **more)  # type: ignore[arg-type]

    tolerated = {"reason": DismissReason.TOLERATED, "until": until, "note": "施工许可"}
    told = (
        note(Said.ACKNOWLEDGED, 5, note="队员已出发"),
        note(Said.DISMISSED, 25, **tolerated),
        note(Said.DISMISSAL_WITHDRAWN, 40),
    )
    return {it.said: note_message(it, number, facts, clock) for number, it in enumerate(told, start=sequence)}
