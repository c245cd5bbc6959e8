"""Identifiers that follow from what they name: minting one again yields the same one."""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID

_VERSION = 0x7
_VARIANT = 0b10


def uuid7_from(unix_ms: int, seed: bytes) -> UUID:
    """A UUIDv7 whose random bits are a hash of the identity, so that a retry or a replay mints the same id.

    Layout (RFC 9562, 5.7): 48 bits milliseconds since the epoch, 4 bits version, 12 bits rand_a, 2 bits variant,
    62 bits rand_b.

    Args:
        unix_ms: milliseconds since 1970 UTC; ids of later moments sort later.
        seed: what tells this thing from every other of the same millisecond.

    Raises:
        ValueError: the time does not fit into 48 bits.
    """
    if not 0 <= unix_ms < 1 << 48:
        raise ValueError(f"unix_ms must be in 0..2**48, found {unix_ms}")
    noise = int.from_bytes(sha256(seed).digest()[:10], "big")
    rand_a, rand_b = noise >> 68, noise & ((1 << 62) - 1)
    return UUID(int=unix_ms << 80 | _VERSION << 76 | rand_a << 64 | _VARIANT << 62 | rand_b)
