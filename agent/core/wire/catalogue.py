"""Every topic of the contract: who sends on it, how, by which schema. `docs/contract/asyncapi.yaml` comes from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agent.core.wire.ack import ack_schema
from agent.core.wire.command import command_schema
from agent.core.wire.event import EVENT_CONTENT_TYPE
from agent.core.wire.evidence import MAX_EVIDENCE_PACKET_BYTES, evidence_schema
from agent.core.wire.model import event_schema
from agent.core.wire.note import note_schema
from agent.core.wire.reading import MAX_COMMAND_BYTES
from agent.core.wire.response import MAX_RESPONSE_PACKET_BYTES, response_schema
from agent.core.wire.size import MAX_PACKET_BYTES
from agent.core.wire.status import health_schema, state_schema
from agent.core.wire.topics import TopicKind

_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of message; a topic may carry several, told apart by their `type`.

    Attributes:
        name: that of its schema file. max_bytes: of the packet (the centre's: of the payload).
    """

    topic: TopicKind
    name: str
    sender: Literal["box", "centre"]
    qos: Literal[0, 1]
    retain: bool
    content_type: str
    schema: Callable[[], dict[str, Any]]
    max_bytes: int
    summary: str


def _box(kind: TopicKind, schema: Callable[[], dict[str, Any]], summary: str, **other: Any) -> Kind:
    values: dict[str, Any] = {
        "name": kind,
        "qos": 1,
        "retain": False,
        "content_type": _JSON,
        "max_bytes": MAX_PACKET_BYTES,
    }
    return Kind(topic=kind, sender="box", schema=schema, summary=summary, **(values | other))


def _centre(kind: TopicKind, schema: Callable[[], dict[str, Any]], summary: str, *, name: str) -> Kind:
    return Kind(
        topic=kind,
        name=name,
        sender="centre",
        qos=1,
        retain=False,
        content_type=_JSON,
        schema=schema,
        max_bytes=MAX_COMMAND_BYTES,
        summary=summary,
    )


KINDS: tuple[Kind, ...] = (
    _box("event", event_schema, "Something the centre is to know about one incident.", content_type=EVENT_CONTENT_TYPE),
    _box(
        "event",
        note_schema,
        "What a person at the box said about an incident.",
        name="note",
        content_type=EVENT_CONTENT_TYPE,
    ),
    _box("state", state_schema, "Whether the box is there; also its last will.", retain=True),
    _box("health", health_schema, "How the box and its cameras are, once a minute.", qos=0),
    _box(
        "evidence",
        evidence_schema,
        "One picture.",
        content_type=EVENT_CONTENT_TYPE,
        max_bytes=MAX_EVIDENCE_PACKET_BYTES,
    ),
    _box("rsp", response_schema, "The answer to a command.", name="response", max_bytes=MAX_RESPONSE_PACKET_BYTES),
    _centre("cmd", command_schema, "What the centre asks of one box.", name="command"),
    _centre("ack", ack_schema, "Up to where the events of one box are stored at the centre.", name="ack"),
)
"""In the order of the documentation."""
