"""How the box is: the retained `state` (with its last will) and the unacknowledged `health` reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from agent.core.types import Message, PictureFault
from agent.core.wire.event import clip, dump
from agent.core.wire.facts import BoxFacts, ClockInfo, RunFacts
from agent.core.wire.model import ClockPart, Duration, Interval, Utc
from agent.core.wire.topics import topic

STATE_SCHEMA_URI = "urn:cityeye:schema:state:1"
HEALTH_SCHEMA_URI = "urn:cityeye:schema:health:1"
_JSON = "application/json; charset=utf-8"

Status = Literal["online", "offline"]
Fact = str | int | float | bool | None


class State(BaseModel):
    """Whether the box is there. `reason` tells a clean stop from a lost one; `since` is null in a last will."""

    model_config = ConfigDict(frozen=True)

    status: Status
    reason: Literal["running", "stopped", "lost"]
    boot_id: UUID
    agent_version: str
    since: Utc | None


class CameraReport(BaseModel):
    """One camera: its state, seconds in which nobody looked, and pictures dropped because a newer one came.

    `looks` counts the pictures that were analysed since the agent started. `interval_s` is the median and
    `interval_p99_s` the 99th percentile of the times between them in the last minute of watching; null before two.
    `fault` says why nothing can be concluded from its newest picture; null when it is good.
    """

    model_config = ConfigDict(frozen=True)

    camera: str
    state: str
    blind_s: Duration
    drops: int = Field(ge=0)
    looks: int = Field(0, ge=0)
    interval_s: Interval | None = None
    interval_p99_s: Interval | None = None
    fault: PictureFault | None = None
    last_picture: Utc | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """What the agent measured about itself. `facts` holds further figures by name, such as `events_dropped`."""

    at: datetime
    cameras: tuple[CameraReport, ...]
    outbox_depth: int
    outbox_set_aside: int
    facts: Mapping[str, Fact] = field(default_factory=dict)


class Health(BaseModel):
    """The health report as it is sent."""

    model_config = ConfigDict(frozen=True)

    at: Utc
    boot_id: UUID
    agent_version: str
    config_version: str
    cameras: tuple[CameraReport, ...]
    outbox_depth: int = Field(ge=0)
    outbox_set_aside: int = Field(ge=0)
    clock: ClockPart
    facts: dict[str, Fact]


def state_message(facts: BoxFacts, run: RunFacts, *, status: Status, since: datetime) -> Message:
    """Retained. `since`: start of this run when online, moment of the stop when offline."""
    return _state(facts, run, status, "running" if status == "online" else "stopped", since)


def will_message(facts: BoxFacts, run: RunFacts) -> Message:
    """Retained: what the broker says for a box that went without a word. The boot id tells which run that was."""
    return _state(facts, run, "offline", "lost", None)


def health_message(facts: BoxFacts, run: RunFacts, clock: ClockInfo, report: HealthReport) -> Message:
    """QoS 0: a report that is lost is replaced by the next one."""
    body = Health(
        at=report.at,
        boot_id=run.boot_id,
        agent_version=run.agent_version,
        config_version=facts.config_version,
        cameras=report.cameras,
        outbox_depth=report.outbox_depth,
        outbox_set_aside=report.outbox_set_aside,
        clock=ClockPart(synced=clock.synced, source=clip(clock.source), uncertainty_ms=clock.uncertainty_ms),
        facts=dict(report.facts),
    )
    return Message(topic=topic(facts, "health"), payload=dump(body), content_type=_JSON, qos=0)


def state_schema() -> dict[str, Any]:
    """The JSON Schema of `state`."""
    return _schema(State, STATE_SCHEMA_URI)


def health_schema() -> dict[str, Any]:
    """The JSON Schema of `health`."""
    return _schema(Health, HEALTH_SCHEMA_URI)


def _schema(model: type[BaseModel], uri: str) -> dict[str, Any]:
    schema = model.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": uri, **schema}


def _state(
    facts: BoxFacts,
    run: RunFacts,
    status: Status,
    reason: Literal["running", "stopped", "lost"],
    since: datetime | None,
) -> Message:
    body = State(status=status, reason=reason, boot_id=run.boot_id, agent_version=run.agent_version, since=since)
    return Message(topic=topic(facts, "state"), payload=dump(body), content_type=_JSON, retain=True)
