"""Quantities as people write them: durations (`90s`, `3m`, `1h30m`) and sizes (`200MB`, `2GB`)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNITS_BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_DURATION_PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"
_SIZE_PATTERN = r"^(?P<number>\d+(\.\d+)?)(?P<unit>KB|MB|GB|KiB|MiB|GiB)$"


def parse_duration(value: object) -> float:
    """Seconds of `90s`, `3m`, `1h30m`, `500ms`, or of a number that already counts seconds.

    Raises:
        ValueError: naming what was expected.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and re.fullmatch(_DURATION_PATTERN, value):
        return sum(float(n) * _UNITS_S[unit] for n, _, unit in re.findall(r"(\d+(\.\d+)?)(ms|s|m|h|d)", value))
    raise ValueError("a duration with its unit, such as 90s, 3m or 1h30m")


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same number of whole milliseconds."""
    rest_ms = round(seconds * 1000)
    if rest_ms == 0:
        return "0s"
    text = ""
    for unit, size_ms in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest_ms = divmod(rest_ms, size_ms)
        text += f"{count}{unit}" if count else ""
    return text


def parse_size(value: object) -> int:
    """Bytes of `200MB`, `2GB`, `64MiB`. Raises ValueError naming what was expected."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (match := re.fullmatch(_SIZE_PATTERN, value)):
        return round(float(match["number"]) * _UNITS_BYTES[match["unit"]])
    raise ValueError("a size with its unit, such as 200MB or 2GB")


Seconds = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": _DURATION_PATTERN, "examples": ["90s", "3m", "1h30m"]}),
]
"""A duration in seconds; written with a unit in YAML, a plain float inside the program."""

Bytes = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(KB|MB|GB|KiB|MiB|GiB)$", "examples": ["200MB", "2GB"]}),
]
"""A size in bytes; written with a unit in YAML, a plain int inside the program."""
