"""The platform's side in tests: subscribes to a broker and keeps what arrives."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

WAIT_S = 90.0
"""Longer than the longest backoff of a courier (60 s)."""
_SESSION_S = 600
_ONCE = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
"""A subscriber that comes back is not told again what is retained."""


@dataclass(frozen=True)
class Arrived:
    """One message as the subscriber got it."""

    topic: str
    payload: bytes
    retain: bool
    content_type: str | None


class Listener:
    """A subscriber on its own paho thread. `wait_for` waits on a condition over what arrived so far.

    As a platform's, its session outlives the connection: what a restarted broker gets before this subscriber is back is
    kept for it, so it does not matter who of the two comes back first.
    """

    def __init__(self, port: int, topics: str = "#", *, username: str | None = None, password: str | None = None):
        self._news = threading.Condition(threading.RLock())
        self._arrived: list[Arrived] = []
        self._ready = threading.Event()
        self._topics = topics
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"centre-{uuid4().hex}", protocol=MQTTv5)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = lambda client, *_: client.subscribe(self._topics, options=_ONCE)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._keep
        self._port = port

    def __enter__(self) -> Self:
        kept = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        kept.SessionExpiryInterval = _SESSION_S
        # Mosquitto 2.0 writes no session to disk that began with a clean start.
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=kept)
        self._client.loop_start()
        assert self._ready.wait(WAIT_S), "the subscriber got no SUBACK"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # A client in a reference cycle leaves its sockets to the collector, which warns about them.
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def wait_until_subscribed_again(self) -> None:
        """After the broker was restarted. Call `expect_reconnect` before stopping it."""
        assert self._ready.wait(WAIT_S), "the subscriber did not come back"

    def expect_reconnect(self) -> None:
        self._ready.clear()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Say something, QoS 1; returns when the broker has it."""
        self._client.publish(topic, payload, 1, retain).wait_for_publish(WAIT_S)

    def on(self, topic: str) -> list[Arrived]:
        """What arrived on topics that end like this, in order."""
        with self._news:
            return [m for m in self._arrived if m.topic.endswith(topic)]

    def wait_for(self, count: int, topic: str = "") -> list[Arrived]:
        """Wait until so many messages arrived on topics that end like this."""
        with self._news:
            if not self._news.wait_for(lambda: len(self.on(topic)) >= count, WAIT_S):
                raise AssertionError(f"expected {count} messages on {topic!r}, got {self._arrived}")
        return self.on(topic)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until what arrived so far fulfils a condition, which may ask `on`."""
        with self._news:
            if not self._news.wait_for(condition, WAIT_S):
                raise AssertionError(f"did not get there with {self._arrived}")

    def wait_for_goodbye(self, count: int = 1) -> None:
        """Wait until the newest state is a box's goodbye, and there were so many: it may come after the box's end."""

        def said() -> bool:
            reasons = [json.loads(state.payload)["reason"] for state in self.on("/state")]
            return reasons.count("stopped") >= count and reasons[-1] == "stopped"

        self.wait_until(said)

    def _keep(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        kind = getattr(message.properties, "ContentType", None)
        with self._news:
            self._arrived.append(Arrived(message.topic, bytes(message.payload), message.retain, kind))
            self._news.notify_all()
