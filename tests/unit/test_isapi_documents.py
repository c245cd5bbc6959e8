"""ISAPI's documents: read whatever wrote them, changed and nothing else, and refused when they are something else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.isapi import StreamSettings, Wanted
from agent.adapters.isapi.device import Lock, device_of, lock_of, time_of
from agent.adapters.isapi.streams import change, settings_of
from agent.adapters.isapi.xml import MAX_DEPTH, MAX_XML_BYTES, child, parsed, text, written
from agent.core.errors import CameraAnswerUnusable
from tests.isapi_documents import HIKVISION, device_xml, stream_xml, time_xml

WHERE = "camera gate (http://127.0.0.1/ISAPI/x)"
CALM = Wanted(codec="H.264", gop_s=2.0, smart=False, svc=False)


def settings(body: bytes) -> StreamSettings:
    return settings_of(WHERE, parsed(WHERE, body), 102)


def changed(body: bytes, wanted: Wanted) -> bytes:
    root = parsed(WHERE, body)
    change(root, settings_of(WHERE, root, 102), wanted)
    return written(root)


@pytest.mark.parametrize("namespace", [HIKVISION, "http://www.isapi.org/ver20/XMLSchema", ""])
def test_settings_are_read_in_any_namespace(namespace: str) -> None:
    told = settings(stream_xml(namespace=namespace))
    assert told == StreamSettings(
        channel=102,
        codec="H.265",
        size_px=(704, 576),
        fps=25.0,
        gop_frames=250,
        keyframe_interval_ms=10_000,
        smart=True,
        svc=False,
    )
    assert told.gop_s == 10.0


@pytest.mark.parametrize("namespace", [HIKVISION, ""])
def test_a_change_leaves_all_else_as_the_camera_wrote_it(namespace: str) -> None:
    body = stream_xml(namespace=namespace)
    after = changed(body, CALM)
    root = parsed(WHERE, after)
    assert settings(after) == StreamSettings(
        channel=102,
        codec="H.264",
        size_px=(704, 576),
        fps=25.0,
        gop_frames=50,
        keyframe_interval_ms=2000,
        smart=False,
        svc=False,
    )
    assert text(root, "channelName") == "东门 & Gate"
    assert text(root, "Video", "vbrUpperCap") == "512"
    assert root.get("version") == "2.0"
    assert b"ns0" not in after, "there are devices that cannot read a prefix"
    assert (f'xmlns="{namespace}"'.encode() in after) == bool(namespace)


def test_settings_that_the_camera_does_not_have_are_not_added() -> None:
    after = changed(stream_xml(gop=None, smart=None, svc=None), CALM)
    assert b"GovLength" not in after
    assert b"SmartCodec" not in after
    assert b"SVC" not in after
    assert settings(after).gop_s == 2.0


def test_a_gop_that_is_told_in_no_unit_is_set_in_pictures() -> None:
    after = changed(stream_xml(gop=None, interval_ms=None, rate=0), Wanted(gop_s=2.0))
    assert (settings(after).gop_frames, settings(after).fps) == (50, None)


@pytest.mark.parametrize("rate", [1250, 2500, 3000, 600])
def test_a_gop_is_seconds_whatever_the_rate(rate: int) -> None:
    assert settings(changed(stream_xml(rate=rate), CALM)).gop_s == pytest.approx(2.0, abs=0.02)


def test_no_change_is_no_change() -> None:
    assert settings(changed(stream_xml(), Wanted())) == settings(stream_xml())


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2026-11-26T20:00:00+08:00", "CST-8:00:00", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ("2026-11-26T20:00:00", "CST-8:00:00", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ("2026-11-26T12:00:00Z", "", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ("2026-11-26T07:00:00", "EST+5:00:00DST01:00:00,M3.2.0/02:00:00", datetime(2026, 11, 26, 12, tzinfo=UTC)),
        ("2026-11-26T17:30:00", "&lt;+0530&gt;-5:30", datetime(2026, 11, 26, 12, tzinfo=UTC)),
    ],
)
def test_the_cameras_time(local: str, zone: str, utc: datetime) -> None:
    assert time_of(WHERE, parsed(WHERE, time_xml(local, zone))) == utc


@pytest.mark.parametrize(
    ("local", "zone"), [("", ""), ("noon", "CST-8"), ("2026-11-26T20:00:00", "?"), ("2026-11-26T20:00:00", "CST-99")]
)
def test_a_time_that_is_none(local: str, zone: str) -> None:
    with pytest.raises(CameraAnswerUnusable, match="expected a date and time"):
        time_of(WHERE, parsed(WHERE, time_xml(local, zone)))


def test_what_the_camera_is() -> None:
    device = device_of(WHERE, parsed(WHERE, device_xml()))
    assert (device.model, device.firmware) == ("DS-2CD2T46", "V5.7.3")
    with pytest.raises(CameraAnswerUnusable, match="expected DeviceInfo, found 'Login'"):
        device_of(WHERE, parsed(WHERE, device_xml("Login")))


@pytest.mark.parametrize(
    ("body", "lock"),
    [
        (b"<userCheck><lockStatus>lock</lockStatus><unlockTime>1790</unlockTime></userCheck>", Lock(seconds=1790)),
        (b"<userCheck><lockStatus>lock</lockStatus></userCheck>", Lock(seconds=None)),
        (b"<userCheck><lockStatus>unlock</lockStatus><retryLoginTime>4</retryLoginTime></userCheck>", None),
        (b"<html><lockStatus>lock</lockStatus></html>", None),
    ],
)
def test_whether_the_box_is_locked_out(body: bytes, lock: Lock | None) -> None:
    assert lock_of(parsed(WHERE, body)) == lock


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
FILE = '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (BOMB.encode(), "a DOCTYPE"),
        (FILE.encode(), "a DOCTYPE"),
        (BOMB.encode("utf-16"), "a DOCTYPE"),
        (b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>', "a DOCTYPE"),
        (b"<a>" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} levels"),
        (b"<a>" + b" " * MAX_XML_BYTES + b"</a>", f"{MAX_XML_BYTES + 7} bytes"),
        (b"<html><br></html>", "17 bytes that begin with '<html><br></html'"),
        (b"", "0 bytes"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "bytes that begin"),
        (b'<?xml version="1.0" encoding="\xff"?><a/>', "bytes that begin"),
        (b"<a>&nbsp;</a>", "bytes that begin"),
    ],
)
def test_what_is_no_xml_that_we_read(body: bytes, found: str) -> None:
    with pytest.raises(CameraAnswerUnusable) as caught:
        parsed(WHERE, body)
    assert found in str(caught.value).partition("found ")[2]
    assert str(caught.value).startswith(WHERE)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        root = parsed(WHERE, body)
    except CameraAnswerUnusable:
        return
    for read in (lambda: settings_of(WHERE, root, 102), lambda: time_of(WHERE, root), lambda: device_of(WHERE, root)):
        with pytest.raises(CameraAnswerUnusable):
            read()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A camera's document with some bytes exchanged: what a bad firmware or a wrong device would send."""
    body = bytearray(draw(st.sampled_from([stream_xml(), device_xml(), time_xml("2026-11-26T20:00:00")])))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(body) - 1))
        body[at : at + draw(st.integers(0, 12))] = draw(st.binary(max_size=12))
    return bytes(body)


@given(damaged())
def test_a_damaged_document_is_read_or_refused(body: bytes) -> None:
    try:
        root = parsed(WHERE, body)
    except CameraAnswerUnusable:
        return
    lock_of(root)
    for read in (device_of, time_of):
        try:
            read(WHERE, root)
        except CameraAnswerUnusable:
            continue
    try:
        told = settings_of(WHERE, root, 102)
    except CameraAnswerUnusable:
        return
    change(root, told, CALM)
    again = settings(written(root))
    assert again.codec == "H.264"


TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=20)


@given(TEXTS, st.integers(0, 99_999_999), st.booleans())
def test_what_is_written_is_read_again(value: str, number: int, smart: bool) -> None:
    root = parsed(WHERE, stream_xml(smart=smart))
    name = child(root, "channelName")
    assert name is not None
    name.text = value
    gop = child(root, "Video", "GovLength")
    assert gop is not None
    gop.text = str(number)
    again = parsed(WHERE, written(root))
    assert (text(again, "channelName") or "") == value
    assert settings_of(WHERE, again, 102).gop_frames == number
    assert settings_of(WHERE, again, 102).smart == smart
