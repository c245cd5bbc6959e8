"""The doctor at brokers that no broker of ours can play."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from agent.adapters.clock import SystemClock
from agent.app.doctor.broker import BROKER_CHECKS, BrokerCheck
from agent.config import Config
from tests.listener import Listener
from tests.mosquitto import Mosquitto

pytestmark = pytest.mark.server


def codes(port: int) -> dict[str, str]:
    config = Config.model_validate({"mqtt": {"host": "127.0.0.1", "port": port}})
    return {finding.check: finding.code for finding in BrokerCheck(config, SystemClock()).findings()}


@contextmanager
def answering(connack: bytes) -> Iterator[int]:
    """A peer that answers whatever comes first with these bytes, and hangs up."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(4096):
                self.request.sendall(connack)

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield int(server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("connack", "code"),
    [
        (b"\x20\x03\x00\x85\x00", "login_id"),
        (b"\x20\x03\x00\x86\x00", "login_refused"),
        (b"\x20\x03\x00\x88\x00", "login_unanswered"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "login_unanswered"),
    ],
)
def test_a_login_that_is_not_accepted(connack: bytes, code: str) -> None:
    with answering(connack) as port:
        found = codes(port)
    assert found["login"] == code
    assert {found[check] for check in BROKER_CHECKS[3:]} == {"skipped"}


def test_what_it_publishes_has_no_payload_and_stays_nowhere(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as listener:
        assert codes(broker.port)["publish"] == "publish_good"
        listener.publish("over", b"")
        listener.wait_for(1, "over")
        told = {(message.topic, message.payload, message.retain) for message in listener.on("")}
    kinds = ("event", "state", "health", "rsp", "evidence")
    assert told == {*((f"cityeye/v1/default/box-1/{kind}", b"", False) for kind in kinds), ("over", b"", False)}
