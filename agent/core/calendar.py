"""When a rule applies: weekday windows, holidays and permitted windows, in the site's own time zone."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CLOCK_PATTERN = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_DAY_MINUTES = 24 * 60


def parse_clock(value: object) -> int:
    """Minutes since midnight of `HH:MM`; `24:00` is the end of the day. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _DAY_MINUTES:
        return value
    if isinstance(value, str) and re.fullmatch(CLOCK_PATTERN, value):
        return int(value[:2]) * 60 + int(value[3:])
    raise ValueError('a time of day, such as "07:30"')


def format_clock(minutes: int) -> str:
    """`HH:MM` of minutes since midnight."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _written_clock(value: object, info: ValidationInfo) -> int:
    """As `parse_clock`, but text from outside must look like a time of day: 7 could be minutes or hours."""
    try:
        return parse_clock(str(value) if info.mode == "json" and isinstance(value, int) else value)
    except ValueError as error:
        raise PydanticCustomError("clock", "expected {expected}", {"expected": str(error)}) from error


Clock = Annotated[
    int,
    BeforeValidator(_written_clock),
    PlainSerializer(format_clock, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": CLOCK_PATTERN, "examples": ["07:30", "24:00"]}),
]
"""Minutes since midnight; written HH:MM in YAML and JSON."""


def _within_the_day(minutes: int) -> int:
    if minutes == _DAY_MINUTES:
        raise PydanticCustomError("clock", "expected {expected}", {"expected": "a start before 24:00"})
    return minutes


class Window(BaseModel):
    """A stretch of the day on some weekdays.

    `from` later than `to` runs past midnight into the next day; `from` equal to `to` lasts 24 hours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="Weekdays on which the window starts.")
    start: Annotated[Clock, AfterValidator(_within_the_day)] = Field(
        0, alias="from", description="Start, HH:MM, site time."
    )
    end: Clock = Field(_DAY_MINUTES, alias="to", description="End, HH:MM, site time; 24:00 is midnight.")

    def covers(self, minute: int, today: Weekday, yesterday: Weekday) -> bool:
        """Whether the window covers this minute of the day; the end is exclusive."""
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


class Calendar(BaseModel):
    """When a rule is in force: inside an active window, outside every permitted one, holidays as configured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    active: tuple[Window, ...] = Field((Window(),), min_length=1, description="When the rule is in force.")
    permitted: tuple[Window, ...] = Field((), description="Exceptions in which it is allowed, such as a night market.")
    holidays: tuple[date, ...] = Field((), description="Dates (YYYY-MM-DD) on which the rule is not in force.")
    workdays: tuple[date, ...] = Field((), description="Make-up working days: treated as a Monday, whatever they are.")

    @model_validator(mode="after")
    def _no_day_is_both(self) -> Calendar:
        both = sorted(set(self.holidays) & set(self.workdays))
        if both:
            dates = ", ".join(day.isoformat() for day in both)
            raise PydanticCustomError("holiday_and_workday", "{dates} is a holiday and a workday", {"dates": dates})
        return self

    def in_force(self, utc: datetime, zone: ZoneInfo) -> bool:
        """Whether the rule applies at this moment of the site whose time zone is given."""
        local = utc.astimezone(zone)
        if local.date() in self.holidays:
            return False
        minute = local.hour * 60 + local.minute
        days = self._weekday(local.date()), self._weekday(local.date() - timedelta(days=1))
        return any(w.covers(minute, *days) for w in self.active) and not any(
            w.covers(minute, *days) for w in self.permitted
        )

    def _weekday(self, day: date) -> Weekday:
        """The weekday that counts for a date: a make-up working day is a Monday."""
        return "mon" if day in self.workdays else WEEKDAYS[day.weekday()]


ALWAYS = Calendar()
