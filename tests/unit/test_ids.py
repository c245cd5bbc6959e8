"""Deterministic UUIDv7 against the layout of RFC 9562."""

from __future__ import annotations

import hashlib
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core.ids import uuid7_from

MOMENTS = st.integers(0, (1 << 48) - 1)


@given(unix_ms=MOMENTS, seed=st.binary(max_size=64))
def test_layout(unix_ms: int, seed: bytes) -> None:
    made = uuid7_from(unix_ms, seed)
    assert (made.version, made.variant) == (7, RFC_4122)
    assert int.from_bytes(made.bytes[:6], "big") == unix_ms
    digest = int.from_bytes(hashlib.sha256(seed).digest()[:10], "big")
    assert made.int >> 64 & 0xFFF == digest >> 68
    assert made.int & ((1 << 62) - 1) == digest & ((1 << 62) - 1)


def test_the_moment_of_the_example_in_the_rfc() -> None:
    # RFC 9562, A.6: 2022-02-22 14:22:22.00 GMT-05:00 is 0x017F22E279B0.
    assert str(uuid7_from(1_645_557_742_000, b"x")).startswith("017f22e2-79b0-7")


def test_known_value() -> None:
    assert uuid7_from(0, b"") == UUID("00000000-0000-7e3b-8442-98fc1c149afb")


@given(unix_ms=MOMENTS, a=st.binary(max_size=16), b=st.binary(max_size=16))
def test_same_identity_same_id(unix_ms: int, a: bytes, b: bytes) -> None:
    assert (uuid7_from(unix_ms, a) == uuid7_from(unix_ms, b)) == (a == b)


@given(earlier=MOMENTS, later=MOMENTS, a=st.binary(max_size=8), b=st.binary(max_size=8))
def test_later_moments_sort_later(earlier: int, later: int, a: bytes, b: bytes) -> None:
    if earlier < later:
        assert uuid7_from(earlier, a) < uuid7_from(later, b)


@pytest.mark.parametrize("unix_ms", [-1, 1 << 48])
def test_a_moment_beyond_the_layout(unix_ms: int) -> None:
    with pytest.raises(ValueError, match="unix_ms must be in"):
        uuid7_from(unix_ms, b"")
