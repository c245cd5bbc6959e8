"""What the agent remembers across restarts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from agent.core.silence import Dismissal, Pause
from agent.core.types import Event, Gap, Observation
from agent.core.verification import Verdict
from agent.core.wire import Asked
from agent.core.zone_state import Head


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident as the store knows it, for lists and summaries."""

    incident_id: UUID
    camera: str
    rule: str
    zone: str
    phase: str
    opened_at: datetime
    closed_at: datetime | None
    dwell_s: float
    blind_s: float
    close_reason: str | None
    revision: int
    delivered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchHour:
    """Seconds in which a camera was watched, and in which nobody could look, within one hour.

    `hour` counts whole hours since the epoch, UTC. What is missing of an hour the agent did not run.
    """

    hour: int
    looked_s: float = 0.0
    blind_s: float = 0.0


class Store(Protocol):
    """Durable memory: scene states, incidents and the outbox. Safe to call from several threads."""

    def record(self, camera: str, events: Sequence[Event], state: str, hours: Sequence[WatchHour] = ()) -> None:
        """Keep the events, their outbox rows and the camera's scene state in ONE commit that survives power loss.

        `hours` are added to what is known of them.

        Raises: StoreFull (nothing was kept, call again with the same events), StoreUnusable.
        """

    def save_state(self, camera: str, state: str, hours: Sequence[WatchHour] = ()) -> None:
        """Keep a scene state alone, when there is no event to keep it with. Raises as `record` does."""

    def load_state(self, camera: str) -> str | None:
        """The last kept scene state, or None for a camera never seen."""

    def cameras(self) -> list[str]:
        """The cameras that have a kept scene state, in the order of their names."""

    def forget(self, camera: str) -> None:
        """Drop the kept scene state of a camera that is no longer there."""

    def incidents(self, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
        """Newest first."""

    def acknowledge(
        self, incident_id: UUID, at: datetime, by: str | None, note: str | None, *, at_box: bool | None = None
    ) -> datetime | None:
        """A person has taken notice. Returns since when it counts so: the first one counts; None: not known here.

        Args:
            at_box: whether that was at this box, not at the centre; None: not known.
        """

    def unfinished(self) -> list[UUID]:
        """All incidents that are open, or that the centre does not know of wholly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequest:
    """Somebody says that what stands in a zone now is normal; zone None: everywhere, and the view itself is new."""

    number: int
    zone: str | None


class Views(Protocol):
    """What each camera's clean view looks like, and requests to take the present one for clean."""

    def save(self, camera: str, kept: bytes) -> None:
        """Keep a view. Raises as `Store.record` does, as do all that write."""

    def load(self, camera: str) -> bytes | None:
        """The last kept view, or None."""

    def forget(self, camera: str) -> None:
        """Drop a camera's view."""

    def request(self, camera: str, zone: str | None) -> None:
        """Ask the agent that uses this memory, now or when it is started next, to reset a view."""

    def resets(self, camera: str) -> list[ResetRequest]:
        """Requests that are not done, oldest first."""

    def done(self, requests: Sequence[ResetRequest]) -> None:
        """These were carried out."""


class SilenceStore(Protocol):
    """What is not to be reported; survives restarts. Another process may change it while the agent runs.

    Those that are over stay listed for a month. What writes raises StoreFull, StoreUnusable.
    """

    def dismiss(self, dismissal: Dismissal) -> None:
        """Keep it, in place of an earlier one of the same incident."""

    def take_back(
        self, incident_id: UUID, at: datetime, by: str | None = None, *, at_box: bool | None = None
    ) -> Dismissal | None:
        """Drop the dismissal of an incident and return it; None when there was none. `at`, `by`: who does so when."""

    def dismissals(self, camera: str | None = None) -> list[Dismissal]:
        """In the order in which they were made: all, or one camera's."""

    def pause(self, pause: Pause, now: datetime) -> None:
        """Keep it, in place of those that lie within it."""

    def resume(self, asked: Pause) -> None:
        """Drop the pauses that lie within what is asked; a wider one stays."""

    def pauses(self) -> list[Pause]:
        """In the order in which they were made."""

    def version(self) -> int:
        """A number that changes with every change, quick to ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A command that was taken, for answering it again.

    Attributes:
        digest: of its content. asked: what the answer repeats. correlation: the bytes of MQTT 5.
        answer: the JSON of the response; None while it is being carried out.
    """

    digest: str
    asked: Asked
    correlation: bytes | None
    answer: str | None


class AnswerMemory(Protocol):
    """Which commands were taken, and what was answered; survives restarts. Safe to call from several threads.

    What writes raises StoreFull, StoreUnusable.
    """

    def find(self, command_id: str) -> Answered | None:
        """What is known of this id."""

    def begin(self, taken: Answered) -> None:
        """A command is going to be carried out; `taken.asked.id` and its command are set. The oldest are forgotten."""

    def finish(self, taken: Answered) -> None:
        """It was answered; `taken.answer` is set."""

    def forget(self, command_id: str) -> None:
        """It was not carried out after all, and may come again."""

    def unfinished(self, command: str) -> list[Answered]:
        """Commands of that name without an answer, oldest first."""


class CaseNotes(Protocol):
    """What people can look up about an incident beside its events."""

    def verified(self, verdict: Verdict, by: str | None, *, at_box: bool | None = None) -> None:
        """A question about an incident was answered. From any thread; what cannot be kept is logged.

        Args:
            at_box: whether it was asked at this box, not at the centre; None: not known.
        """


class LoginLedger(Protocol):
    """Counts refused logins per device and credential, so that none locks the box out; survives restarts."""

    def refusals(self, device: str, fingerprint: str) -> tuple[int, float]:
        """How many refusals, and the epoch second of the last one (0.0 when none)."""

    def refused(self, device: str, fingerprint: str, at_utc_s: float) -> None: ...
    def clear(self, device: str) -> None: ...


class Heads(Protocol):
    """What was taught about zones; survives restarts. Another process may teach while the agent runs."""

    def save_head(self, camera: str, zone: str, head: Head) -> None:
        """Keep it, in place of the zone's last one. Raises StoreFull, StoreUnusable, as does `forget_head`."""

    def heads(self, camera: str | None = None) -> dict[tuple[str, str], Head]:
        """By camera and zone, in the order of their names: all, or one camera's. Raises StoreUnusable."""

    def forget_head(self, camera: str, zone: str) -> bool:
        """Drop one; returns whether there was one."""

    def version(self) -> int:
        """A number that changes with every change of any head, quick to ask for."""


class ObservationLog(Protocol):
    """Keeps what was seen for some days, so that another configuration can be tried on it. From any thread."""

    def add(self, step: Observation | Gap) -> None:
        """Keep one step of its camera some time soon, or drop and count it. Never raises, never waits."""
