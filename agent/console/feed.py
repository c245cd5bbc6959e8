"""Tells browsers what is new, by server-sent events (WHATWG HTML, 9.2). Of each thing only the newest state waits."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from threading import Lock
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.console.access import viewer
from agent.console.faults import ConsoleFault

MOST_LISTENERS = 16
MOST_WAITING = 500
BEAT_S = 15.0
"""How often a line without content is sent, so that whoever is in between sees that the connection lives."""


class _Listener:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()
        self.lock = Lock()
        self.waiting: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def put(self, topic: str, key: str, content: Any) -> None:
        with self.lock:
            self.waiting[topic, key] = content
            while len(self.waiting) > MOST_WAITING:
                self.waiting.popitem(last=False)
        self.loop.call_soon_threadsafe(self.news.set)

    def take(self) -> list[tuple[str, Any]]:
        with self.lock:
            taken = [(topic, content) for (topic, _), content in self.waiting.items()]
            self.waiting.clear()
        return taken


class Feed:
    """`publish` from any thread; it never waits for a browser."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: list[_Listener] = []
        self._over = False

    @property
    def watched(self) -> bool:
        """Whether anybody listens; from any thread. Who makes something only for the feed need not when nobody does."""
        return bool(self._listeners)

    def publish(self, topic: str, key: str, content: Any) -> None:
        """Tell the state of one thing; `content` must go into JSON."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener.put(topic, key, content)
            except RuntimeError:  # its event loop has ended
                self._leave(listener)

    def end(self) -> None:
        """Let all listeners go; the server stops."""
        self._over = True
        for listener in list(self._listeners):
            listener.news.set()

    def begin(self) -> None:
        """The server begins."""
        self._over = False

    async def lines(self) -> AsyncIterator[bytes]:
        """What one browser is sent."""
        listener = _Listener()
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS:
                raise ConsoleFault(503, "busy", "too many pages are open")
            self._listeners.append(listener)
        try:
            yield b"retry: 2000\n\n"
            while not self._over:
                try:
                    await asyncio.wait_for(listener.news.wait(), BEAT_S)
                except TimeoutError:
                    yield b": alive\n\n"
                listener.news.clear()
                for topic, content in listener.take():
                    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
                    yield f"event: {topic}\ndata: {text}\n\n".encode()
        finally:
            self._leave(listener)

    def _leave(self, listener: _Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def routes(self) -> list[Route]:
        """`/api/stream`."""

        @viewer
        async def stream(_request: Request) -> Response:
            if len(self._listeners) >= MOST_LISTENERS:
                raise ConsoleFault(503, "busy", "too many pages are open")
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(self.lines(), media_type="text/event-stream", headers=headers)

        return [Route("/api/stream", stream)]
