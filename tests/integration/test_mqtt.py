"""The MQTT adapter against a real Mosquitto; the Broker contract also against the fake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes

from agent.adapters.mqtt import MqttSettings, PahoBroker, TlsSettings
from agent.adapters.mqtt.link import MAX_RECEIVED_BYTES
from agent.adapters.mqtt.properties import properties
from agent.core.errors import BrokerRefused, BrokerUnreachable
from agent.core.wire import event_message, will_message
from agent.ports import Acked, Broker, Link, Lost, News, Received, SubscriptionRefused
from tests.certificates import Pair, authority, issued
from tests.events import CLOCK, FACTS, RUN, make_event
from tests.fakes_delivery import FakeBroker, FakeLink, WallClock
from tests.listener import Listener
from tests.mosquitto import Mosquitto, ServerTls, free_port
from tests.proxy import Proxy

pytestmark = pytest.mark.server

WILL = will_message(FACTS, RUN)
EVENT = event_message(make_event(), 1, FACTS, CLOCK)
PASSWORD = "correct horse battery"
ROOT = Path(__file__).parents[2]
WILL_DELAY_S = 5
"""Longer than it takes to be back, on the slowest machine."""


def settings_for(port: int, **changes: object) -> MqttSettings:
    return replace(MqttSettings(host="127.0.0.1", port=port, client_id="box-01"), **changes)  # type: ignore[arg-type]


def broker_for(port: int, **changes: object) -> PahoBroker:
    return PahoBroker(settings_for(port, **changes), WallClock())


def happened(link: Link, count: int = 1) -> list[News]:
    """The next so many things that happen."""
    things: list[News] = []
    while len(things) < count:
        news = link.poll(60.0)
        assert news, f"waited in vain, got only {things}"
        things += news
    return things


def subscribed(link: Link, server: Mosquitto, *topics: str, client: str = "box-01") -> Link:
    """The session, once the broker has taken its subscription."""
    before = server.logged(f"Sending SUBACK to {client}")
    link.subscribe(topics)
    while server.logged(f"Sending SUBACK to {client}") == before:
        assert link.poll(0.1) == []
    return link


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


# --- the contract of ports.Broker and ports.Link ---


@dataclass
class Far:
    """A broker, and how to take it away."""

    broker: Broker
    vanish: Callable[[Link], None]


@pytest.fixture(params=["fake", "mosquitto"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Far]:
    if request.param == "fake":

        def vanish(link: Link) -> None:
            assert isinstance(link, FakeLink)
            link.lose("gone")

        yield Far(FakeBroker(), vanish)
        return
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield Far(broker_for(server.port), lambda link: server.stop())


def test_each_publish_is_acknowledged_by_its_token(far: Far) -> None:
    link = far.broker.connect(WILL, 0)
    for _ in range(3):
        tokens = [link.publish(EVENT) for _ in range(link.window)]
        assert len(set(tokens)) == link.window
        assert happened(link, link.window) == [Acked(token=token, error=None) for token in tokens]
    link.close()


def test_a_woken_poll_returns_at_once(far: Far) -> None:
    link = far.broker.connect(WILL, 0)
    link.wake()
    link.wake()
    assert link.poll(600.0) == []
    link.close()


def test_a_lost_session_says_so_once_and_takes_nothing(far: Far) -> None:
    link = far.broker.connect(WILL, 0)
    far.vanish(link)
    (lost,) = happened(link)
    assert isinstance(lost, Lost)
    assert lost.reason
    assert link.poll(600.0) == []
    with pytest.raises(BrokerUnreachable):
        link.publish(EVENT)
    link.close()


def test_closing_twice_and_waking_afterwards_is_harmless(far: Far) -> None:
    link = far.broker.connect(WILL, 0)
    link.close()
    link.close()
    link.wake()
    assert link.poll(600.0) == []
    with pytest.raises(BrokerUnreachable):
        link.publish(EVENT)


def test_the_window_is_that_of_the_broker(far: Far) -> None:
    link = far.broker.connect(WILL, 0)
    assert (link.window, link.protocol, link.max_packet_bytes) == (20, "5", None)
    link.close()


# --- Mosquitto ---


def test_a_message_arrives_as_it_was_made(mosquitto: Mosquitto) -> None:
    with Listener(mosquitto.port) as listener:
        link = broker_for(mosquitto.port).connect(WILL, 0)
        link.publish(EVENT)
        (arrived,) = listener.wait_for(1)
        assert (arrived.topic, arrived.payload, arrived.content_type) == (
            EVENT.topic,
            EVENT.payload,
            "application/cloudevents+json; charset=utf-8",
        )
        link.close()


def test_qos_0_is_delivered_too(mosquitto: Mosquitto) -> None:
    with Listener(mosquitto.port) as listener:
        link = broker_for(mosquitto.port).connect(WILL, 0)
        token = link.publish(replace(EVENT, qos=0))
        assert happened(link) == [Acked(token=token, error=None)]
        listener.wait_for(1)
        link.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_what_the_centre_sends_is_received(mosquitto: Mosquitto, protocol: str) -> None:
    link = subscribed(broker_for(mosquitto.port, protocol=protocol).connect(WILL, 0), mosquitto, "t/cmd", "t/ack")
    centre = Client(CallbackAPIVersion.VERSION2, protocol=MQTTv5)
    centre.connect("127.0.0.1", mosquitto.port)
    centre.loop_start()
    asked = properties(PacketTypes.PUBLISH, ResponseTopic="t/rsp/7", CorrelationData=b"\x00seven")
    centre.publish("t/other", b"no", 1)
    centre.publish("t/cmd", b"verify", 1, properties=asked).wait_for_publish(60)
    plain = Received(topic="t/cmd", payload=b"verify")
    told = replace(plain, response_topic="t/rsp/7", correlation=b"\x00seven") if protocol == "5" else plain
    assert happened(link) == [told]
    centre.disconnect()
    centre.loop_stop()
    link.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_an_answer_carries_its_correlation_where_the_protocol_has_a_place_for_it(
    mosquitto: Mosquitto, protocol: str
) -> None:
    asker = broker_for(mosquitto.port, client_id="asker").connect(WILL, 0)
    subscribed(asker, mosquitto, "t/rsp", client="asker")
    link = broker_for(mosquitto.port, protocol=protocol).connect(WILL, 0)
    answer = replace(EVENT, topic="t/rsp", correlation=b"\x00seven")
    link.publish(answer)
    told = b"\x00seven" if protocol == "5" else None
    assert happened(asker) == [Received(topic="t/rsp", payload=answer.payload, correlation=told)]
    for session in (link, asker):
        session.close()


def test_what_the_broker_kept_is_told_apart(mosquitto: Mosquitto) -> None:
    with Listener(mosquitto.port):
        first = broker_for(mosquitto.port).connect(WILL, 0)
        first.publish(replace(EVENT, topic="t/cmd", retain=True))
        happened(first)
        first.close()
    link = broker_for(mosquitto.port).connect(WILL, 0)
    link.subscribe(["t/cmd"])
    assert happened(link) == [Received(topic="t/cmd", payload=EVENT.payload, retained=True)]
    link.close()


def test_a_message_larger_than_any_command_never_reaches_the_agent(mosquitto: Mosquitto) -> None:
    for protocol in ("5", "3.1.1"):
        link = subscribed(broker_for(mosquitto.port, protocol=protocol).connect(WILL, 0), mosquitto, "t/cmd")
        other = broker_for(mosquitto.port, client_id="centre").connect(WILL, 0)
        other.publish(replace(EVENT, topic="t/cmd", payload=bytes(MAX_RECEIVED_BYTES + 1)))
        other.publish(replace(EVENT, topic="t/cmd", payload=b"small"))
        happened(other, 2)
        other.close()
        assert [m.payload for m in happened(link) if isinstance(m, Received)] == [b"small"]
        link.close()


def test_a_denied_subscription_is_told_and_the_session_goes_on(mosquitto: Mosquitto) -> None:
    """Mosquitto's own access list grants every subscription and delivers nothing, so the answer is made here."""
    with Proxy(mosquitto.port) as proxy:
        link = broker_for(proxy.port).connect(WILL, 0)
        proxy.say_to_client(b"\x90\x04\x00\x01\x00\x87")
        assert happened(link) == [SubscriptionRefused(reason="Not authorized")]
        token = link.publish(EVENT)
        assert happened(link) == [Acked(token=token, error=None)]
        link.close()


