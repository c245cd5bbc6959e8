"""What several trials say together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.capacity.streams import StreamKind
from scripts.capacity.trial import Trial


@dataclass(frozen=True, kw_only=True)
class Series:
    """All trials with one kind of stream, in the order in which they were made. `title` names stream and rules."""

    title: str
    kind: StreamKind
    trials: tuple[Trial, ...]

    @property
    def by_number(self) -> list[Trial]:
        """Fewest cameras first."""
        return sorted(self.trials, key=lambda trial: trial.cameras)

    @property
    def most(self) -> int:
        """The largest number of cameras that was kept in real time; 0 when none was."""
        return max((trial.cameras for trial in self.trials if trial.held), default=0)

    @property
    def mib_per_camera(self) -> float | None:
        """Resident memory of a further camera, over the trials that held."""
        held = [trial for trial in self.trials if trial.held]
        return slope([(trial.cameras, trial.holds.rss_mib) for trial in held])


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """Of the least-squares line; None without two different x."""
    if len({x for x, _ in points}) < 2:
        return None
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]
