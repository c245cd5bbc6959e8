"""docs/contract/mosquitto: a real Mosquitto with these very files gives each side its rights and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from agent.adapters.mqtt import MqttSettings, PahoBroker, TlsSettings
from agent.core.types import Message
from agent.core.wire import will_message
from agent.ports import Acked, Link
from scripts.messages.examples import FACTS, RUN
from tests.certificates import Pair, authority, issued
from tests.fakes_delivery import WallClock
from tests.mosquitto import Mosquitto
from tests.simulator import Simulator

pytestmark = pytest.mark.server

FILES = Path(__file__).parents[2] / "docs" / "contract" / "mosquitto"
EXAMPLES = FILES.with_name("examples")
BRANCH = "cityeye/v1/demo"
NOT_ALLOWED = "Not authorized (MQTT 135)"
BOX_SENDS = ("event", "state", "health", "evidence", "rsp")
CENTRE_SENDS = ("cmd", "ack")


class Documented(Mosquitto):
    """Mosquitto with the documented files; only paths, the port and where it logs are the test's."""

    def _write_config(self) -> Path:
        text = (FILES / "mosquitto.conf").read_text(encoding="utf-8")
        replaced = {
            "listener 8883": f"listener {self.port} 127.0.0.1",
            "/var/lib/mosquitto/": f"{self.folder}/",
            "/etc/mosquitto/city/acl": str(FILES / "acl"),
            "/etc/mosquitto/city/": f"{self.folder}/",
        }
        for documented, own in replaced.items():
            assert documented in text
            text = text.replace(documented, own)
        config = self.folder / "mosquitto.conf"
        config.write_text(text + "\nlog_dest stderr\nlog_type all\nuser root\n", encoding="utf-8")
        return config


@dataclass(frozen=True)
class City:
    """The broker, and who may connect to it."""

    port: int
    ca: Pair
    clients: dict[str, Pair]

    def connect(self, name: str) -> Link:
        pair = self.clients[name]
        tls = TlsSettings(ca_file=self.ca.cert_file, cert_file=pair.cert_file, key_file=pair.key_file)
        settings = MqttSettings(host="localhost", port=self.port, client_id=f"test-{name}", tls=tls)
        return PahoBroker(settings, WallClock()).connect(will_message(FACTS, RUN), 0)

    def publish(self, name: str, topics: list[str], payload: bytes = b"{}") -> dict[str, str | None]:
        """Topic -> the broker's reason against it, or None."""
        return {topic: self._publish(name, Message(topic=topic, payload=payload, content_type="")) for topic in topics}

    def _publish(self, name: str, message: Message) -> str | None:
        # A session each: with these files Mosquitto 2.0.11 ended the session soon after a publish that it denied.
        link = self.connect(name)
        try:
            link.publish(message)
            (answer,) = link.poll(10.0)
            assert isinstance(answer, Acked), f"{message.topic}: {answer}"
            return answer.error
        finally:
            link.close()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    folder = tmp_path_factory.mktemp("city")
    ca = authority(folder, "ca")
    issued(folder, "broker", ca)
    clients = {name: issued(folder, name, ca) for name in ("box-01", "box-02", "centre")}
    with Documented(folder) as server:
        yield City(server.port, ca, clients)


def test_a_box_writes_its_own_branch_only(city: City) -> None:
    own = {f"{BRANCH}/box-01/{kind}" for kind in BOX_SENDS} | {f"{BRANCH}/centre/answers/box-01"}
    others = {f"{BRANCH}/box-02/{kind}" for kind in (*BOX_SENDS, *CENTRE_SENDS)}
    others |= {f"{BRANCH}/box-01/{kind}" for kind in CENTRE_SENDS}
    others |= {
        f"{BRANCH}/centre/answers/box-02",
        f"{BRANCH}/centre/event",
        "cityeye/v1/other/box-01/event",
        "elsewhere",
    }
    answers = city.publish("box-01", sorted(own | others))
    assert {topic for topic, error in answers.items() if error is None} == own
    assert {error for topic, error in answers.items() if topic in others} == {NOT_ALLOWED}


