"""Reads what a page sends; what is not as expected is told, never a traceback."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import ClientDisconnect, Request

from agent.console.faults import ConsoleFault

MOST_BYTES = 1_000_000
MOST_DEPTH = 64
_YEARS = range(1970, 9999)
"""Of moments: those at the ends of the calendar have no time of day in other time zones."""


async def body_of(request: Request, *, finite: bool = True) -> dict[str, Any]:
    """The JSON object of a request. Raises ConsoleFault; also for one from a form, which other sites can send.

    Not `finite`: NaN and infinite numbers are taken, for whoever tells where in the object they are.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ConsoleFault(415, "invalid", f"expected application/json, found {kind or 'no content type'}")
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > MOST_BYTES:
                raise ConsoleFault(413, "too_large", f"expected at most {MOST_BYTES} bytes")
    except ClientDisconnect as error:  # nobody is there to be told, but it is no fault of ours either
        raise ConsoleFault(400, "invalid", "the connection ended in the middle of the request") from error
    try:
        number = _finite if finite else float
        body = json.loads(content, parse_float=number, parse_constant=number)
        json.dumps(body, ensure_ascii=False).encode()  # half a character (a lone surrogate) can be kept nowhere
        _check_depth(body)
    except (ValueError, RecursionError) as error:
        raise ConsoleFault(400, "invalid", "expected a JSON object") from error
    if not isinstance(body, dict):
        raise ConsoleFault(400, "invalid", "expected a JSON object")
    return body


def text_of(body: Mapping[str, Any], key: str, *, most: int = 200) -> str:
    """The text of a key; empty where it is not there. Raises ConsoleFault."""
    value = body.get(key, "")
    if not isinstance(value, str) or len(value) > most:
        raise ConsoleFault(400, "invalid", f"{key}: expected a text of at most {most} characters")
    return value


def number_of(request: Request, key: str, default: int, *, least: int, most: int) -> int:
    """A whole number of the query. Raises ConsoleFault."""
    text = request.query_params.get(key)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or len(text) > 18 or not least <= int(text) <= most:
        raise ConsoleFault(400, "invalid", f"{key}: expected a number from {least} to {most}")
    return int(text)


def number_in_path(request: Request, key: str) -> int:
    """A whole number of the path, such as of a picture. Raises ConsoleFault.

    Not `{key:int}` of the route: that fails at thousands of digits, before anybody is asked who he is.
    """
    text = request.path_params[key]
    if not text.isascii() or not text.isdecimal() or len(text) > 16:
        raise ConsoleFault(404, "not_found", f"{key}: expected a number")
    return int(text)


def moment_of(key: str, text: str | None) -> datetime | None:
    """A moment, in UTC; None where nothing is said. Raises ConsoleFault."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is not None and moment.year in _YEARS:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ConsoleFault(400, "invalid", f"{key}: expected a moment such as 2026-11-27T06:00:00Z")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("expected a number that is one")
    return number


def _check_depth(value: Any, depth: int = 0) -> None:
    """What nests deeper is nobody's, and whoever walks through it would fail."""
    if depth > MOST_DEPTH:
        raise ValueError(f"expected at most {MOST_DEPTH} levels")
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            _check_depth(part, depth + 1)
