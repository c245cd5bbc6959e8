"""One MQTT session, driven by the thread that owns it.

paho's own network thread is not used: an exception in a callback would kill it while `is_connected()` stays true, and
its automatic reconnect sends again from memory what the outbox sends again from disk. Here the owner's `poll` turns
paho's wheel (the external loop of its documentation), and the callbacks only append to a queue.
"""

from __future__ import annotations

import logging
import select
import socket
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import LogLevel, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from agent.adapters.mqtt.properties import properties
from agent.adapters.mqtt.reasons import UNFIT_REASONS, Silent, connack_error, lost_reason, silent_end
from agent.adapters.mqtt.settings import MqttSettings
from agent.core.errors import BrokerUnreachable
from agent.core.types import Message
from agent.ports import Acked, Clock, Lost, News, Received, SubscriptionRefused

log = logging.getLogger(__name__)

_SLICE_S = 1.0
"""paho's keep-alive is looked after at least this often."""
_CLOSE_S = 2.0
MAX_RECEIVED_BYTES = 1024 * 1024
"""No command is larger; a broker of MQTT 5 does not even send what is."""
_WINDOW = 20
"""paho's own limit of messages in flight, which cannot be changed once the broker has told its own."""


class Connack(NamedTuple):
    """The broker's answer to CONNECT."""

    code: int
    name: str
    max_packet_bytes: int | None
    receive_maximum: int


