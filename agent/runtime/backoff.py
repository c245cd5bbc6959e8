"""How long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable

Jitter = Callable[[float, float], float]
"""Draws from a range evenly, as `random.Random.uniform` does."""


LEAST_SHARE = 0.1
"""Of the bound that is always waited, so that no draw makes a loop tight."""


class Backoff:
    """Full jitter: (almost) anything up to a bound that doubles with each failure up to a cap.

    After a power cut, dozens of cameras and boxes come back at once; an even spread over the whole range loads a
    recovering peer least (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
    """

    def __init__(self, jitter: Jitter, *, base_s: float, cap_s: float) -> None:
        self._jitter = jitter
        self._base_s = base_s
        self._cap_s = cap_s
        self._bound_s = base_s

    def next_s(self) -> float:
        """The next waiting time, in seconds."""
        bound_s, self._bound_s = self._bound_s, min(self._cap_s, self._bound_s * 2)
        return self._jitter(LEAST_SHARE * bound_s, bound_s)

    def reset(self) -> None:
        """It worked for a while: the next failure is a first one again."""
        self._bound_s = self._base_s
