"""Tells browsers what is new, by server-sent events (WHATWG HTML, 9.2). Of each thing only the newest state waits.

A browser says what it wants to hear of (`/api/stream?topics=camera,incidents`; all, where it says nothing), and nothing
is made for topics of which nobody wants to hear.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agent.console.access import viewer
from agent.console.faults import ConsoleFault
from agent.core.errors import CityEyeError

MOST_LISTENERS = 16
MOST_WAITING = 500
MOST_TOPICS = 10
BEAT_S = 15.0
"""How often a line without content is sent, so that whoever is in between sees that the connection lives."""
LOOK_S = 1.0
"""How often a version is looked at while somebody wants to hear of it, however many do."""


class _Listener:
    def __init__(self, topics: frozenset[str] | None) -> None:
        self.topics = topics
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()
        self.lock = Lock()
        self.waiting: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def wants(self, topic: str) -> bool:
        return self.topics is None or topic in self.topics

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
        self._looks: dict[str, Callable[[], str]] = {}
        self._versions: dict[str, str | None] = {}
        self._watchers: dict[str, asyncio.Task[None]] = {}

    def wanted(self, topic: str) -> bool:
        """Whether anybody listens to that; from any thread. Who makes something only for the feed need not, else."""
        return any(listener.wants(topic) for listener in list(self._listeners))

    def attend(self, topic: str, version: Callable[[], str]) -> None:
        """Tell that something of a topic is different when its version is: for what makes no news by itself.

        Args:
            version: asked every `LOOK_S` in a thread, while somebody wants to hear of it and never else. What it raises
                of ours counts as no news.
        """
        self._looks[topic] = version

    def publish(self, topic: str, key: str, content: Any) -> None:
        """Tell the state of one thing; `content` must go into JSON."""
        with self._lock:
            listeners = [listener for listener in self._listeners if listener.wants(topic)]
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

    async def lines(self, topics: frozenset[str] | None = None) -> AsyncIterator[bytes]:
        """What one browser is sent; `topics`: of what, None for everything."""
        listener = _Listener(topics)
        with self._lock:
            if len(self._listeners) >= MOST_LISTENERS:
                raise ConsoleFault(503, "busy", "too many pages are open")
            self._listeners.append(listener)
        try:
            self._greet(listener)
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

    def _greet(self, listener: _Listener) -> None:
        """Whoever comes, or comes back, is told of each version once, and so asks for what it missed."""
        for topic in filter(listener.wants, self._looks):
            listener.put(topic, "", self._versions.get(topic))
            watcher = self._watchers.get(topic)
            if watcher is None or watcher.done() or watcher.get_loop() is not listener.loop:
                self._watchers[topic] = listener.loop.create_task(self._watch(topic))

    async def _watch(self, topic: str) -> None:
        while self.wanted(topic) and not self._over:
            try:
                version = await run_in_threadpool(self._looks[topic])
                if version != self._versions.get(topic):
                    self._versions[topic] = version
                    self.publish(topic, "", version)
            except CityEyeError:
                pass  # the database is busy or away: the page that asks it says so
            await asyncio.sleep(LOOK_S)

    def _leave(self, listener: _Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def routes(self) -> list[Route]:
        """`/api/stream`."""

        @viewer
        async def stream(request: Request) -> Response:
            asked = request.query_params.get("topics")
            topics = None if asked is None else frozenset(asked.split(",")[:MOST_TOPICS])
            if len(self._listeners) >= MOST_LISTENERS:
                raise ConsoleFault(503, "busy", "too many pages are open")
            headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            return StreamingResponse(self.lines(topics), media_type="text/event-stream", headers=headers)

        return [Route("/api/stream", stream)]
