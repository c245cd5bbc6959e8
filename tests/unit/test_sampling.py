from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.clock import SystemClock
from agent.adapters.decoding import Pacer
from agent.adapters.gop import CALM_KEYFRAMES, SPARSE_GOP_S, GopWatch


def taken(every_s: float, step_s: float, times_s: list[float]) -> list[float]:
    pacer = Pacer(every_s)
    return [at_s for at_s in times_s if pacer.due(at_s, step_s)]


def test_a_short_gop_is_thinned_to_the_interval() -> None:
    assert taken(2.0, 0.5, [0.5 * number for number in range(13)]) == [0.0, 2.0, 4.0, 6.0]


def test_a_gop_as_long_as_the_interval_is_kept_whole_in_spite_of_jitter() -> None:
    times_s = [0.0, 1.95, 4.05, 5.9, 8.1, 9.95, 12.0]
    assert taken(2.0, 2.0, times_s) == times_s


def test_a_gop_longer_than_the_interval_is_kept_whole() -> None:
    assert taken(2.0, 4.0, [0.0, 4.0, 8.0, 12.0]) == [0.0, 4.0, 8.0, 12.0]


def test_a_gop_that_does_not_divide_the_interval_keeps_the_mean_rate() -> None:
    assert len(taken(2.0, 1.5, [1.5 * number for number in range(41)])) == 31


def test_an_outage_is_not_made_up_for_by_a_burst() -> None:
    assert taken(2.0, 0.5, [0.0, 60.0, 60.5, 61.0, 61.5, 62.0]) == [0.0, 60.0, 62.0]


@given(
    every_s=st.floats(0.1, 60),
    steps_s=st.lists(st.floats(0.01, 30), min_size=1, max_size=60),
)
def test_no_wait_is_longer_than_the_interval_and_one_step_more(every_s: float, steps_s: list[float]) -> None:
    pacer, at_s, last_s = Pacer(every_s), 0.0, 0.0
    assert pacer.due(at_s, 0.0)
    for step_s in steps_s:
        at_s += step_s
        if pacer.due(at_s, 0.0):
            last_s = at_s
        assert at_s - last_s <= 2 * every_s + 1e-6


def feed(watch: GopWatch, *keyframes_s: float, until_s: float) -> None:
    """Five packets a second, keyframes at the given times."""
    for tick in range(round(until_s * 5) + 1):
        at_s = tick / 5
        watch.see(keyframe=at_s in keyframes_s, pts_s=None, at_s=at_s)


def test_usual_gops_are_measured_and_not_sparse() -> None:
    watch = GopWatch()
    watch.connected(0.0)
    feed(watch, 0.0, 4.0, 8.0, until_s=10)
    assert (watch.interval_s, watch.sparse) == (4.0, False)


@pytest.mark.parametrize("keyframes_s", [(), (0.0,), (0.0, 12.0)], ids=["none", "one", "late"])
def test_a_long_gop_is_noticed_before_it_ends(keyframes_s: tuple[float, ...]) -> None:
    watch = GopWatch()
    watch.connected(0.0)
    feed(watch, *keyframes_s, until_s=SPARSE_GOP_S)
    assert not watch.sparse
    feed(watch, *keyframes_s, until_s=SPARSE_GOP_S + 0.2)
    assert watch.sparse


def test_sparse_is_remembered_across_connections_and_forgotten_after_calm_ones() -> None:
    watch = GopWatch()
    watch.connected(0.0)
    watch.see(keyframe=False, pts_s=None, at_s=SPARSE_GOP_S + 1)
    watch.connected(100.0)
    for number in range(CALM_KEYFRAMES + 1):
        assert watch.sparse
        watch.see(keyframe=True, pts_s=None, at_s=100.0 + 2 * number)
    assert not watch.sparse


def test_the_streams_own_time_is_measured_where_there_is_one() -> None:
    watch = GopWatch()
    watch.connected(0.0)
    watch.see(keyframe=True, pts_s=1000.0, at_s=0.0)
    watch.see(keyframe=True, pts_s=1002.0, at_s=0.3)
    assert watch.interval_s == 2.0
    watch.see(keyframe=True, pts_s=5.0, at_s=3.3)
    assert watch.interval_s == 3.0, "a stream time that jumps back is not believed"


def test_the_system_clock_is_in_utc_and_never_goes_back() -> None:
    clock = SystemClock()
    first, second = clock.now(), clock.now()
    assert first.utc.utcoffset() == timedelta(0)
    assert second.mono_s >= first.mono_s
