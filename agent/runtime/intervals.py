"""How often a camera is really looked at: the times between its observations, of the last minute only."""

from __future__ import annotations

import math
from collections.abc import Sequence

RECENT_S = 60.0
"""As far back as from one health report to the one before."""


def last_minute(intervals_s: Sequence[float], latest_s: float) -> tuple[float, ...]:
    """The intervals with one more, without the oldest ones that lie more than `RECENT_S` of watching back."""
    kept = [*intervals_s, latest_s]
    total_s, first = sum(kept), 0
    while first < len(kept) - 1 and total_s > RECENT_S:
        total_s -= kept[first]
        first += 1
    return tuple(kept[first:])


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that at least this share (0..1) of all do not exceed (nearest rank); None of nothing."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
