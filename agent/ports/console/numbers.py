"""The figures of a period, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypedDict

LONGEST_DAYS = 400
"""The longest period; the box remembers little more."""
MOST_CSV_ROWS = 10_000
"""Rows of the list of incidents as CSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` up to `until` (excluded), aware; `camera`: one only."""

    since: datetime
    until: datetime
    camera: str | None = None


class Count(TypedDict):
    """How many incidents opened, of one kind, zone or hour; `false` of them were dismissed as false reports."""

    id: str
    zh: str
    en: str
    incidents: int
    false: int


class Spread(TypedDict):
    """How long something took, in seconds: of how many, the median, and what nine of ten stayed within."""

    rule: str
    count: int
    median_s: float | None
    p90_s: float | None


class Watched(TypedDict):
    """Seconds of a period in which a camera was watched, and in which the agent ran but nobody could look."""

    camera: str
    name: str
    looked_s: float
    blind_s: float


class Figures(TypedDict):
    """All figures of a period, by when the incidents opened.

    `judged`: acknowledged or dismissed by a person. `reaction`: from the opening until that.
    `closing`: from the opening until the street was clear (cleared or replaced, not what people or the agent ended).
    `hours`: 24 entries, hours of the day at the site.
    """

    since: str
    until: str
    time_zone: str
    incidents: int
    open: int
    judged: int
    false: int
    tolerated: int
    kinds: list[Count]
    zones: list[Count]
    hours: list[Count]
    reaction: list[Spread]
    closing: list[Spread]
    watched: list[Watched]


class NumbersBook(Protocol):
    """The backend of the page about numbers. From any thread. Raises StoreUnusable, StoreFull."""

    def figures(self, period: Period) -> Figures:
        """Raises ValueError: a period that ends before it begins, or is longer than `LONGEST_DAYS`."""

    def csv(self, table: str, period: Period) -> str:
        """One of `kinds zones hours times watched incidents` as CSV, without a byte order mark.

        Raises ValueError for another table or a period that `figures` refuses.
        """

    def named_period(self, name: str, since: str | None, until: str | None, camera: str | None) -> Period:
        """A period by name (`today week month`), or by days (YYYY-MM-DD at the site, both included).

        Raises ValueError for what is neither.
        """
