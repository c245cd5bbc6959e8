"""Events as CloudEvents 1.0 in JSON: the same event, facts and sequence always give the same bytes."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from agent.core.taxonomy import Violation
from agent.core.types import CloseReason, Event, Evidence, Message, Phase, SeenObject
from agent.core.wire.facts import BoxFacts, ClockInfo
from agent.core.wire.model import (
    EVENT_SCHEMA_URI,
    ClockPart,
    CloudEvent,
    Codes,
    EventData,
    EvidencePart,
    LocationPart,
    ModelPart,
    ObjectPart,
    Times,
    Title,
)
from agent.core.wire.size import MAX_PACKET_BYTES, packet_bytes
from agent.core.wire.topics import source, topic

EVENT_CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
"""CloudEvents MQTT binding 1.0 §3.2: structured mode."""
_NAME_CHARS = 80
_NOTE_CHARS = 300
_MAX_EVIDENCE = 16

_PHASE_WORDS = {
    Phase.OPENED: ("", ""),
    Phase.UPDATED: ("（持续）", ", ongoing"),
    Phase.CLOSED: ("已结束", " ended"),
}
_CLOSE_WORDS = {
    CloseReason.CLEARED: ("已消除", " cleared"),
    CloseReason.ACCEPTED: ("现状已确认为正常，已结束", " ended: accepted as normal"),
    CloseReason.DISMISSED: ("已由中心撤销，已结束", " ended: dismissed by the centre"),
    CloseReason.FORGOTTEN: ("记录丢失，重新观察", " lost from memory, watched anew"),
    CloseReason.REPLACED: ("已离开，原位置换为新目标", " left, its place taken by another"),
    CloseReason.PERMITTED: ("进入允许时段，已结束", " ended: now permitted"),
    CloseReason.RULE_REMOVED: ("规则已取消，已结束", " ended: rule removed"),
}
_DISMISSED_AT_BOX = ("已在现场设备上撤销，已结束", " ended: dismissed at the box")


def event_message(event: Event, sequence: int, facts: BoxFacts, clock: ClockInfo) -> Message:
    """The message of an event, final once made; its packet has at most `MAX_PACKET_BYTES`.

    Objects are dropped from the end when they would not fit; `objects_total` still counts them.

    Raises:
        ValueError: a value is not finite, or an identifier is so long that even no object fits (config forbids it).
    """
    kept = len(event.objects)
    while True:
        body = encode_event(_render(event, sequence, facts, clock, kept))
        message = Message(topic=topic(facts, "event"), payload=body, content_type=EVENT_CONTENT_TYPE)
        if packet_bytes(message) <= MAX_PACKET_BYTES:
            return message
        if kept == 0:
            raise ValueError(f"event {event.event_id}: {len(body)} bytes without any object, limit {MAX_PACKET_BYTES}")
        kept //= 2


def parse_event(payload: bytes) -> CloudEvent:
    """Read an event back. Raises pydantic.ValidationError naming every member that is wrong."""
    return CloudEvent.model_validate_json(payload)


def encode_event(event: CloudEvent) -> bytes:
    """Members in the order of the model, no spaces, UTF-8."""
    return dump(event)


def dump(body: BaseModel) -> bytes:
    """Deterministic JSON of a wire model."""
    plain: dict[str, Any] = body.model_dump(mode="json", by_alias=True)
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


def clip(text: str, limit: int = _NAME_CHARS) -> str:
    """A text that fits and can be encoded: overlong ones end in an ellipsis, lone surrogates become `?`."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _render(event: Event, sequence: int, facts: BoxFacts, clock: ClockInfo, kept: int) -> CloudEvent:
    return CloudEvent(
        id=event.event_id,
        source=source(facts),
        type=f"cityeye.{event.rule}.{event.phase}",
        subject=event.incident_id,
        time=event.at,
        dataschema=EVENT_SCHEMA_URI,
        sequence=f"{sequence:020d}",
        data=_data(event, facts, clock, kept),
    )


def _data(event: Event, facts: BoxFacts, clock: ClockInfo, kept: int) -> EventData:
    classes = [o.class_name for o in event.objects]
    violation = facts.taxonomy.classify(event.rule, classes, event.channel, event.kind)
    return EventData(
        incident=event.incident_id,
        revision=event.revision,
        camera=event.camera,
        zone=event.zone,
        rule=event.rule,
        kind=clip(violation.kind),
        title=_title(event, facts, violation),
        severity=event.severity,
        times=Times(
            first_seen=event.first_seen, opened=event.opened_at, last_seen=event.last_seen, closed=event.closed_at
        ),
        dwell_s=event.dwell_s,
        blind_s=event.blind_s,
        objects=tuple(_object(o) for o in event.objects[:kept]),
        objects_total=len(event.objects),
        channel=event.channel,
        location=_location(event, facts),
        codes=_codes(violation, facts),
        evidence=tuple(evidence_part(e) for e in event.evidence[:_MAX_EVIDENCE]),
        evidence_note=None if event.evidence_note is None else clip(event.evidence_note, _NOTE_CHARS),
        close_reason=event.close_reason,
        clock=ClockPart(synced=clock.synced, source=clip(clock.source), uncertainty_ms=clock.uncertainty_ms),
        config_version=facts.config_version,
        model=None if facts.model is None else ModelPart(name=clip(facts.model.name), sha256=facts.model.sha256),
        previous_incident=event.previous_incident,
        update_reason=event.update_reason,
    )


def _title(event: Event, facts: BoxFacts, violation: Violation) -> Title:
    zh_end, en_end = _PHASE_WORDS[event.phase]
    if event.phase is Phase.CLOSED and event.close_reason is not None:
        zh_end, en_end = _DISMISSED_AT_BOX if event.at_box else _CLOSE_WORDS[event.close_reason]
    place = place_name(facts, event.camera, event.zone)
    return Title(zh=f"{violation.zh}{zh_end} · {place}", en=f"{violation.en}{en_end} · {place}")


def place_name(facts: BoxFacts, camera_id: str, zone: str) -> str:
    """What people call a camera and its zone; their ids where the configuration does not know them (any more)."""
    camera = facts.cameras.get(camera_id)
    camera_name = clip(camera.name if camera else camera_id)
    zone_name = clip(camera.zones.get(zone, zone) if camera else zone)
    return " · ".join(name for name in (camera_name, zone_name) if name)


def _object(seen: SeenObject) -> ObjectPart:
    x1, y1, x2, y2 = (min(max(c, -1.0), 2.0) for c in seen.box_n)
    return ObjectPart(class_name=clip(seen.class_name), score=min(max(seen.score, 0.0), 1.0), box=(x1, y1, x2, y2))


def _location(event: Event, facts: BoxFacts) -> LocationPart | None:
    camera = facts.cameras.get(event.camera)
    if camera is None or camera.location is None:
        return None
    place = camera.location
    return LocationPart(lon=place.lon, lat=place.lat, crs=place.crs, grid_code=place.grid_code)


def _codes(violation: Violation, facts: BoxFacts) -> Codes | None:
    code = violation.codes.get(facts.code_system)
    return None if code is None else Codes(code_system=facts.code_system, code=code, name=violation.zh)


def evidence_part(kept: Evidence) -> EvidencePart:
    """How a message names a picture."""
    return EvidencePart(
        id=kept.evidence_id,
        kind=clip(kept.kind),
        sha256=kept.sha256,
        bytes=kept.bytes,
        mime=clip(kept.mime),
        captured_at=kept.captured_at,
    )
