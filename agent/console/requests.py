"""Reads what a page sends; what is not as expected is told, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from agent.console.faults import ConsoleFault

MOST_BYTES = 1_000_000


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object of a request. Raises ConsoleFault; also for one from a form, which other sites can send."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ConsoleFault(415, "invalid", f"expected application/json, found {kind or 'no content type'}")
    content = b""
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise ConsoleFault(413, "too_large", f"expected at most {MOST_BYTES} bytes")
    try:
        body = json.loads(content)
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
