"""The contract as a platform sees it: topics, schemas, and the two messages that it writes itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from jsonschema import Draft202012Validator, FormatChecker

SCHEMAS = {"event": "event", "state": "state", "health": "health", "evidence": "evidence", "rsp": "response"}
"""Topic kind -> schema, of all that boxes send."""
EVENT_SCHEMAS = {"opened": "event", "updated": "event", "closed": "event", "noted": "note"}
"""Last part of an event's `type` -> its schema."""
_ENVELOPE = ("specversion", "id", "source", "time", "sequence")
"""What every event has, also one of a type that comes with a later version."""
MOST_MISSING = 256
"""Ranges that one acknowledgement may name."""
Range = tuple[int, int]
"""First and last sequence, both included."""


class Unreadable(ValueError):
    """A message that does not follow the contract; the text says where and how."""


class Contract:
    """Reads what boxes send. `folder` holds the `*.schema.json` of docs/contract."""

    def __init__(self, folder: Path) -> None:
        names = {*SCHEMAS.values(), *EVENT_SCHEMAS.values()}
        schemas = {n: json.loads((folder / f"{n}.schema.json").read_text(encoding="utf-8")) for n in names}
        members = {name: schemas["event"]["properties"][name] for name in _ENVELOPE}
        schemas["envelope"] = {"type": "object", "properties": members, "required": list(_ENVELOPE)}
        self._validators = {
            name: Draft202012Validator(schema, format_checker=FormatChecker()) for name, schema in schemas.items()
        }

    def read(self, kind: str, payload: bytes) -> dict[str, Any]:
        """A message of this kind. Members that the schema does not name are let through: a newer box may send them.

        Of an event of an unknown type only the envelope is looked at: it counts in the box's sequence all the same.

        Raises: Unreadable.
        """
        try:
            body = json.loads(payload.decode("utf-8"), parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
            raise Unreadable(f"not JSON: {error}") from error
        validator = self._validators[_event_schema(body) if kind == "event" else SCHEMAS[kind]]
        faults = sorted(validator.iter_errors(body), key=lambda fault: list(map(str, fault.path)))
        if faults:
            told = "; ".join(f"{fault.json_path}: {fault.message[:200]}" for fault in faults[:3])
            raise Unreadable(f"{len(faults)} faults: {told}")
        return dict(body)


def _event_schema(body: object) -> str:
    """Which schema an event is to fit; one without a readable type is held against that of incidents."""
    kind = body.get("type") if isinstance(body, dict) else None
    return EVENT_SCHEMAS.get(kind.rpartition(".")[2], "envelope") if isinstance(kind, str) else "event"


def topic(tenant: str, box: str, kind: str) -> str:
    """Where a box speaks and listens; `+` for `box` subscribes to all of them."""
    return f"cityeye/v1/{tenant}/{box}/{kind}"


def answers_topic(tenant: str, box: str) -> str:
    """The centre's own branch for answers (response topic), one for each box, so that the broker can guard it."""
    return f"cityeye/v1/{tenant}/centre/answers/{box}"


def whence(address: str) -> tuple[str, str]:
    """Box and kind of a topic; answers on the centre's branch are of kind `rsp`."""
    levels = address.split("/")
    return (levels[5], "rsp") if levels[3:5] == ["centre", "answers"] else (levels[3], levels[4])


def source_of(tenant: str, box: str) -> str:
    """The CloudEvents source of a box, under which its events are counted."""
    return f"/cityeye/{tenant}/{box}"


def ack(source: str, sequence: int, missing: Sequence[Range] = ()) -> bytes:
    """All up to `sequence` is stored, but for `missing`, the first 256 ranges of which are asked for."""
    if len(missing) > MOST_MISSING:  # what cannot be named must not be covered either
        sequence, missing = missing[MOST_MISSING][0] - 1, missing[:MOST_MISSING]
    ranges = [{"first": f"{first:020}", "last": f"{last:020}"} for first, last in missing]
    return written({"sequence": f"{sequence:020}", "source": source, **({"missing": ranges} if ranges else {})})


def command(name: str, lifetime_s: float, **members: object) -> dict[str, Any]:
    """A command under a new id. Members that are None are left out.

    `expires_at` is compared with the box's clock: give it minutes, clocks differ.
    """
    now = datetime.now(UTC)
    times = {"issued_at": now.isoformat(), "expires_at": (now + timedelta(seconds=lifetime_s)).isoformat()}
    given = {key: value for key, value in members.items() if value is not None}
    return {"id": f"cmd-{uuid4()}", "command": name, **times, **given}


def written(body: object) -> bytes:
    """JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False).encode()


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
