"""Asking addresses one by one: cameras that want a login, other servers, and peers that speak nothing."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from agent.adapters.clock import SystemClock
from agent.adapters.discovery import Answered, Scanner
from agent.core.discovery import Found, Way
from tests.cameras import MD5, Wire, raw_peer, scripted_camera, status
from tests.mosquitto import free_port

HERE = IPv4Address("127.0.0.1")
NOT_RTSP = b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"


def asked(*ports: int) -> Answered:
    (answered,) = Scanner(SystemClock(), ports=ports).scan([HERE])
    return answered


def of(wire: Wire) -> Found | None:
    answered = asked(wire.port)
    assert answered.there
    assert wire.logins() == 0
    assert all(request.split()[0] in ("DESCRIBE", "GET") for request in wire.requests if request)
    return answered.found


def test_a_camera_that_wants_a_login_tells_its_maker_by_the_realm() -> None:
    realm = 'Digest realm="Login to 3K02C0BPAG00001", nonce="x"'
    with scripted_camera(status("401 Unauthorized", realm)) as wire:
        assert of(wire) == Found(address="127.0.0.1", ways=(Way.RTSP,), maker="Dahua", rtsp_ports=(wire.port,))
        assert len([request for request in wire.requests if request]) == 1


@pytest.mark.parametrize("line", ["200 OK", "404 Not Found", "453 Not Enough Bandwidth", "503 Service Unavailable"])
def test_whatever_an_rtsp_server_answers_it_is_one(line: str) -> None:
    with scripted_camera(status(line)) as wire:
        assert of(wire) == Found(address="127.0.0.1", ways=(Way.RTSP,), rtsp_ports=(wire.port,))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (NOT_RTSP, None),
        (
            b"HTTP/1.1 401 Unauthorized\r\nServer: App-webs/\r\n\r\n",
            Found(address="127.0.0.1", ways=(Way.HTTP,), maker="Hikvision"),
        ),
        (
            b"HTTP/1.1 401 Unauthorized\r\n\r\n<userCheck><statusValue>401</statusValue></userCheck>",
            Found(address="127.0.0.1", ways=(Way.ISAPI,), maker="Hikvision"),
        ),
        (
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " + MD5.encode() + b"\r\n\r\n",
            None,
        ),
        (b"\x00\x01\xff" * 100, None),
        (b"", None),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None),
    ],
)
def test_other_servers(answer: bytes, found: Found | None) -> None:
    with raw_peer(answer) as wire:
        assert of(wire) == found


def test_a_peer_that_says_nothing_is_left_after_a_while() -> None:
    with raw_peer(hang_up=False) as wire:
        assert of(wire) is None


def test_a_server_that_does_not_hang_up_is_read_all_the_same() -> None:
    answer = b"HTTP/1.1 200 OK\r\n\r\n<DeviceInfo><model>DS-2CD2T46</model></DeviceInfo>"
    with raw_peer(answer, hang_up=False) as wire:
        found = of(wire)
    assert found is not None
    assert (found.ways, found.model) == ((Way.ISAPI,), "DS-2CD2T46")


def test_all_that_speaks_at_an_address_is_one_device() -> None:
    with (
        scripted_camera(status("401 Unauthorized", MD5)) as first,
        raw_peer(NOT_RTSP) as web,
        scripted_camera(status("401 Unauthorized", 'Digest realm="IP Camera(C1)", nonce="x"')) as second,
    ):
        answered = asked(first.port, free_port(), web.port, second.port)
    assert answered.found is not None
    assert answered.found.rtsp_ports == tuple(sorted((first.port, second.port)))
    assert answered.found.maker == "Hikvision"


def test_addresses_where_nothing_listens() -> None:
    addresses = [IPv4Address(f"127.0.0.{number}") for number in range(2, 40)]
    answers = list(Scanner(SystemClock(), ports=[free_port()]).scan(addresses))
    assert [answer.address for answer in answers] == [str(address) for address in addresses]
    assert all(answer.there and answer.found is None for answer in answers)
