"""The simulated camera's web service: ISAPI behind a digest login, and what the simulation counted, open to all."""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scripts.hikvision.logins import Door, Lockout
from scripts.hikvision.settings import StreamSettings, document

BEIJING = timezone(timedelta(hours=8))
SIMULATION = "/simulation"
"""JSON of what was counted; not of ISAPI."""
_STREAM = re.compile(r"/ISAPI/Streaming/channels/(\d+)(/picture)?")
_DEVICE = "<deviceName>IP CAMERA</deviceName><model>DS-2CD-SIMULATED</model><firmwareVersion>V5.7.3</firmwareVersion>"


@dataclass
class Camera:
    """What the web service tells and changes.

    `door`: None lets everybody in. `picture`: makes a JPEG, or None. `clock_offset_s`: how far its clock is ahead.
    """

    streams: Mapping[int, StreamSettings]
    door: Door | None
    lockout: Lockout
    picture: Callable[[], bytes | None]
    clock_offset_s: float = 0.0
    puts: list[int] = field(default_factory=list)

    def told(self) -> bytes:
        """What the simulation counted."""
        lockout = self.lockout
        counted = {
            "good_logins": lockout.good,
            "bad_logins": lockout.bad,
            "locked": lockout.locked(),
            "puts": self.puts,
        }
        return json.dumps(counted).encode()

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Status, content type and body, for somebody who was let in."""
        match = _STREAM.fullmatch(path)
        if method == "GET" and path == "/ISAPI/System/deviceInfo":
            return 200, "application/xml", document("DeviceInfo", _DEVICE)
        if method == "GET" and path == "/ISAPI/System/time":
            return 200, "application/xml", self._time()
        if match is None or int(match[1]) not in self.streams:
            return 404, "application/xml", _status(path, 4, "Invalid Operation", "notSupport")
        if match[2]:
            jpeg = self.picture()
            return (200, "image/jpeg", jpeg) if jpeg else (503, "text/plain", b"")
        stream = self.streams[int(match[1])]
        if method == "GET":
            return 200, "application/xml", stream.xml()
        if not stream.put(body):
            return 400, "application/xml", _status(path, 6, "Invalid XML Content", "badParameters")
        self.puts.append(stream.channel)
        return 200, "application/xml", _status(path, 1, "OK", "ok")

    def _time(self) -> bytes:
        at = datetime.fromtimestamp(time.time() + self.clock_offset_s, tz=BEIJING).isoformat(timespec="seconds")
        body = f"<timeMode>NTP</timeMode><localTime>{at}</localTime><timeZone>CST-8:00:00</timeZone>"
        return document("Time", body)


def _status(path: str, code: int, text: str, sub: str) -> bytes:
    body = f"<requestURL>{path}</requestURL><statusCode>{code}</statusCode><statusString>{text}</statusString>"
    return document("ResponseStatus", f"{body}<subStatusCode>{sub}</subStatusCode>")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up before it has read everything is none of the camera's faults."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def serve(camera: Camera, host: str, port: int) -> int:
    """Serve in threads of its own until the process ends; returns the port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            self.respond()

        def do_PUT(self) -> None:
            self.respond()

        def respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.path == SIMULATION:
                self.send(200, "application/json", camera.told())
                return
            login = self.headers.get("Authorization", "")
            door = camera.door
            if door is None or door.lets_in(login, self.command, self.client_address[0]):
                self.send(*camera.answer(self.command, self.path, body))
                return
            locked = camera.lockout.is_locked(self.client_address[0])
            said = f"<lockStatus>{'lock' if locked else 'unlock'}</lockStatus><unlockTime>{1800 * locked}</unlockTime>"
            self.send(401, "application/xml", document("userCheck", said), door.challenge)

        def send(self, status: int, kind: str, body: bytes, challenge: str = "") -> None:
            self.send_response(status)
            if challenge:
                self.send_header("WWW-Authenticate", challenge)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = _Server((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_port)
