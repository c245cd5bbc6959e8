"""Figures of a period, counted in SQL: 100,000 incidents in less than a second, without keeping the agent waiting."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from agent.adapters.sqlite.casebook import text_of
from agent.adapters.sqlite.reading import Reading
from agent.ports.console.numbers import MOST_CSV_ROWS, Period

HOUR_S = 3600
_PERIOD = "opened_at >= :since AND opened_at < :until AND (:camera IS NULL OR camera = :camera)"
_TOTALS = """
SELECT count(*) AS incidents, coalesce(sum(closed_at IS NULL), 0) AS open,
       coalesce(sum(handled_at IS NOT NULL), 0) AS judged,
       coalesce(sum(disposition IS 'false_report'), 0) AS false,
       coalesce(sum(disposition IS 'tolerated'), 0) AS tolerated
FROM incidents WHERE $PERIOD
"""
_KINDS = """
SELECT rule, class_name, channel, kind, count(*), sum(disposition IS 'false_report')
FROM incidents WHERE $PERIOD GROUP BY rule, class_name, channel, kind
"""
_ZONES = """
SELECT camera, zone, count(*), sum(disposition IS 'false_report')
FROM incidents WHERE $PERIOD GROUP BY camera, zone ORDER BY count(*) DESC, camera, zone LIMIT 500
"""
# By the quarter of an hour: the offsets of all time zones are multiples of that.
_QUARTERS = """
SELECT substr(opened_at, 1, 13), substr(opened_at, 15, 2) / 15, count(*), sum(disposition IS 'false_report')
FROM incidents WHERE $PERIOD GROUP BY 1, 2
"""
_TOOK = """
SELECT rule, CAST(round((julianday($END) - julianday(opened_at)) * 86400.0) AS INTEGER) AS s, count(*)
FROM incidents WHERE $PERIOD AND $END IS NOT NULL $FURTHER GROUP BY rule, s
"""
_REACTION = _TOOK.replace("$END", "handled_at").replace("$FURTHER", "")
_CLOSING = _TOOK.replace("$END", "closed_at").replace("$FURTHER", "AND close_reason IN ('cleared', 'replaced')")
_WATCHED = """
SELECT camera, sum(looked_s), sum(blind_s) FROM watch_hours
WHERE hour >= :first AND hour < :last AND (:camera IS NULL OR camera = :camera) GROUP BY camera ORDER BY camera
"""
_LIST = """
SELECT incident_id, camera, zone, rule, class_name, channel, kind, severity, opened_at, closed_at, dwell_s, blind_s,
       close_reason, disposition, acknowledged_at, acknowledged_by
FROM incidents WHERE $PERIOD ORDER BY opened_at DESC, number DESC LIMIT :most
"""


class Took(NamedTuple):
    """Rule (empty: all of them), how many, median and 90th percentile in whole seconds (nearest rank)."""

    rule: str
    of: int
    median_s: int
    p90_s: int


class Counted(NamedTuple):
    """What was counted in one state of the database. Each part: its key, how many, and how many false ones."""

    totals: dict[str, int]
    kinds: list[tuple[str, str | None, str | None, str | None, int, int]]
    zones: list[tuple[str, str, int, int]]
    quarters: list[tuple[datetime, int, int]]
    reaction: list[Took]
    closing: list[Took]
    watched: list[tuple[str, float, float]]


class SqliteNumbers:
    """Counts what `casebook` wrote. From any thread. Raises StoreUnusable, StoreFull."""

    def __init__(self, path: Path) -> None:
        self._reading = Reading(path)

    def counted(self, period: Period) -> Counted:
        """All figures of a period. A watched hour counts when it begins within the period."""
        values = _values(period)
        with self._reading.open() as connection:
            totals = dict(_rows(connection, _TOTALS, values).fetchone())
            return Counted(
                totals=totals,
                kinds=_tuples(connection, _KINDS, values),
                zones=_tuples(connection, _ZONES, values),
                quarters=[
                    (datetime.fromisoformat(f"{hour}:{quarter * 15:02}:00+00:00"), incidents, false)
                    for hour, quarter, incidents, false in _tuples(connection, _QUARTERS, values)
                ],
                reaction=_spreads(_tuples(connection, _REACTION, values)),
                closing=_spreads(_tuples(connection, _CLOSING, values)),
                watched=_tuples(connection, _WATCHED, values),
            )

    def incidents(self, period: Period) -> list[dict[str, Any]]:
        """The newest `MOST_CSV_ROWS` incidents of a period."""
        with self._reading.open() as connection:
            return [dict(row) for row in _rows(connection, _LIST, {**_values(period), "most": MOST_CSV_ROWS})]


def _values(period: Period) -> dict[str, Any]:
    return {
        "since": text_of(period.since),
        "until": text_of(period.until),
        "camera": period.camera,
        "first": -(-period.since.timestamp() // HOUR_S),
        "last": -(-period.until.timestamp() // HOUR_S),
    }


def _rows(connection: sqlite3.Connection, sql: str, values: dict[str, Any]) -> sqlite3.Cursor:
    return connection.execute(sql.replace("$PERIOD", _PERIOD), values)


def _tuples(connection: sqlite3.Connection, sql: str, values: dict[str, Any]) -> list[Any]:
    return [tuple(row) for row in _rows(connection, sql, values)]


def _spreads(rows: list[tuple[str, int, int]]) -> list[Took]:
    """From rule, seconds and how many took as long: all rules together first, then each."""
    by_rule: dict[str, Counter[int]] = {}
    for rule, seconds, count in rows:
        for name in ("", rule):
            by_rule.setdefault(name, Counter())[seconds] += count
    return [
        Took(rule, counts.total(), _percentile(counts, 50), _percentile(counts, 90))
        for rule, counts in sorted(by_rule.items())
    ]


def _percentile(counts: Counter[int], percent: int) -> int:
    """The least value that so many percent stay within."""
    wanted, reached = counts.total() * percent, 0
    for value in sorted(counts):
        reached += counts[value] * 100
        if reached >= wanted:
            return value
    raise ValueError("expected something that was counted")