def test_nobody_listening_is_a_success(mosquitto: Mosquitto) -> None:
    link = broker_for(mosquitto.port).connect(WILL, 0)
    token = link.publish(EVENT)
    assert happened(link) == [Acked(token=token, error=None)]
    link.close()


def test_a_denied_publish_is_an_error(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, acl="topic write cityeye/v1/demo/box-01/state\n") as server:
        link = broker_for(server.port).connect(WILL, 0)
        token = link.publish(EVENT)
        assert happened(link) == [Acked(token=token, error="Not authorized (MQTT 135)")]
        link.close()


def test_limits_of_the_broker_are_read(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, options=("max_packet_size 3000", "max_inflight_messages 7")) as server:
        link = broker_for(server.port).connect(WILL, 0)
        assert (link.max_packet_bytes, link.window) == (3000, 7)
        tokens = [link.publish(EVENT) for _ in range(7)]
        assert happened(link, 7) == [Acked(token=token, error=None) for token in tokens]
        link.close()


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_wrong_password_is_refused_and_never_told(tmp_path: Path, protocol: str) -> None:
    with Mosquitto(tmp_path, users={"box": PASSWORD}) as server:
        wrong = broker_for(server.port, username="box", password="hunter2", protocol=protocol)
        with pytest.raises(BrokerRefused, match="does not allow this login; check user name, password") as caught:
            wrong.connect(WILL, 0)
        assert "hunter2" not in repr(caught.value) + repr(settings_for(1, password="hunter2"))
        link = broker_for(server.port, username="box", password=PASSWORD, protocol=protocol).connect(WILL, 0)
        assert link.protocol == protocol
        link.close()


