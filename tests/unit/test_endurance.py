"""The judgement of scripts/soak.py: what counts as growth, and what is only noise."""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from scripts.capacity.process import Footprint, cpu_time, footprint
from scripts.endurance.course import least
from scripts.endurance.street import Journal
from scripts.endurance.verdict import Allowance, Sample, Settled, count_breaches, memory_breach, mib_per_hour, warm


def held(threads: int = 13, descriptors: int = 17, databases: int = 6, rss_mib: float = 190.0) -> Footprint:
    return Footprint(rss_mib=rss_mib, pss_mib=rss_mib, threads=threads, descriptors=descriptors, databases=databases)


def settled(*descriptors: int) -> list[Settled]:
    return [
        Settled(at_s=60.0 * n, after="the broker was restarted", back_s=5.0, holds=held(descriptors=count))
        for n, count in enumerate(descriptors)
    ]


@pytest.mark.parametrize("counts", [(17, 17), (17, 18, 17), (19, 17, 17, 17), (17, 19, 17, 19, 17, 17)])
def test_counts_that_come_and_go_are_no_breach(counts: tuple[int, ...]) -> None:
    assert count_breaches(settled(*counts)) == []


@pytest.mark.parametrize(
    "counts", [(17, 18), (17, 17, 19), (17, 18, 19), (17, 17, 18, 18), tuple(17 + n // 10 for n in range(100))]
)
def test_one_more_for_every_few_reconnections_is_a_breach(counts: tuple[int, ...]) -> None:
    (breach,) = count_breaches(settled(*counts))
    assert breach.startswith("descriptors grow: 17, ")


def test_a_run_without_disturbances_proves_nothing() -> None:
    assert count_breaches(settled(17)) == ["expected at least two disturbances that were survived, found 1"]


def memory(minutes: float, mib_per_hour: float, *, seed: int = 1) -> list[Sample]:
    """A sample every five seconds, with noise and with peaks; the first quarter climbs steeply."""
    dice = random.Random(seed)
    end_s = minutes * 60
    return [
        Sample(
            at_s=at_s,
            rss_mib=150
            + min(at_s / end_s, 0.1) * 900
            + mib_per_hour * at_s / 3600
            + dice.uniform(0, 4)
            + (60 if dice.random() < 0.05 else 0),
        )
        for at_s in (5.0 * n for n in range(round(end_s / 5)))
    ]


@pytest.mark.parametrize("slope", [0.0, -3.0, 4.0, 20.0])
def test_the_slope_is_that_of_the_time_after_the_warm_up_whatever_the_peaks(slope: float) -> None:
    assert mib_per_hour(warm(memory(120, slope))) == pytest.approx(slope, abs=0.5)


def test_a_leak_in_a_long_run_is_a_breach() -> None:
    allowance = Allowance(mib_per_hour=6.0, mib=64.0)
    assert memory_breach(memory(120, 2.0), allowance) is None
    breach = memory_breach(memory(120, 12.0), allowance)
    assert breach is not None
    assert "MiB an hour, allowed: 6" in breach


def test_in_a_short_run_only_the_growth_counts() -> None:
    allowance = Allowance(mib_per_hour=6.0, mib=64.0)
    assert mib_per_hour(warm(memory(3, 100.0))) is None
    assert memory_breach(memory(3, 100.0), allowance) is None
    assert "allowed: 64" in str(memory_breach(memory(3, 6000.0), allowance))


def test_the_least_of_each_figure_is_what_is_held() -> None:
    assert least([held(threads=14, descriptors=17), held(threads=13, descriptors=19)]) == held()


def test_the_journal_knows_who_is_lost_and_who_came_back() -> None:
    at = "2026-11-27T06:06:01.092+08:00"
    lines = [f"{at} INFO    courier agent.runtime.courier: connected to the broker, MQTT 5\n"]
    journal = Journal(lines)
    journal.read_on()
    assert (journal.connected, journal.lost) == (1, frozenset())
    lines += [
        f"{at} WARNING camera-c01 agent.runtime.capture: camera c01: expected the video to go on, found its end\n",
        f"{at} WARNING camera-c02 agent.runtime.capture: camera c02 (rtsp://h:1/x): expected a camera, found none\n",
    ]
    journal.read_on()
    assert journal.lost == {"c01", "c02"}
    lines.append(f"{at} INFO    camera-c01 agent.runtime.capture: camera c01: back, failures before that: 1\n")
    journal.read_on()
    assert journal.lost == {"c02"}
    assert journal.back.total() == 1


def test_a_process_is_counted_as_the_kernel_sees_it(tmp_path: Path) -> None:
    before, stop = footprint(os.getpid()), threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    with closing(sqlite3.connect(tmp_path / "kept.db")) as database, (tmp_path / "text").open("w"):
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x)")
        during = footprint(os.getpid())
    stop.set()
    thread.join()
    assert during.threads == before.threads + 1
    assert during.databases == before.databases + 3  # the database, its WAL and its index
    assert during.descriptors == before.descriptors + 4
    assert during.rss_mib >= during.pss_mib > 1
    assert cpu_time(os.getpid()).user_s > 0
