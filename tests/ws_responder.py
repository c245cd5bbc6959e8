"""Devices that answer WS-Discovery on this machine's own loop: well, twice, too late, or with something else."""

from __future__ import annotations

import re
import select
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

GROUP = "239.255.255.250"
_MESSAGE = re.compile(rb"MessageID>urn:uuid:([0-9a-f-]{36})<")
NVT, DEVICE = "NetworkVideoTransmitter", "tds:Device"


def match_xml(
    scopes: Sequence[str] = (), *, types: str = "dn:NetworkVideoTransmitter", xaddrs: str = "http://10.9.9.9/onvif"
) -> str:
    """One `ProbeMatch`."""
    return (
        "<d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:1419d68a-1dd2-11b2-a105-000000000001</a:Address>"
        f"</a:EndpointReference><d:Types>{types}</d:Types><d:Scopes>{' '.join(scopes)}</d:Scopes>"
        f"<d:XAddrs>{xaddrs}</d:XAddrs><d:MetadataVersion>10</d:MetadataVersion></d:ProbeMatch>"
    )


def answer_xml(*matches: str) -> bytes:
    """An answer as cameras write it (gSOAP), `MESSAGE` being the question's id."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        'xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" '
        'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" '
        'xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><s:Header><a:RelatesTo>urn:uuid:MESSAGE</a:RelatesTo>'
        "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches</a:Action></s:Header>"
        f"<s:Body><d:ProbeMatches>{''.join(matches)}</d:ProbeMatches></s:Body></s:Envelope>\n"
    ).encode()


def scopes(**values: str) -> list[str]:
    """ONVIF's, `_` in a category standing for `/`."""
    return [f"onvif://www.onvif.org/{name.replace('_', '/')}/{value}" for name, value in values.items()]


HIKVISION = answer_xml(
    match_xml(
        [
            "onvif://www.onvif.org/type/video_encoder",
            *scopes(location_country="china", name="HIKVISION%20DS-2CD2T46", hardware="DS-2CD2T46"),
        ],
        xaddrs="http://192.168.1.64/onvif/device_service http://[fe80::1]/onvif/device_service",
    )
)
DAHUA = answer_xml(match_xml(scopes(location="%E4%B8%9C%E9%97%A8", name="Dahua", hardware="IPC-HFW2431S")))


@dataclass(frozen=True, slots=True)
class Answering:
    """One device at an address of this machine.

    `to`: the type of question that it answers. `after`: how many times it has to be asked, over all types.
    `held`: it answers only when the test says so.
    """

    address: str
    answers: tuple[bytes, ...]
    to: str = NVT
    after: int = 1
    held: bool = False


@dataclass(slots=True)
class Responder:
    """`questions`: all that came. `release` sends what was held back."""

    port: int
    questions: list[bytes] = field(default_factory=list)
    owed: list[tuple[Answering, bytes, tuple[str, int]]] = field(default_factory=list)

    def release(self) -> None:
        """Now."""
        for device, message, asker in self.owed:
            _answer(device, message, asker)


@contextmanager
def responding(*devices: Answering, port: int = 0) -> Iterator[Responder]:
    """Devices that listen to the group on this machine's own loop; `port` 0: any."""
    stop_in, stop_out = socket.socketpair()
    with stop_in, stop_out, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as group:
        group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        group.bind((GROUP, port))
        member = struct.pack("4s4s", socket.inet_aton(GROUP), socket.inet_aton("127.0.0.1"))
        group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        running = Responder(group.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(group, stop_out, devices, running))
        thread.start()
        try:
            yield running
        finally:
            stop_in.close()
            thread.join()


def _serve(group: socket.socket, stop: socket.socket, devices: Sequence[Answering], running: Responder) -> None:
    answered: set[tuple[Answering, bytes]] = set()
    while stop not in select.select([group, stop], [], [])[0]:
        question, asker = group.recvfrom(65536)
        running.questions.append(question)
        found = _MESSAGE.search(question)
        assert found is not None
        for device in devices:
            asked = device.to.encode() in question and len(running.questions) >= device.after
            if not asked or (device, found[1]) in answered:
                continue
            answered.add((device, found[1]))
            if device.held:
                running.owed.append((device, found[1], asker))
            else:
                _answer(device, found[1], asker)


def _answer(device: Answering, message: bytes, asker: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.bind((device.address, 0))
        for answer in device.answers:
            peer.sendto(answer.replace(b"MESSAGE", message), asker)
