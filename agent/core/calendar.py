"""When a rule applies: weekday windows, holidays and permitted windows, in the site's own time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK_PATTERN = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"
_DAY_MINUTES = 24 * 60


def parse_clock(value: object) -> int:
    """Minutes since midnight of `HH:MM`; `24:00` is the end of the day. Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _DAY_MINUTES:
        return value
    if value == "24:00":
        return _DAY_MINUTES
    if isinstance(value, str) and len(value) == 5:
        try:
            clock = time.fromisoformat(value)
        except ValueError:
            pass
        else:
            return clock.hour * 60 + clock.minute
    raise ValueError('a time of day in quotes, such as "07:30"')


Clock = Annotated[int, BeforeValidator(parse_clock), WithJsonSchema({"type": "string", "pattern": _CLOCK_PATTERN})]


class Window(BaseModel):
    """A stretch of the day on some weekdays. `from` later than `to` runs past midnight into the next day."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    days: tuple[Weekday, ...] = Field(WEEKDAYS, min_length=1, description="Weekdays on which the window starts.")
    start: Clock = Field(0, alias="from", description="Start, HH:MM, site time.")
    end: Clock = Field(_DAY_MINUTES, alias="to", description="End, HH:MM, site time; 24:00 is midnight.")

    def covers(self, local: datetime) -> bool:
        """Whether the window covers this local moment; the end is exclusive."""
        minute = local.hour * 60 + local.minute
        today = WEEKDAYS[local.weekday()]
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        yesterday = WEEKDAYS[(local - timedelta(days=1)).weekday()]
        return (today in self.days and minute >= self.start) or (yesterday in self.days and minute < self.end)


class Calendar(BaseModel):
    """When a rule is in force: inside an active window, outside every permitted one, holidays as configured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    active: tuple[Window, ...] = Field((Window(),), min_length=1, description="When the rule is in force.")
    permitted: tuple[Window, ...] = Field((), description="Exceptions in which it is allowed, such as a night market.")
    holidays: tuple[date, ...] = Field((), description="Dates (YYYY-MM-DD) on which the rule is not in force.")
    workdays: tuple[date, ...] = Field((), description="Make-up working days: treated as a Monday, whatever they are.")

    def in_force(self, utc: datetime, zone: ZoneInfo) -> bool:
        """Whether the rule applies at this moment of the site whose time zone is given."""
        local = utc.astimezone(zone)
        if local.date() in self.holidays:
            return False
        if local.date() in self.workdays:
            local += timedelta(days=-local.weekday())
        return any(w.covers(local) for w in self.active) and not any(w.covers(local) for w in self.permitted)


ALWAYS = Calendar()
