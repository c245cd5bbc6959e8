"""Where sessions come from: connects once per call, in MQTT 5 or, where that is not spoken, 3.1.1."""

from __future__ import annotations

import logging
from typing import Literal

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes

from agent.adapters.mqtt.link import PahoLink
from agent.adapters.mqtt.properties import properties
from agent.adapters.mqtt.reasons import HungUp, ProtocolNotSpoken, Silent, socket_error, tls_context
from agent.adapters.mqtt.settings import MqttSettings
from agent.core.types import Message
from agent.ports import Clock, Link

log = logging.getLogger(__name__)


class PahoBroker:
    """`ports.Broker` for one broker. Remembers, until the agent restarts, that the broker does not speak MQTT 5."""

    def __init__(self, settings: MqttSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._only_311 = settings.protocol == "3.1.1"

    def connect(self, will: Message, will_delay_s: int) -> Link:
        """See `ports.Broker.connect`."""
        if self._only_311:
            return self._open(4, will, will_delay_s)
        try:
            return self._open(5, will, will_delay_s)
        except (ProtocolNotSpoken, HungUp, Silent) as error:
            if self._settings.protocol == "5":
                raise
            # Some old brokers just hang up on a version they do not know, or say nothing; others for a passing reason.
            log.info("%s; trying MQTT 3.1.1", error)
            link = self._open(4, will, will_delay_s)
            self._only_311 = not isinstance(error, HungUp)
        return link

    def _open(self, level: Literal[4, 5], will: Message, will_delay_s: int) -> PahoLink:
        client = self._client(level, will, will_delay_s)
        link = PahoLink(client, self._settings, self._clock)
        try:
            link.open(session_expiry_s=max(60, 2 * will_delay_s))
        except (OSError, UnicodeError) as error:
            link.close()
            raise socket_error(error, self._settings) from error
        except BaseException:  # also what nobody foresaw: each new try of the courier would leave sockets behind
            link.close()
            raise
        return link

    def _client(self, level: Literal[4, 5], will: Message, will_delay_s: int) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=self._settings.client_id,
            protocol=MQTTProtocolVersion(level),
            reconnect_on_failure=False,
        )
        client.connect_timeout = self._settings.timeout_s
        if self._settings.username is not None:
            client.username_pw_set(self._settings.username, self._settings.password)
        if self._settings.tls is not None:
            client.tls_set_context(tls_context(self._settings.tls))
        described = None
        if level == 5:
            described = properties(
                PacketTypes.WILLMESSAGE, WillDelayInterval=will_delay_s, ContentType=will.content_type
            )
        client.will_set(will.topic, will.payload, will.qos, will.retain, described)
        return client
