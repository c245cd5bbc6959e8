"""What every `ports.Parcels` must do."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from agent.core.types import Evidence
from agent.core.wire import EvidenceOf
from agent.ports import Parcels
from tests.events import T0
from tests.fakes_delivery import FakeClock

GATE = EvidenceOf(camera="gate", incident=UUID(int=7), sequence=12)
ASKED = EvidenceOf(camera="gate", command_id="cmd-1")


def picture(number: int) -> Evidence:
    """A kept picture; the number makes its id."""
    return Evidence(
        evidence_id=UUID(int=0xE71D_0000 + number),
        kind="wide",
        sha256=f"{number:064x}",
        bytes=1000 + number,
        mime="image/jpeg",
        captured_at=T0,
        path=f"2026-07-01/{UUID(int=7)}/{number}-wide.jpg",
    )


class ParcelsContract:
    """Run by a class that has the fixture `parcels`, which is empty."""

    def numbers(self, parcels: Parcels, limit: int = 10, after_s: float = 0.0) -> list[int]:
        now = FakeClock(T0 + timedelta(seconds=after_s)).now()
        return [parcel.picture.bytes - 1000 for parcel in parcels.due(now, limit)]

    def test_the_oldest_goes_first_and_comes_back_as_it_was(self, parcels: Parcels) -> None:
        parcels.add([picture(1), picture(2)], GATE)
        parcels.add([picture(3)], EvidenceOf(camera="yard", incident=UUID(int=8), sequence=13))
        first, second, third = parcels.due(FakeClock().now(), 10)
        assert (first.picture, first.about, first.attempts) == (picture(1), GATE, 0)
        assert (second.picture, third.about.camera) == (picture(2), "yard")
        assert self.numbers(parcels, limit=2) == [1, 2]
        assert parcels.paths() == [picture(n).path for n in (1, 2, 3)]
        assert (parcels.waiting(), parcels.dropped()) == (3, 0)

    def test_what_a_command_asked_for_goes_before_all_else(self, parcels: Parcels) -> None:
        parcels.add([picture(1), picture(2)], GATE)
        parcels.add([picture(3)], ASKED)
        assert self.numbers(parcels) == [3, 1, 2]
        assert parcels.due(FakeClock().now(), 1)[0].about == ASKED

    def test_one_picture_is_one_parcel(self, parcels: Parcels) -> None:
        parcels.add([picture(1)], GATE)
        parcels.add([picture(1), picture(2)], EvidenceOf(camera="gate", incident=UUID(int=7), sequence=99))
        assert self.numbers(parcels) == [1, 2]
        assert parcels.due(FakeClock().now(), 1)[0].about == GATE, "it belongs to the event that named it first"

    def test_what_is_done_or_dropped_is_gone_and_only_drops_are_counted(self, parcels: Parcels) -> None:
        parcels.add([picture(n) for n in range(1, 4)], GATE)
        rows = [parcel.row for parcel in parcels.due(FakeClock().now(), 10)]
        parcels.done(rows[0])
        parcels.drop(rows[1])
        parcels.drop(rows[1])
        assert self.numbers(parcels) == [3]
        assert (parcels.waiting(), parcels.dropped()) == (1, 1)

    def test_what_is_postponed_waits_and_holds_up_nothing(self, parcels: Parcels) -> None:
        parcels.add([picture(1), picture(2)], GATE)
        parcels.postpone(parcels.due(FakeClock().now(), 1)[0].row, T0.timestamp() + 60)
        assert self.numbers(parcels) == [2]
        assert self.numbers(parcels, after_s=61) == [1, 2]
        assert parcels.due(FakeClock(T0 + timedelta(seconds=61)).now(), 1)[0].attempts == 1
        assert self.numbers(parcels, after_s=-86_400) == [1, 2], "a clock that was set back keeps nothing waiting"
