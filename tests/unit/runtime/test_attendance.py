"""How long a camera was watched in each hour: shared among hours, kept until the store has it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.core.errors import StoreFull
from agent.core.types import Stamp
from agent.ports import WatchHour
from agent.runtime.attendance import MOST_HOURS, Attendance
from tests.unit.core.world import car, every, gap
from tests.unit.runtime.desks import MemoryStore
from tests.unit.runtime.test_desk_and_watch import a_desk, serve

NINE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
HOUR = int(NINE.timestamp()) // 3600


def at(seconds: float) -> Stamp:
    """So many seconds after nine."""
    return Stamp(utc=NINE + timedelta(seconds=seconds), mono_s=seconds)


def test_a_stretch_over_the_full_hour_is_shared() -> None:
    attendance = Attendance()
    attendance.add(at(10.0), 40.0, blind=False)
    attendance.add(at(15.0), 5.0, blind=True)
    assert attendance.waiting == (
        WatchHour(hour=HOUR, looked_s=10.0, blind_s=5.0),
        WatchHour(hour=HOUR - 1, looked_s=30.0),
    )
    attendance.taken()
    assert not attendance.waiting


def test_one_that_ends_on_the_full_hour_was_before_it() -> None:
    attendance = Attendance()
    attendance.add(at(0.0), 3600.0, blind=True)
    attendance.add(at(0.0), 0.0, blind=True)
    assert attendance.waiting == (WatchHour(hour=HOUR - 1, blind_s=3600.0),)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6), st.booleans()), max_size=8))
def test_nothing_is_lost_and_no_hour_gets_more_than_its_stretches(stretches: list[tuple[float, float, bool]]) -> None:
    attendance = Attendance()
    for until_s, seconds, blind in stretches:
        attendance.add(at(until_s), seconds, blind=blind)
    total_s = sum(hour.looked_s + hour.blind_s for hour in attendance.waiting)
    if len(attendance.waiting) < MOST_HOURS:
        assert abs(total_s - sum(seconds for _, seconds, _ in stretches)) < 1e-3
    assert len(attendance.waiting) <= MOST_HOURS
    assert all(hour.looked_s + hour.blind_s <= 3600 * len(stretches) + 1e-3 for hour in attendance.waiting)


def test_a_desk_keeps_with_its_scene_how_long_it_saw_and_did_not() -> None:
    store = MemoryStore()
    desk = a_desk(store)
    serve(desk, every(2, 0, 32, car()))
    store.trouble = StoreFull("full")
    serve(desk, [gap(40), gap(60), *every(2, 62, 72, car())])
    store.trouble = None
    desk.close(1.0)
    assert sum(hour.looked_s for hour in store.hours) == 30.0 + 8.0
    assert sum(hour.blind_s for hour in store.hours) == 32.0
    desk.close(1.0)
    assert sum(hour.looked_s for hour in store.hours) == 38.0
