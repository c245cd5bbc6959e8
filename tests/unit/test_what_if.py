"""Two configurations over kept observations."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from rich.cells import cell_len

from agent.adapters.observations.block import FRAME, Block
from agent.adapters.observations.unpacked import sealed_steps_of, steps_of
from agent.app.console.whatif import KeptScores
from agent.app.what_if import Kept, as_json, kept_by, scores_at, what_if
from agent.config import Config, load
from agent.core.errors import RecordingError
from agent.core.rehearsal import QUICK_S, Rehearsal
from agent.core.stays import Verdict
from agent.core.types import Channel, Observation, Phase
from tests.kept_days import LONG, SHORT, afternoon, dismissal, keep, report
from tests.street_days import days
from tests.unit.cli.commands import run
from tests.unit.core.world import START, Step, car, every, gap, look, plan, reading, watch

BEGIN = START
NOW = START + timedelta(hours=3)


def config(folder: Path, name: str, change: Callable[[dict[str, object]], None] = lambda rule: None) -> Config:
    """A camera with a zone over the lower half of its picture, whose one rule may be changed."""
    rule: dict[str, object] = {"dwell": "3m"}
    change(rule)
    zone = {"id": "kerb", "polygon": [[0, 0.6], [1, 0.6], [1, 1], [0, 1]], "rules": {"illegal_parking": rule}}
    camera = {"id": "gate", "url": "rtsp://192.0.2.1/live", "zones": [zone]}
    written = {"mqtt": {"host": "localhost"}, "storage": {"folder": "data"}, "cameras": [camera]}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(written))
    return load(path)


@pytest.fixture
def box(tmp_path: Path) -> tuple[Path, Config]:
    before = config(tmp_path, "before")
    steps = list(afternoon("gate", BEGIN))
    keep(tmp_path / "data" / "observations", steps, NOW)
    report(tmp_path / "data", before.plans()["gate"], steps)
    return tmp_path, before


def slow(rule: dict[str, object]) -> None:
    rule["dwell"] = "15m"


@pytest.mark.parametrize(("lang", "same"), [("en_US.UTF-8", "unchanged: 0"), ("zh_CN.UTF-8", "不变：0")])
def test_no_moment_is_cut_where_a_terminal_has_80_columns(
    box: tuple[Path, Config], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, lang: str, same: str
) -> None:
    folder, _ = box
    config(folder, "after", slow)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LC_ALL", lang)
    asked = ("replay", "--observations", folder / "before.yaml", "--config", folder / "after.yaml")
    code, told, said = run(capsys, *asked)
    assert code == 0, said
    table = told[: told.index(same)]
    assert max(cell_len(line) for line in table.splitlines()) <= 80
    assert len(re.findall(r"\b\d\d-\d\d \d\d:\d\d:\d\d\b", told)) == 4  # the period, and two incidents
    assert "…" not in told


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en_US.UTF-8", ("one look each 10 s", "hardly longer than its limit may be missing", "without --quick")),
        ("zh_CN.UTF-8", ("每 10 秒只取一帧", "刚超过时限的事件可能漏掉", "去掉 --quick")),
    ],
)
def test_a_hurry_says_what_it_may_have_missed_and_what_to_do(
    box: tuple[Path, Config],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    lang: str,
    words: tuple[str, ...],
) -> None:
    folder, _ = box
    config(folder, "after", slow)
    monkeypatch.setenv("LC_ALL", lang)
    asked = ("replay", "--observations", folder / "before.yaml", "--config", folder / "after.yaml")
    _, hurried, _ = run(capsys, *asked, "--quick")
    assert [word for word in words if word not in hurried] == []
    _, patient, _ = run(capsys, *asked)
    assert "--quick" not in patient


@pytest.mark.parametrize("jobs", [0, 2])
def test_a_longer_dwell_loses_the_short_stay_and_opens_the_long_one_later(box: tuple[Path, Config], jobs: int) -> None:
    folder, before = box
    shares: list[float] = []
    result = what_if(before, config(folder, "after", slow), kept_by(before), jobs=jobs, progress=shares.append)
    told = result.comparison
    (lost,) = told.lost
    assert lost.verdict is Verdict.FALSE
    assert lost.box_n == pytest.approx(SHORT)
    assert [(c.what, c.after.verdict) for c in told.changed] == [(("opened",), Verdict.CONFIRMED)]
    assert (told.gained, told.same) == ((), 0)
    assert (told.before.precision, told.after.precision) == (0.5, 1.0)
    assert [note.code for note in result.notes] == ["few_judged"]
    assert shares == sorted(shares)
    assert as_json(result)["before"]["precision"] == 0.5


def test_the_same_configuration_changes_nothing(box: tuple[Path, Config]) -> None:
    folder, before = box
    result = what_if(before, before, kept_by(before), jobs=0)
    assert (result.comparison.same, result.comparison.gained, result.comparison.lost) == (2, (), ())
    back = what_if(config(folder, "slow", slow), before, kept_by(before), jobs=0)
    assert [stay.verdict for stay in back.comparison.gained] == [Verdict.FALSE]


def test_a_period_and_a_folder_without_a_database(box: tuple[Path, Config]) -> None:
    folder, before = box
    kept = Kept(folder=folder / "data" / "observations", database=None)
    since = BEGIN + timedelta(seconds=2000)
    result = what_if(before, config(folder, "after", slow), kept, since=since, jobs=0)
    assert (result.since, result.comparison.before.incidents, result.comparison.before.precision) == (since, 1, None)


def test_what_cannot_be_told_is_said(box: tuple[Path, Config]) -> None:
    _, before = box
    with pytest.raises(RecordingError, match="expected observations of yard, found those of: gate"):
        what_if(before, before, kept_by(before), cameras=["yard"], jobs=0)
    with pytest.raises(RecordingError, match="ends after it begins"):
        what_if(before, before, kept_by(before), since=NOW, until=BEGIN, jobs=0)


@pytest.mark.parametrize("jobs", [0, 1])
def test_it_can_be_cancelled(box: tuple[Path, Config], jobs: int) -> None:
    folder, before = box
    with pytest.raises(RecordingError, match="cancelled"):
        what_if(before, config(folder, "a", slow), kept_by(before), jobs=jobs, cancelled=lambda: True)


def rests(steps: list[Step]) -> list[Step]:
    """The detector is asked every ten seconds while the street does not change."""
    told: list[Step] = []
    for step in steps:
        last = told[-1] if told else None
        same = (
            isinstance(step, Observation)
            and isinstance(last, Observation)
            and len(step.detections) == len(last.detections)
        )
        told.append(
            replace(step, asked=not same or step.stamp.mono_s % 10 == 0) if isinstance(step, Observation) else step
        )
    return told


@pytest.mark.parametrize("dwell", [20.0, 60.0, 500.0])
def test_rests_that_are_stepped_over_do_not_change_what_is_reported(dwell: float) -> None:
    steps = rests([replace(step, camera="gate") for step in afternoon("gate", BEGIN)])
    brief, whole = Rehearsal(plan(dwell=dwell)), Rehearsal(plan(dwell=dwell), whole=True)
    for step in steps:
        brief.step(step)
        whole.step(step)
    assert brief.end() == whole.end()
    assert whole.looks == len(steps)
    assert brief.looks < len(steps) * 0.7


def test_a_dismissal_holds_from_the_moment_at_which_it_was_made() -> None:
    steps = [*every(2, 0, 300, car(look=1)), *every(2, 300, 400), *every(2, 400, 700, car(look=1))]
    opened = next(event for event in watch(steps) if event.phase is Phase.OPENED)
    rehearsal = Rehearsal(plan(), [dismissal(opened, BEGIN + timedelta(seconds=200))])
    for step in steps:
        rehearsal.step(step)
    (stay,) = rehearsal.end()
    assert stay.closed_at == BEGIN + timedelta(seconds=200)


def test_scores_of_a_place(tmp_path: Path) -> None:
    keep(tmp_path, afternoon("gate", BEGIN), NOW)
    points = scores_at(tmp_path, "gate", LONG, BEGIN, NOW, most=60)
    assert 5 < len(points) <= 60
    assert {(point.class_name, point.channel) for point in points} == {("car", Channel.MODEL)}
    assert points[0].at >= BEGIN + timedelta(seconds=600)
    assert scores_at(tmp_path, "gate", (0.0, 0.0, 0.05, 0.05), BEGIN, NOW) == []


def test_only_looks_at_which_the_detector_was_asked_have_scores(tmp_path: Path) -> None:
    keep(tmp_path, [replace(look(2.0 * i, car(LONG)), asked=i == 3) for i in range(10)], NOW)
    assert [p.at for p in scores_at(tmp_path, "gate", LONG, BEGIN, NOW)] == [BEGIN + timedelta(seconds=6)]


@pytest.mark.parametrize("dwell", [60.0, 500.0])
def test_in_a_hurry_the_same_incidents_are_found_at_moments_true_to_the_pace(dwell: float) -> None:
    steps = [replace(step, camera="gate") for step in afternoon("gate", BEGIN)]
    quick, whole = Rehearsal(plan(dwell=dwell), pace_s=QUICK_S), Rehearsal(plan(dwell=dwell), whole=True)
    for step in steps:
        quick.step(step)
        whole.step(step)
    found, true = quick.end(), whole.end()
    assert [(s.zone, s.rule, s.class_name) for s in found] == [(s.zone, s.rule, s.class_name) for s in true]
    for one, other in zip(found, true, strict=True):
        assert abs(one.opened_at - other.opened_at) <= timedelta(seconds=2 * QUICK_S)
        assert (one.closed_at is None) == (other.closed_at is None)
    assert quick.looks <= len(steps) / 3


@pytest.mark.parametrize("pace_s", [0.0, QUICK_S])
@settings(max_examples=40)
@given(day=days())
def test_looks_that_are_offered_sealed_decide_as_those_that_are_told(pace_s: float, day: list[Step]) -> None:
    offered, told = Rehearsal(plan(), pace_s=pace_s), Rehearsal(plan(), pace_s=pace_s)
    block = Block()
    for step in day:
        block.add(step)
    body = block.packed()[FRAME.size :]
    for sealed, step in zip(sealed_steps_of(body, "gate"), steps_of(body, "gate"), strict=True):
        offered.offer(sealed)
        told.step(step)
    assert offered.end() == told.end()
    assert offered.looks == told.looks


def test_in_a_hurry_a_miss_makes_no_incident_late() -> None:
    seen = [look(2.0 * i, *(() if i % 5 == 0 and 10 < i < 90 else (car(look=1),))) for i in range(200)]
    quick, whole = Rehearsal(plan(dwell=180.0), pace_s=QUICK_S), Rehearsal(plan(dwell=180.0), whole=True)
    for step in seen:
        quick.step(step)
        whole.step(step)
    (found,), (true,) = quick.end(), whole.end()
    assert found.opened_at - true.opened_at <= timedelta(seconds=QUICK_S)
    assert found.blind_s == true.blind_s == 0.0
    assert quick.looks < len(seen) / 2


def test_in_a_hurry_the_last_look_before_a_gap_counts() -> None:
    seen = [*every(2, 0, 218, car(look=1)), gap(218), gap(223), *every(2, 228, 300, car(look=1))]
    quick, whole = Rehearsal(plan(), pace_s=QUICK_S), Rehearsal(plan(), whole=True)
    for step in seen:
        quick.step(step)
        whole.step(step)
    (found,), (true,) = quick.end(), whole.end()
    assert found.blind_s == true.blind_s == 12.0


def test_a_hurry_passes_over_no_gap_and_is_told(box: tuple[Path, Config]) -> None:
    folder, before = box
    result = what_if(before, config(folder, "after", slow), kept_by(before), quick=True, jobs=0)
    assert [note.code for note in result.notes] == ["quick", "few_judged"]
    assert [stay.verdict for stay in result.comparison.lost] == [Verdict.FALSE]
    hurried = Rehearsal(plan(), pace_s=QUICK_S)
    for step in (*every(2, 0, 2, car()), gap(3)):
        hurried.step(step)
    assert hurried.looks == 2
    with pytest.raises(ValueError, match="pace_s: expected 10 at most"):
        Rehearsal(plan(), pace_s=11.0)


def test_one_whose_agent_is_gone_before_it_has_begun_ends_too(box: tuple[Path, Config]) -> None:
    folder, _ = box
    text = (folder / "before.yaml").read_text()
    asked: dict[str, object] = {
        "before": text,
        "after": text,
        "home": str(folder),
        "cameras": [],
        "since": None,
        "until": None,
        "quick": False,
    }
    done = subprocess.run(
        [sys.executable, "-m", "agent.app.what_if"],
        input=json.dumps({**asked, "agent": 2**22 + 1, "patience_s": 60}),  # no process has that number
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1]) == {"error": "cancelled"}


def test_scores_over_time_are_those_of_the_first_hours(tmp_path: Path) -> None:
    keep(tmp_path / "observations", afternoon("gate", BEGIN), NOW)
    scores = KeptScores(tmp_path)
    points = scores.scores_at("gate", LONG, BEGIN, BEGIN + timedelta(days=300), zone="kerb", channel="model")
    assert points[0] == (BEGIN + timedelta(seconds=600), 0.8)
    assert {score for _, score in points} == {0.8}
    assert scores.scores_at("yard", LONG, BEGIN, NOW, zone="kerb", channel=None) == []


def test_scores_over_time_are_those_of_one_way_of_seeing(tmp_path: Path) -> None:
    seen = [reading(look(2.0 * i, car(LONG)), "bin", 0.7) for i in range(5)]
    keep(tmp_path / "observations", seen, NOW)
    scores = KeptScores(tmp_path)

    def told(zone: str, channel: str | None) -> set[float]:
        return {score for _, score in scores.scores_at("gate", LONG, BEGIN, NOW, zone=zone, channel=channel)}

    assert told("bin", "zone_state") == {0.7}
    assert told("bin", "model") == {0.8}
    assert told("bin", None) == {0.7, 0.8}
    assert told("kerb", "zone_state") == set(), "another zone's readings say nothing about it"
