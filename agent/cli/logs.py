"""The log: a line for people or a JSON object per record, on standard error or in files of bounded size."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum, auto
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from agent.config.words import STEERING
from agent.core.errors import StoreUnusable

_LINE = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"
MOST_CHARACTERS = 16_000
"""Of one record: a library that logs a whole document must not fill the disk."""
_NEXT_LINE = "\n    "
"""Nobody can write a line that looks like a record of its own."""
_STEERS = re.compile(rf"[{STEERING}]")
Redact = Callable[[str], str]

log = logging.getLogger(__name__)


class LogLevel(StrEnum):
    """The least important records that are still written."""

    DEBUG = auto()
    INFO = auto()
    WARNING = auto()
    ERROR = auto()


class LogFormat(StrEnum):
    """For whom the log is written."""

    HUMAN = auto()
    JSON = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged, how, and where.

    Attributes:
        file: None: standard error. file_bytes, files: the largest that one file gets, and how many there are at most,
            `file`, `file.1` and so on.
    """

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.HUMAN
    file: Path | None = None
    file_bytes: int = 10_000_000
    files: int = 5


class SiteFormatter(logging.Formatter):
    """Begins lines with ISO 8601 time in the site's time zone, its offset included: `2026-07-01T16:03:20.250+08:00`."""

    def __init__(self, zone: tzinfo, redact: Redact = str) -> None:
        super().__init__(_LINE)
        self._zone = zone
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        """The whole text, tracebacks included, without what is secret."""
        return steady(bounded(self._redact(super().format(record)))).replace("\n", _NEXT_LINE)

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802 (logging's)
        """The record's own time; no clock is read here."""
        return datetime.fromtimestamp(record.created, self._zone).isoformat(timespec="milliseconds")


class JsonFormatter(SiteFormatter):
    """One JSON object a line: `at`, `level`, `thread`, `logger`, `message`, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Each text is redacted before it is quoted: escapes would hide a secret."""
        told = {
            "at": self.formatTime(record),
            "level": record.levelname.lower(),
            "thread": record.threadName,
            "logger": record.name,
            "message": steady(bounded(self._redact(record.getMessage()))),
        }
        if record.exc_info:
            told["exception"] = steady(bounded(self._redact(self.formatException(record.exc_info))))
        return json.dumps(told, ensure_ascii=False)


class LogFiles(RotatingFileHandler):
    """A file that begins anew when it is full, the earlier ones being kept for a while.

    What the disk does not take is lost, and said once on standard error: the agent works on without its log.
    """

    def __init__(self, file: Path, *, file_bytes: int, files: int) -> None:
        self._faulty = False
        super().__init__(
            file, maxBytes=file_bytes, backupCount=files - 1, encoding="utf-8", errors="backslashreplace", delay=False
        )

    def _open(self) -> TextIOWrapper:
        """For the agent's user and group only."""
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        return open(descriptor, "a", encoding=self.encoding, errors=self.errors)  # noqa: PTH123 (a descriptor)

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, in a new file when it does not fit."""
        try:
            if self.shouldRollover(record):
                self.doRollover()
            if self.stream is None:  # where a file could not be begun anew
                self.stream = self._open()
            self.stream.write(self.format(record) + self.terminator)
            self.stream.flush()
        except OSError as error:
            if not self._faulty:
                sys.stderr.write(f"{self.baseFilename}: the log cannot be written: {error.strerror}\n")
            self._faulty = True
            stream, self.stream = self.stream, None  # what it still holds would be in the way for ever
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        else:
            self._faulty = False


def steady(text: str) -> str:
    """The text with escapes for whatever a terminal would obey: cameras, servers and the centre have a say in it."""
    return _STEERS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def bounded(text: str) -> str:
    """The text, cut when it is far too long."""
    left = len(text) - MOST_CHARACTERS
    return text if left <= 0 else f"{text[:MOST_CHARACTERS]}… and {left} more characters"


def set_up_log(settings: LogSettings, zone: tzinfo, redact: Redact) -> None:
    """Set logging up for this process; to be called again when more is known.

    Raises: StoreUnusable when the log file cannot be opened.
    """
    handler = _handler(settings)
    handler.setFormatter((JsonFormatter if settings.format is LogFormat.JSON else SiteFormatter)(zone, redact))
    logging.basicConfig(level=settings.level.name, handlers=[handler], force=True)


def _handler(settings: LogSettings) -> logging.Handler:
    if settings.file is None:
        return logging.StreamHandler()
    try:
        return LogFiles(settings.file, file_bytes=settings.file_bytes, files=settings.files)
    except OSError as error:
        raise StoreUnusable(
            f"{settings.file}: expected a log file that can be written, found: {error.strerror}; "
            "make its folder, and give the agent's user the right to write there"
        ) from error


def log_the_uncaught() -> None:
    """What ends the process, or a thread that nobody supervises, belongs into the log, redacted like all else."""
    sys.excepthook = lambda kind, error, trace: log.critical("the agent died", exc_info=(kind, error, trace))
    threading.excepthook = _log_death


def _log_death(death: threading.ExceptHookArgs) -> None:
    if death.exc_value is not None:
        fault = (death.exc_type, death.exc_value, death.exc_traceback)
        log.error("thread %s died", death.thread.name if death.thread else "?", exc_info=fault)
