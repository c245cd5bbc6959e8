"""An object store that takes PUT, and can do what bad networks and busy stores do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Bucket:
    """What was stored, by path with query, and how the store behaves.

    Attributes:
        answers: what to do with the next requests, in order, then 200 for ever: a status; `cut`: drop the connection
            in the middle of the body; `swallow`: take the body and drop the connection without an answer.
        always: the answer for certain paths, whenever they are asked for.
        headers: of each request. extra: headers of each answer that is not 200.
        before: called with each request's path before its body is read.
    """

    answers: list[int | str] = field(default_factory=list)
    always: dict[str, int] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    before: Callable[[str], None] = lambda path: None
    url: str = ""
    news: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> None:
        """Wait until so many objects are stored."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.stored) >= count, 60), f"only {len(self.stored)} of {count}"


@contextmanager
def storing(bucket: Bucket) -> Iterator[Bucket]:
    """Take PUTs on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_PUT(self) -> None:
            with bucket.news:
                bucket.paths.append(self.path)
                bucket.headers.append(dict(self.headers))
                answer = bucket.always.get(self.path) or (bucket.answers.pop(0) if bucket.answers else 200)
            bucket.before(self.path)
            length = int(self.headers["Content-Length"])
            if answer == "cut":
                self.rfile.read(length // 2)
                self.close_connection = True
                return
            body = self.rfile.read(length)
            if answer == "swallow" or len(body) < length:
                self.close_connection = True
                return
            assert isinstance(answer, int)
            if answer == 200:
                with bucket.news:
                    bucket.stored[self.path] = body
                    bucket.news.notify_all()
            self.send_response(answer)
            for name, value in bucket.extra.items() if answer != 200 else ():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield bucket
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
