"""The arithmetic of scripts/bench_capacity.py: the search, what trials say together, the chart and the report."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.capacity.against import Contender, Reading, interleaved, page
from scripts.capacity.chart import Line, nice, svg
from scripts.capacity.figures import Series, percentile, slope
from scripts.capacity.process import Footprint
from scripts.capacity.report import HEAD, row, write
from scripts.capacity.search import largest
from scripts.capacity.streams import KINDS
from scripts.capacity.trial import Trial, Watched, first_looks_s


@given(capacity=st.integers(0, 200), start=st.integers(1, 64), step=st.integers(1, 8))
def test_the_search_ends_within_one_step_of_the_capacity_and_asks_nothing_twice(
    capacity: int, start: int, step: int
) -> None:
    asked: list[int] = []

    def holds(number: int) -> bool:
        asked.append(number)
        return number <= capacity

    found = largest(holds, start=start, most=192, step=step, going_on=lambda: True)
    assert found <= min(capacity, 192)
    assert min(capacity, 192) - found < step or (found == 0 and capacity < step)
    assert len(asked) == len(set(asked)) <= 16


def test_the_search_stops_when_its_time_is_over() -> None:
    asked: list[int] = []

    def holds(number: int) -> bool:
        asked.append(number)
        return True

    assert largest(holds, start=16, most=192, step=4, going_on=lambda: len(asked) < 2) == 32


def watched(*, looks: int = 30, drops: int = 0, state: str = "online") -> Watched:
    return Watched(
        camera="c1", state=state, sent=30.4, looks=looks, drops=drops, interval_s=2.0, interval_p99_s=2.0 + drops
    )


@pytest.mark.parametrize(
    ("camera", "kept"),
    [
        (watched(), True),
        (watched(looks=29), True),
        (watched(looks=28), False),
        (watched(drops=1), False),
        (watched(state="offline"), False),
    ],
)
def test_a_camera_is_kept_when_every_keyframe_was_analysed(camera: Watched, kept: bool) -> None:
    assert camera.in_real_time is kept


def trial(cameras: int, *, held: bool = True, rss_mib: float = 200.0) -> Trial:
    return Trial(
        cameras=cameras,
        window_s=60.8,
        watched=(watched(drops=0 if held else 3),) * cameras,
        agent_cores=0.03 * cameras,
        agent_system_share=0.1,
        server_cores=0.01 * cameras,
        machine_cores=0.05 * cameras,
        holds=Footprint(rss_mib=rss_mib, pss_mib=150.0, threads=8 + cameras, descriptors=9, databases=6),
        inference_ms=20.0,
        rests=6 * cameras,
        openings=4,
        latencies_s=(0.1, 0.2, 0.9),
        tracebacks=0,
        first_looks_s=(1.5, 2.0),
    )


def test_memory_of_a_further_camera_is_a_slope_over_the_trials_that_held() -> None:
    one = Series(
        title="t",
        kind=KINDS["main"],
        trials=(
            trial(8, rss_mib=280),
            trial(1, rss_mib=210),
            trial(16, rss_mib=360),
            trial(64, held=False, rss_mib=9000),
        ),
    )
    assert one.most == 16
    assert one.mib_per_camera == pytest.approx(10.0)
    assert slope([(1, 5.0), (1, 6.0)]) is None


def test_percentiles_are_values_that_occurred() -> None:
    assert (percentile([3.0, 1.0, 2.0], 0.5), percentile([3.0, 1.0, 2.0], 0.99), percentile([], 0.5)) == (
        2.0,
        3.0,
        None,
    )


@pytest.mark.parametrize(
    ("top", "end"), [(0.0, 1.0), (0.9, 1.0), (1.0, 1.0), (64.0, 100.0), (2.2, 2.5), (480.0, 500.0)]
)
def test_axes_end_at_round_numbers(top: float, end: float) -> None:
    assert nice(top) == end


def test_the_chart_is_well_formed_and_shows_what_failed_as_hollow() -> None:
    drawn = svg("A & B", "cameras", "cores", [Line(name="<main>", points=[(1, 0.1), (64, 1.9)], full=[True, False])])
    circles = list(ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}circle"))
    assert [circle.get("fill") == "#ffffff" for circle in circles] == [False, True]


def test_the_report_has_a_row_for_every_trial_and_all_figures_as_json(tmp_path: Path) -> None:
    trials = (trial(16), trial(1), replace(trial(32, held=False), latencies_s=(), inference_ms=None))
    one = Series(title="1080p; illegal_parking", kind=KINDS["main"], trials=trials)
    text = write(tmp_path, [one], machine="a box", how="with care").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in rows] == ["| cameras", "| ---", "| 1", "| 16", "| 32"]
    assert "**16 cameras** in real time" in text
    assert "| 16 ✓ |" in text
    assert "| 0 ✗ |" in text
    assert all(len(row(one)) == len(HEAD) for one in trials)
    kept = json.loads((tmp_path / "capacity.json").read_text())
    assert [(each["cameras"], each["held"]) for each in kept[0]["trials"]] == [(1, True), (16, True), (32, False)]
    assert {file.name for file in tmp_path.glob("*.svg")} == {"capacity-cpu.svg", "capacity-memory.svg"}


def test_contenders_are_measured_in_turn_and_compared_by_their_medians() -> None:
    order: list[str] = []

    def contender(name: str, costs_ms: list[float]) -> Contender:
        left = iter(costs_ms)

        def read() -> Reading:
            order.append(name)
            return Reading(cpu_ms=next(left), pictures_per_s=0.5)

        return Contender(name=name, title=f"what {name} does", read=read)

    told: list[str] = []
    contenders = [
        contender("agent-1", [40.0, 30.0, 20.0]),
        contender("bare", [25.0, 24.0, 90.0]),
        contender("opencv", [300.0, 300.0, 310.0]),
    ]
    *_, found = interleaved(contenders, 3, told.append)
    assert order == ["agent-1", "bare", "opencv"] * 3
    assert len(told) == 9
    text = page(found, machine="a box", how="with care", remarks=["so it is"])
    assert "| `opencv`: what opencv does | 0.50 | 300.0 (300.0 – 310.0) | 10.00 | 12.00 |" in text
    assert "| what | pictures a second | CPU ms per camera-second: median (least – most) | × agent-1 | × bare |" in text


def test_the_first_look_at_each_camera_is_read_from_the_log() -> None:
    log = "\n".join(
        (
            "2026-11-26T22:28:45.000+00:00 INFO    watch-1 agent.runtime.figures: c0: looking",
            "2026-11-26T22:28:44.500+00:00 INFO    watch-2 agent.runtime.figures: c1: looking",
            "2026-11-26T22:28:46.000+00:00 INFO    watch-2 agent.runtime.figures: c1: nobody is looking: offline",
            "2026-11-26T22:28:50.000+00:00 INFO    watch-2 agent.runtime.figures: c1: looking",
        )
    )
    assert first_looks_s(log, datetime(2026, 11, 26, 22, 28, 43, tzinfo=UTC)) == (1.5, 2.0)
