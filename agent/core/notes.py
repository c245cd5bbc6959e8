"""What a person at the box says about an incident, for the centre to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from agent.core.ids import uuid7_from
from agent.core.types import Channel


class Said(StrEnum):
    """What a person said."""

    ACKNOWLEDGED = "acknowledged"
    """He has taken notice. Said once for an incident: the first one counts, here or at the centre."""
    DISMISSED = "dismissed"
    """It is none, or is tolerated; a later one of the same incident replaces reason and end."""
    DISMISSAL_WITHDRAWN = "dismissal_withdrawn"
    """What was dismissed, here or by the centre, may be reported again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxNote:
    """One thing that a person at the box said about one incident, which may have ended.

    Attributes:
        class_name, channel, kind: of the incident, for its name in the taxonomy; None where not known.
        by: the name with which he logged in, `local` where nobody has to; None: not known. note: his own words.
        reason, until: of a dismissal; `until` None: for ever.
    """

    incident_id: UUID
    camera: str
    rule: str
    zone: str
    said: Said
    at: datetime
    class_name: str | None = None
    channel: Channel = Channel.MODEL
    kind: str | None = None
    by: str | None = None
    note: str | None = None
    reason: str | None = None
    until: datetime | None = None

    def minted(self, sequence: int) -> UUID:
        """The id under which it is told: a UUIDv7 of its time; `sequence` tells it from all others of this box."""
        return uuid7_from(int(self.at.timestamp() * 1000), f"{self.incident_id}/{self.said}/{sequence}".encode())
