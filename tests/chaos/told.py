"""Events as the checks need them: whose, which revision, and when by the true clock whatever the box's clock said."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from agent.core.geometry import iou
from agent.core.types import Box
from tests.chaos.clock import DAY_S
from tests.e2e.street import truth


@dataclass(frozen=True, slots=True)
class Told:
    """One event. Times are seconds of the true clock; `car`: which of the street's, or what else it is about."""

    sequence: int
    event_id: str
    incident: str
    revision: int
    phase: str
    car: str
    at_s: float
    first_s: float
    last_s: float
    dwell_s: float
    blind_s: float
    reason: str | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """What an agent's database says. `waiting`: rows that were not acknowledged, by sequence."""

    last_sequence: int
    payloads: dict[int, bytes]
    waiting: set[int]
    phases: dict[str, tuple[str, int]]
    """Incident to its phase and revision."""


def told(payload: bytes, about_s: float) -> Told:
    """Read one event. Raises ValueError or KeyError for what is none.

    Args:
        about_s: when it was, give or take half a day: the box's clock may have been whole days off.
    """
    event = json.loads(payload)
    data = event["data"]
    first = data["objects"][0] if data["objects"] else {"box": (0, 0, 1, 1)}
    named = _car_at(tuple(first["box"])) if data["rule"] == "illegal_parking" else f"{data['rule']} {data['kind']}"
    return Told(
        sequence=int(event["sequence"]),
        event_id=event["id"],
        incident=event["subject"],
        revision=data["revision"],
        phase=event["type"].rpartition(".")[2],
        car=named or "something else",
        at_s=_true_s(event["time"], about_s),
        first_s=_true_s(data["times"]["first_seen"], about_s),
        last_s=_true_s(data["times"]["last_seen"], about_s),
        dwell_s=data["dwell_s"],
        blind_s=data["blind_s"],
        reason=data.get("close_reason"),
        payload=payload,
    )


def _car_at(box_n: Box) -> str | None:
    """Which car this is. The detector may take half a car, or a tree before it, for the whole: they stand far apart."""
    name, overlap = max(((name, iou(box, box_n)) for name, box in truth().items()), key=lambda pair: pair[1])
    return name if overlap >= 0.2 else None


def _true_s(text: str, about_s: float) -> float:
    shown_s = datetime.fromisoformat(text).timestamp()
    return shown_s - DAY_S * round((shown_s - about_s) / DAY_S)


def read_store(database: Path) -> Stored:
    """Read an agent's database, also while it runs."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT sequence, payload, state FROM outbox ORDER BY sequence").fetchall()
        (last,) = connection.execute("SELECT value FROM meta WHERE key = 'sequence'").fetchone()
        incidents = connection.execute("SELECT incident_id, phase, revision FROM incidents").fetchall()
    return Stored(
        last_sequence=int(last),
        payloads={int(sequence): bytes(payload) for sequence, payload, _ in rows},
        waiting={int(sequence) for sequence, _, state in rows if state != 1},
        phases={str(incident): (str(phase), int(revision)) for incident, phase, revision in incidents},
    )


def incidents_of(events: Iterable[Told]) -> dict[str, list[Told]]:
    """Incident to its events in the order of their sequence."""
    found: dict[str, list[Told]] = {}
    for event in sorted(events, key=lambda event: event.sequence):
        found.setdefault(event.incident, []).append(event)
    return found
