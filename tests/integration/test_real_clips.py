"""The real clips with their truth, and that a recording of one decides as its video does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.app.evaluate import Evaluated, evaluate
from agent.app.replay import replay
from agent.config.evaluation import load_set
from agent.core.scoring.scores import Figures
from tests.shared_data import shared

SET = Path(__file__).parents[2] / "configs/evaluation/real.yaml"
START = datetime(2026, 1, 5, 4, tzinfo=UTC)


@pytest.fixture(scope="module")
def scores() -> list[Evaluated]:
    found = list(evaluate(load_set(SET, data=shared("video").parent)))
    return [one for one in found if isinstance(one, Evaluated)]


def test_all_violations_are_reported_in_time_and_nothing_else(scores: list[Evaluated]) -> None:
    total = sum((one.score.total for one in scores), Figures())
    assert (total.due, total.found, total.false, total.doubles, total.breaks, total.late) == (5, 5, 0, 0, 0, 0)


def test_the_negative_was_watched(scores: list[Evaluated]) -> None:
    (motorway,) = [one.score for one in scores if one.clip == "motorway"]
    assert motorway.watched.length_s > 28
    assert motorway.total.reports == 0


def test_a_recording_decides_as_its_video_does(tmp_path: Path) -> None:
    chosen = load_set(SET, data=shared("video").parent)
    config, clip = chosen.config(), chosen.clips[0]
    kept = tmp_path / "seen.jsonl.gz"
    filmed = list(replay(config, clip.id, clip.file, start_utc=START, record=kept))
    recorded = list(replay(config, clip.id, kept, start_utc=datetime(2000, 1, 1, tzinfo=UTC)))
    assert [(s.at_s, s.events) for s in recorded] == [(s.at_s, s.events) for s in filmed]
    assert sum(len(step.events) for step in filmed) == 4
    assert kept.stat().st_size < 1_000_000