def test_nobody_at_the_port() -> None:
    port = free_port()
    with pytest.raises(
        BrokerUnreachable, match=f"mqtt://127.0.0.1:{port}: expected .* found no connection .Connection refused."
    ):
        broker_for(port).connect(WILL, 0)


def test_an_unknown_host() -> None:
    with pytest.raises(BrokerUnreachable, match="host name is not known"):
        broker_for(1883, host="broker.invalid").connect(WILL, 0)


def test_a_broker_that_does_not_answer(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port) as proxy:
        proxy.swallow = True
        with pytest.raises(BrokerUnreachable, match="no CONNACK"):
            broker_for(proxy.port, timeout_s=0.2).connect(WILL, 0)


def test_a_silent_network_is_noticed_by_keep_alive(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port) as proxy:
        link = broker_for(proxy.port, keepalive_s=1).connect(WILL, 0)
        proxy.swallow = True
        assert happened(link) == [Lost(reason="the broker did not answer within the keep-alive time")]
        link.close()


def test_closing_a_dead_connection_ends(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port) as proxy:
        link = broker_for(proxy.port).connect(WILL, 0)
        proxy.swallow = True
        link.publish(replace(EVENT, payload=b"x" * 1_000_000))
        link.close()


@pytest.mark.parametrize(
    ("packet", "reason"),
    [
        (b"\xe0\x01\x8e", "another client connected with the client id of this box; give each box its own"),
        (b"\xe0\x01\x8b", "the broker ended the session (MQTT 139: Server shutting down)"),
        (b"\xe0\x00", "the broker ended the session (MQTT 0: Normal disconnection)"),
    ],
)
def test_the_reason_of_the_broker_is_told(mosquitto: Mosquitto, packet: bytes, reason: str) -> None:
    with Proxy(mosquitto.port) as proxy:
        link = broker_for(proxy.port).connect(WILL, 0)
        proxy.say_to_client(packet)
        assert happened(link) == [Lost(reason=reason)]
        link.close()


def test_two_boxes_of_one_client_id_take_it_from_each_other(mosquitto: Mosquitto) -> None:
    first = broker_for(mosquitto.port).connect(WILL, 0)
    second = broker_for(mosquitto.port).connect(WILL, 0)
    assert isinstance(happened(first)[0], Lost)
    first.close()
    second.close()


