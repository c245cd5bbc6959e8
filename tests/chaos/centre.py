"""The platform: a session that outlives the broker's restarts, keeps everything it got, and acknowledges it."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

SESSION_S = 86400


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery of an event: when, by the true clock, and its very bytes."""

    at_s: float
    payload: bytes


class Centre:
    """Subscribes to one box with a persistent session; acknowledges on `ack` what it has without a gap.

    Every delivery is appended to `file` before it is acknowledged, one JSON object a line.
    """

    def __init__(self, port: int, box: str, file: Path) -> None:
        """`box`: the first levels of its topics, such as `cityeye/v1/demo/box-1`."""
        self._port, self._box, self._file = port, box, file
        self._lock = threading.Lock()
        self._arrivals: list[Arrival] = []
        self._sequences: set[int] = set()
        self._answers: list[bytes] = []
        self._pictures = 0
        self.news = threading.Event()
        """Set whenever an event comes."""
        self.mark = 0
        """Everything up to this sequence has come."""
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="chaos-centre", protocol=MQTTv5)
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{box}/#", qos=1)
        self._client.on_message = self._keep

    def __enter__(self) -> Self:
        session = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        session.SessionExpiryInterval = SESSION_S
        self._client.connect("127.0.0.1", self._port, clean_start=False, properties=session)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_connect = self._client.on_message = None

    def say(self, topic: str, payload: bytes) -> None:
        """Publish below the box's topics, QoS 1; waits in the client while the broker is away."""
        self._client.publish(f"{self._box}/{topic}", payload, 1)

    def acknowledge(self) -> None:
        """Say again up to where everything has come."""
        self.say("ack", json.dumps({"sequence": f"{self.mark:020d}"}).encode())

    @property
    def arrivals(self) -> list[Arrival]:
        """Every delivery of an event so far, in order."""
        with self._lock:
            return list(self._arrivals)

    @property
    def answers(self) -> list[bytes]:
        """Every answer to a command so far, in order."""
        with self._lock:
            return list(self._answers)

    @property
    def pictures(self) -> int:
        """Deliveries on `evidence`."""
        return self._pictures

    def _keep(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.topic == f"{self._box}/event":
            self._keep_event(Arrival(time.time(), bytes(message.payload)))
        elif message.topic == f"{self._box}/rsp":
            with self._lock:
                self._answers.append(bytes(message.payload))
        elif message.topic == f"{self._box}/evidence":
            self._pictures += 1

    def _keep_event(self, arrival: Arrival) -> None:
        line = {"at_s": arrival.at_s, "payload": arrival.payload.decode("utf-8", "replace")}
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        with self._lock:
            self._arrivals.append(arrival)
        self.news.set()
        with suppress(ValueError, KeyError, TypeError):  # what cannot be read is for the checks to tell
            self._sequences.add(int(json.loads(arrival.payload)["sequence"]))
        while self.mark + 1 in self._sequences:
            self.mark += 1
        self.acknowledge()
