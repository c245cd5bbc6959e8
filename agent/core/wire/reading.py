"""Reads what the centre sends. Whatever the bytes are, the outcome is a value or a `CommandRejected`."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from agent.core.errors import CommandRejected, RejectCode

MAX_COMMAND_BYTES = 256 * 1024
"""Largest payload of a command or an ack: a configuration of 100 cameras takes about a tenth of it."""
_MAX_DEPTH = 16
_MAX_PROBLEMS = 5
_MESSAGE_CHARS = 500
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.DOTALL)
"""Also one that does not end, or each quote in it would be tried as a beginning: a minute for 256 KiB of `\\"`."""

T = TypeVar("T")


def _read_moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("expected a moment with its offset, such as 2026-07-01T08:00:00Z")
    return datetime.fromisoformat(value.upper())


def _to_utc(value: datetime) -> datetime:
    try:
        value = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("expected a moment in the years 1 to 9999 of UTC") from error
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _rfc3339(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_read_moment),
    AfterValidator(_to_utc),
    PlainSerializer(_rfc3339, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 with any offset and precision as the centre writes it; UTC to the millisecond here."""
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""An identifier or a person's name: one line."""
Note = Annotated[str, Field(max_length=1000)]
TopicName = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[^\x00-\x1f\x7f+#$]+$")]
"""A topic to answer on: no wildcards, no `$`."""


def read_object(payload: bytes) -> dict[str, Any]:
    """The JSON object of a payload; a member must not be named twice.

    Raises:
        CommandRejected: `too_large`, or `bad_json` for everything that is not one plain JSON object in UTF-8.
    """
    if len(payload) > MAX_COMMAND_BYTES:
        raise CommandRejected(
            RejectCode.TOO_LARGE, f"payload: expected at most {MAX_COMMAND_BYTES} bytes, found {len(payload)}"
        )
    try:
        text = payload.decode("utf-8")
        _check_depth(text)
        value = json.loads(
            text, object_pairs_hook=_without_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:  # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise CommandRejected(
            RejectCode.BAD_JSON, _clip(f"payload: expected a JSON object in UTF-8; {error}")
        ) from None
    if not isinstance(value, dict):
        raise CommandRejected(RejectCode.BAD_JSON, f"payload: expected a JSON object, found {type(value).__name__}")
    return value


def validated(adapter: TypeAdapter[T], payload: bytes) -> T:
    """The value of a payload that `read_object` has accepted.

    Raises:
        CommandRejected: `invalid`, naming the first members that are wrong; never their values, they may be secret.
    """
    try:
        return adapter.validate_json(payload, strict=True)
    except ValidationError as error:
        raise CommandRejected(RejectCode.INVALID, _problems(error)) from None


def _problems(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False, include_context=False)
    lines = [f"{'.'.join(str(part) for part in e['loc']) or 'payload'}: {e['msg']}" for e in found[:_MAX_PROBLEMS]]
    if len(found) > _MAX_PROBLEMS:
        lines.append(f"and {len(found) - _MAX_PROBLEMS} more")
    return _clip("; ".join(lines))


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", _STRINGS.sub('""', text)):
        depth += 1 if bracket in "[{" else -1
        if depth > _MAX_DEPTH:
            raise ValueError(f"expected at most {_MAX_DEPTH} levels of nesting")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"the member {name[:40]!a} is there more than once")
        members[name] = value
    return members


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not a JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is out of range")
    return value


def _clip(text: str) -> str:
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= _MESSAGE_CHARS else text[: _MESSAGE_CHARS - 1] + "…"
