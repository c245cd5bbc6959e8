"""Copies with some fields changed."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest

from agent.core.changed import changed


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 2


@dataclass(frozen=True)
class Checked:
    x: int

    def __post_init__(self) -> None:
        if self.x < 0:
            raise ValueError(self.x)


def test_the_copy_differs_in_what_was_named_and_the_first_stays() -> None:
    first = Point(1)
    assert changed(first, x=5) == Point(5, 2)
    assert first == Point(1, 2)
    with pytest.raises(FrozenInstanceError):
        changed(first, x=5).x = 6  # type: ignore[misc]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(KeyError, match="Point: expected fields of it, found x, z"):
        changed(Point(1), x=1, z=3)


def test_what_checks_itself_is_not_copied_past_its_check() -> None:
    with pytest.raises(TypeError, match="Checked checks itself"):
        changed(Checked(1), x=-1)
