"""Durations and sizes: what people write, and back."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from agent.core.quantities import (
    DURATION_PATTERN,
    SIZE_PATTERN,
    Bytes,
    Seconds,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("3m", 180.0),
        ("1h30m", 5400.0),
        ("500ms", 0.5),
        ("1001ms", 1.001),
        ("1m1ms", 60.001),
        ("2d", 172_800.0),
        ("1.5h", 5400.0),
        ("0s", 0.0),
        (12, 12.0),
        (0.25, 0.25),
    ],
)
def test_durations_are_read(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


_NO_DURATIONS: list[object] = [True, None, [], math.nan, math.inf, "9" * 400 + "s", "90s\n", "９０s"]
_NO_DURATIONS += ["", "90", "s", "3 m", "3M", "3min", "-3m", "1m1m", "1s1h", "1ms1s", "1.m", ".5s"]


@pytest.mark.parametrize("text", _NO_DURATIONS)
def test_other_durations_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"^a duration with its unit, such as 90s, 3m or 1h30m$"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(90, "1m30s"), (0, "0s"), (0.0004, "0s"), (86_400, "1d"), (0.5, "500ms")]
)
def test_durations_are_written_in_the_largest_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize("seconds", [-1.0, math.inf, math.nan])
def test_a_duration_without_a_text_raises(seconds: float) -> None:
    with pytest.raises(ValueError, match="finite duration"):
        format_duration(seconds)


@given(st.integers(0, 10**13))
def test_every_whole_millisecond_survives_the_round_trip(ms: int) -> None:
    text = format_duration(ms / 1000)
    assert parse_duration(text) == pytest.approx(ms / 1000, abs=1e-9, rel=1e-15)
    assert re.search(DURATION_PATTERN, text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("200MB", 200_000_000), ("2GB", 2_000_000_000), ("64MiB", 67_108_864), ("1.5KB", 1500), ("1KiB", 1024), (7, 7)],
)
def test_sizes_are_read(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "2", "GB", "2 GB", "2gb", "-1MB", "2TB", "9" * 400 + "GB", True, None, 1.5])
def test_other_sizes_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"^a size with its unit, such as 200MB or 2GB$"):
        parse_size(text)


@given(st.integers(0, 2**50))
def test_every_size_survives_the_round_trip(size: int) -> None:
    text = format_size(size)
    assert parse_size(text) == size
    assert re.search(SIZE_PATTERN, text)


class _Both(BaseModel):
    wait: Seconds = 1.0
    room: Bytes = 1


def test_the_program_may_leave_out_the_unit_and_a_file_may_not() -> None:
    assert _Both(wait=3, room=5) == _Both.model_validate({"wait": 3.0, "room": 5})
    with pytest.raises(ValidationError) as caught:
        _Both.model_validate_json('{"wait": 3, "room": 5}')
    assert [error["type"] for error in caught.value.errors()] == ["duration", "size"]


def test_json_holds_the_units() -> None:
    both = _Both(wait=90.0, room=2_000_000_000)
    assert json.loads(both.model_dump_json()) == {"wait": "1m30s", "room": "2GB"}
    assert _Both.model_validate_json(both.model_dump_json(), strict=True) == both
