"""Which pictures are still needed is asked from the store; age is what the clock says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from agent.ports import IncidentRow
from agent.runtime.housekeeping import TIDY_EVERY_S, Housekeeping
from tests.fakes import START, FakeClock, FakeStop
from tests.unit.runtime.desks import MemoryStore

NAMES = [UUID(int=n) for n in range(4)]


def row(number: int, *, closed: bool, delivered: bool) -> IncidentRow:
    return IncidentRow(
        incident_id=NAMES[number],
        camera="gate",
        rule="illegal_parking",
        zone="kerb",
        phase="closed" if closed else "opened",
        opened_at=START,
        closed_at=START if closed else None,
        dwell_s=1.0,
        blind_s=0.0,
        close_reason=None,
        revision=1,
        delivered=delivered,
    )


class Incidents(MemoryStore):
    """A store with these incidents."""

    rows: tuple[IncidentRow, ...] = ()

    def incidents(self, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
        return list(self.rows)[:limit]


@dataclass
class Album:
    """`ports.Pictures` that only notes what it is told."""

    held: list[set[UUID]] = field(default_factory=list)
    expired_at: list[datetime] = field(default_factory=list)

    def hold(self, incidents: Collection[UUID]) -> None:
        self.held.append(set(incidents))

    def expire(self, now: datetime) -> int:
        assert len(self.held) == len(self.expired_at) + 1, "told what is needed before"
        self.expired_at.append(now)
        return 1


def test_what_is_open_or_not_delivered_is_held_and_the_rest_expires(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock, store, album = FakeClock(), Incidents(), Album()
    store.rows = (
        row(0, closed=False, delivered=True),
        row(1, closed=True, delivered=False),
        row(2, closed=True, delivered=True),
        row(3, closed=False, delivered=False),
    )
    Housekeeping(clock=clock, store=store, pictures=album).run(FakeStop(clock, 1.5 * TIDY_EVERY_S))
    assert album.held == [{NAMES[0], NAMES[1], NAMES[3]}] * 2
    assert album.expired_at == [START, START + timedelta(seconds=TIDY_EVERY_S)]
    assert "evidence pictures deleted for their age: 1" in caplog.text