def test_the_centre_writes_commands_and_acks_only(city: City) -> None:
    own = {f"{BRANCH}/{box}/{kind}" for box in ("box-01", "box-02") for kind in CENTRE_SENDS}
    others = {f"{BRANCH}/{box}/{kind}" for box in ("box-01", "centre") for kind in BOX_SENDS}
    answers = city.publish("centre", sorted(own | others))
    assert {topic for topic, error in answers.items() if error is None} == own


def test_the_broker_tells_its_packet_limit(city: City) -> None:
    link = city.connect("box-01")
    assert (link.protocol, link.max_packet_bytes, link.window) == ("5", 2_000_000, 20)
    link.close()
    assert city.publish("box-01", [f"{BRANCH}/box-01/evidence"], bytes(2**20)) == {f"{BRANCH}/box-01/evidence": None}


class Reader:
    """Subscribes to everything, driven by the test's own thread; what it may read arrives."""

    def __init__(self, city: City, name: str) -> None:
        pair = city.clients[name]
        self.topics: list[str] = []
        self._subscribed = False
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"reader-{name}", protocol=MQTTv5)
        self._client.tls_set(str(city.ca.cert_file), str(pair.cert_file), str(pair.key_file))
        self._client.on_connect = lambda client, *_: client.subscribe([("cityeye/v1/#", 1)])
        self._client.on_subscribe = lambda *_: setattr(self, "_subscribed", True)
        # What is retained was left by the tests before (a last will).
        self._client.on_message = lambda _client, _data, m: None if m.retain else self.topics.append(m.topic)
        self._client.connect("localhost", city.port)
        self._until(lambda: self._subscribed)

    def read_up_to(self, topic: str) -> set[str]:
        """All topics until this one came; the broker keeps the order of one publisher."""
        self._until(lambda: topic in self.topics)
        return set(self.topics)

    def close(self) -> None:
        self._client.disconnect()
        self._until(lambda: not self._client.is_connected())
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def _until(self, done: Callable[[], bool]) -> None:
        for _ in range(200):
            if done():
                return
            self._client.loop(0.1)
        raise AssertionError(f"waited in vain; so far {self.topics}")


def test_each_side_reads_what_is_meant_for_it(city: City) -> None:
    readers = {name: Reader(city, name) for name in ("box-01", "centre")}
    city.publish("box-02", [f"{BRANCH}/box-02/{kind}" for kind in BOX_SENDS])
    city.publish(
        "centre", [f"{BRANCH}/box-02/cmd", f"{BRANCH}/box-02/ack", f"{BRANCH}/box-01/cmd", f"{BRANCH}/box-01/ack"]
    )
    city.publish("box-01", [f"{BRANCH}/box-01/event"])
    at_box = readers["box-01"].read_up_to(f"{BRANCH}/box-01/ack")
    at_centre = readers["centre"].read_up_to(f"{BRANCH}/box-01/event")
    for reader in readers.values():
        reader.close()
    assert at_box == {f"{BRANCH}/box-01/{kind}" for kind in CENTRE_SENDS}
    assert at_centre == {f"{BRANCH}/box-02/{kind}" for kind in BOX_SENDS} | {f"{BRANCH}/box-01/event"}


def test_the_reference_consumer_works_with_the_rights_of_the_centre(city: City, tmp_path: Path) -> None:
    pair = city.clients["centre"]
    files = ("--ca-file", str(city.ca.cert_file), "--cert-file", str(pair.cert_file), "--key-file", str(pair.key_file))
    general = ("--host", "localhost", *files)
    with Simulator(tmp_path, city.port, "--ack-every", "0.1", general=general) as simulator:
        simulator.wait_until(lambda: bool(simulator.told(kind="connected")))
        event = (EXAMPLES / "event.illegal_parking.opened.json").read_bytes()
        assert city.publish("box-01", [f"{BRANCH}/box-01/event"], event) == {f"{BRANCH}/box-01/event": None}
        simulator.wait_until(lambda: bool(simulator.told(kind="event", taken="new")))
        answer = (EXAMPLES / "response.ping.json").read_bytes()
        assert city.publish("box-01", [f"{BRANCH}/centre/answers/box-01"], answer) == {
            f"{BRANCH}/centre/answers/box-01": None
        }
        simulator.wait_until(lambda: bool(simulator.told(kind="rsp", taken="new")))
        assert simulator.stop() == 0
    assert not simulator.told(kind="trouble"), "each subscription is within the centre's rights"
