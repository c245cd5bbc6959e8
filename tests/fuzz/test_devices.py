"""What cameras, and whoever answers in their place, may say: it is read or refused, in few words that steer nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.adapters.discovery.probe_match import devices_of
from agent.adapters.discovery.web import web_answer
from agent.adapters.isapi import Wanted
from agent.adapters.isapi.device import device_of, lock_of, time_of
from agent.adapters.isapi.streams import change, settings_of
from agent.adapters.isapi.xml import MAX_XML_BYTES, parsed, written
from agent.adapters.rtsp_probe import Address, _parse, hindrance
from agent.core.errors import CameraAnswerUnusable, CityEyeError

WHERE = "camera gate (http://10.0.0.1/ISAPI/x)"
ADDRESS = Address(host="10.0.0.1", port=554, path="/x")
VIDEO = ("videoResolutionWidth", "maxFrameRate", "GovLength", "keyFrameInterval", "SmartCodec", "SVC", "enabled")
DEVICE = ("DeviceInfo", "model", "firmwareVersion", "deviceName", "Time", "localTime", "timeZone", "userCheck")
ONVIF = ("Envelope", "Body", "ProbeMatches", "ProbeMatch", "Types", "XAddrs", "Scopes")
NAMES = ("StreamingChannel", "Video", "videoCodecType", "lockStatus", "unlockTime", *VIDEO, *DEVICE, *ONVIF)
VALUES = ("0", "-1", "25", "9" * 400, "1e9", "٣", "true", "lock", "NetworkVideoTransmitter", "CST-8:00:00", "A" * 300)
MOMENTS = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-12:00", "2026-02-30")
STEERING = ("onvif://www.onvif.org/name/%1b%0a", "http://[::1", "\u202e", "x\ty\nz")
TEXTS = st.sampled_from([*VALUES, *MOMENTS, *STEERING]) | st.text(
    st.characters(exclude_categories=["Cs", "Cc"]), max_size=20
)


def _tree(name: str, content: Any) -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(content, str):
        element.text = content
    else:
        element.extend(_tree(*part) for part in content)
    return element


trees = st.recursive(
    st.tuples(st.sampled_from(NAMES), TEXTS),
    lambda inner: st.tuples(st.sampled_from(NAMES), st.lists(inner, max_size=6)),
    max_leaves=20,
)
READERS: tuple[Callable[[ElementTree.Element], object], ...] = (
    lambda root: device_of(WHERE, root),
    lambda root: time_of(WHERE, root),
    lambda root: settings_of(WHERE, root, 102),
    lock_of,
)


def check_said(text: str) -> None:
    assert text.isprintable()
    assert len(text) < 1000


@given(trees)
@example(("Time", [("localTime", "2026-01-01T00:00:00"), ("timeZone", "1A" * 5000 + "\nx")]))
def test_any_document_is_read_or_refused(tree: tuple[str, Any]) -> None:
    body = ElementTree.tostring(_tree(*tree))
    root = parsed(WHERE, body)
    for read in READERS:
        try:
            read(root)
        except CameraAnswerUnusable as refused:
            check_said(str(refused))
    with suppress(CameraAnswerUnusable):
        change(root, settings_of(WHERE, root, 102), Wanted(codec="H.264", gop_s=2.0, smart=False, svc=False))
        parsed(WHERE, written(root))
    with suppress(CameraAnswerUnusable):
        for device in devices_of("10.0.0.9", body):
            for said in (device.model, device.name, device.location, *device.web):
                check_said(said)
    web_answer(WHERE, b"HTTP/1.0 200 OK\r\n\r\n" + body)


HEADS = st.lists(
    st.sampled_from(
        [
            "RTSP/1.0 200 OK",
            "RTSP/1.0 401 Unauthorized",
            "RTSP/1.0 302 Moved",
            "RTSP/1.0 999 \x1b[2J",
            "HTTP/1.1 400 Bad Request",
            'WWW-Authenticate: Digest realm="\x1b]0;x\x07", algorithm=MD5',
            "WWW-Authenticate: Digest algorithm=" + "Ａ" * 3000,
            "WWW-Authenticate: Digest",
            "WWW-Authenticate: Basic",
            "www-authenticate",
            "Server: \x9b1m",
            "Content-Length: -1",
            "",
        ]
    )
    | st.text(max_size=20),
    max_size=6,
)


@given(HEADS.map(lambda lines: "\r\n".join(lines).encode("utf-8", "surrogatepass")) | st.binary(max_size=100))
def test_any_answer_over_rtsp_is_one_or_refused(head: bytes) -> None:
    try:
        answer = _parse(WHERE, ADDRESS, head)
    except CityEyeError as refused:
        check_said(str(refused))
        return
    for has_login in (True, False):
        problem = hindrance(WHERE, ADDRESS, answer, has_login=has_login)
        if problem is not None:
            check_said(str(problem))


def _laughs(levels: int) -> str:
    """Each entity ten times the one before."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "lol"}">' for n in range(levels))
    return f"<!DOCTYPE a [{entities}]><a>&l{levels - 1};</a>"


@pytest.mark.timeout(60)  # none takes a second; one that is followed ends nothing for hours, or fills the memory
@pytest.mark.parametrize(
    "body",
    [
        _laughs(12).encode(),
        _laughs(12).encode("utf-16"),
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><a/>',
        b"<a " + b"x" * (MAX_XML_BYTES - 10) + b"/>",
        b"<a>" + b"<b/>" * (MAX_XML_BYTES // 5) + b"</a>",
        b"<a " + b" ".join(b'x%d=""' % n for n in range(20_000)) + b"/>",
        b"<" * MAX_XML_BYTES,
        b"<!--" * (MAX_XML_BYTES // 4),
        b"<a>" + b"&#x41;" * (MAX_XML_BYTES // 7) + b"</a>",
        b"<a xmlns:" + b" xmlns:".join(b'n%d="u"' % n for n in range(10_000)) + b"/>",
    ],
    ids=range(10),
)
def test_a_document_made_to_keep_the_box_busy(body: bytes) -> None:
    with suppress(CameraAnswerUnusable):
        parsed(WHERE, body)
    with suppress(CameraAnswerUnusable):
        devices_of("10.0.0.9", body)
