"""The contract with the centre: exact bytes, schema, round trips, size."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.core.taxonomy import GBT_2013
from agent.core.types import Channel, CloseReason, Event, Evidence, Phase, SeenObject, UpdateReason
from agent.core.wire import (
    MAX_PACKET_BYTES,
    CameraReport,
    Health,
    HealthReport,
    encode_event,
    event_message,
    event_schema,
    health_message,
    health_schema,
    packet_bytes,
    parse_event,
    state_message,
    state_schema,
    topic,
    will_message,
)
from tests.events import CLOCK, EVENTS, FACTS, RUN, T0, closed, make_event

GOLDEN = Path(__file__).parents[1] / "golden"
CONTRACT = Path(__file__).parents[2] / "docs" / "contract"
EVENT_VALIDATOR = jsonschema.Draft202012Validator(event_schema())

PICTURE = Evidence(
    evidence_id=UUID(int=0xF1),
    kind="scene",
    sha256="cd" * 32,
    bytes=81234,
    mime="image/jpeg",
    captured_at=T0 + timedelta(minutes=3),
    path="evidence/f1.jpg",
)
HEAP = (SeenObject(class_name="garbage", score=0.5, box_n=(0.1, 0.2, 0.3, 0.4)),)
OFFLINE = (SeenObject(class_name="offline", score=1.0, box_n=(0.0, 0.0, 1.0, 1.0)),)
STALL = (SeenObject(class_name="stall", score=0.9, box_n=(0.1, 0.2, 0.3, 0.4)),)
OPENED = {
    "illegal_parking": make_event(evidence=(PICTURE,)),
    "garbage_overflow": make_event(
        rule="garbage_overflow", channel=Channel.SCENE_CHANGE, objects=HEAP, evidence_note="disk_full"
    ),
    "stall_encroachment": make_event(rule="stall_encroachment", objects=STALL),
    "camera_health": make_event(rule="camera_health", channel=Channel.CAMERA, objects=OFFLINE, zone=""),
}


def _phases(event: Event) -> dict[str, Event]:
    update = dataclasses.replace(
        event, phase=Phase.UPDATED, revision=2, update_reason=UpdateReason.HEARTBEAT, dwell_s=360.04, blind_s=0.26
    )
    return {"opened": event, "updated": update, "closed": closed(update, 3)}


CASES = {f"{rule}.{phase}": e for rule, opened in OPENED.items() for phase, e in _phases(opened).items()}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    message = event_message(CASES[name], 42, FACTS, CLOCK)
    pretty = json.dumps(json.loads(message.payload), ensure_ascii=False, indent=2) + "\n"
    assert pretty == (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
    EVENT_VALIDATOR.validate(json.loads(message.payload))


def test_there_is_no_golden_file_without_a_case() -> None:
    events = [p.stem for p in GOLDEN.glob("*.json") if not p.stem.startswith("note.")]
    assert sorted(events) == sorted(CASES)


@pytest.mark.parametrize(
    ("name", "schema"), [("event", event_schema()), ("state", state_schema()), ("health", health_schema())]
)
def test_published_schema_equals_the_models(name: str, schema: dict[str, object]) -> None:
    published = json.loads((CONTRACT / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert published == schema, "run scripts/contract.py"
    jsonschema.Draft202012Validator.check_schema(published)


def test_envelope_of_an_event() -> None:
    message = event_message(make_event(), 7, FACTS, CLOCK)
    body = json.loads(message.payload)
    assert (message.topic, message.qos, message.retain) == ("cityeye/v1/demo/box-01/event", 1, False)
    assert message.content_type == "application/cloudevents+json; charset=utf-8"
    assert list(body) == ["specversion", "id", "source", "type", "subject", "time", "dataschema", "sequence", "data"]
    assert (body["source"], body["type"]) == ("/cityeye/demo/box-01", "cityeye.illegal_parking.opened")
    assert body["sequence"] == "00000000000000000007"
    assert b": " not in message.payload
    assert "机动车乱停放".encode() in message.payload


def test_titles_say_kind_phase_and_place() -> None:
    titles = {name: parse_event(event_message(e, 1, FACTS, CLOCK).payload).data.title for name, e in CASES.items()}
    assert titles["illegal_parking.opened"].zh == "机动车乱停放 · 东门 · 消防通道"
    assert titles["illegal_parking.opened"].en == "Illegal parking · 东门 · 消防通道"
    assert titles["illegal_parking.updated"].zh == "机动车乱停放（持续） · 东门 · 消防通道"
    assert titles["garbage_overflow.closed"].zh == "暴露垃圾已消除 · 东门 · 消防通道"
    assert titles["garbage_overflow.closed"].en == "Exposed garbage cleared · 东门 · 消防通道"
    assert titles["camera_health.opened"].zh == "摄像机离线 · 东门"
    assert titles["camera_health.closed"].en == "Camera offline cleared · 东门"


@pytest.mark.parametrize("reason", CloseReason)
def test_every_close_reason_has_its_own_wording(reason: CloseReason) -> None:
    def title(why: CloseReason | None) -> str:
        event = dataclasses.replace(closed(make_event(), 2), close_reason=why)
        return parse_event(event_message(event, 1, FACTS, CLOCK).payload).data.title.zh

    assert len({title(None), *(title(r) for r in CloseReason)}) == len(CloseReason) + 1
    assert title(reason) != title(None)


def test_a_camera_without_facts_is_named_by_its_id() -> None:
    data = parse_event(event_message(make_event(camera="new", zone="z9"), 1, FACTS, CLOCK).payload).data
    assert (data.title.en, data.location) == ("Illegal parking · new · z9", None)


def test_codes_follow_the_chosen_system() -> None:
    facts = dataclasses.replace(FACTS, code_system=GBT_2013)
    codes = parse_event(event_message(make_event(), 1, facts, CLOCK).payload).data.codes
    assert codes is not None
    assert (codes.code_system, codes.code, codes.name) == ("GB/T 30428.2-2013", "04-09", "机动车乱停放")
    health = parse_event(event_message(OPENED["camera_health"], 1, facts, CLOCK).payload)
    assert health.data.codes is None


def test_local_times_are_sent_in_utc() -> None:
    local = datetime(2026, 7, 1, 16, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=8)))
    assert b'"time":"2026-07-01T08:00:00.999Z"' in event_message(make_event(at=local), 1, FACTS, CLOCK).payload


@settings(deadline=None, max_examples=150)
@given(event=EVENTS, sequence=st.integers(0, 10**19))
def test_round_trip(event: Event, sequence: int) -> None:
    message = event_message(event, sequence, FACTS, CLOCK)
    assert event_message(event, sequence, FACTS, CLOCK) == message
    EVENT_VALIDATOR.validate(json.loads(message.payload))
    back = parse_event(message.payload)
    assert encode_event(back) == message.payload
    assert (back.id, back.subject, int(back.sequence)) == (event.event_id, event.incident_id, sequence)
    assert back.data.dwell_s == pytest.approx(event.dwell_s, abs=0.0501)
    assert abs(back.time - event.at) < timedelta(milliseconds=1)
    assert back.data.objects_total == len(back.data.objects) == len(event.objects)
    for sent, seen in zip(back.data.objects, event.objects, strict=True):
        assert sent.box == pytest.approx(seen.box_n, abs=1e-4)


@settings(deadline=None, max_examples=25)
@given(event=EVENTS, objects=st.integers(0, 5000), name=st.sampled_from(["x", "停", "\x00", "\ud800"]))
def test_a_packet_never_exceeds_its_limit(event: Event, objects: int, name: str) -> None:
    many = tuple(SeenObject(class_name=name * 500, score=0.123, box_n=(0.1234, 0.1, 0.1, 0.1)) for _ in range(objects))
    camera = dataclasses.replace(FACTS.cameras["gate"], name=name * 9999, zones={event.zone: name * 9999})
    facts = dataclasses.replace(FACTS, cameras={event.camera: camera})
    big = dataclasses.replace(event, objects=many, evidence=event.evidence * 99, evidence_note=name * 9999)
    message = event_message(big, 1, facts, CLOCK)
    assert packet_bytes(message) <= MAX_PACKET_BYTES
    data = parse_event(message.payload).data
    assert data.objects_total == objects >= len(data.objects)
    assert len(data.objects) == objects or len(data.objects) > 10, "more was cut than needed"


def test_values_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValidationError, match="dwell_s"):
        event_message(make_event(dwell_s=math.nan), 1, FACTS, CLOCK)


def test_identifiers_that_cannot_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="without any object"):
        event_message(make_event(camera="c" * 70_000), 1, FACTS, CLOCK)


@pytest.mark.parametrize("bad", ["", "a/b", "a+b", "#", "x" * 65, "箱"])
def test_tenant_and_box_must_be_topic_levels(bad: str) -> None:
    with pytest.raises(ValueError, match="tenant: expected 1 to 64"):
        dataclasses.replace(FACTS, tenant=bad)
    with pytest.raises(ValueError, match="box: expected 1 to 64"):
        dataclasses.replace(FACTS, box=bad)


def test_an_unknown_code_system_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"expected one of GB/T 47678.5-2026, GB/T 30428.2-2013, found 'X'"):
        dataclasses.replace(FACTS, code_system="X")


def test_state_and_will_share_topic_and_boot_id() -> None:
    online = state_message(FACTS, RUN, status="online", since=T0)
    offline = state_message(FACTS, RUN, status="offline", since=T0)
    will = will_message(FACTS, RUN)
    bodies = [json.loads(m.payload) for m in (online, offline, will)]
    assert {(m.topic, m.retain, m.qos) for m in (online, offline, will)} == {(topic(FACTS, "state"), True, 1)}
    assert [(b["status"], b["reason"]) for b in bodies] == [
        ("online", "running"),
        ("offline", "stopped"),
        ("offline", "lost"),
    ]
    assert {b["boot_id"] for b in bodies} == {str(RUN.boot_id)}
    for body in bodies:
        jsonschema.Draft202012Validator(state_schema()).validate(body)


def test_health_is_sent_once_and_reads_back() -> None:
    cameras = (CameraReport(camera="gate", state="watching", blind_s=3.21, drops=7, last_picture=T0),)
    report = HealthReport(at=T0, cameras=cameras, outbox_depth=2, outbox_set_aside=1, facts={"cpu_share": 0.4})
    message = health_message(FACTS, RUN, CLOCK, report)
    assert (message.topic, message.qos, message.retain) == ("cityeye/v1/demo/box-01/health", 0, False)
    jsonschema.Draft202012Validator(health_schema()).validate(json.loads(message.payload))
    back = Health.model_validate_json(message.payload)
    assert (back.outbox_depth, back.outbox_set_aside, back.facts) == (2, 1, {"cpu_share": 0.4})
    assert back.cameras[0].blind_s == 3.2


def test_parse_names_what_is_wrong() -> None:
    body = json.loads(event_message(make_event(), 1, FACTS, CLOCK).payload)
    body["sequence"] = "7"
    with pytest.raises(ValidationError, match="sequence"):
        parse_event(json.dumps(body).encode())


def test_parse_ignores_members_that_a_later_agent_adds() -> None:
    body = json.loads(event_message(make_event(), 1, FACTS, CLOCK).payload)
    body["data"]["plate"] = "?"
    assert parse_event(json.dumps(body).encode()).data.camera == "gate"
