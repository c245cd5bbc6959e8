"""Measuring for real; what is recommended from figures written down by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from agent.adapters.download import sha256_of
from agent.adapters.onnx.families import Candidates
from agent.adapters.onnx.labels import COCO
from agent.adapters.onnx.measure import Figures, Task, found_again, measured
from agent.app.bench import BenchRow, Obstacle, _worth_it, bench_int8, int8_obstacle, recommended
from agent.app.models import import_model
from agent.cli import main
from agent.config.catalogue import ModelEntry, Runtime, choose, read_catalogue, read_choice
from agent.core.errors import ModelError
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
    named(folder, *COCO)
    return folder


def named(folder: Path, *names: str) -> None:
    (folder / "data.yaml").write_text(yaml.safe_dump({"names": list(names)}), encoding="utf-8")


def only(folder: Path, label: int) -> Path:
    """Leaves the labels of one kind, as number 0, and the pictures where it is."""
    for file in sorted((folder / "images").iterdir()):
        labels = folder / "labels" / f"{file.stem}.txt"
        text = labels.read_text(encoding="utf-8") if labels.exists() else ""
        labels.unlink(missing_ok=True)
        rows = [line.split(maxsplit=1)[1] for line in text.splitlines() if line.split()[0] == str(label)]
        if rows:
            labels.write_text("".join(f"0 {row}\n" for row in rows), encoding="utf-8")
        else:
            file.unlink()
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


def test_on_a_sites_own_labels_no_figure_of_the_list_counts(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder, file = home / "models", home / "models/yolox_nano.onnx"
    import_model(folder, file, model_id="my-street", classes={"chair": "garbage"})
    pictures = only(labelled(home / "pictures", 30), COCO.index("chair"))
    named(pictures, "chair")
    options = ("--labelled", pictures, "--limit-ms", 100000, "--json")
    code, out, _ = run(capsys, "yolox-nano", "my-street", "--folder", folder, *options)
    rows = json.loads(out)
    assert code == 0
    assert {row["map50"] for row in rows if row["id"] == "yolox-nano"} == {0.0}
    assert all(row["map50"] > 0.0 for row in rows if row["id"] == "my-street")
    assert [row["id"] for row in rows if row["best"]] == ["my-street"]


def test_labels_must_mean_something_before_anything_is_measured(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    def refused(*more: object) -> str:
        code, out, err = run(capsys, "yolox-nano", "--folder", home / "models", "--labelled", *more)
        assert (code, out) == (1, "")
        return err.replace("\n", " ")

    pictures = labelled(home / "pictures", 3)
    assert "expected at least 50 labelled pictures" in refused(pictures, "--calibrate", pictures)
    named(pictures, *COCO[:2])
    assert "expected labels 0 to 1, found" in refused(pictures)
    named(pictures, *(f"thing {i}" for i in range(80)))
    assert "expected labelled objects of the agent's classes, found none" in refused(pictures)
    (pictures / "data.yaml").unlink()
    assert "expected a data.yaml" in refused(pictures)
    assert "nonexist" in refused(home / "nonexist")


def test_models_that_contradict_each_other_are_not_compared(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    folder, file = home / "models", home / "models/yolox_nano.onnx"
    import_model(folder, file, model_id="one", classes={"chair": "garbage"})
    import_model(folder, file, model_id="other", classes={"chair": "goods"})
    code, _, err = run(capsys, "yolox-nano", "--folder", folder, "--labelled", labelled(home / "pictures", 3))
    assert code == 1
    assert "label chair: expected one meaning, found garbage and, in other, goods" in err.replace("\n", " ")


def test_int8_is_kept_only_where_it_pays(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    pictures, few = labelled(home / "pictures", 52), labelled(home / "few", 4)
    options = ("--labelled", pictures, "--calibrate", few, "--limit-ms", 100000, "--json")
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


def test_a_kept_int8_is_not_quantised_again_and_goes_when_dropped(home: Path) -> None:
    folder, file = home / "models", home / "models/yolox-nano-int8.onnx"
    pictures, few = labelled(home / "pictures", 52), labelled(home / "few", 2)

    def tried(best: BenchRow) -> BenchRow | None:
        _, kept = bench_int8(folder, best, pictures=few, labelled=pictures, told=lambda _: None)
        return kept

    kept = tried(row("yolox-nano", 1e9, 0.0))  # whatever is measured is quicker, and as accurate
    assert kept is not None
    assert read_catalogue(folder).entry("yolox-nano-int8").sha256 == sha256_of(file)
    assert int8_obstacle(folder, kept) is Obstacle.ALREADY

    assert tried(row("yolox-nano", 0.0, 0.0)) is None  # nothing is as quick
    assert "yolox-nano-int8" not in read_catalogue(folder).entries
    assert sorted(path.name for path in folder.iterdir()) == ["local.yaml", "yolox_nano.onnx"]


def test_int8_leaves_a_sites_own_files_alone(home: Path) -> None:
    folder, best = home / "models", row("yolox-nano", 20, 0.5)
    assert int8_obstacle(folder, best) is None
    own = import_model(folder, folder / "yolox_nano.onnx", model_id="yolox-nano-int8").path
    assert int8_obstacle(folder, best) is Obstacle.TAKEN
    (folder / "local.yaml").unlink()
    assert int8_obstacle(folder, best) is Obstacle.TAKEN
    with pytest.raises(ModelError, match="taken"):
        bench_int8(folder, best, pictures=home, labelled=home, told=lambda _: None)
    assert own.read_bytes() == (folder / "yolox_nano.onnx").read_bytes()


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
