"""The largest number of cameras that holds: step up until one does not, then halve the interval."""

from __future__ import annotations

from collections.abc import Callable


def largest(holds: Callable[[int], bool], *, start: int, most: int, step: int, going_on: Callable[[], bool]) -> int:
    """The largest number found to hold, 0 when none was.

    Args:
        holds: measures one number; asked at most once for each. What holds is taken to hold for all smaller numbers.
        start: tried first, then twice as many and so on, up to `most`.
        step: ends when the smallest number known to fail is at most so much larger.
        going_on: whether there is time for a further measurement.
    """
    good, bad = 0, most + 1
    number = min(start, most)
    while good < number < bad and going_on():
        if holds(number):
            good = number
        else:
            bad = number
        number = min(good * 2, most) if bad > most else _between(good, bad, step)
    return good


def _between(good: int, bad: int, step: int) -> int:
    """A multiple of `step` in the middle; `good` itself when there is nothing left to try."""
    if bad - good <= step:
        return good
    middle = (good + bad) // 2 // step * step
    return middle if middle > good else good + step if good + step < bad else good
