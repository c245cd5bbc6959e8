"""Asks a web server whether it is a camera's: one GET of Hikvision's `deviceInfo`, without a login.

Over a plain socket with HTTP/1.0, so that there is one deadline for all of it; nothing is followed to another address.
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from agent.adapters.isapi.device import Device, device_of
from agent.adapters.isapi.xml import MAX_XML_BYTES, local, parsed
from agent.adapters.rtsp_probe import told_of
from agent.core.errors import CameraAnswerUnusable
from agent.ports import Clock

PATH = "/ISAPI/System/deviceInfo"
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})\b")
_MAX_BYTES = MAX_XML_BYTES + 64 * 1024
_ISAPI_ROOTS = frozenset({"DeviceInfo", "userCheck", "ResponseStatus"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What a web server says. `isapi`: as Hikvision's do. `device`: only where it is open to all."""

    status: int
    challenges: tuple[str, ...]
    server: str
    isapi: bool
    device: Device | None


def ask_web(host: str, port: int, *, timeout_s: float, clock: Clock) -> WebAnswer | None:
    """None: no web server, or none that answers in time."""
    deadline_s = clock.now().mono_s + timeout_s
    answer = bytearray()
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as peer:
            head = f"GET {PATH} HTTP/1.0\r\nHost: {host}:{port}\r\nUser-Agent: CityEye\r\nConnection: close\r\n\r\n"
            peer.sendall(head.encode())
            while len(answer) < _MAX_BYTES and (left_s := deadline_s - clock.now().mono_s) > 0:
                peer.settimeout(left_s)
                data = peer.recv(16 * 1024)
                if not data:
                    break
                answer += data
    except OSError:
        pass  # what came until then may be all: not every server hangs up when it is asked to
    return web_answer(f"device {host}:{port}", bytes(answer))


def web_answer(where: str, answer: bytes) -> WebAnswer | None:
    """Read a whole reply; None when it is not HTTP."""
    status = _STATUS.match(answer)
    if status is None:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    challenges, server = told_of(head)
    root = _root(where, body)
    return WebAnswer(
        status=int(status[1]),
        challenges=challenges,
        server=server,
        isapi=root is not None and local(root) in _ISAPI_ROOTS,
        device=None if root is None or local(root) != "DeviceInfo" else device_of(where, root),
    )


def _root(where: str, body: bytes) -> Element | None:
    try:
        return parsed(where, body)
    except CameraAnswerUnusable:
        return None
