"""Finding cameras, without a network: whatever devices say is read or refused, and no range asks too much."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.discovery.interfaces import local_interfaces
from agent.adapters.discovery.pace import Pace
from agent.adapters.discovery.probe_match import MAX_MESSAGE_BYTES, devices_of
from agent.adapters.discovery.web import web_answer
from agent.config import inspect_text
from agent.core.discovery import (
    MAX_ADDRESSES,
    Allowed,
    Found,
    Way,
    addresses_in,
    maker_of,
    merged,
    rtsp_urls,
    snippet,
)
from agent.core.errors import CameraAnswerUnusable, RangeRefused
from tests.fakes import FakeClock
from tests.isapi_documents import device_xml
from tests.ws_responder import HIKVISION, answer_xml, match_xml, scopes

OWN = [IPv4Network("192.168.1.0/24"), IPv4Network("10.0.0.0/8")]


def found(address: str = "192.168.1.64", **values: Any) -> Found:
    return Found(address=address, **{"ways": (Way.ONVIF,), **values})


@given(st.binary(max_size=600))
def test_whatever_bytes_answer_a_probe_they_are_read_or_refused(body: bytes) -> None:
    try:
        devices = devices_of("192.168.1.64", body)
    except CameraAnswerUnusable:
        return
    assert devices == []


@given(st.integers(0, len(HIKVISION)), st.integers(0, 40), st.binary(max_size=40))
def test_whatever_happens_to_an_answer_it_is_read_or_refused(at: int, length: int, instead: bytes) -> None:
    try:
        devices = devices_of("192.168.1.64", HIKVISION[:at] + instead + HIKVISION[at + length :])
    except CameraAnswerUnusable:
        return
    for device in devices:
        assert device.address == "192.168.1.64"
        assert all(text.isprintable() for text in (device.name, device.model, device.location, *device.web))


@given(st.lists(st.text(alphabet=st.characters(exclude_characters="<&>"), max_size=30), max_size=5))
def test_whatever_scopes_say_nothing_steers_a_terminal(told: list[str]) -> None:
    try:
        devices = devices_of("192.168.1.64", answer_xml(match_xml(scopes(name="\x1b%1b[2J", hardware="x") + told)))
    except CameraAnswerUnusable:  # characters that XML forbids, such as the escape
        devices = devices_of("192.168.1.64", answer_xml(match_xml(scopes(name="%1b[2J", hardware="%0a- id: x"))))
    assert all(f"{device.name}{device.model}{device.location}".isprintable() for device in devices)


def test_a_message_with_too_much_in_it_is_cut_or_refused() -> None:
    many = answer_xml(*[match_xml(scopes(name="x"), xaddrs="")] * 80)
    assert len(devices_of("192.168.1.64", many)) == 64
    with pytest.raises(CameraAnswerUnusable, match=f"more than {MAX_MESSAGE_BYTES} bytes"):
        devices_of("192.168.1.64", many * 2)


@given(st.binary(max_size=300))
def test_whatever_a_web_server_says_it_is_read_or_none(said: bytes) -> None:
    for raw in (said, b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + said, b"HTTP/1.1 200 OK\r\n\r\n" + said):
        answer = web_answer("device 192.168.1.64:80", raw)
        assert answer is None or answer.device is None


def test_an_open_web_service_tells_what_it_is() -> None:
    answer = web_answer("device", b"HTTP/1.1 200 OK\r\nServer: App-webs/\r\n\r\n" + device_xml())
    assert answer is not None
    assert answer.device is not None
    assert (answer.isapi, answer.device.model, answer.device.name) == (True, "DS-2CD2T46", "IP CAMERA")
    other = web_answer("device", b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n<html></html>")
    assert other is not None
    assert (other.isapi, other.device, other.server) == (False, None, "nginx")


@pytest.mark.parametrize(
    ("text", "count", "first", "last"),
    [
        ("192.168.1.0/24", 254, "192.168.1.1", "192.168.1.254"),
        ("192.168.1.77/30", 2, "192.168.1.77", "192.168.1.78"),
        ("192.168.1.10-40", 31, "192.168.1.10", "192.168.1.40"),
        ("10.0.0.250 - 10.0.1.5", 12, "10.0.0.250", "10.0.1.5"),
        ("192.168.1.64", 1, "192.168.1.64", "192.168.1.64"),
        ("192.168.1.0-255", 256, "192.168.1.0", "192.168.1.255"),
        ("10.1.0.0/22", 1022, "10.1.0.1", "10.1.3.254"),
    ],
)
def test_ranges(text: str, count: int, first: str, last: str) -> None:
    addresses = addresses_in([text, text], OWN) if count < 500 else addresses_in([text], OWN)
    assert (len(addresses), str(addresses[0]), str(addresses[-1])) == (count, first, last)


@pytest.mark.parametrize(
    ("ranges", "allowed", "code"),
    [
        (["8.8.8.8"], [Allowed.ROUTED], "public"),
        (["192.168.255.250-192.169.0.5"], [Allowed.ROUTED], "public"),
        (["100.64.0.1"], [Allowed.ROUTED], "public"),
        (["10.0.0.0/21"], [], "many"),
        (["192.168.1.0/24"] * 5, [], "many"),
        (["0.0.0.0/0"], list(Allowed), "many"),
        (["192.168.2.0/24"], [], "elsewhere"),
        (["192.168.1.200-192.168.2.5"], [], "elsewhere"),
        (["127.0.0.1"], [Allowed.ROUTED], "loopback"),
        (["192.168.1.40-10"], [], "syntax"),
        (["camera.local"], [], "syntax"),
        (["192.168.1.5-999"], [], "syntax"),
        (["fe80::1"], [], "syntax"),
        ([""], [], "syntax"),
    ],
)
def test_ranges_that_are_not_asked(ranges: list[str], allowed: list[Allowed], code: str) -> None:
    with pytest.raises(RangeRefused) as refused:
        addresses_in(ranges, OWN, allowed)
    assert refused.value.code == code


def test_what_is_allowed_explicitly() -> None:
    assert len(addresses_in(["172.16.4.0/24"], OWN, [Allowed.ROUTED])) == 254
    assert addresses_in(["127.0.0.2"], OWN, [Allowed.LOOPBACK]) == [IPv4Address("127.0.0.2")]


@given(st.one_of(st.text(max_size=24), st.from_regex(r"[0-9./-]{0,32}", fullmatch=True)))
def test_whatever_is_given_as_a_range_few_private_addresses_come_of_it(text: str) -> None:
    try:
        addresses = addresses_in([text], OWN, list(Allowed))
    except RangeRefused:
        return
    assert len(addresses) <= MAX_ADDRESSES
    assert all(address.is_private for address in addresses)


@pytest.mark.parametrize(
    ("texts", "maker"),
    [
        (["HIKVISION DS-2CD2T46"], "Hikvision"),
        (["", "DS-7608NI-K2"], "Hikvision"),
        (["IP Camera(C2345)"], "Hikvision"),
        (["Login to 3K02C0BPAG00001"], "Dahua"),
        (["General", "IPC-HFW2431S"], "Dahua"),
        (["TP-LINK IP-Camera"], "TP-Link"),
        (["AXIS_ACCC8E012345"], "Axis"),
        (["宇视网络摄像机"], "Uniview"),
        (["taxis", "nginx", "cbs-2"], ""),
        ([], ""),
    ],
)
def test_makers(texts: list[str], maker: str) -> None:
    assert maker_of(*texts) == maker


def test_addresses_to_try() -> None:
    known = found(maker="Hikvision", rtsp_ports=(554, 8554))
    assert rtsp_urls(known) == (
        "rtsp://192.168.1.64/Streaming/Channels/102",
        "rtsp://192.168.1.64/Streaming/Channels/101",
        "rtsp://192.168.1.64:8554/Streaming/Channels/102",
        "rtsp://192.168.1.64:8554/Streaming/Channels/101",
    )
    assert len(rtsp_urls(found())) == 4, "of the commonest makers"


def test_several_findings_of_one_device_are_one() -> None:
    by_rtsp = found(ways=(Way.RTSP,), maker="Dahua", rtsp_ports=(554,))
    by_onvif = found(name="gate", maker="Hikvision", web=("http://192.168.1.64/onvif",))
    by_web = found(ways=(Way.ISAPI,), maker="Hikvision", model="DS-2CD")
    low = found("192.168.1.9")
    one, two = merged([by_rtsp, by_onvif, by_web, low, by_onvif])
    assert one == low
    assert two == Found(
        address="192.168.1.64",
        ways=(Way.ISAPI, Way.ONVIF, Way.RTSP),
        maker="Hikvision",
        model="DS-2CD",
        name="gate",
        rtsp_ports=(554,),
        web=("http://192.168.1.64/onvif",),
    )


def read(devices: Sequence[Found], taken: Sequence[str] = (), *, home: Path = Path()) -> list[dict[str, Any]]:
    """The snippet pasted into a configuration, which has to be a good one."""
    text = "mqtt: {host: broker}\ncameras:\n" + snippet(devices, taken)
    report = inspect_text(text, file="c.yaml", home=home, env={"CAMERA_PASSWORD": "x"})
    assert [problem for problem in report.problems if not problem.key.startswith("model")] == []
    cameras: list[dict[str, Any]] = yaml.safe_load(text)["cameras"]
    return cameras


@given(
    st.text(st.characters(categories=("L", "M", "N", "P", "S", "Zs")), max_size=40)
    .filter(str.isprintable)
    .map(str.strip)
)
def test_whatever_a_device_says_it_cannot_write_into_the_configuration(name: str) -> None:
    (camera,) = read([found(maker="Hikvision", model=name, name=name)])
    assert set(camera) <= {"id", "name", "url", "username", "password"}
    assert camera.get("name", "") == name


def test_ids_are_short_and_nobody_elses() -> None:
    def ids(*addresses: str, taken: Sequence[str] = ()) -> list[str]:
        return [camera["id"] for camera in read([found(address) for address in addresses], taken)]

    assert ids("192.168.1.64", "192.168.1.65") == ["camera-64", "camera-65"]
    assert ids("192.168.1.64", "192.168.2.64") == ["camera-1-64", "camera-2-64"]
    assert ids("192.168.1.64", taken=["camera-64"]) == ["camera-1-64"]


def test_turns_come_evenly_and_are_not_saved_up() -> None:
    clock = FakeClock()
    pace = Pace(clock, per_s=4, wait=clock.advance)
    begin_s = clock.now().mono_s
    turns_s = []
    for _ in range(3):
        pace.turn()
        turns_s.append(clock.now().mono_s - begin_s)
    clock.advance(10)
    for _ in range(2):
        pace.turn()
        turns_s.append(clock.now().mono_s - begin_s)
    assert turns_s == [0, 0.25, 0.5, 10.5, 10.75]


def test_this_machines_own_interfaces() -> None:
    (loop,) = (interface for interface in local_interfaces() if interface.name == "lo")
    assert (str(loop.address), str(loop.network), loop.loopback) == ("127.0.0.1", "127.0.0.0/8", True)
