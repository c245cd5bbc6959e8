"""One valid example of every message, made by the code that the agent sends with; the same bytes at every run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from agent.core.errors import CommandRejected, RejectCode
from agent.core.notes import Said
from agent.core.taxonomy import GBT_2026
from agent.core.types import Channel, CloseReason, Event, Evidence, Message, Phase, SeenObject, Severity, UpdateReason
from agent.core.wire import (
    AcknowledgeResult,
    Asked,
    BoxFacts,
    CameraFacts,
    CameraReport,
    ClockInfo,
    ConfigResult,
    DismissReason,
    DismissResult,
    EvidenceOf,
    HealthReport,
    Location,
    ModelFacts,
    PauseResult,
    PingResult,
    Reply,
    RestartResult,
    RunFacts,
    SnapshotResult,
    VerifyResult,
    event_message,
    evidence_message,
    health_message,
    response_message,
    state_message,
    will_message,
)
from agent.core.wire.model import EvidencePart
from agent.core.wire.response import Result
from scripts.messages.notes import notes

T0 = datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
CLOCK = ClockInfo(synced=True, source="ntp", uncertainty_ms=15)
RUN = RunFacts(boot_id=UUID("01981a2b-0000-7000-8000-00000000b007"), agent_version="0.1.0")
FACTS = BoxFacts(
    tenant="demo",
    box="box-01",
    code_system=GBT_2026,
    config_version="3f6c1a90",
    model=ModelFacts(name="street-nano.onnx", sha256="ab" * 32),
    cameras={
        "gate": CameraFacts(
            name="东门",
            location=Location(lon=116.397, lat=39.908, crs="WGS84", grid_code="110101001001"),
            zones={"fire-lane": "消防通道"},
        )
    },
)
INCIDENT = UUID("01981a2b-0000-7000-8000-000000001001")
JPEG = bytes.fromhex("ffd8ffdb004300") + bytes(64) + bytes.fromhex("ffd9")
"""Begins and ends as a JPEG does, but shows nothing: an example of the message, not of a picture."""
PICTURE = Evidence(
    evidence_id=UUID("01981a2b-0000-7000-8000-0000000000f1"),
    kind="scene",
    sha256=hashlib.sha256(JPEG).hexdigest(),
    bytes=len(JPEG),
    mime="image/jpeg",
    captured_at=T0 + timedelta(minutes=3),
    path="evidence/f1.jpg",
)
CONFIG = """\
box: {id: box-01, tenant: demo}
mqtt: {host: broker.city.example, username: box-01, password: {kept: on-box}}
model: {workers: 1}
cameras:
  - id: gate
    url: rtsp://192.168.1.64/Streaming/Channels/102
    username: admin
    password: {env: CAMERA_PASSWORD}
