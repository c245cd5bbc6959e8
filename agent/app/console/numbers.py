"""Behind the console's page about numbers: figures with names, in the site's time, and as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agent.adapters.sqlite.numbers import Counted, SqliteNumbers, Took
from agent.app.console.naming import Naming
from agent.app.console.parts import Parts
from agent.ports import Clock
from agent.ports.console.incidents import Named
from agent.ports.console.numbers import LONGEST_DAYS, Count, Figures, Period, Spread

_EPOCH = date(1970, 1, 1)
_DAYS = {"today": 1, "week": 7, "month": 30}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
TABLES = ("kinds", "zones", "hours", "times", "watched", "incidents")
_Table = list[list[object]]


class FigureBook:
    """Implements `ports.console.numbers.NumbersBook`."""

    def __init__(self, numbers: SqliteNumbers, naming: Naming, clock: Clock) -> None:
        self._numbers = numbers
        self._naming = naming
        self._clock = clock

    def named_period(self, name: str, since: str | None, until: str | None, camera: str | None) -> Period:
        """See `NumbersBook.named_period`."""
        today = self._clock.now().utc.astimezone(self._zone).date()
        if name == "days":
            first, last = date.fromisoformat(since or ""), date.fromisoformat(until or "")
        elif name in _DAYS:
            first, last = today - timedelta(days=_DAYS[name] - 1), today
        else:
            raise ValueError(f"period: expected one of days, {', '.join(_DAYS)}")
        if first < _EPOCH or last.year == date.max.year:
            raise ValueError("since, until: expected days from 1970 on")
        return Period(since=self._midnight(first), until=self._midnight(last + timedelta(days=1)), camera=camera)

    def figures(self, period: Period) -> Figures:
        """See `NumbersBook.figures`."""
        _check(period)
        counted = self._numbers.counted(period)
        totals = counted.totals
        return {
            "since": period.since.isoformat(),
            "until": period.until.isoformat(),
            "time_zone": self._naming.time_zone,
            "incidents": totals["incidents"],
            "open": totals["open"],
            "judged": totals["judged"],
            "false": totals["false"],
            "tolerated": totals["tolerated"],
            "kinds": self._kinds(counted),
            "zones": self._zones(counted),
            "hours": self._hours(counted),
            "reaction": [_spread(took) for took in counted.reaction],
            "closing": [_spread(took) for took in counted.closing],
            "watched": [
                {"camera": camera, "name": self._naming.camera(camera), "looked_s": looked, "blind_s": blind}
                for camera, looked, blind in counted.watched
            ],
        }

    def csv(self, table: str, period: Period) -> str:
        """See `NumbersBook.csv`."""
        if table == "incidents":
            _check(period)
            return _csv(self._incident_table(period))
        tables: dict[str, Callable[[Figures], _Table]] = {
            "kinds": lambda it: _counts(it["kinds"], "kind"),
            "zones": lambda it: _counts(it["zones"], "zone"),
            "hours": lambda it: _counts(it["hours"], "hour"),
            "times": _times_table,
            "watched": _watched_table,
        }
        if table not in tables:
            raise ValueError(f"table: expected one of {', '.join(TABLES)}")
        return _csv(tables[table](self.figures(period)))

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._naming.time_zone)

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)

    def _kinds(self, counted: Counted) -> list[Count]:
        found: dict[str, Named] = {}
        incidents: Counter[str] = Counter()
        false: Counter[str] = Counter()
        for rule, class_name, channel, kind, count, wrong in counted.kinds:
            named = self._naming.kind(rule, class_name, channel, kind)
            key = named["id"]
            found[key] = named
            incidents[key] += count
            false[key] += wrong
        return [_count(found[key], count, false[key]) for key, count in incidents.most_common()]

    def _zones(self, counted: Counted) -> list[Count]:
        names = []
        for camera, zone, count, wrong in counted.zones:
            place = " · ".join(part for part in (self._naming.camera(camera), self._naming.zone(camera, zone)) if part)
            names.append(_count({"id": f"{camera}/{zone}", "zh": place, "en": place}, count, wrong))
        return names

    def _hours(self, counted: Counted) -> list[Count]:
        incidents, false = [0] * 24, [0] * 24
        for quarter, count, wrong in counted.quarters:
            hour = quarter.astimezone(self._zone).hour
            incidents[hour] += count
            false[hour] += wrong
        names = [f"{hour:02}:00" for hour in range(24)]
        return [
            _count({"id": name, "zh": name, "en": name}, *both)
            for name, *both in zip(names, incidents, false, strict=True)
        ]

    def _incident_table(self, period: Period) -> _Table:
        head: list[object] = [
            "incident", "camera", "zone", "kind", "kind_zh", "severity", "opened", "closed", "dwell_s", "blind_s",
            "close_reason", "disposition", "acknowledged", "acknowledged_by",
        ]  # fmt: skip
        rows: _Table = [head]
        for row in self._numbers.incidents(period):
            kind = self._naming.of(row)
            rows.append(
                [
                    row["incident_id"],
                    self._naming.camera(row["camera"]),
                    self._naming.zone(row["camera"], row["zone"]),
                    kind["id"],
                    kind["zh"],
                    row["severity"],
                    self._local(row["opened_at"]),
                    self._local(row["closed_at"]),
                    round(row["dwell_s"]),
                    round(row["blind_s"]),
                    row["close_reason"],
                    row["disposition"],
                    self._local(row["acknowledged_at"]),
                    row["acknowledged_by"],
                ]
            )
        return rows

    def _local(self, at: str | None) -> str:
        """Such as 2026-11-27 14:05:09, by the clock on the wall of the site."""
        return "" if at is None else f"{datetime.fromisoformat(at).astimezone(self._zone):%Y-%m-%d %H:%M:%S}"


def figure_book(parts: Parts) -> FigureBook:
    """Of the running agent."""
    return FigureBook(SqliteNumbers(parts.database.path), Naming(lambda: parts.crew.config), parts.clock)


def _check(period: Period) -> None:
    if not timedelta(0) < period.until - period.since <= timedelta(days=LONGEST_DAYS):
        raise ValueError(f"period: expected one that ends after it begins, of at most {LONGEST_DAYS} days")


def _count(named: Named, incidents: int, false: int) -> Count:
    return {**named, "incidents": incidents, "false": false}


def _spread(took: Took) -> Spread:
    return {"rule": took.rule, "count": took.of, "median_s": took.median_s, "p90_s": took.p90_s}


def _counts(counts: Iterable[Count], what: str) -> _Table:
    rows: _Table = [[what, f"{what}_zh", f"{what}_en", "incidents", "false_reports"]]
    return rows + [[c["id"], c["zh"], c["en"], c["incidents"], c["false"]] for c in counts]


def _times_table(figures: Figures) -> _Table:
    rows: _Table = [["what", "rule", "incidents", "median_s", "p90_s"]]
    for what, spreads in (("reaction", figures["reaction"]), ("closing", figures["closing"])):
        rows += [[what, s["rule"] or "all", s["count"], _whole(s["median_s"]), _whole(s["p90_s"])] for s in spreads]
    return rows


def _watched_table(figures: Figures) -> _Table:
    rows: _Table = [["camera", "name", "looked_s", "blind_s"]]
    return rows + [[w["camera"], w["name"], round(w["looked_s"]), round(w["blind_s"])] for w in figures["watched"]]


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _csv(rows: _Table) -> str:
    """RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe, which it hides."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue()


def _cell(value: Any) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value
