"""What somebody takes of a numbered list of devices: `1 3`, `all`, `none`; `2:1-4,7` are channels of a recorder."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_CHANNEL = 256
"""The largest recorders have as many."""
_ALL, _NONE = frozenset({"all", "全部"}), frozenset({"none", "无"})
_NARROW = str.maketrans("，：－、；", ",:-,,")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A device by its place in the list, from 0, and which of its channels; None: nobody said."""

    device: int
    channels: tuple[int, ...] | None = None


def picks_in(text: str, count: int) -> tuple[Pick, ...] | None:
    """What was taken of `count` devices, each device once, in their order; None for a text that says something else."""
    text = text.translate(_NARROW).strip().lower()
    if text in _NONE:
        return ()
    if text in _ALL:
        return tuple(Pick(device=number) for number in range(count))
    taken: dict[int, Pick] = {}
    for word in text.split():
        for pick in _picks(word):
            if pick is None or not 0 <= pick.device < count or pick.device in taken:
                return None
            taken[pick.device] = pick
    return tuple(taken[number] for number in sorted(taken)) or None


def _picks(word: str) -> list[Pick | None]:
    device, colon, channels = word.partition(":")
    if colon:
        known = channels_in(channels)
        return [Pick(device=int(device) - 1, channels=known) if _NUMBER.fullmatch(device) and known else None]
    return [Pick(device=int(part) - 1) if _NUMBER.fullmatch(part) else None for part in word.strip(",").split(",")]


def channels_in(text: str) -> tuple[int, ...] | None:
    """`1-4,7` as numbers, ascending and each once; None for a text that says something else."""
    found: set[int] = set()
    for part in re.split(r"[,\s]+", text.translate(_NARROW).strip(", ")):
        first, dash, last = part.partition("-")
        if not _NUMBER.fullmatch(first) or (dash and not _NUMBER.fullmatch(last)):
            return None
        numbers = range(int(first), int(last or first) + 1)
        if not numbers or numbers[0] < 1 or numbers[-1] > MAX_CHANNEL:
            return None
        found.update(numbers)
    return tuple(sorted(found))


_NUMBER = re.compile(r"[0-9]{1,4}")
