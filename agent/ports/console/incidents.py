"""What the console asks about incidents, and what a person may want done about one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypedDict
from uuid import UUID

MOST_ROWS = 100
"""Rows of one page of the list."""

State = Literal["open", "closed"]
Disposition = Literal["false_report", "tolerated", "any", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentFilter:
    """Which incidents; what is None matches all. `since` and `until` (excluded) are about the opening, aware.

    Attributes:
        dismissed: as what; `any`: dismissed at all, `none`: not dismissed.
    """

    state: State | None = None
    camera: str | None = None
    rule: str | None = None
    zone: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    dismissed: Disposition | None = None


class Named(TypedDict):
    """Something with a name in both languages."""

    id: str
    zh: str
    en: str


class IncidentLine(TypedDict):
    """One incident in the list. Times are RFC 3339 in UTC."""

    id: str
    camera: str
    camera_name: str
    zone: str
    zone_name: str
    rule: str
    kind: Named
    severity: str | None
    phase: str
    opened: str
    closed: str | None
    dwell_s: float
    close_reason: str | None
    disposition: str | None
    acknowledged: str | None
    picture: str | None


class Page(TypedDict):
    """Some lines, open incidents first, then the newest; `next` continues after them, None at the end."""

    incidents: list[IncidentLine]
    next: str | None


class Picture(TypedDict):
    """An evidence picture. `sequence`: of the event that names it; None where it answered a question only."""

    id: str
    kind: str
    captured: str
    bytes: int
    sequence: int | None


class Moment(TypedDict):
    """One event of an incident; `taken`: when the broker had it, `acked`: when the platform said so."""

    sequence: int
    revision: int
    phase: str
    at: str
    reason: str | None
    severity: str
    channel: str
    class_name: str | None
    score: float | None
    dwell_s: float
    blind_s: float
    evidence_note: str | None
    taken: str | None
    acked: str | None
    set_aside: str | None


class Remark(TypedDict):
    """What somebody said or asked: `acknowledged`, `dismissed`, `restored` (a dismissal taken back), `verified`.

    `sequence`: under which the centre is told, None where it is not; the rest as of `Moment`.
    """

    kind: str
    at: str
    by: str | None
    details: dict[str, Any]
    sequence: int | None
    taken: str | None
    acked: str | None
    set_aside: str | None


class IncidentPage(TypedDict):
    """Everything about one incident. `limits`: what it was measured against, where that was kept."""

    incident: IncidentLine
    first_seen: str | None
    blind_s: float
    channel: str | None
    class_name: str | None
    score: float | None
    limits: dict[str, float | None] | None
    previous_incident: str | None
    moments: list[Moment]
    remarks: list[Remark]
    pictures: list[Picture]
    scores: list[tuple[str, float]]


DISK_FULL, STORE_HELD, DISK = "disk_full", "store_held", "disk"
"""Codes of `Asked` beside those of `RejectCode`. No room on the disk, and another program held the database for too
long: nothing was kept. A disk that cannot be written to: what was kept is not known."""
JUDGED_MEANWHILE = "judged_meanwhile"
"""Code of `Asked`: somebody judged the incident otherwise than whoever asks has seen; nothing was changed."""
ALREADY = "already"
"""Code of `Asked` where it is `done`: it was so before, and nothing was changed."""


class Asked(TypedDict):
    """What became of a wish: `waiting`, `done` with its result (and `ALREADY`), or `rejected` with a code."""

    id: str
    status: Literal["waiting", "done", "rejected"]
    code: str | None
    message: str | None
    result: dict[str, Any] | None


class IncidentDesk(Protocol):
    """The backend of the pages about incidents. From any thread; what it does waits for seconds at most.

    Raises: StoreUnusable, StoreFull (the database cannot be read now).
    """

    def choices(self) -> Mapping[str, list[dict[str, str]]]:
        """What can be filtered by: `cameras`, `zones` (with their camera) and `rules`, each with `id` and `name`."""

    def listed(self, wanted: IncidentFilter, *, after: str | None, limit: int) -> Page:
        """At most `MOST_ROWS`. Raises ValueError for an `after` that no page gave."""

    def lines(self, incidents: Sequence[UUID]) -> list[IncidentLine]:
        """These incidents as they are now, `MOST_ROWS` at most; without those that the box does not know (any more)."""

    def page(self, incident: UUID) -> IncidentPage | None:
        """None when the box does not know it (any more)."""

    def picture(self, evidence: UUID) -> tuple[str, bytes] | None:
        """Its MIME type and bytes; None when it is not known, was deleted for its age, or is damaged."""

    def acknowledge(self, incident: UUID, *, by: str, note: str | None) -> Asked:
        """Note that a person has taken notice."""

    def dismiss(
        self,
        incident: UUID,
        *,
        by: str,
        reason: str,
        until: datetime | None,
        note: str | None,
        expected: Disposition | None = None,
    ) -> Asked:
        """Close it, and let its spot be silent; `reason`: false_report or tolerated.

        Args:
            expected: as what whoever asks has seen it dismissed, `none`: not; where it is otherwise now, it stays so
                (`JUDGED_MEANWHILE`). None: whatever it is.
        """

    def restore(self, incident: UUID, *, by: str) -> Asked:
        """Take a dismissal back."""

    def verify(self, incident: UUID, *, by: str) -> Asked:
        """Look again; the answer comes later."""

    def asked(self, wish: str) -> Asked | None:
        """What became of a wish; None when it is not known, or forgotten."""


class ScoreSource(Protocol):
    """Scores between the events, where observations are kept."""

    def scores_at(
        self,
        camera: str,
        box_n: tuple[float, float, float, float],
        since: datetime,
        until: datetime,
        *,
        zone: str,
        channel: str | None,
    ) -> list[tuple[datetime, float]]:
        """What one way of seeing said about this place (0..1 of the picture), or all of them; oldest first; bounded.

        Args:
            zone: whose readings count, where it was taught.
        """
