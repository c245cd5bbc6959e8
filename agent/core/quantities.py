"""Quantities as people write them: durations (`90s`, `3m`, `1h30m`) and sizes (`200MB`, `2GB`)."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_UNITS_BYTES = {"GiB": 2**30, "GB": 10**9, "MiB": 2**20, "MB": 10**6, "KiB": 2**10, "KB": 10**3}
_NUMBER = r"[0-9]+(\.[0-9]+)?"
DURATION_PATTERN = r"^(?=[0-9])" + "".join(rf"({_NUMBER}{unit})?" for unit in _UNITS_MS) + "$"
SIZE_PATTERN = rf"^{_NUMBER}({'|'.join(_UNITS_BYTES)})$"
_LIMIT_BYTES = 2**53
"""Beyond this a float no longer counts single bytes; no disk of a box comes near."""


def parse_duration(value: object) -> float:
    """Seconds of `90s`, `3m`, `1h30m`, `500ms` (units from large to small), or of a number of seconds.

    Raises:
        ValueError: naming what was expected; also for a number that is not finite.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and re.fullmatch(DURATION_PATTERN, value):
        parts = re.findall(r"([0-9.]+)(ms|s|m|h|d)", value)
        seconds = sum(float(number) * _UNITS_MS[unit] for number, unit in parts) / 1000
        if math.isfinite(seconds):
            return seconds
    raise ValueError("a duration with its unit, such as 90s, 3m or 1h30m")


def format_duration(seconds: float) -> str:
    """Text in the largest units that `parse_duration` reads back as the same number of whole milliseconds.

    Raises:
        ValueError: for a negative or infinite duration, which has no text.
    """
    if not 0 <= seconds < math.inf:
        raise ValueError(f"a finite duration from zero upwards, not {seconds}")
    rest_ms = round(seconds * 1000)
    if rest_ms == 0:
        return "0s"
    text = ""
    for unit, size_ms in _UNITS_MS.items():
        count, rest_ms = divmod(rest_ms, size_ms)
        text += f"{count}{unit}" if count else ""
    return text


def parse_size(value: object) -> int:
    """Bytes of `200MB`, `2GB`, `64MiB`, or of a whole number of bytes. Raises ValueError naming what was expected."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(SIZE_PATTERN, value):
        number, unit = re.findall(r"([0-9.]+)([A-Za-z]+)", value)[0]
        size = float(number) * _UNITS_BYTES[unit]
        if size <= _LIMIT_BYTES:
            return round(size)
    raise ValueError("a size with its unit, such as 200MB or 2GB")


def format_size(size: int) -> str:
    """Text in the largest unit that divides the size, else in KB; `parse_size` reads the same number back."""
    for unit, unit_bytes in _UNITS_BYTES.items():
        if size and size % unit_bytes == 0:
            return f"{size // unit_bytes}{unit}"
    whole, rest = divmod(size, 1000)
    return f"{whole}.{rest:03d}KB" if rest else f"{whole}KB"


def _written_duration(value: object, info: ValidationInfo) -> float:
    """As `parse_duration`, but text from outside (a file, a command) must say the unit: is 3 seconds or minutes?"""
    try:
        return parse_duration(str(value) if info.mode == "json" and isinstance(value, int | float) else value)
    except ValueError as error:
        raise PydanticCustomError("duration", "expected {expected}", {"expected": str(error)}) from error


def _written_size(value: object, info: ValidationInfo) -> int:
    """As `parse_size`, with the unit required of text from outside."""
    try:
        return parse_size(str(value) if info.mode == "json" and isinstance(value, int | float) else value)
    except ValueError as error:
        raise PydanticCustomError("size", "expected {expected}", {"expected": str(error)}) from error


Seconds = Annotated[
    float,
    BeforeValidator(_written_duration),
    PlainSerializer(format_duration, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["90s", "3m", "1h30m"]}),
]
"""A duration in seconds; written with a unit in YAML and JSON, a plain float inside the program."""

Bytes = Annotated[
    int,
    BeforeValidator(_written_size),
    PlainSerializer(format_size, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["200MB", "2GB"]}),
]
"""A size in bytes; written with a unit in YAML and JSON, a plain int inside the program."""
