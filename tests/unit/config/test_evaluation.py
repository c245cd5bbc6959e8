"""Evaluation sets: what a good one means, and every problem of a bad one at once."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.config import Lang
from agent.config.evaluation import EvaluationSet, load_set
from agent.core.errors import ConfigError

ROOT = Path(__file__).parents[3]
GOOD = """\
calendars: {workday: {active: [{days: [mon]}]}}
clips:
  - id: east
    video: east.mp4
    starts: 2026-01-05T07:30:00
    sample_every: 2s
    zones: [{id: kerb, polygon: [[0, 0.5], [1, 0.5], [1, 1]], rules: {illegal_parking: {calendar: workday}}}]
    pixels: [200, 100]
    truth:
      - {name: red, class: car, box: [20, 50, 60, 100], from: 12s, to: 1m30s, hidden: [[20s, 25s]], tolerance: 1s}
      - {name: hydrant, box: [0, 0, 10, 10], negative: true}
  - {id: west, observations: west.jsonl.gz, truth: west.yaml}
"""
WEST = "- {name: bag, rule: garbage_overflow, box: [0.1, 0.2, 0.3, 0.4]}\n"


def load(folder: Path, text: str, *, west: str | None = WEST, lang: Lang = "en") -> EvaluationSet:
    if west is not None:
        (folder / "west.yaml").write_text(west, encoding="utf-8")
    (folder / "set.yaml").write_text(text, encoding="utf-8")
    for name in ("east.mp4", "west.jsonl.gz"):
        (folder / name).touch()
    return load_set(folder / "set.yaml", lang=lang)


def problems(folder: Path, text: str, *, west: str | None = WEST, lang: Lang = "en") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, west=west, lang=lang)
    return [str(p).replace(str(folder), "~") for p in caught.value.problems]


def test_a_good_set(tmp_path: Path) -> None:
    found = load(tmp_path, GOOD)
    east, west = found.clips
    red, hydrant = east.things
    assert (red.box_n, red.from_s, red.to_s) == ((0.1, 0.5, 0.3, 1.0), 12.0, 90.0)
    assert (red.hidden, red.tolerance_s, red.class_name) == (((20.0, 25.0),), 1.0, "car")
    assert (hydrant.negative, hydrant.to_s) == (True, math.inf)
    assert (west.things[0].rule, west.things[0].box_n) == ("garbage_overflow", (0.1, 0.2, 0.3, 0.4))
    assert (east.file, west.file) == (tmp_path / "east.mp4", tmp_path / "west.jsonl.gz")
    assert found.start_utc(east) == datetime(2026, 1, 4, 23, 30, tzinfo=UTC)


def test_its_clips_are_cameras_of_a_configuration(tmp_path: Path) -> None:
    config = load(tmp_path, GOOD).config()
    (duty,) = config.plans()["east"].duties
    assert (duty.zone.zone_id, duty.rule, duty.calendar) == ("kerb", "illegal_parking", config.calendars["workday"])
    assert config.camera("east").sample_every == 2.0
    assert config.plans()["west"].duties == ()


def test_relative_paths_start_from_the_data_folder_when_there_is_one(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "west.yaml").write_text(WEST, encoding="utf-8")
    (tmp_path / "set.yaml").write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_set(tmp_path / "set.yaml", data=data)
    assert [(p.line, p.key, p.found) for p in caught.value.problems] == [
        (4, "clips[0].video", f"{data / 'east.mp4'}: No such file or directory"),
        (12, "clips[1].observations", f"{data / 'west.jsonl.gz'}: No such file or directory"),
    ]
    assert "--data" in caught.value.problems[0].mend
    found = load_set(tmp_path / "set.yaml", data=data, at_hand=False)
    assert (found.clips[0].file, found.model.folder) == (data / "east.mp4", data / "models")


BAD = """\
colour: red
clips:
  - id: east
    zones: [{id: kerb, polygon: [[0, 0], [1, 1], [1, 0], [0, 1]], rules: {illegal_parking: {calendar: never}}}]
    truth:
      - {name: a, class: lorry, box: [0.3, 0, 0.1, 1]}
      - {name: b, box: [0, 0, 0.1, 1]}
      - {name: c, rule: illegal_parkin, zone: kreb, box: [0, 0, 0.1, 1], from: 12}
      - {name: d, class: car, box: [0, 0, 0.1, 1], from: 20s, to: 10s}
  - {id: east, video: a.mp4, observations: a.jsonl, starts: noon}