"""
_COMMANDS: dict[str, dict[str, Any]] = {
    "verify": {"incident": str(INCIDENT)},
    "acknowledge": {"incident": str(INCIDENT), "by": "operator-7", "note": "队员已出发"},
    "dismiss": {
        "incident": str(INCIDENT),
        "reason": "tolerated",
        "until": "2026-12-31T16:00:00Z",
        "by": "operator-7",
        "note": "施工许可",
    },
    "snapshot": {"camera": "gate"},
    "config.get": {},
    "config.put": {"document": CONFIG.replace("workers: 1", "workers: 2"), "if_version": "3f6c1a90"},
    "rules.pause": {"camera": "gate", "rule": "illegal_parking", "seconds": 3600},
    "ping": {"response_topic": "cityeye/v1/demo/centre/answers/box-01", "correlation": "q-17"},
    "restart": {},
}
_OBJECTS = {
    "illegal_parking": ("car", Channel.MODEL),
    "garbage_overflow": ("garbage", Channel.SCENE_CHANGE),
    "stall_encroachment": ("stall", Channel.MODEL),
    "camera_health": ("offline", Channel.CAMERA),
}


def examples() -> dict[str, dict[str, Any]]:
    """File name (without `.json`) -> body. The part before the first dot names the schema."""
    return {name: json.loads(payload) for name, payload in _all()}


def sent_by_the_box() -> dict[str, Message]:
    """One message of every kind that a box sends, by the kind's name, as it is handed to the MQTT client."""
    report = HealthReport(
        at=T0 + timedelta(minutes=10),
        cameras=(
            CameraReport(
                camera="gate",
                state="online",
                blind_s=3.2,
                drops=7,
                looks=298,
                interval_s=2.0,
                interval_p99_s=2.04,
                last_picture=T0,
            ),
        ),
        outbox_depth=2,
        outbox_set_aside=0,
        facts={
            "inference_ms": 21.4,
            "detector_rests": 5120,
            "loop_restarts": 0,
            "loops_failed": 0,
            "loops_stuck": 0,
            "loops_abandoned": 0,
            "not_alive": None,
            "events_unacked": 0,
            "events_dropped": 0,
            "pictures_waiting": 1,
            "pictures_dropped": 0,
            "pictures_error": None,
            "answers_dropped": 0,
            "broker_connected": True,
            "broker_error": None,
            "events_waiting_for_disk": 0,
            "store_writable": True,
            "oldest_event_s": 14.2,
            "disk_free_bytes": 21_474_836_480,
            "disk_bytes": 62_277_025_792,
            "evidence_bytes": 734_003_200,
            "observations_bytes": 241_172_480,
            "observations_dropped": 0,
            "temperature_c": 52.5,
            "memory_bytes": 268_435_456,
            "threads": 24,
            "open_files": 48,
            "metrics_error": None,
        },
    )
    about = EvidenceOf(camera="gate", incident=INCIDENT, sequence=1)
    return {
        "event": event_message(_opened("illegal_parking"), 1, FACTS, CLOCK),
        "note": notes(INCIDENT, T0, FACTS, CLOCK, 2)[Said.ACKNOWLEDGED],
        "state": state_message(FACTS, RUN, status="online", since=T0),
        "health": health_message(FACTS, RUN, CLOCK, report),
        "evidence": evidence_message(PICTURE, JPEG, about, FACTS),
        "response": response_message(FACTS, Reply(asked=Asked(id="cmd-1", command="ping"), at=T0)),
    }


def _all() -> Iterator[tuple[str, bytes]]:
    sequence = 0
    for rule in _OBJECTS:
        for event in _life(rule):
            sequence += 1
            yield f"event.{rule}.{event.phase}", event_message(event, sequence, FACTS, CLOCK).payload
    for said, message in notes(INCIDENT, T0, FACTS, CLOCK, sequence + 1).items():
        yield f"note.{said}", message.payload
    sent = sent_by_the_box()
    yield "state.online", sent["state"].payload
    yield "state.stopped", state_message(FACTS, RUN, status="offline", since=T0 + timedelta(hours=9)).payload
    yield "state.lost", will_message(FACTS, RUN).payload
    yield "health", sent["health"].payload
    yield "evidence", sent["evidence"].payload
    for number, (name, members) in enumerate(_COMMANDS.items(), 1):
        body = {
            "id": f"cmd-{number}",
            "command": name,
            "issued_at": "2026-07-01T00:05:00Z",
            "expires_at": "2026-07-01T00:10:00Z",
        }
        yield f"command.{name}", json.dumps(body | members).encode()
        asked = Asked(id=f"cmd-{number}", command=name, correlation=members.get("correlation"))
        yield f"response.{name}", response_message(FACTS, _done(asked)).payload
    asked = Asked(id="cmd-1", command="verify")
    yield "response.accepted", response_message(FACTS, Reply(asked=asked, at=T0 + timedelta(minutes=5))).payload
    rejected = CommandRejected(RejectCode.UNKNOWN_INCIDENT, f"incident: {INCIDENT} is not known to this box")
    yield "response.rejected", response_message(FACTS, Reply(asked=asked, at=T0, rejected=rejected)).payload
    yield "ack", json.dumps(_ack(12)).encode()
    missing = [{"first": f"{7:020d}", "last": f"{9:020d}"}]
    yield "ack.missing", json.dumps(_ack(12) | {"missing": missing}).encode()


