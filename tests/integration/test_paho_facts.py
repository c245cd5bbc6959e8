"""What paho-mqtt does by itself, against a real Mosquitto: why the courier drives it as it does.

Each fact is shown on a bare paho client. That the agent copes with it is shown in test_mqtt, test_delivery and
test_pictures; where one of these tests fails, a new paho behaves otherwise, and what was built around it may go.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.server

WAIT_S = 60.0
NO_SUBSCRIBERS, NOT_AUTHORIZED = 16, 135


class Bare:
    """A paho client on its own network thread, as its documentation has it."""

    def __init__(self, client_id: str = "bare") -> None:
        self.client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=MQTTv5)
        self.client.reconnect_delay_set(min_delay=1, max_delay=1)
        self.answers: dict[int, ReasonCode] = {}
        self._news = threading.Condition()
        self.client.on_publish = self._published

    def _published(self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Any) -> None:
        with self._news:
            self.answers[mid] = reason
            self._news.notify_all()

    def answer(self, info: MQTTMessageInfo) -> ReasonCode:
        """The broker's reason for a publish."""
        with self._news:
            assert self._news.wait_for(lambda: info.mid in self.answers, WAIT_S), "no PUBACK came"
            return self.answers[info.mid]

    @contextmanager
    def connected(self, port: int) -> Iterator[Client]:
        """On its thread, until the block ends."""
        ready = threading.Event()
        self.client.on_connect = lambda *_: ready.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        try:
            assert ready.wait(WAIT_S), "no CONNACK came"
            yield self.client
        finally:
            self.client.disconnect()
            self.client.loop_stop()
            # A client in a reference cycle leaves its sockets to the collector, which warns about them.
            self.client.on_connect = self.client.on_publish = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


def test_a_publish_before_connecting_fails_and_is_sent_all_the_same(mosquitto: Mosquitto) -> None:
    bare = Bare()
    info = bare.client.publish("t", b"early", 1)
    assert info.rc is MQTTErrorCode.MQTT_ERR_NO_CONN
    with pytest.raises(RuntimeError):
        info.wait_for_publish(1)
    with Listener(mosquitto.port) as listener, bare.connected(mosquitto.port):
        assert [message.payload for message in listener.wait_for(1, "t")] == [b"early"]


def test_what_is_queued_is_in_memory_only(mosquitto: Mosquitto) -> None:
    Bare("one").client.publish("t", b"lost with the process", 1)
    again = Bare("one")
    with Listener(mosquitto.port) as listener, again.connected(mosquitto.port) as client:
        again.answer(client.publish("t", b"second", 1))
        assert [message.payload for message in listener.wait_for(1, "t")] == [b"second"]


def test_a_denied_publish_counts_as_published(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto", acl="topic write allowed\n") as server:
        bare = Bare()
        with bare.connected(server.port) as client:
            info = client.publish("denied", b"", 1)
            reason = bare.answer(info)
            assert (reason.value, reason.is_failure, info.is_published()) == (NOT_AUTHORIZED, True, True)


def test_no_subscribers_is_a_success(mosquitto: Mosquitto) -> None:
    bare = Bare()
    with bare.connected(mosquitto.port) as client:
        reason = bare.answer(client.publish("nobody/listens", b"", 1))
        assert (reason.value, reason.is_failure) == (NO_SUBSCRIBERS, False)


def test_a_packet_over_the_brokers_maximum_reconnects_for_ever_with_all_behind_it(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto", options=("max_packet_size 4000",)) as server:
        bare = Bare()
        with Listener(server.port) as listener, bare.connected(server.port) as client:
            client.publish("large", b"x" * 5000, 1)
            behind = client.publish("behind", b"", 1)
            server.wait_for_logs("New client connected", 4, WAIT_S)
            assert not behind.is_published()
            assert listener.on("behind") == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_exception_in_a_callback_ends_the_network_thread_and_nothing_is_read_any_more(mosquitto: Mosquitto) -> None:
    bare = Bare()
    with Listener(mosquitto.port) as listener, bare.connected(mosquitto.port) as client:
        died = threading.Event()

        def fails(*_: object) -> None:
            died.set()
            raise ValueError("a bug of ours")

        [network] = [t for t in threading.enumerate() if t.name == "paho-mqtt-client-bare"]
        client.on_publish = fails
        client.publish("t", b"first", 1)
        assert died.wait(WAIT_S)
        network.join(WAIT_S)
        assert not network.is_alive()
        later = client.publish("t", b"later", 1)
        assert client.is_connected()
        assert later.rc is MQTTErrorCode.MQTT_ERR_SUCCESS
        assert [m.payload for m in listener.wait_for(2, "t")] == [b"first", b"later"]
        later.wait_for_publish(0.5)
        assert not later.is_published(), "the broker has it, and nobody reads its answer"


def test_a_wrong_password_is_tried_without_end(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto", users={"box": "right"}) as server:
        bare = Bare()
        bare.client.username_pw_set("box", "wrong")
        bare.client.connect("127.0.0.1", server.port)
        bare.client.loop_start()
        try:
            server.wait_for_logs("not authorised", 3, WAIT_S)
        finally:
            bare.client.disconnect()
            bare.client.loop_stop()
            bare.client.on_publish = None


def test_a_full_queue_refuses_and_twenty_are_in_flight_at_most() -> None:
    client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    assert client.max_inflight_messages == 20
    client.max_queued_messages_set(3)
    codes = [client.publish("t", b"", 1).rc for _ in range(4)]
    assert codes == [MQTTErrorCode.MQTT_ERR_NO_CONN] * 3 + [MQTTErrorCode.MQTT_ERR_QUEUE_SIZE]


def test_nobody_at_the_port_raises_at_once() -> None:
    with pytest.raises(OSError, match="refused"):
        Bare().client.connect("127.0.0.1", free_port())
