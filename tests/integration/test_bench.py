"""Measuring for real; what is recommended from figures written down by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from agent.adapters.onnx.families import Candidates
from agent.adapters.onnx.measure import Figures, Task, found_again, measured
from agent.app.bench import BenchRow, _worth_it, recommended
from agent.cli import main
from agent.config.catalogue import ModelEntry, Runtime, choose, read_catalogue, read_choice
from tests.shared_data import shared
from tests.unit.config.samples import config_of, good


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["bench", "models", *map(str, argv)])
    out, err = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, out, err


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    shutil.copy(shared("models", "yolox_nano.onnx"), tmp_path / "models")
    return tmp_path


def labelled(folder: Path, count: int) -> Path:
    """The first photos with their labels."""
    source = shared("coco", "val2017")
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for file in sorted((source / "images").glob("*.jpg"))[:count]:
        (folder / "images" / file.name).symlink_to(file)
        if (labels := source / "labels" / f"{file.stem}.txt").exists():
            (folder / "labels" / labels.name).symlink_to(labels)
    return folder


def test_the_choice_is_measured_kept_and_then_meant_by_auto(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder = home / "models"
    pictures = labelled(home / "pictures", 12)
    options = ("--labelled", pictures, "--limit-ms", 100000, "--write", "--json")
    code, out, _ = run(capsys, "yolox-nano", "--folder", folder, *options)
    rows = {row["runtime"]: row for row in json.loads(out)}
    row = rows["onnxruntime"]
    assert code == 0
    assert (row["id"], row["agrees"], row["error"]) == ("yolox-nano", True, None)
    assert 0.0 < row["ms_one"] < float("inf")
    assert 5.0 < row["memory_mib"] < 500.0
    assert 0.3 < row["map50"] <= 1.0
    choice = read_choice(folder)
    assert choice is not None
    assert choice.id == "yolox-nano"
    chosen = choose(config_of(good(), home=home).model)
    assert (chosen.id, chosen.runtime) == ("yolox-nano", choice.runtime)
    assert chosen.because == "measured best on this box (choice.yaml)"


def test_int8_is_kept_only_where_it_pays(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    pytest.importorskip("onnx")
    pictures = labelled(home / "pictures", 6)
    options = ("--labelled", pictures, "--calibrate", pictures, "--limit-ms", 100000, "--json")
    code, out, err = run(capsys, "yolox-nano", "--folder", home / "models", *options)
    rows = json.loads(out)
    assert code == 0
    tried = [row for row in rows if row["id"] == "yolox-nano-int8"]
    assert tried
    assert all(row["error"] is None for row in tried)
    kept = "yolox-nano-int8" in read_catalogue(home / "models").entries
    assert kept == (home / "models/yolox-nano-int8.onnx").exists() == ("kept" in err)
    full = next(row for row in rows if row["id"] == "yolox-nano")
    assert kept == any(row["ms_one"] < full["ms_one"] and row["map50"] > full["map50"] - 0.01 for row in tried)


def test_what_comes_with_the_agent_is_measured_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "--folder", tmp_path, "--limit-ms", 100000, "--json")
    assert (code, {row["id"] for row in json.loads(out)}) == (0, {"street-nano"})


def test_wrong_usage(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "--calibrate", tmp_path)[0] == 2
    code, out, err = run(capsys, "picodet-s-416", "--folder", tmp_path)
    assert (code, out) == (1, "")
    assert "not there: picodet-s-416" in err


def test_a_spoilt_file_is_not_measured(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "models/yolox_nano.onnx").write_bytes(b"spoilt")
    code, _, err = run(capsys, "yolox-nano", "--folder", home / "models")
    assert code == 1
    assert "cityeye models verify yolox-nano" in err


def test_an_error_of_the_other_process_comes_back(tmp_path: Path) -> None:
    task = Task(path=tmp_path / "none.onnx", family="auto", classes=None, runtime="onnxruntime", threads=1)
    error = measured(task).error
    assert error is not None
    assert "none.onnx" in error


def row(
    name: str, ms: float, map50: float | None, *, runtime: Runtime = "onnxruntime", agrees: bool = True
) -> BenchRow:
    entry: ModelEntry = read_catalogue(Path("none")).entry("yolox-nano").model_copy(update={"id": name})
    return BenchRow(entry=entry, runtime=runtime, figures=Figures(ms_one=ms, agrees=agrees), map50=map50)


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([row("a", 20, 0.50), row("b", 60, 0.54)], "b"),  # accuracy first
        ([row("a", 20, 0.50), row("b", 60, 0.505)], "a"),  # no difference worth the time
        ([row("a", 20, 0.50), row("b", 160, 0.54)], "a"),  # too slow
        ([row("a", 200, 0.50), row("b", 160, 0.54)], "b"),  # all too slow: the quickest
        ([row("a", 20, 0.50), row("b", 10, None)], "a"),  # nothing known of its accuracy
        ([row("a", 20, 0.50), row("b", 10, 0.50, agrees=False)], "a"),
    ],
)
def test_what_is_recommended(rows: list[BenchRow], best: str) -> None:
    found = recommended(rows, limit_ms=100)
    assert found is not None
    assert found.entry.id == best


def test_nothing_usable_is_not_recommended() -> None:
    assert recommended([row("a", 1, 0.5, agrees=False)], limit_ms=100) is None


@pytest.mark.parametrize(
    ("ms", "map50", "worth"), [(10, 0.495, True), (30, 0.5, False), (10, 0.489, False), (10, None, False)]
)
def test_int8_must_be_quicker_and_lose_less_than_a_point(ms: float, map50: float | None, worth: bool) -> None:
    assert _worth_it(row("a-int8", ms, map50, agrees=False), row("a", 20, 0.5)) is worth


def candidates(*rows: tuple[float, float, int]) -> Candidates:
    xs = np.array([x for x, _, _ in rows], np.float32)
    boxes = np.stack([xs, xs * 0, xs + 100, xs * 0 + 100], axis=1)
    scores = np.array([score for _, score, _ in rows], np.float32)
    return Candidates(boxes=boxes, scores=scores, labels=np.array([label for _, _, label in rows]))


def test_agreement_is_the_same_things_not_the_same_order() -> None:
    first = candidates((0, 0.9, 1), (500, 0.9, 1))
    assert found_again(first, candidates((500, 0.89, 1), (1, 0.91, 1), (9, 0.1, 2)))
    assert not found_again(first, candidates((500, 0.9, 1), (20, 0.9, 1)))
    assert not found_again(first, candidates((500, 0.9, 1), (0, 0.8, 1)))
    assert not found_again(first, candidates((500, 0.9, 1), (0, 0.9, 2)))
