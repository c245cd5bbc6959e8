"""One command to one box, and its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from paho.mqtt.enums import MQTTProtocolVersion

from .contract import Contract, Unreadable, answers_topic, topic, written
from .line import Address, Arrival, Line

ASKS = 3
"""How often the same command, with the same id, is sent: a box carries one id out once and repeats its answer."""


class NoAnswer(Exception):
    """The box is offline, or was cut off; its `state` tells."""


def ask(
    address: Address,
    tenant: str,
    box: str,
    body: dict[str, Any],
    *,
    contract: Contract,
    timeout_s: float,
    begun: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Send a command; returns the answer that ends it (`done` or `rejected`). `begun`: called at `accepted`.

    Raises: NoAnswer.
    """
    correlation = uuid4().hex
    answers: list[dict[str, Any]] = []
    answer_to = answers_topic(tenant, box)

    def take(arrival: Arrival) -> None:
        try:
            answer = contract.read("rsp", arrival.payload)
        except Unreadable:
            return
        # A box that could not read our id still repeats the correlation, which MQTT 5 carries outside of the body.
        if answer["id"] == body["id"] or arrival.correlation == correlation.encode():
            answers.append(answer)

    line = Line(address, [answer_to, topic(tenant, box, "rsp")], take, lasting=False)
    end = time.monotonic() + timeout_s
    asks_at = [time.monotonic() + timeout_s * n / ASKS for n in range(ASKS)]
    five = address.version == MQTTProtocolVersion.MQTTv5
    payload = written(body if five else {**body, "response_topic": answer_to, "correlation": correlation})
    try:
        while time.monotonic() < end:
            line.turn(0.05)
            if line.ready and asks_at and time.monotonic() >= asks_at[0]:
                asks_at = [at for at in asks_at if at > time.monotonic()]
                line.say(
                    topic(tenant, box, "cmd"),
                    payload,
                    answer_to=answer_to,
                    correlation=correlation.encode(),
                    expiry_s=max(1, round(timeout_s)),
                )
            while answers:
                answer = answers.pop(0)
                if answer["status"] != "accepted":
                    return answer
                begun()
    finally:
        line.close()
    raise NoAnswer(line.trouble or f"{json.dumps(body)}: no answer within {timeout_s:g} s")
