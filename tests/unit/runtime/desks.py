"""What a desk needs: a store in memory, and a photographer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from agent.core.errors import CityEyeError
from agent.core.presence import Presence
from agent.core.silence import Dismissal
from agent.core.types import Box, Detections, Event, Evidence, Frame
from agent.ports import IncidentRow, WatchHour


@dataclass
class MemoryStore:
    """A store whose disk can be full or broken."""

    trouble: CityEyeError | None = None
    events: list[Event] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    hours: list[WatchHour] = field(default_factory=list)

    def record(self, camera: str, events: Sequence[Event], state: str, hours: Sequence[WatchHour] = ()) -> None:
        self.save_state(camera, state, hours)
        self.events += events

    def save_state(self, camera: str, state: str, hours: Sequence[WatchHour] = ()) -> None:
        if self.trouble:
            raise self.trouble
        self.states.append(state)
        self.hours += hours

    def load_state(self, camera: str) -> str | None:
        return self.states[-1] if self.states else None

    def cameras(self) -> list[str]:
        return ["gate"] if self.states else []

    def forget(self, camera: str) -> None:
        self.states.clear()

    def acknowledge(
        self, incident_id: UUID, at: datetime, by: str | None, note: str | None, *, at_box: bool | None = None
    ) -> datetime | None:
        return None

    def incidents(self, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
        return []

    def unfinished(self) -> list[UUID]:
        return []


class NoCamera:
    """A photographer whose disk is always full; it notes down of what it was to take samples."""

    def __init__(self) -> None:
        self.samples: list[Dismissal] = []

    def take(self, event: Event, frame: Frame, found: Detections | None) -> tuple[tuple[Evidence, ...], str | None]:
        return (), "disk_full"

    def ask(self, frame: Frame) -> Detections | None:
        return None

    def watch(self, watched: Sequence[Presence], frame: Frame, found: Detections) -> None:
        pass

    def first_sight(self, event: Event, presence: Presence) -> tuple[Evidence, ...]:
        return ()

    def again(
        self, event: Event, box_n: Box, frame: Frame, found: Detections | None
    ) -> tuple[Evidence | None, str | None]:
        return None, "disk_full"

    def holds(self, kept: Evidence) -> bool:
        return False

    def snapshot(self, command_id: str, frame: Frame, found: Detections | None) -> tuple[Evidence | None, str | None]:
        return None, "disk_full"

    def sample(self, dismissal: Dismissal, frame: Frame, found: Detections | None) -> None:
        self.samples.append(dismissal)
