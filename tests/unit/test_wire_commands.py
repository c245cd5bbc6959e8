"""Commands, answers, acks and pictures: whatever arrives is read or rejected, and answers go to the right place."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agent.core.errors import CommandRejected, RejectCode
from agent.core.types import Evidence
from agent.core.wire import (
    MAX_COMMAND_BYTES,
    MAX_EVIDENCE_PACKET_BYTES,
    AcknowledgeResult,
    Asked,
    ConfigResult,
    Dismiss,
    EvidenceOf,
    Reply,
    RulesPause,
    asked,
    asked_of,
    check_expiry,
    evidence_message,
    largest_picture_bytes,
    packet_bytes,
    parse_ack,
    parse_command,
    parse_evidence,
    parse_response,
    response_message,
    response_topic_allowed,
    with_properties,
)
from scripts.messages.examples import JPEG, PICTURE, examples
from tests.events import FACTS, T0

COMMAND_BODIES = [body for name, body in examples().items() if name.startswith("command.")]
PING: dict[str, Any] = {"id": "p1", "command": "ping", "issued_at": "2026-07-01T08:00:00Z"}
INCIDENT = "01981a2b-0000-7000-8000-000000001001"


def rejection(payload: bytes) -> CommandRejected:
    with pytest.raises(CommandRejected) as caught:
        parse_command(payload)
    return caught.value


def command(**members: object) -> bytes:
    return json.dumps(PING | members).encode()


@pytest.mark.parametrize(
    ("payload", "code", "words"),
    [
        (b"", RejectCode.BAD_JSON, "Expecting value"),
        (b"\xff", RejectCode.BAD_JSON, "utf-8"),
        (b"[]", RejectCode.BAD_JSON, "found list"),
        (b"{" * 20, RejectCode.BAD_JSON, "16 levels"),
        (b"[" * 200_000, RejectCode.BAD_JSON, "16 levels"),
        (b'{"id":"a","id":"b"}', RejectCode.BAD_JSON, "'id' is there more than once"),
        (b'{"id":NaN}', RejectCode.BAD_JSON, "NaN"),
        (b'{"id":-Infinity}', RejectCode.BAD_JSON, "Infinity"),
        (b'{"id":1e999}', RejectCode.BAD_JSON, "out of range"),
        (b'{"id":' + b"9" * 5000 + b"}", RejectCode.BAD_JSON, "digits"),
        (b" " * (MAX_COMMAND_BYTES + 1), RejectCode.TOO_LARGE, f"at most {MAX_COMMAND_BYTES} bytes"),
        (b"{}", RejectCode.INVALID, "command: expected one of verify"),
        (command(command="format_disk"), RejectCode.UNKNOWN_COMMAND, "found 'format_disk'"),
        (command(id=""), RejectCode.INVALID, "id: "),
        (command(id="x" * 129), RejectCode.INVALID, "id: "),
        (command(id="two\nlines"), RejectCode.INVALID, "id: "),
        (command(id=7), RejectCode.INVALID, "id: "),
        (command(colour="red"), RejectCode.INVALID, "colour: "),
        (command(issued_at=1751356800), RejectCode.INVALID, "issued_at: "),
        (command(issued_at="2026-07-01T08:00:00"), RejectCode.INVALID, "with its offset"),
        (command(issued_at="0001-01-01T00:00:00+14:00"), RejectCode.INVALID, "years 1 to 9999"),
        (command(response_topic="cityeye/v1/demo/#"), RejectCode.INVALID, "response_topic: "),
        (command(command="verify"), RejectCode.INVALID, "incident: "),
        (command(command="verify", incident="12"), RejectCode.INVALID, "incident: "),
        (command(command="dismiss", incident=INCIDENT), RejectCode.INVALID, "reason: expected"),
        (command(command="dismiss", incident=INCIDENT, reason="dull"), RejectCode.INVALID, "reason: "),
        (command(command="rules.pause"), RejectCode.INVALID, "exactly one of seconds and until"),
        (command(command="rules.pause", seconds=True), RejectCode.INVALID, "seconds: "),
        (command(command="rules.pause", seconds=-1), RejectCode.INVALID, "seconds: "),
        (command(command="rules.pause", seconds=1, zone="z"), RejectCode.INVALID, "zone: expected its camera"),
    ],
)
def test_what_is_wrong_is_rejected_by_name(payload: bytes, code: RejectCode, words: str) -> None:
    error = rejection(payload)
    assert error.code == code
    assert words in error.message


def test_a_rejection_never_repeats_a_value() -> None:
    body = command(command="config.put", document=["password: hunter2"], if_version="x")
    assert "hunter2" not in str(rejection(body))


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(payload=st.binary(max_size=200))
@example(payload=b'{"command":"ping","id":"\\ud800","issued_at":"2026-07-01T08:00:00Z"}')
def test_any_bytes_are_a_command_or_rejected(payload: bytes) -> None:
    with pytest.raises(CommandRejected):
        parse_command(payload)
    asked(payload)


@settings(deadline=None, max_examples=400)
@given(body=st.sampled_from(COMMAND_BODIES), member=st.data(), value=anything, new=st.text(max_size=5))
def test_any_member_may_be_anything(body: dict[str, Any], member: st.DataObject, value: object, new: str) -> None:
    name = member.draw(st.sampled_from([*body, "response_topic", "correlation", "until", new]))
    payload = json.dumps(body | {name: value}).encode()
    try:
        read = parse_command(payload)
    except CommandRejected as error:
        assert error.code in (RejectCode.BAD_JSON, RejectCode.INVALID, RejectCode.UNKNOWN_COMMAND)
        response_message(FACTS, Reply(asked=asked(payload), at=T0, rejected=error))
    else:
        assert asked_of(read) == asked(payload)
    with contextlib.suppress(CommandRejected):
        parse_ack(payload, FACTS)


@given(
    at=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),
    offset=st.integers(-12 * 60, 14 * 60),
)
def test_moments_mean_the_same_with_any_offset(at: datetime, offset: int) -> None:
    moment = at.replace(tzinfo=UTC)
    local = moment + timedelta(minutes=offset)
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    text = f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    read = parse_command(command(issued_at=text)).issued_at
    assert timedelta(0) <= moment - read < timedelta(milliseconds=1)


def test_unicode_and_defaults() -> None:
    read = parse_command(command(command="dismiss", incident=INCIDENT, reason="tolerated", note="施工许可", by="王"))
    assert isinstance(read, Dismiss)
    assert (read.note, read.by, read.until, read.undo) == ("施工许可", "王", None, False)
    undone = parse_command(command(command="dismiss", incident=INCIDENT, undo=True))
    assert isinstance(undone, Dismiss)
    assert undone.reason is None
    pause = parse_command(command(command="rules.pause", seconds=0))
    assert isinstance(pause, RulesPause)
    assert pause.seconds == 0


def test_an_expired_command_is_rejected_from_its_moment_on() -> None:
    read = parse_command(command(expires_at="2026-07-01T16:10:00+08:00"))
    expiry = datetime(2026, 7, 1, 8, 10, tzinfo=UTC)
    check_expiry(read, expiry - timedelta(milliseconds=1))
    check_expiry(parse_command(command()), expiry)
    with pytest.raises(CommandRejected) as caught:
        check_expiry(read, expiry)
    assert caught.value.code == RejectCode.EXPIRED


def test_properties_of_mqtt_5_win_over_the_body() -> None:
    read = parse_command(command(response_topic="cityeye/v1/demo/a", correlation="body"))
    assert with_properties(read, None, None) == read
    both = with_properties(read, "cityeye/v1/demo/b", b"property")
    assert (both.response_topic, both.correlation) == ("cityeye/v1/demo/b", "property")
    assert with_properties(read, None, b"\x00\x01").correlation is None
    with pytest.raises(CommandRejected, match="response topic"):
        with_properties(read, "a/+", None)


def test_what_can_be_read_of_a_wrong_command_is_answered() -> None:
    assert asked(command(command="x", colour=1)) == Asked(id="p1", command="x")
    assert asked(command(id=["?"], response_topic="a/#")) == Asked(command="ping")
    assert asked(b"?") == Asked()


# --- answers ---


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        ("cityeye/v1/demo/box-01/rsp", True),
        ("cityeye/v1/demo/centre/answers/box-01", True),
        ("cityeye/v1/demo/answers", True),
        ("jobs/7/answer", True),
        ("jobs/7/8/answer", False),
        ("open/a/b", True),
        ("open", True),
        ("cityeye/v1/demo/box-02/rsp", False),
        ("cityeye/v1/demo/box-02/event", False),
        ("cityeye/v1/demo/box-01/cmd", False),
        ("cityeye/v1/demo/box-02/state/x", False),
        ("cityeye/v1/other/centre/answers", False),
        ("cityeye/v1/demo", False),
        ("cityeye/v1/demo/", False),
        ("cityeye/v1/demo//event", False),
        ("cityeye/v1/demo/+/x", False),
        ("open/#", False),
        ("$SYS/broker", False),
        ("open/$x", False),
        ("open/\x00", False),
        ("open/\ud800", False),
        ("open/" + "x" * 600, False),
        ("", False),
    ],
)
def test_where_answers_may_go(wanted: str, allowed: bool) -> None:
    assert response_topic_allowed(wanted, FACTS, ["jobs/+/answer", "open/#"]) is allowed


def test_no_pattern_opens_the_contract() -> None:
    for kind in ("event", "state", "health", "evidence", "cmd", "ack", "rsp"):
        assert not response_topic_allowed(f"cityeye/v1/demo/box-02/{kind}", FACTS, ["#", "cityeye/#"])
    assert not response_topic_allowed("anything", FACTS)


def test_an_answer_goes_where_it_was_asked_for_if_that_is_allowed() -> None:
    def topic_of(wanted: str | None) -> str:
        return response_message(FACTS, Reply(asked=Asked(id="1", response_topic=wanted), at=T0)).topic

    assert topic_of("cityeye/v1/demo/centre/x") == "cityeye/v1/demo/centre/x"
    assert topic_of(None) == topic_of("cityeye/v1/demo/box-02/event") == "cityeye/v1/demo/box-01/rsp"


def test_the_three_answers() -> None:
    who = Asked(id="1", command="acknowledge", correlation="c")
    result = AcknowledgeResult(incident=UUID(INCIDENT), acknowledged_at=T0)
    rejected = CommandRejected(RejectCode.BUSY, "try again")
    replies = [
        Reply(asked=who, at=T0),
        Reply(asked=who, at=T0, result=result),
        Reply(asked=who, at=T0, rejected=rejected),
    ]
    messages = [response_message(FACTS, reply) for reply in replies]
    assert {(m.qos, m.retain) for m in messages} == {(1, False)}
    read = [parse_response(m.payload) for m in messages]
    assert [(r.status, r.code, r.message, r.correlation) for r in read] == [
        ("accepted", None, None, "c"),
        ("done", None, None, "c"),
        ("rejected", "busy", "try again", "c"),
    ]
    assert read[1].result == result


def test_a_result_of_another_command_is_a_mistake() -> None:
    reply = Reply(asked=Asked(id="1", command="ping"), at=T0, result=ConfigResult(config_version="1"))
    with pytest.raises(ValueError, match="found a ConfigResult as the result of ping"):
        response_message(FACTS, reply)


def test_an_answer_that_no_packet_takes_is_rejected() -> None:
    huge = ConfigResult(config_version="1", document="x" * 2**20)
    with pytest.raises(CommandRejected) as caught:
        response_message(FACTS, Reply(asked=Asked(id="1", command="config.get"), at=T0, result=huge))
    assert caught.value.code == RejectCode.TOO_LARGE


# --- acks ---


def ack(sequence: int = 12, **members: object) -> bytes:
    return json.dumps({"sequence": f"{sequence:020d}"} | members).encode()


def test_an_ack_covers_what_is_not_missing() -> None:
    missing = [{"first": f"{3:020d}", "last": f"{4:020d}"}, {"first": f"{9:020d}", "last": f"{9:020d}"}]
    read = parse_ack(ack(10, missing=missing, source="/cityeye/demo/box-01"), FACTS)
    assert [n for n in range(1, 13) if read.covers(n)] == [1, 2, 5, 6, 7, 8, 10]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"12", RejectCode.BAD_JSON),
        (b'{"sequence":"12"}', RejectCode.INVALID),
        (ack(mising=[]), RejectCode.INVALID),
        (ack(missing=[{"first": f"{13:020d}", "last": f"{13:020d}"}]), RejectCode.INVALID),
        (ack(missing=[{"first": f"{3:020d}", "last": f"{2:020d}"}]), RejectCode.INVALID),
        (ack(source="/cityeye/demo/box-02"), RejectCode.NOT_ALLOWED),
    ],
)
def test_a_wrong_ack_confirms_nothing(payload: bytes, code: RejectCode) -> None:
    with pytest.raises(CommandRejected) as caught:
        parse_ack(payload, FACTS)
    assert caught.value.code == code


# --- pictures ---


def test_a_picture_comes_back_whole() -> None:
    message = evidence_message(PICTURE, JPEG, EvidenceOf(camera="gate", incident=UUID(INCIDENT), sequence=7), FACTS)
    assert (message.topic, message.qos, message.retain) == ("cityeye/v1/demo/box-01/evidence", 1, False)
    read = parse_evidence(message.payload)
    assert read.picture() == JPEG
    assert (read.id, str(read.subject), read.eventsequence) == (PICTURE.evidence_id, INCIDENT, f"{7:020d}")


@pytest.mark.parametrize("text", ["?", "AAAA"])
def test_a_damaged_picture_is_noticed(text: str) -> None:
    message = evidence_message(PICTURE, JPEG, EvidenceOf(camera="gate"), FACTS)
    body = json.loads(message.payload) | {"data_base64": text}
    with pytest.raises(ValueError, match=r"base 64|sha256"):
        parse_evidence(json.dumps(body).encode()).picture()


@settings(deadline=None, max_examples=20)
@given(kind=st.text(max_size=100), camera=st.text(max_size=100))
def test_the_largest_picture_fits_and_a_larger_one_does_not(kind: str, camera: str) -> None:
    kept: Evidence = dataclasses.replace(PICTURE, kind=kind)
    about = EvidenceOf(camera=camera, command_id="c" * 128)
    limit = largest_picture_bytes(kept, about, FACTS)
    assert packet_bytes(evidence_message(kept, bytes(limit), about, FACTS)) > MAX_EVIDENCE_PACKET_BYTES - 8
    with pytest.raises(ValueError, match=f"at most {limit} bytes"):
        evidence_message(kept, bytes(limit + 1), about, FACTS)
