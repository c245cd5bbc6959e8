"""Which pictures are still needed is asked from the store; age is what the clock says."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from agent.core.types import Evidence
from agent.runtime.housekeeping import TIDY_EVERY_S, Housekeeping
from tests.fakes import START, FakeClock, FakeStop
from tests.fakes_delivery import FakeParcels
from tests.unit.runtime.desks import MemoryStore

NAMES = [UUID(int=n) for n in range(4)]


class Incidents(MemoryStore):
    """A store with these incidents."""

    open_ones: tuple[UUID, ...] = ()

    def unfinished(self) -> list[UUID]:
        return list(self.open_ones)


class Waiting(FakeParcels):
    """Parcels at these paths."""

    def paths(self) -> list[str]:
        return ["2026-05-04/x/1-wide.jpg"]


@dataclass
class Album:
    """`ports.Pictures` that only notes what it is told."""

    held: list[tuple[set[UUID], set[str]]] = field(default_factory=list)
    expired_at: list[datetime] = field(default_factory=list)

    def hold(self, incidents: Collection[UUID], unsent: Collection[str]) -> None:
        self.held.append((set(incidents), set(unsent)))

    def read(self, picture: Evidence) -> bytes | None:
        return None

    def expire(self, now: datetime) -> int:
        assert len(self.held) == len(self.expired_at) + 1, "told what is needed before"
        self.expired_at.append(now)
        return 1


def test_what_is_unfinished_or_unsent_is_held_and_the_rest_expires(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    clock, store, album = FakeClock(), Incidents(), Album()
    store.open_ones = (NAMES[0], NAMES[3])
    Housekeeping(clock=clock, store=store, parcels=Waiting(), pictures=album).run(FakeStop(clock, 1.5 * TIDY_EVERY_S))
    assert album.held == [({NAMES[0], NAMES[3]}, {"2026-05-04/x/1-wide.jpg"})] * 2
    assert album.expired_at == [START, START + timedelta(seconds=TIDY_EVERY_S)]
    assert "evidence pictures deleted for their age: 1" in caplog.text
