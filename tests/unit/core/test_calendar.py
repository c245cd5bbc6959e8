"""Calendars: windows, nights, holidays, make-up days, time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.core.calendar import ALWAYS, WEEKDAYS, Calendar, Weekday, Window, format_clock, parse_clock

SHANGHAI = ZoneInfo("Asia/Shanghai")
WORK = ["mon", "tue", "wed", "thu", "fri"]


def calendar(**fields: Any) -> Calendar:
    return Calendar.model_validate(fields)


def at(text: str) -> datetime:
    """A local moment in Shanghai, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def test_always_is_always() -> None:
    assert ALWAYS.in_force(at("2026-10-01T00:00"), SHANGHAI)
    assert ALWAYS.in_force(at("2026-10-01T23:59"), SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-07-06T06:59", False),  # a Monday
        ("2026-07-06T07:00", True),
        ("2026-07-06T21:59", True),
        ("2026-07-06T22:00", False),
        ("2026-07-05T12:00", False),  # a Sunday
    ],
)
def test_a_window_holds_its_start_and_not_its_end(moment: str, expected: bool) -> None:
    work = calendar(active=[{"days": WORK, "from": "07:00", "to": "22:00"}])
    assert work.in_force(at(moment), SHANGHAI) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-07-10T21:59", False),  # a Friday
        ("2026-07-10T22:00", True),
        ("2026-07-11T05:59", True),  # the Friday night goes on
        ("2026-07-11T06:00", False),
        ("2026-07-11T22:00", False),
        ("2026-07-06T03:00", False),  # Monday before dawn belongs to Sunday
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(moment: str, expected: bool) -> None:
    night = calendar(active=[{"days": WORK, "from": "22:00", "to": "06:00"}])
    assert night.in_force(at(moment), SHANGHAI) is expected


def test_equal_ends_last_24_hours() -> None:
    day = calendar(active=[{"days": ["mon"], "from": "08:00", "to": "08:00"}])
    inside = [at("2026-07-06T08:00"), at("2026-07-07T07:59")]
    outside = [at("2026-07-06T07:59"), at("2026-07-07T08:00")]
    assert all(day.in_force(moment, SHANGHAI) for moment in inside)
    assert not any(day.in_force(moment, SHANGHAI) for moment in outside)


def test_a_night_market_is_permitted() -> None:
    market = calendar(permitted=[{"days": ["sat"], "from": "18:00", "to": "02:00"}])
    assert market.in_force(at("2026-07-11T17:59"), SHANGHAI)
    assert not market.in_force(at("2026-07-12T01:59"), SHANGHAI)
    assert market.in_force(at("2026-07-12T02:00"), SHANGHAI)


def test_on_a_holiday_nothing_is_in_force_by_the_sites_own_date() -> None:
    feast = calendar(holidays=["2026-10-01"])
    assert not feast.in_force(datetime(2026, 9, 30, 16, 0, tzinfo=UTC), SHANGHAI)
    assert feast.in_force(datetime(2026, 9, 30, 15, 59, tzinfo=UTC), SHANGHAI)
    assert feast.in_force(datetime(2026, 10, 1, 16, 0, tzinfo=UTC), SHANGHAI)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-10-10T12:00", True),  # a Saturday that is worked
        ("2026-10-17T12:00", False),
        ("2026-10-10T03:00", True),  # the night that began on Friday, 9 October
        ("2026-10-11T03:00", True),  # the night that began on the worked Saturday
        ("2026-10-12T03:00", False),
    ],
)
def test_a_make_up_day_is_a_monday_and_keeps_the_nights_around_it(moment: str, expected: bool) -> None:
    work = calendar(
        active=[{"days": WORK, "from": "22:00", "to": "06:00"}, {"days": WORK, "from": "08:00", "to": "18:00"}],
        workdays=["2026-10-10"],
    )
    assert work.in_force(at(moment), SHANGHAI) is expected


def test_a_date_cannot_be_both() -> None:
    with pytest.raises(ValidationError, match="2026-10-01 is a holiday and a workday"):
        calendar(holidays=["2026-10-01"], workdays=["2026-10-01"])


@given(
    day=st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    minute=st.integers(0, 1439),
    start=st.integers(0, 1439),
    end=st.integers(0, 1440),
    days=st.sets(st.sampled_from(WEEKDAYS), min_size=1),
)
def test_windows_agree_with_their_intervals(day: date, minute: int, start: int, end: int, days: set[Weekday]) -> None:
    """A window is the set of intervals that begin on its days; told by plain arithmetic on moments."""
    window = Window.model_validate({"days": sorted(days), "from": start, "to": end})
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    expected = False
    for back in (0, 1):
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=back)
        begin, length = midnight + timedelta(minutes=start), (end - start) % 1440
        whole = start == 0 and end == 1440
        finish = begin + timedelta(minutes=length or 1440) if not whole else midnight + timedelta(days=1)
        expected |= WEEKDAYS[midnight.weekday()] in days and begin <= moment < finish
    assert Calendar(active=(window,)).in_force(moment, ZoneInfo("UTC")) is expected


@pytest.mark.parametrize(
    "text", ["7:30", "0730", "24:01", "25:00", "07:60", "07:30:00", "", "٠٧:٣٠", -1, 1441, True, None, 7.5]
)
def test_other_times_of_day_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r'^a time of day, such as "07:30"$'):
        parse_clock(text)


@given(st.integers(0, 1440))
def test_every_minute_survives_the_round_trip(minutes: int) -> None:
    assert parse_clock(format_clock(minutes)) == minutes


def test_a_file_writes_times_as_times() -> None:
    for bare in ('{"from": 7}', '{"from": "24:00"}'):
        with pytest.raises(ValidationError):
            Window.model_validate_json(bare)
    window = Window.model_validate_json('{"from": "07:00"}', strict=True)
    assert Window.model_validate_json(window.model_dump_json(by_alias=True), strict=True) == window
