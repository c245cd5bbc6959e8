"""A box that only answers: reads commands as the contract's own code does, and answers each with its example."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from agent.core.errors import CommandRejected, RejectCode
from agent.core.wire import Command, Reply, asked_of, parse_command, parse_response, response_message, with_properties
from agent.core.wire import topic as topic_of
from tests.events import FACTS
from tests.listener import WAIT_S

_EXAMPLES = Path(__file__).parents[1] / "docs" / "contract" / "examples"
SILENT = "silent"
"""A camera that is never answered for."""
UNKNOWN = "unknown"
"""A camera that is rejected."""


class Responder:
    """Answers `accepted`, then `done`; `commands` and `properties` are what it was asked, duplicates included."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="box-01", protocol=MQTTv5)
        self.commands: list[Command] = []
        self.payloads: list[bytes] = []
        self.properties: list[tuple[str | None, bytes | None]] = []

    def __enter__(self) -> Self:
        self._client.on_message = self._asked
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_connect = lambda client, *_: client.subscribe(topic_of(FACTS, "cmd"), qos=1)
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert ready.wait(WAIT_S), "the responder got no SUBACK"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client.on_message = self._client.on_connect = self._client.on_subscribe = None

    def _asked(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        answer_to = getattr(message.properties, "ResponseTopic", None)
        correlation = getattr(message.properties, "CorrelationData", None)
        try:
            command = with_properties(parse_command(bytes(message.payload)), answer_to, correlation)
        except CommandRejected:
            return
        self.payloads.append(bytes(message.payload))
        self.commands.append(command)
        self.properties.append((answer_to, correlation))
        camera = getattr(command, "camera", None)
        if camera == SILENT:
            return
        asked, now = asked_of(command), datetime.now(UTC)
        if camera == UNKNOWN:
            error = CommandRejected(RejectCode.UNKNOWN_CAMERA, f"camera: {camera} is not configured")
            self._say(Reply(asked=asked, at=now, rejected=error), correlation)
            return
        self._say(Reply(asked=asked, at=now), correlation)
        example = parse_response((_EXAMPLES / f"response.{command.command}.json").read_bytes())
        self._say(Reply(asked=asked, at=now, result=example.result), correlation)

    def _say(self, reply: Reply, correlation: bytes | None) -> None:
        message = response_message(FACTS, reply)
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if correlation is not None:
            properties.CorrelationData = correlation
        self._client.publish(message.topic, message.payload, 1, properties=properties)


def example(name: str) -> dict[str, Any]:
    """One of docs/contract/examples."""
    return dict(json.loads((_EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))
