"""The times between observations that health reports."""

from __future__ import annotations

import pytest

from agent.runtime.intervals import RECENT_S, last_minute, percentile


def test_only_the_last_minute_of_watching_counts() -> None:
    kept: tuple[float, ...] = ()
    for latest_s in (9.0, *[2.0] * 40):
        kept = last_minute(kept, latest_s)
    assert kept == (2.0,) * 30
    assert sum(kept) <= RECENT_S


def test_an_interval_longer_than_a_minute_still_counts() -> None:
    assert last_minute((2.0, 2.0), 90.0) == (90.0,)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.0), (0.75, 3.0), (0.99, 9.0), (1.0, 9.0)])
def test_a_percentile_is_one_of_the_values(share: float, expected: float) -> None:
    assert percentile([9.0, 2.0, 3.0, 1.0], share) == expected


def test_nothing_has_no_percentile() -> None:
    assert percentile([], 0.5) is None