class PahoLink:
    """`ports.Link` on one paho client, which is used for one connection only."""

    def __init__(self, client: Client, settings: MqttSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._protocol = "5" if client.protocol == MQTTProtocolVersion.MQTTv5 else "3.1.1"
        self._happened: deque[News] = deque()
        self._connack: Connack | None = None
        self._last_error = ""
        self._over = False
        self._closed = False
        self._woken = False
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_log = self._on_log

    @property
    def max_packet_bytes(self) -> int | None:
        """See `ports.Link.max_packet_bytes`."""
        return self._connack.max_packet_bytes if self._connack else None

    @property
    def window(self) -> int:
        """See `ports.Link.window`."""
        return min(_WINDOW, self._connack.receive_maximum) if self._connack else _WINDOW

    @property
    def protocol(self) -> str:
        """See `ports.Link.protocol`."""
        return self._protocol

    def open(self, session_expiry_s: int) -> None:
        """Connect and wait for CONNACK. After an error the link is of no use and must be closed.

        Raises:
            OSError, UnicodeError: no TCP connection, or no TLS.
            BrokerUnreachable, BrokerRefused: what the broker answered, or that it did not.
        """
        host, port, keepalive_s = self._settings.host, self._settings.port, self._settings.keepalive_s
        if self._client.protocol == MQTTProtocolVersion.MQTTv5:
            # The session outlives the connection, so that a quick reconnect cancels a delayed will (MQTT 5 §3.1.3.2.2).
            with_expiry = properties(
                PacketTypes.CONNECT, SessionExpiryInterval=session_expiry_s, MaximumPacketSize=MAX_RECEIVED_BYTES
            )
            self._client.connect(host, port, keepalive_s, clean_start=False, properties=with_expiry)
        else:
            self._client.connect(host, port, keepalive_s)
        deadline_s = self._clock.now().mono_s + self._settings.timeout_s
        while self._connack is None and not self._over:
            left_s = deadline_s - self._clock.now().mono_s
            if left_s <= 0:
                found = f"no CONNACK within {self._settings.timeout_s:g} s"
                mend = "check that this port is an MQTT broker's, and the broker's load"
                raise Silent(f"{self._settings.where}: expected an answer to CONNECT, found {found}; {mend}")
            self._pump(left_s)
        if self._connack is None:
            raise silent_end(self._last_error, self._settings)
        if self._connack.code != 0:
            raise connack_error(self._connack.code, self._connack.name, self._settings)

    def publish(self, message: Message) -> int:
        """See `ports.Link.publish`."""
        if self._over:
            raise BrokerUnreachable(f"{self._settings.where}: the session is over")
        described = _described(message) if self.protocol == "5" else None
        info = self._client.publish(message.topic, message.payload, message.qos, message.retain, described)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._end(lost_reason(0, "", False, self._last_error))
            raise BrokerUnreachable(f"{self._settings.where}: the session is over (paho rc {int(info.rc)})")
        return int(info.mid)

    def subscribe(self, topics: Sequence[str]) -> None:
        """See `ports.Link.subscribe`."""
        code = MQTTErrorCode.MQTT_ERR_NO_CONN if self._over else self._client.subscribe([(t, 1) for t in topics])[0]
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise BrokerUnreachable(f"{self._settings.where}: the session is over (paho rc {int(code)})")

    def poll(self, timeout_s: float) -> list[News]:
        """See `ports.Link.poll`."""
        deadline_s = self._clock.now().mono_s + timeout_s
        left_s = timeout_s
        while not self._over:
            self._pump(0.0 if self._happened else max(0.0, min(left_s, _SLICE_S)))
            left_s = deadline_s - self._clock.now().mono_s
            if self._happened or self._woken or left_s <= 0:
                break
        self._woken = False
        happened = list(self._happened)
        self._happened.clear()
        return happened

    def wake(self) -> None:
        """See `ports.Link.wake`."""
        try:
            self._wake_in.send(b"\0")
        except OSError:  # full: a wake is already waiting; closed: nobody waits any more
            return

    def close(self) -> None:
        """See `ports.Link.close`."""
        if self._closed:
            return
        self._closed = self._over = True  # what happens from now on is no news
        if self._client.socket() is not None:
            self._client.disconnect()
            deadline_s = self._clock.now().mono_s + _CLOSE_S
            while self._client.socket() is not None and (left_s := deadline_s - self._clock.now().mono_s) > 0:
                self._pump(left_s)
        if (stuck := self._client.socket()) is not None:
            stuck.close()
        self._happened.clear()
        self._wake_in.close()
        self._wake_out.close()

    def _pump(self, timeout_s: float) -> None:
        """Wait for the network or a wake, and let paho handle what is there."""
        connection = self._client.socket()
        if connection is None:
            self._end(lost_reason(0, "", False, self._last_error))
            return
        # TLS may hold decrypted bytes that poll() does not know of.
        buffered = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        poller = select.poll()
        poller.register(connection, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        poller.register(self._wake_out, select.POLLIN)
        ready = dict(poller.poll(0 if buffered else timeout_s * 1000))
        if ready.pop(self._wake_out.fileno(), 0):
            self._wake_out.recv(4096)
            self._woken = True
        events = next(iter(ready.values()), 0)
        if buffered or events & ~select.POLLOUT:
            self._client.loop_read()
        if events & select.POLLOUT:
            self._client.loop_write()
        self._client.loop_misc()
        if self._client.socket() is None:
            self._end(lost_reason(0, "", False, self._last_error))

    def _end(self, reason: str) -> None:
        if not self._over:
            self._over = True
            self._happened.append(Lost(reason=reason))

    def _on_connect(
        self, _client: Client, _data: Any, _flags: ConnectFlags, reason: ReasonCode, given: Properties | None
    ) -> None:
        self._connack = Connack(
            code=reason.value,
            name=str(reason),
            max_packet_bytes=getattr(given, "MaximumPacketSize", None),
            receive_maximum=getattr(given, "ReceiveMaximum", 65_535),
        )

    def _on_disconnect(
        self, _client: Client, _data: Any, flags: DisconnectFlags, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._end(lost_reason(reason.value, str(reason), flags.is_disconnect_packet_from_server, self._last_error))

    def _on_publish(
        self, _client: Client, _data: Any, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        error = f"{reason} (MQTT {reason.value})" if reason.is_failure else None
        self._happened.append(Acked(token=mid, error=error, unfit=reason.value in UNFIT_REASONS))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if len(message.payload) > MAX_RECEIVED_BYTES:
            log.warning("%s: a message of %d bytes was ignored", message.topic, len(message.payload))
            return
        given = message.properties
        self._happened.append(
            Received(
                topic=message.topic,
                payload=bytes(message.payload),
                response_topic=getattr(given, "ResponseTopic", None),
                correlation=getattr(given, "CorrelationData", None),
                retained=message.retain,
            )
        )

    def _on_subscribe(
        self, _client: Client, _data: Any, _mid: int, reasons: list[ReasonCode], _properties: Properties | None
    ) -> None:
        refused = [str(reason) for reason in reasons if reason.is_failure]
        if refused:
            self._happened.append(SubscriptionRefused(reason=", ".join(dict.fromkeys(refused))))

    def _on_log(self, _client: Client, _data: Any, level: int, text: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._last_error = text


def _described(message: Message) -> Properties:
    """What MQTT 5 says about a message beside its topic."""
    told: dict[str, str | bytes | int] = {"ContentType": message.content_type}
    if message.correlation is not None:
        told["CorrelationData"] = message.correlation
    return properties(PacketTypes.PUBLISH, **told)