"""


def test_every_problem_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, BAD)
    assert [line.split(": expected")[0] for line in told] == [
        "~/set.yaml:1: colour",
        "~/set.yaml:3: clips[0]",
        "~/set.yaml:4: clips[0].zones[0].polygon",
        "~/set.yaml:4: clips[0].zones[0].rules.illegal_parking.calendar",
        "~/set.yaml:6: clips[0].truth[0].class",
        "~/set.yaml:6: clips[0].truth[0].box",
        "~/set.yaml:7: clips[0].truth[1]",
        "~/set.yaml:8: clips[0].truth[2].zone",
        "~/set.yaml:8: clips[0].truth[2].rule",
        "~/set.yaml:8: clips[0].truth[2].from",
        "~/set.yaml:9: clips[0].truth[3]",
        "~/set.yaml:10: clips[1].id",
        "~/set.yaml:10: clips[1].observations",
        "~/set.yaml:10: clips[1].starts",
    ]
    assert any("did you mean illegal_parking?" in line for line in told)
    assert any("did you mean kerb?" in line for line in told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clips: []\n", "clips: expected at least 1 items"),
        ("time_zone: Asia/Shanghai\n", "clips: expected the key clips"),
        (GOOD.replace("pixels: [200, 100]", "pixels: [200, 90]"), "expected boxes within 200 x 90, found red: [20.0"),
        (GOOD.replace("    pixels: [200, 100]\n", ""), "expected boxes within 1 x 1, found red: [20.0"),
        ("clips: [\n", "expected valid YAML"),
        (
            GOOD.replace("[[20s, 25s]]", "[[1s, 2s], [5s, 1s]]"),
            "clips[0].truth[0].hidden[1]: expected a span [from, to], from 0s on, to later than from, found [5s, 1s];",
        ),
        (GOOD.replace("[[20s, 25s]]", "[[5s, 5s]]"), "found [5s, 5s]"),
        (GOOD.replace("id: west", "id: east"), "clips[1].id: expected a different id for each of the clips, found"),
    ],
)
def test_one_problem(tmp_path: Path, text: str, told: str) -> None:
    (line,) = problems(tmp_path, text)
    assert told in line


@pytest.mark.parametrize(
    ("west", "told"),
    [
        (None, "found ~/west.yaml: no such file"),
        ("things: []\n", "found ~/west.yaml: a mapping"),
        ("- {name: bag, box: [\n", "found ~/west.yaml:"),
        ("- {name: bag, box: [0, 0, 1, 1]}\n", "clips[1].truth[0]: expected class or rule, found neither"),
    ],
)
def test_what_is_wrong_with_a_truth_file_names_it(tmp_path: Path, west: str | None, told: str) -> None:
    (line,) = problems(tmp_path, GOOD, west=west)
    assert line.startswith("~/set.yaml:12: clips[1].truth")
    assert told in line


def test_in_chinese(tmp_path: Path) -> None:
    (line,) = problems(tmp_path, GOOD.replace("video: east.mp4", "decode: all"), lang="zh-CN")
    assert "video 与 observations 二选一" in line


def test_a_set_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_set(tmp_path / "none.yaml")


def test_the_shipped_set_is_good() -> None:
    assert [clip.id for clip in load_set(ROOT / "configs/evaluation/real.yaml", at_hand=False).clips] == [
        "parked-cars",
        "motorway",
        "left-bag",
    ]
