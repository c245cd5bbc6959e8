"""What goes on the wire: topics, events, state and health. Pure; `docs/contract/` is generated from here."""

from __future__ import annotations

from agent.core.wire.event import encode_event, event_message, parse_event
from agent.core.wire.facts import BoxFacts, CameraFacts, ClockInfo, Location, ModelFacts, RunFacts
from agent.core.wire.model import CloudEvent, event_schema
from agent.core.wire.size import MAX_PACKET_BYTES, packet_bytes
from agent.core.wire.status import (
    CameraReport,
    Health,
    HealthReport,
    State,
    health_message,
    health_schema,
    state_message,
    state_schema,
    will_message,
)
from agent.core.wire.topics import TopicKind, topic

__all__ = [
    "MAX_PACKET_BYTES",
    "BoxFacts",
    "CameraFacts",
    "CameraReport",
    "ClockInfo",
    "CloudEvent",
    "Health",
    "HealthReport",
    "Location",
    "ModelFacts",
    "RunFacts",
    "State",
    "TopicKind",
    "encode_event",
    "event_message",
    "event_schema",
    "health_message",
    "health_schema",
    "packet_bytes",
    "parse_event",
    "state_message",
    "state_schema",
    "topic",
    "will_message",
]
