"""What may not grow, however long the agent runs and however often it has to connect again."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from scripts.capacity.process import Footprint

SLOPE_OVER_S: Final = 1800.0
"""A slope of memory is read from a longer time only; below, allocators and caches that fill look like a leak."""
WARM_SHARE: Final = 0.25
WARM_S: Final = 900.0
COUNTED: Final = ("threads", "descriptors", "databases")
"""Members of `Footprint` that have to stay as they are."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Memory at one moment; seconds since the agent began to watch."""

    at_s: float
    rss_mib: float


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What the agent held when everything was connected again after a disturbance, and how long that took."""

    at_s: float
    after: str
    back_s: float
    holds: Footprint


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How much memory may grow: in an hour, where that can be told, else at all."""

    mib_per_hour: float = 6.0
    mib: float = 64.0


def warm(samples: Sequence[Sample]) -> list[Sample]:
    """Without the first quarter, a quarter of an hour at most."""
    if not samples:
        return []
    first_s, last_s = samples[0].at_s, samples[-1].at_s
    warm_s = first_s + min((last_s - first_s) * WARM_SHARE, WARM_S)
    return [sample for sample in samples if sample.at_s >= warm_s]


def mib_per_hour(samples: Sequence[Sample]) -> float | None:
    """The median of the slopes between all pairs (Theil 1950, Sen 1968), which single peaks do not move.

    None for less than `SLOPE_OVER_S`.
    """
    if len(samples) < 2 or samples[-1].at_s - samples[0].at_s < SLOPE_OVER_S:
        return None
    at_h = np.array([sample.at_s for sample in samples]) / 3600
    rss_mib = np.array([sample.rss_mib for sample in samples])
    earlier, later = np.triu_indices(len(samples), k=1)
    return float(np.median((rss_mib[later] - rss_mib[earlier]) / (at_h[later] - at_h[earlier])))


def growth_mib(samples: Sequence[Sample]) -> float:
    """Median of the last quarter above that of the first."""
    quarter = max(len(samples) // 4, 1)
    values = [sample.rss_mib for sample in samples]
    return statistics.median(values[-quarter:]) - statistics.median(values[:quarter]) if values else 0.0


def memory_breach(samples: Sequence[Sample], allowance: Allowance) -> str | None:
    """What is wrong with the memory, or None."""
    kept = warm(samples)
    slope = mib_per_hour(kept)
    if slope is not None and slope > allowance.mib_per_hour:
        return f"memory grows by {slope:.1f} MiB an hour, allowed: {allowance.mib_per_hour:g}"
    grown = growth_mib(kept)
    if grown > allowance.mib:
        return f"memory grew by {grown:.0f} MiB after the warm-up, allowed: {allowance.mib:g}"
    return None


def count_breaches(settled: Sequence[Settled]) -> list[str]:
    """Counts that grow: none of the last third is as low as the highest of the first third.

    So what was about to end when it was counted is no leak in a long run, and one more for every few reconnections is.
    """
    if len(settled) < 2:
        return [f"expected at least two disturbances that were survived, found {len(settled)}"]
    third = max(len(settled) // 3, 1)
    breaches = []
    for name in COUNTED:
        counts = [getattr(each.holds, name) for each in settled]
        if min(counts[-third:]) > max(counts[:third]):
            breaches.append(f"{name} grow: {', '.join(map(str, counts))}")
    return breaches
