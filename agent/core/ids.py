"""Identifiers that are the same whenever the same thing is named: UUIDv7 without a random number.

Layout: RFC 9562 section 5.7. The 74 random bits are taken from a SHA-256 of the identity, so that a replay, or a
restart that has to decide the same again, mints the same id, and two different things never share one.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID


def uuid7_from(at: datetime, identity: str) -> UUID:
    """The UUIDv7 of this identity at this moment (millisecond precision; `at` is aware)."""
    unix_ms = int(at.timestamp() * 1000)
    bits = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:10], "big")
    rand_a = bits >> 62 & 0xFFF
    rand_b = bits & ((1 << 62) - 1)
    return UUID(int=(unix_ms & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b)
