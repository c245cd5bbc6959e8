"""MQTT 5 properties in one call; paho's own class is untyped and takes them one assignment at a time."""

from __future__ import annotations

from paho.mqtt.properties import Properties


def properties(packet_type: int, **values: str | bytes | int) -> Properties:
    """Properties of a packet type (`PacketTypes.…`). Names as in MQTT 5.0 §2.2.2.2, without spaces."""
    made = Properties(packet_type)  # type: ignore[no-untyped-call]
    for name, value in values.items():
        setattr(made, name, value)
    return made
