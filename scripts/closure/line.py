"""The MQTT session of a platform: what arrives is confirmed after it was stored, and waits while nobody is there.

- Fixed client id, no clean start, a session expiry of days: the broker keeps for us what comes while we restart.
- Manual PUBACK: only after `take` has returned, that is, after the commit. A crash between the two costs a duplicate,
  never an event. When `take` raises, nothing is confirmed and the connection is dropped: brokers send again only then.
- Receive maximum (MQTT 5): how much may be under way unconfirmed; what we cannot store quickly waits at the broker.
- One thread: paho's loop is turned by the caller, so that an error in a callback is seen and not swallowed.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

RECEIVE_MAXIMUM = 20
SESSION_EXPIRY_S = 14 * 86400
LONGEST_WAIT_S = 30.0


@dataclass(frozen=True)
class Address:
    """Where the broker is and who we are there. `version`: 5, or 4 for MQTT 3.1.1."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    tls: ssl.SSLContext | None = None
    version: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5


@dataclass(frozen=True)
class Arrival:
    """One message; `correlation` is the MQTT 5 property."""

    topic: str
    payload: bytes
    retained: bool
    correlation: bytes | None = None


class Line:
    """A session that reconnects. Call `turn` all the time; everything happens in there."""

    def __init__(
        self,
        address: Address,
        topics: Sequence[str],
        take: Callable[[Arrival], None],
        *,
        lasting: bool = True,
        confirm_after_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`lasting`: the session outlives this process. `confirm_after_s`: for a centre that is slow on purpose."""
        self._address = address
        self._topics = topics
        self._take = take
        self._lasting = lasting
        self._confirm_after_s = confirm_after_s
        self._unconfirmed: list[tuple[float, int]] = []
        self._awaited: set[int] = set()
        self._wait_s = 0.5
        self._retry_at = 0.0
        self._up = False
        self.ready = False
        """Subscribed: what is said now can be answered."""
        self.trouble: str | None = None
        self._client = self._made()

    def turn(self, seconds: float) -> None:
        """Send and receive for at most so long; connects first where that is due."""
        if not self._up and not self._connect():
            time.sleep(seconds)
            return
        try:
            code = self._client.loop(seconds)
        except Exception:  # of `take`: not stored, so not confirmed; it comes again on the next connection
            self.drop()
            raise
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._lost(f"connection lost: {code.name}")
            return
        now = time.monotonic()
        due = [mid for at, mid in self._unconfirmed if at <= now]
        self._unconfirmed = [(at, mid) for at, mid in self._unconfirmed if at > now]
        for mid in due:
            self._client.ack(mid, 1)

    def say(
        self,
        topic: str,
        payload: bytes,
        *,
        answer_to: str | None = None,
        correlation: bytes | None = None,
        expiry_s: int | None = None,
        retain: bool = False,
    ) -> None:
        """Publish, QoS 1. The three properties exist in MQTT 5 only; with 3.1.1 the body must say the same."""
        properties = None
        if self._address.version == MQTTProtocolVersion.MQTTv5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            if answer_to is not None:
                properties.ResponseTopic = answer_to
            if correlation is not None:
                properties.CorrelationData = correlation
            if expiry_s is not None:
                properties.MessageExpiryInterval = expiry_s
        self._client.publish(topic, payload, 1, retain, properties)

    def drop(self) -> None:
        """Go away as a power cut would: no DISCONNECT, nothing confirmed."""
        if (sock := self._client.socket()) is not None:
            sock.close()
        self._lost("dropped")

    def close(self) -> None:
        """Go away in good order, for good; a lasting session stays at the broker."""
        if self._up:
            self._client.disconnect()
            self._client.loop(0.1)
        # Callbacks and client refer to each other; without this its sockets stay until the collector comes by.
        self._client.on_connect = self._client.on_subscribe = self._client.on_message = None

    def _made(self) -> Client:
        address, five = self._address, self._address.version == MQTTProtocolVersion.MQTTv5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            protocol=address.version,
            clean_session=None if five else not self._lasting,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        if address.username is not None:
            client.username_pw_set(address.username, address.password)
        if address.tls is not None:
            client.tls_set_context(address.tls)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._arrived
        return client

    def _connect(self) -> bool:
        if time.monotonic() < self._retry_at:
            return False
        address = self._address
        try:
            if address.version == MQTTProtocolVersion.MQTTv5:
                properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
                properties.ReceiveMaximum = RECEIVE_MAXIMUM
                properties.SessionExpiryInterval = SESSION_EXPIRY_S if self._lasting else 0
                clean = not self._lasting
                self._client.connect(address.host, address.port, clean_start=clean, properties=properties)
            else:
                self._client.connect(address.host, address.port)
        except OSError as error:  # ssl.SSLError is one
            self._lost(f"no connection: {error}")
            return False
        self._up = True
        return True

    def _connected(self, client: Client, _data: object, _flags: object, reason: ReasonCode, _more: object) -> None:
        if reason.is_failure:
            self.trouble = f"the broker refuses: {reason}"
            return
        self.trouble, self._wait_s = None, 0.5
        # Subscribe at each connection: a broker that was replaced knows nothing of our session.
        self._awaited = {mid for name in self._topics if (mid := client.subscribe(name, qos=1)[1]) is not None}

    def _subscribed(self, _client: Client, _data: object, mid: int, reasons: list[ReasonCode], _more: object) -> None:
        if any(reason.is_failure for reason in reasons):
            self.trouble = f"the broker refuses a subscription: {reasons[0]}; see docs/contract/broker.md"
        self._awaited.discard(mid)
        self.ready = not self._awaited

    def _arrived(self, client: Client, _data: object, message: MQTTMessage) -> None:
        correlation = getattr(message.properties, "CorrelationData", None)
        self._take(Arrival(message.topic, bytes(message.payload), message.retain, correlation))
        if message.qos == 0:
            return
        wait_s = self._confirm_after_s()
        if wait_s > 0:
            self._unconfirmed.append((time.monotonic() + wait_s, message.mid))
        else:
            client.ack(message.mid, message.qos)

    def _lost(self, why: str) -> None:
        """Packet numbers mean nothing on the next connection: what was not confirmed comes again."""
        self.trouble = self.trouble or why
        self._up = self.ready = False
        self._unconfirmed.clear()
        self._retry_at = time.monotonic() + self._wait_s
        self._wait_s = min(self._wait_s * 2, LONGEST_WAIT_S)