def test_a_broker_that_talks_nonsense_loses_the_session(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port) as proxy:
        link = broker_for(proxy.port).connect(WILL, 0)
        proxy.say_to_client(b"\x40\x01\x00" + b"\xff" * 9)
        assert isinstance(happened(link)[0], Lost)
        link.close()


def test_a_broker_of_3_1_1_is_spoken_to_in_3_1_1(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port, refuse_5=True) as proxy, Listener(mosquitto.port) as listener:
        broker = broker_for(proxy.port)
        link = broker.connect(WILL, 0)
        assert link.protocol == "3.1.1"
        token = link.publish(EVENT)
        assert happened(link) == [Acked(token=token, error=None)]
        assert listener.wait_for(1)[0].payload == EVENT.payload
        link.close()
        broker.connect(WILL, 0).close()
        assert proxy.accepted == 3, "the second session does not try MQTT 5 again"
        with pytest.raises(BrokerRefused, match="does not speak this MQTT version"):
            broker_for(proxy.port, protocol="5").connect(WILL, 0)


def test_a_broker_that_hangs_up_on_5_is_asked_in_both_each_time(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port, hang_up_5=True) as proxy:
        broker = broker_for(proxy.port)
        for _ in range(2):
            link = broker.connect(WILL, 0)
            assert link.protocol == "3.1.1"
            link.close()
        assert proxy.accepted == 4


def test_a_broker_that_says_nothing_to_5_is_asked_in_3_1_1_from_then_on(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port, silent_5=True) as proxy:
        broker = broker_for(proxy.port, timeout_s=5.0)
        for _ in range(2):
            link = broker.connect(WILL, 0)
            assert link.protocol == "3.1.1"
            link.close()
        assert proxy.accepted == 3


# --- last will and retained state ---


