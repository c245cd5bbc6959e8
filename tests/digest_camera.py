"""The web side of a camera: one picture behind a real digest login, and what goes wrong with such things."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.cameras import PASSWORD, USER

PICTURE = "/ISAPI/Streaming/channels/101/picture"
REALM, NONCE = "IP Camera", "5f3c8a"


@dataclass
class WebCamera:
    """What it answers.

    `challenge`: its WWW-Authenticate values; none: open to all. `status`: after the login. `endless`: the body never
    ends; `chatty`: nor does that of the answer that asks for the login. `encoding`: what it says that the body is
    packed with. `mute`: it takes connections and says nothing. `logins`: requests that carried a credential.
    """

    body: bytes
    password: str = PASSWORD
    challenge: tuple[str, ...] = (f'Digest qop="auth", realm="{REALM}", nonce="{NONCE}", algorithm=MD5',)
    status: int = 200
    endless: bool = False
    chatty: bool = False
    encoding: str = ""
    mute: bool = False
    requests: int = 0
    logins: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    def lets_in(self, header: str) -> bool:
        """RFC 7616, with the algorithm that it asked for."""
        told = dict(re.findall(r'(\w+)="?([^",]*)"?', header))
        algorithm = hashlib.sha256 if "SHA-256" in self.challenge[0] else hashlib.md5

        def digest(text: str) -> str:
            return algorithm(text.encode()).hexdigest()

        secret, asked = digest(f"{USER}:{REALM}:{self.password}"), digest(f"GET:{PICTURE}")
        middle = ":".join((NONCE, told.get("nc", ""), told.get("cnonce", ""), "auth"))
        return told.get("response") == digest(f"{secret}:{middle}:{asked}")


@contextmanager
def web_camera(camera: WebCamera) -> Iterator[WebCamera]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_GET(self) -> None:
            camera.requests += 1
            if camera.mute:
                camera.over.wait()
                return
            login = self.headers.get("Authorization", "")
            if login:
                camera.logins.append(login)
            if camera.challenge and not (login and camera.lets_in(login)):
                self.send_response(401)
                for challenge in camera.challenge:
                    self.send_header("WWW-Authenticate", challenge)
                self.send_header("Content-Length", "0" if not camera.chatty else str(1 << 40))
                self.end_headers()
                with suppress(OSError):
                    while camera.chatty:
                        self.wfile.write(bytes(1 << 20))
                self.close_connection = True
                return
            self.send_response(camera.status if self.path == PICTURE else 404)
            self.send_header("Content-Type", "image/jpeg")
            if camera.encoding:
                self.send_header("Content-Encoding", camera.encoding)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            with suppress(OSError):
                self.wfile.write(camera.body)
                while camera.endless:
                    self.wfile.write(bytes(1 << 20))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    camera.url = f"http://127.0.0.1:{server.server_port}{PICTURE}"
    try:
        yield camera
    finally:
        camera.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
