"""What belongs to each camera while cameras come and go: replaced as a whole, so that no reader meets half a change."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import TypeVar

T = TypeVar("T")


class Live(Mapping[str, T]):
    """A mapping of this moment. Whoever iterates goes on over what was there when it began."""

    def __init__(self, now: Mapping[str, T] | None = None) -> None:
        self._now: Mapping[str, T] = dict(now or {})

    def replace(self, now: Mapping[str, T]) -> None:
        """From now on this is what there is."""
        self._now = dict(now)

    def __getitem__(self, key: str) -> T:
        return self._now[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now)

    def __len__(self) -> int:
        return len(self._now)

    def items(self) -> ItemsView[str, T]:
        """All of one moment, as are the values."""
        return self._now.items()

    def values(self) -> ValuesView[T]:
        return self._now.values()
