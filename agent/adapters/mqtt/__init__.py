"""MQTT through paho-mqtt: a broker that sessions come from, and the sessions."""

from __future__ import annotations

from agent.adapters.mqtt.broker import PahoBroker
from agent.adapters.mqtt.handshake import Handshake, handshake
from agent.adapters.mqtt.link import PahoLink
from agent.adapters.mqtt.settings import MqttSettings, ProtocolChoice, TlsSettings

__all__ = [
    "Handshake",
    "MqttSettings",
    "PahoBroker",
    "PahoLink",
    "ProtocolChoice",
    "TlsSettings",
    "handshake",
]
