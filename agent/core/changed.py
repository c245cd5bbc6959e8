"""`dataclasses.replace` for the small frozen values that a scene makes anew some dozens of times at each look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")

_Slots = dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], None]]]


def changed(value: T, **changes: Any) -> T:
    """A copy with some fields changed; three times as fast as `replace`, since it does not call the constructor.

    Only for frozen dataclasses with slots that check nothing when they are made. Raises KeyError for an unknown field.
    """
    kind: Any = type(value)
    slots = _slots(kind)
    copy: T = object.__new__(kind)
    for read, write in slots.values():
        write(copy, read(value))
    for name, new in changes.items():
        slots[name][1](copy, new)
    return copy


@cache
def _slots(kind: type[Any]) -> _Slots:
    """How the slots of a class are read and written; those of a frozen one cannot be set otherwise."""
    if "__post_init__" in vars(kind):
        raise TypeError(f"{kind.__name__} checks itself when it is made: use dataclasses.replace")
    descriptors = {field.name: vars(kind)[field.name] for field in fields(kind)}
    return {name: (slot.__get__, slot.__set__) for name, slot in descriptors.items()}
