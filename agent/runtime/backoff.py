"""Full-jitter backoff: after the n-th failure in a row, wait a random time up to `first * 2**n`, capped."""

from __future__ import annotations

import random

_LEAST_SHARE = 0.1


class Backoff:
    """How long to wait before the next attempt.

    Full jitter keeps many boxes from returning in step after a broker's restart
    (aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter); a tenth of the ceiling is always waited, so that
    no draw makes the loop tight.
    """

    def __init__(self, rng: random.Random, *, first_s: float, max_s: float) -> None:
        self._rng = rng
        self._first_s = first_s
        self._max_s = max_s
        self._failures = 0

    def next_s(self) -> float:
        """Count one more failure and draw the wait after it."""
        ceiling_s = min(self._max_s, self._first_s * 2.0 ** min(self._failures, 32))
        self._failures += 1
        return self._rng.uniform(_LEAST_SHARE * ceiling_s, ceiling_s)

    def reset(self) -> None:
        """It worked."""
        self._failures = 0
