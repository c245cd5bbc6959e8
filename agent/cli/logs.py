"""The log on standard error: one line per record, its time as the site's clocks show it."""

from __future__ import annotations

import logging
from datetime import datetime, tzinfo
from enum import StrEnum, auto

_LINE = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"


class LogLevel(StrEnum):
    """The least important records that are still written."""

    DEBUG = auto()
    INFO = auto()
    WARNING = auto()
    ERROR = auto()


class SiteFormatter(logging.Formatter):
    """Begins lines with ISO 8601 time in the site's time zone, its offset included: `2026-07-01T16:03:20.250+08:00`."""

    def __init__(self, zone: tzinfo) -> None:
        super().__init__(_LINE)
        self._zone = zone

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 (logging's)
        """The record's own time; no clock is read here."""
        return datetime.fromtimestamp(record.created, self._zone).isoformat(timespec="milliseconds")


def log_to_stderr(level: LogLevel, zone: tzinfo) -> None:
    """Set logging up for this process; to be called again when more is known."""
    handler = logging.StreamHandler()
    handler.setFormatter(SiteFormatter(zone))
    logging.basicConfig(level=level.name, handlers=[handler], force=True)
