"""How large a message is as an MQTT packet, and how large it may be."""

from __future__ import annotations

from agent.core.types import Message

MAX_PACKET_BYTES = 64 * 1024
"""CloudEvents 1.0 §Size Limits: intermediaries must forward events of 64 KiB, and need not forward more."""


def packet_bytes(message: Message) -> int:
    """Upper bound of the PUBLISH packet's size in bytes (MQTT 5.0 §3.3, with a content type and correlation data)."""
    fixed_header = 5
    topic = 2 + len(message.topic.encode())
    packet_id = 2
    properties = 4 + 3 + len(message.content_type.encode())
    if message.correlation is not None:
        properties += 3 + len(message.correlation)
    return fixed_header + topic + packet_id + properties + len(message.payload)
