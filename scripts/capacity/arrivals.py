"""The platform's side: when each event arrived, against the moment in which its picture did."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

CONNECT_S: Final = 10.0


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """One event. `at` is when it arrived here, `seen` its own `time`: when the picture that decided it came in."""

    at: datetime
    seen: datetime
    kind: str
    phase: str
    camera: str

    @property
    def latency_s(self) -> float:
        """From the moment the agent had received the keyframe to this subscriber."""
        return (self.at - self.seen).total_seconds()


class Subscriber:
    """Takes all events of a broker on 127.0.0.1, on paho's thread."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._lock = threading.Lock()
        self._arrivals: dict[str, Arrival] = {}
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe("cityeye/+/+/+/event", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._take

    @property
    def arrivals(self) -> list[Arrival]:
        """So far, in order; a repeated delivery counts once, at its first."""
        with self._lock:
            return list(self._arrivals.values())

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        if not self._ready.wait(CONNECT_S):
            raise TimeoutError("the subscriber got no SUBACK")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        # A client in a reference cycle leaves its sockets to the collector, which warns about them.
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def _take(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        at = datetime.now(UTC)
        event = json.loads(message.payload)
        _, kind, phase = event["type"].split(".")
        with self._lock:
            self._arrivals.setdefault(
                event["id"],
                Arrival(
                    at=at,
                    seen=datetime.fromisoformat(event["time"]),
                    kind=kind,
                    phase=phase,
                    camera=event["data"]["camera"],
                ),
            )
