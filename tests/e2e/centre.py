"""Events as the centre reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

from agent.core.types import Box
from tests.e2e.street import car_in
from tests.listener import Arrived

_CONTRACT = Path(__file__).parents[2] / "docs" / "contract"
_SCHEMA, _NOTE_SCHEMA = (
    json.loads((_CONTRACT / f"{name}.schema.json").read_text(encoding="utf-8")) for name in ("event", "note")
)


def parsed(arrived: list[Arrived]) -> list[dict[str, Any]]:
    """Valid CloudEvents, in order; the same id twice must be the same event twice."""
    events: dict[str, dict[str, Any]] = {}
    for message in arrived:
        assert message.content_type == "application/cloudevents+json; charset=utf-8"
        event = json.loads(message.payload)
        schema = _NOTE_SCHEMA if event["type"].endswith(".noted") else _SCHEMA
        jsonschema.validate(event, schema, format_checker=jsonschema.FormatChecker())
        assert events.setdefault(event["id"], event) == event
    return list(events.values())


def box_of(event: dict[str, Any]) -> Box:
    """Where the event's first object is, 0..1."""
    x1, y1, x2, y2 = event["data"]["objects"][0]["box"]
    return x1, y1, x2, y2


def cars_of(events: list[dict[str, Any]]) -> list[str]:
    """Which of the parked cars the events are about, sorted."""
    return sorted(str(car_in(box_of(event))) for event in events)