def test_a_killed_process_leaves_its_will(mosquitto: Mosquitto) -> None:
    program = (
        "import sys; from tests.integration.test_mqtt import *\n"
        f"link = broker_for({mosquitto.port}).connect(WILL, 1); print('up', flush=True); sys.stdin.read()"
    )
    with (
        Listener(mosquitto.port) as listener,
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        process.kill()
        (will,) = listener.wait_for(1)
        assert will.topic == "cityeye/v1/demo/box-01/state"
        assert json.loads(will.payload) | {"agent_version": ""} == {
            "status": "offline",
            "reason": "lost",
            "boot_id": str(RUN.boot_id),
            "agent_version": "",
            "since": None,
        }
    with Listener(mosquitto.port) as later:
        (retained,) = later.wait_for(1)
        assert (retained.payload, retained.retain) == (will.payload, True)


def test_a_closed_link_leaves_no_will(mosquitto: Mosquitto) -> None:
    with Listener(mosquitto.port) as listener:
        broker_for(mosquitto.port).connect(WILL, 0).close()
        link = broker_for(mosquitto.port, client_id="other").connect(replace(WILL, topic="other/state"), 0)
        link.publish(EVENT)
        assert [m.topic for m in listener.wait_for(1)] == [EVENT.topic]
        link.close()


def test_a_quick_reconnect_cancels_the_will(mosquitto: Mosquitto) -> None:
    with Proxy(mosquitto.port) as proxy, Listener(mosquitto.port) as listener:
        broker = broker_for(proxy.port)
        link = broker.connect(WILL, WILL_DELAY_S)
        proxy.cut()
        assert isinstance(happened(link)[0], Lost)
        link.close()
        again = broker.connect(WILL, WILL_DELAY_S)
        # The broker looks for due wills once a second: another client's will of the same delay shows that it did.
        other = broker_for(proxy.port, client_id="other").connect(replace(WILL, topic="other/state"), WILL_DELAY_S)
        proxy.cut(newest=True)
        listener.wait_for(1, "other/state")
        assert listener.on("box-01/state") == []
        assert mosquitto.logged("as box-01 (p5, c0,") == 2, "a clean start would end the old session, and send its will"
        other.close()
        again.close()


# --- TLS ---


@dataclass(frozen=True)
class Certificates:
    """A CA, a server certificate for localhost, a client's, and an unrelated CA."""

    ca: Pair
    server: Pair
    client: Pair
    other_ca: Pair
    expired: Pair
    other_host: Pair


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    ca = authority(folder, "ca")
    return Certificates(
        ca=ca,
        server=issued(folder, "server", ca),
        client=issued(folder, "box-01", ca),
        other_ca=authority(folder, "other-ca"),
        expired=issued(folder, "expired", ca, expired=True),
        other_host=issued(folder, "other-host", ca, host="elsewhere.example"),
    )


def _tls_server(folder: Path, certificates: Certificates, server: Pair, *, ask_client: bool = False) -> Mosquitto:
    tls = ServerTls(certificates.ca.cert_file, server.cert_file, server.key_file, ask_client)
    return Mosquitto(folder / "tls", tls=tls)


def _connect_tls(port: int, ca: Pair | None, client: Pair | None = None) -> Link:
    tls = TlsSettings(
        ca_file=ca.cert_file if ca else None,
        cert_file=client.cert_file if client else None,
        key_file=client.key_file if client else None,
    )
    return broker_for(port, host="localhost", tls=tls, timeout_s=60.0).connect(WILL, 0)


def test_tls_with_a_client_certificate(tmp_path: Path, certificates: Certificates) -> None:
    with _tls_server(tmp_path, certificates, certificates.server, ask_client=True) as server:
        link = _connect_tls(server.port, certificates.ca, certificates.client)
        big = replace(EVENT, payload=b"x" * 300_000)
        tokens = [link.publish(message) for message in (EVENT, big, EVENT)]
        assert happened(link, 3) == [Acked(token=token, error=None) for token in tokens]
        link.close()
        # The alert that says so may be lost in the reset of the connection.
        with pytest.raises((BrokerRefused, BrokerUnreachable), match=r"asks? for a (client )?certificate"):
            _connect_tls(server.port, certificates.ca)


def test_tls_with_the_wrong_authority(tmp_path: Path, certificates: Certificates) -> None:
    with _tls_server(tmp_path, certificates, certificates.server) as server:
        expected = r"mqtts://localhost:\d+: expected a certificate for this host that .*other-ca.pem vouches for"
        with pytest.raises(BrokerRefused, match=expected):
            _connect_tls(server.port, certificates.other_ca)
        with pytest.raises(BrokerRefused, match="the system's authorities vouch for, found"):
            _connect_tls(server.port, None)
        _connect_tls(server.port, certificates.ca).close()


def test_tls_with_an_expired_certificate(tmp_path: Path, certificates: Certificates) -> None:
    with (
        _tls_server(tmp_path, certificates, certificates.expired) as server,
        pytest.raises(BrokerRefused, match=r"found: certificate has expired; check .* the clock of this box"),
    ):
        _connect_tls(server.port, certificates.ca)


def test_tls_with_the_certificate_of_another_host(tmp_path: Path, certificates: Certificates) -> None:
    with (
        _tls_server(tmp_path, certificates, certificates.other_host) as server,
        pytest.raises(BrokerRefused, match="found: Hostname mismatch"),
    ):
        _connect_tls(server.port, certificates.ca)


def test_tls_and_plain_mixed_up(tmp_path: Path, mosquitto: Mosquitto, certificates: Certificates) -> None:
    with pytest.raises((BrokerUnreachable, BrokerRefused), match=r"does this port speak TLS|not answer in TLS"):
        _connect_tls(mosquitto.port, certificates.ca)
    with (
        _tls_server(tmp_path, certificates, certificates.server) as server,
        pytest.raises(BrokerUnreachable, match="does this port expect TLS"),
    ):
        broker_for(server.port).connect(WILL, 0)


def test_tls_files_that_are_not_there(tmp_path: Path, certificates: Certificates) -> None:
    nothing = Pair(tmp_path / "none.pem", tmp_path / "none.key")
    with pytest.raises(BrokerRefused, match=r"none\.pem: expected CA certificates in PEM, found: No such file"):
        _connect_tls(1, nothing)
    with pytest.raises(BrokerRefused, match="expected a certificate and its key in PEM"):
        _connect_tls(1, certificates.ca, nothing)
    letter = tmp_path / "letter.pem"
    letter.write_text("Dear customer")
    with pytest.raises(BrokerRefused, match=r"letter\.pem: expected CA certificates in PEM"):
        _connect_tls(1, Pair(letter, letter))
