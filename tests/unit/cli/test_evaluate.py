"""`cityeye evaluate` on recorded observations, as a person or a program calls it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from agent.adapters.recording import Recorder
from agent.core.recording import Header
from tests.unit.cli.commands import run
from tests.unit.core.world import START, Step, car, every

SET = """\
clips:
  - id: gate
    observations: gate.jsonl.gz
    zones:
      - id: kerb
        polygon: [[0, 0.6], [1, 0.6], [1, 1], [0, 1]]
        rules: {illegal_parking: {dwell: 60s, clear_after: 20s}}
    truth:
      - {name: red, class: car, box: [0.2, 0.5, 0.4, 0.7], from: 10s, to: 99s}
"""
MODEL = Path(__file__).parents[3] / "models/street-nano.onnx"
GREEN, RED = (70, 150, 60), (50, 50, 210)
"""Of the timeline's right and wrong bars, BGR."""
STEPS = [*every(2, 0, 10), *every(2, 10, 100, car()), *every(2, 100, 140)]


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "CITYEYE_DATA"):
        monkeypatch.delenv(name, raising=False)


def write(folder: Path, text: str = SET, steps: list[Step] = STEPS) -> Path:
    with Recorder.to(folder / "gate.jsonl.gz", Header(camera="other", start=START)) as recorder:
        for step in steps:
            recorder.add(step)
    (folder / "set.yaml").write_text(text, encoding="utf-8")
    return folder / "set.yaml"


def test_a_set_that_is_met(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file, told = write(tmp_path), tmp_path / "scores.json"
    bars = ["--require-f1", "0.95", "--require-false", "0"]
    code, out, err = run(capsys, "evaluate", file, "--json", told, "--timeline", tmp_path / "pictures", *bars)
    assert (code, err) == (0, "")
    assert [line.split()[-1] for line in out.splitlines() if line.startswith(("F1", "reported"))] == ["1", "1.000"]
    scores = json.loads(told.read_text(encoding="utf-8"))
    assert scores["total"]["f1"] == 1.0
    assert scores["clips"]["gate"]["stays"][0]["incidents"][0]["opened_s"] == 70.0
    picture = cv2.imread(str(tmp_path / "pictures/gate.png"))
    assert picture is not None
    assert picture.shape[1] == 1274
    assert (picture == GREEN).all(axis=2).sum() > 1000
    assert not (picture == RED).all(axis=2).any()


def test_missed_bars_are_told_and_end_with_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    elsewhere = SET.replace("[0.2, 0.5, 0.4, 0.7]", "[0.7, 0.5, 0.9, 0.7]")
    file = write(tmp_path, elsewhere)
    code, out, err = run(capsys, "evaluate", file, "--require-f1", "0.95", "--require-false", "0")
    assert code == 1
    assert "gate: red in kerb, due at 70 s: not reported" in out
    assert "gate: car in kerb at 70 s: false report" in out
    assert err.splitlines() == [
        "F1: expected at least 0.950, found 0.000",
        "false reports: expected at most 0, found 1",
    ]
    code, out, _ = run(capsys, "evaluate", file, "--lang", "zh")
    assert (code, "漏报" in out) == (0, True)


def test_a_broken_identity_and_a_late_opening_are_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    long = SET.replace("to: 99s", "to: 400s")
    steps = [*every(2, 0, 10), *every(2, 10, 100, car()), *every(2, 100, 140), *every(2, 140, 400, car())]
    assert (
        "red in kerb, due at 70 s: identity broken 1 time(s)"
        in run(capsys, "evaluate", write(tmp_path, long, steps))[1]
    )
    early = SET.replace("from: 10s", "from: 2s")
    assert "red in kerb, due at 62 s: opened +8.0 s off" in run(capsys, "evaluate", write(tmp_path, early))[1]


def test_the_table_fits_80_columns(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from rich.cells import cell_len

    rules = "rules: {stall_encroachment: {}, garbage_overflow: {}, illegal_parking: {dwell: 60s, clear_after: 20s}}"
    all_rules = SET.replace("rules: {illegal_parking: {dwell: 60s, clear_after: 20s}}", rules)
    for lang in ("en", "zh"):
        _, out, _ = run(capsys, "evaluate", write(tmp_path, all_rules), "--lang", lang)
        assert max(map(cell_len, out.splitlines())) <= 80


def test_every_problem_of_the_set_is_told(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, err = run(
        capsys, "evaluate", write(tmp_path, SET.replace("class: car", "class: tram") + "colour: red\n")
    )
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'set.yaml'}:9  clips[0].truth[0].class" in err
    assert 'the key "colour"' in err


def test_clips_that_cannot_be_read_leave_the_others_scored(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    broken = "  - {id: torn, observations: torn.jsonl.gz}\n  - {id: film, video: film.mp4}\n"
    file, told = write(tmp_path, SET.replace("clips:\n", f"clips:\n{broken}")), tmp_path / "scores.json"
    (tmp_path / "torn.jsonl.gz").write_bytes((tmp_path / "gate.jsonl.gz").read_bytes()[:-90])
    (tmp_path / "film.mp4").write_bytes(b"no film at all")
    model = f"model: {{file: {MODEL}}}\n"
    file.write_text(model + file.read_text(encoding="utf-8"), encoding="utf-8")
    code, out, err = run(capsys, "evaluate", file, "--json", told, "--timeline", tmp_path)
    assert code == 1
    torn, film = err.splitlines()
    assert torn.startswith(f"torn: {tmp_path / 'torn.jsonl.gz'}: expected a recording that can be read, found: ")
    assert film.startswith(f"film: {tmp_path / 'film.mp4'}: expected a video file, found ")
    assert "torn: not scored" in out
    assert "film: not scored" in out
    scores = json.loads(told.read_text(encoding="utf-8"))
    assert (scores["total"]["f1"], list(scores["clips"])) == (1.0, ["gate"])
    assert scores["unscored"] == {"torn": torn.removeprefix("torn: "), "film": film.removeprefix("film: ")}


def test_nothing_can_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write(tmp_path)
    (tmp_path / "gate.jsonl.gz").write_bytes(b"no gzip at all")
    code, out, err = run(capsys, "evaluate", file, "--lang", "zh")
    assert (code, "gate：无法读取，未评分" in out) == (1, True)
    assert "gate.jsonl.gz: expected a recording that can be read, found: Not a gzipped file" in err


def test_files_that_are_not_there_are_told_before_anything_is_played(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = write(tmp_path, SET + "  - {id: west, video: west.mp4}\n")
    (tmp_path / "gate.jsonl.gz").unlink()
    code, out, err = run(capsys, "evaluate", file)
    assert (code, out) == (2, "")
    assert f"{tmp_path / 'gate.jsonl.gz'}: No such file or directory" in err
    assert f"{tmp_path / 'west.mp4'}: No such file or directory" in err


def test_what_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = write(tmp_path)
    code, _, err = run(capsys, "evaluate", file, "--json", tmp_path / "no/such.json")
    assert (code, "correct --json" in err) == (1, True)
    code, _, err = run(capsys, "evaluate", file, "--timeline", file)
    assert (code, "correct --timeline" in err) == (1, True)
