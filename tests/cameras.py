"""Cameras for tests: a real RTSP server, one that only says what it is told to, and a wire tap."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from queue import Queue
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any
from urllib.request import urlopen

import pytest

from tests.mosquitto import free_port

SYSTEM_PYTHON = "/usr/bin/python3"
SCRIPT = Path(__file__).parents[1] / "scripts" / "simulated_camera.py"
USER = "admin"
PASSWORD = "p@ss:w/rd #1%"
"""Every character that a URL would trip over."""
MAIN = "/Streaming/Channels/101"
SUB = "/Streaming/Channels/102"


@cache
def _missing() -> str | None:
    """Why the simulated camera cannot run here, or None."""
    check = (
        "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer, Gst; "
        "Gst.init(None); missing = [n for n in ('qtdemux', 'h264parse', 'rtph264pay') if not "
        "Gst.ElementFactory.find(n)]; assert not missing, missing"
    )
    try:
        done = subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def need_simulated_camera() -> None:
    """Skip the test when GStreamer's RTSP server is not installed; fail in CI."""
    if (missing := _missing()) is not None:
        text = f"the simulated camera needs apt packages, see {SCRIPT.name}: {missing}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)


class SimulatedCamera:
    """`simulated_camera.py` in a process of its own."""

    def __init__(self, video: Path, *options: str, password: str = PASSWORD) -> None:
        self._command = [SYSTEM_PYTHON, str(SCRIPT), "--main", str(video), "--user", USER, "--password", password]
        self._command += options
        self._process: subprocess.Popen[str] | None = None
        self.port = free_port()
        self.web_port = 0

    def start(self) -> None:
        """Start, or start again on the same port; returns when it listens."""
        command = [*self._command, "--port", str(self.port)]
        # Its own environment: the agent's virtual environment must not leak into the system python.
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            self.stop()
            raise AssertionError(f"the simulated camera did not start: {line!r}, see its stderr above")
        self.port, self.web_port = (*map(int, line.split()[1:]), 0)[:2]

    def stop(self) -> None:
        """End it by its process id, as if its power were cut."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()

    def freeze(self) -> None:
        """Send nothing more and answer nothing, while all connections stay open. Only `stop` ends that."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def url(self, path: str = MAIN) -> str:
        """Without credentials."""
        return f"rtsp://127.0.0.1:{self.port}{path}"

    @property
    def web(self) -> str:
        """Of its web service, which runs with the option `--web-port 0`."""
        return f"http://127.0.0.1:{self.web_port}"

    def counted(self) -> dict[str, Any]:
        """What it counted: `good_logins`, `bad_logins` (RTSP and ISAPI together), `locked` addresses, `puts`."""
        with urlopen(f"{self.web}/simulation", timeout=60) as answer:
            counted: dict[str, Any] = json.load(answer)
        return counted


@contextmanager
def simulated_camera(video: Path, *options: str, password: str = PASSWORD) -> Iterator[SimulatedCamera]:
    """A running camera that is ended afterwards."""
    need_simulated_camera()
    camera = SimulatedCamera(video, *options, password=password)
    camera.start()
    try:
        yield camera
    finally:
        camera.stop()


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@dataclass
class Wire:
    """What went over a fake or tapped connection towards the camera."""

    port: int
    connections: int = 0
    received_bytes: int = 0
    """From a real camera, over all tapped connections."""
    requests: list[str] = field(default_factory=list)
    ended: Queue[int] = field(default_factory=Queue)
    """Gets an entry when a tapped connection is over."""

    def logins(self) -> int:
        """Requests that carried a credential."""
        return sum("\r\nauthorization:" in request.lower() for request in self.requests)

    def url(self, path: str = MAIN) -> str:
        return f"rtsp://127.0.0.1:{self.port}{path}"


@contextmanager
def _serving(handler: type[BaseRequestHandler], wire: Wire) -> Iterator[Wire]:
    with _Server(("127.0.0.1", 0), handler) as server:
        wire.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()


def _read_request(peer: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (data := peer.recv(4096)):
        head += data
    return head.decode("utf-8", "replace")


OK = "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 1\r\nPublic: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n\r\n"
SETUP = "RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nSession: 1\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n"


def sdp(media: str) -> str:
    body = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\n{media}a=control:track\r\n"
    length = len(body)
    return f"RTSP/1.0 200 OK\r\nCSeq: CSEQ\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{body}"


def status(line: str, *challenges: str) -> str:
    heads = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
    return f"RTSP/1.0 {line}\r\nCSeq: CSEQ\r\n{heads}\r\n"


MD5 = 'Digest realm="IP Camera", nonce="abc", algorithm="MD5"'
PLAIN = 'Digest realm="IP Camera", nonce="abc"'
SHA = 'Digest realm="IP Camera", nonce="abc", algorithm=SHA-256'
BASIC = 'Basic realm="IP Camera"'


@contextmanager
def scripted_camera(reply: str, **by_method: str) -> Iterator[Wire]:
    """Answers each request with the same text, or with that for its method; `CSEQ` becomes the request's number."""
    wire = Wire(port=0)

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            wire.connections += 1
            with suppress(OSError):
                while request := _read_request(self.request):
                    wire.requests.append(request)
                    number = request.lower().partition("cseq:")[2].split()[0]
                    text = by_method.get(request.split()[0], reply)
                    self.request.sendall(text.replace("CSEQ", number).encode())

    with _serving(Handler, wire):
        yield wire


@contextmanager
def raw_peer(*chunks: bytes, hang_up: bool = True) -> Iterator[Wire]:
    """Sends bytes that are no RTSP, then hangs up, or stays silent until the end of the test."""
    wire = Wire(port=0)
    over = Event()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            wire.connections += 1
            with suppress(OSError):
                wire.requests.append(_read_request(self.request))
                for chunk in chunks:
                    self.request.sendall(chunk)
                if not hang_up:
                    over.wait()

    with _serving(Handler, wire):
        try:
            yield wire
        finally:
            over.set()


@contextmanager
def tapped(camera_port: int) -> Iterator[Wire]:
    """Passes everything on to a real camera, and keeps the requests."""
    wire = Wire(port=0)

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            wire.connections += 1
            try:
                with socket.create_connection(("127.0.0.1", camera_port)) as camera, suppress(OSError):
                    self.relay(camera)
            finally:
                wire.ended.put(wire.connections)

        def relay(self, camera: socket.socket) -> None:
            ends = {self.request: camera, camera: self.request}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if end is self.request and data[:1] != b"$":
                        wire.requests.append(data.decode("utf-8", "replace"))
                    if not data:
                        return
                    if end is camera:
                        wire.received_bytes += len(data)
                    ends[end].sendall(data)

    with _serving(Handler, wire):
        yield wire


def encode(source: Path, target: Path, *options: str) -> Path:
    """Re-encode with ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source), "-an", *options, str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(f"encoded {target.name}: {target.stat().st_size} bytes", file=sys.stderr)
    return target