def _ack(sequence: int) -> dict[str, Any]:
    return {"sequence": f"{sequence:020d}", "source": "/cityeye/demo/box-01"}


def _opened(rule: str) -> Event:
    number = list(_OBJECTS).index(rule)
    class_name, channel = _OBJECTS[rule]
    whole = rule == "camera_health"
    at = T0 + timedelta(minutes=3)
    return Event(
        event_id=UUID(int=INCIDENT.int + 0x1000 + 16 * number),
        incident_id=UUID(int=INCIDENT.int + number),
        revision=1,
        phase=Phase.OPENED,
        camera="gate",
        rule=rule,
        zone="" if whole else "fire-lane",
        severity=Severity.MEDIUM,
        channel=channel,
        at=at,
        first_seen=T0,
        opened_at=at,
        last_seen=at,
        closed_at=None,
        dwell_s=180.0,
        blind_s=0.0,
        objects=(
            SeenObject(class_name=class_name, score=0.87, box_n=(0, 0, 1, 1) if whole else (0.25, 0.5, 0.5, 0.75)),
        ),
        evidence=() if whole else (PICTURE,),
        evidence_note="no_picture" if whole else None,
    )


def _life(rule: str) -> tuple[Event, Event, Event]:
    opened = _opened(rule)
    updated = dataclasses.replace(
        opened,
        event_id=UUID(int=opened.event_id.int + 1),
        revision=2,
        phase=Phase.UPDATED,
        severity=Severity.HIGH,
        at=T0 + timedelta(minutes=13),
        last_seen=T0 + timedelta(minutes=13),
        dwell_s=780.0,
        update_reason=UpdateReason.ESCALATED,
    )
    closed = dataclasses.replace(
        updated,
        event_id=UUID(int=opened.event_id.int + 2),
        revision=3,
        phase=Phase.CLOSED,
        at=T0 + timedelta(minutes=20),
        last_seen=T0 + timedelta(minutes=18),
        closed_at=T0 + timedelta(minutes=20),
        dwell_s=1080.0,
        blind_s=12.5,
        close_reason=CloseReason.CLEARED,
        update_reason=None,
    )
    return opened, updated, closed


def _done(asked: Asked) -> Reply:
    part = EvidencePart(
        **{k: getattr(PICTURE, k) for k in ("kind", "sha256", "bytes", "mime", "captured_at")}, id=PICTURE.evidence_id
    )
    at = T0 + timedelta(minutes=5, seconds=4)
    results: dict[str, Result] = {
        "verify": VerifyResult(
            incident=INCIDENT, verdict="still_present", looked_at=at, before=part, after=part, dwell_s=304.0
        ),
        "acknowledge": AcknowledgeResult(incident=INCIDENT, acknowledged_at=at),
        "dismiss": DismissResult(
            incident=INCIDENT,
            reason=DismissReason.TOLERATED,
            until=datetime(2026, 12, 31, 16, 0, tzinfo=UTC),
            undone=False,
        ),
        "snapshot": SnapshotResult(camera="gate", picture=part),
        "config.get": ConfigResult(config_version="3f6c1a90", document=CONFIG),
        "config.put": ConfigResult(config_version="77b0c2de"),
        "rules.pause": PauseResult(paused_until=at + timedelta(hours=1), camera="gate", rule="illegal_parking"),
        "ping": PingResult(
            boot_id=RUN.boot_id, agent_version="0.1.0", config_version="3f6c1a90", uptime_s=304.0, outbox_depth=0
        ),
        "restart": RestartResult(restarted_as=UUID("01981a2b-0000-7000-8000-00000000b008")),
    }
    return Reply(asked=asked, at=at, result=results[asked.command or ""])
