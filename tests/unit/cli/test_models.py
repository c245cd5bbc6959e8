"""The models commands as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.cli import main
from tests.onnx_models import Probe, ultralytics_model
from tests.shared_data import shared

PROBE = Probe(patch=(2, 26, 14, 38), plane=0, box=(2, 26, 14, 38), label=0)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "CITYEYE_MIRROR"):
        monkeypatch.delenv(name, raising=False)


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["models", *map(str, argv)])
    out, err = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, out, err


def states(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    return {row["id"]: row["state"] for row in json.loads(run(capsys, "list", "--json")[1])}


def test_from_nothing_to_a_model_that_is_checked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "cityeye models pull yolox-nano" in run(capsys, "list")[1]
    code, out, _ = run(capsys, "verify")
    assert (code, out.split()[:2]) == (0, ["street-nano", "good"]), "it comes with the agent"
    monkeypatch.setenv("CITYEYE_MIRROR", str(shared("models").parent))
    code, out, err = run(capsys, "pull", "yolox-nano")
    assert (code, err) == (0, "")
    assert out.startswith("models/yolox_nano.onnx: fetched from ")
    assert run(capsys, "pull", "yolox-nano") == (0, "models/yolox_nano.onnx: there already, and right\n", "")
    assert run(capsys, "verify")[1].splitlines()[0] == "yolox-nano  good  models/yolox_nano.onnx"
    assert states(capsys)["yolox-nano"] == "there"
    assert "cityeye models pull" not in run(capsys, "list")[1]


def test_a_spoilt_file_is_found_and_mended(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    content = bytearray(shared("models", "yolox_nano.onnx").read_bytes())
    content[-1] ^= 1
    (folder / "yolox_nano.onnx").write_bytes(content)
    assert states(capsys)["yolox-nano"] == "there"  # its length is right
    assert run(capsys, "verify", "yolox-nano")[:2] == (1, "yolox-nano  WRONG FILE  models/yolox_nano.onnx\n")
    assert run(capsys, "pull", "yolox-nano", "--mirror", shared("models"))[0] == 0
    assert run(capsys, "verify", "yolox-nano", "--lang", "zh")[:2] == (0, "yolox-nano  正确  models/yolox_nano.onnx\n")


def test_the_folder_is_the_configurations(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site/c.yaml").write_text("mqtt: {host: h}\nmodel: {folder: there}\n", encoding="utf-8")
    code, _, _ = run(capsys, "pull", "yolox-nano", "--config", "site/c.yaml", "--mirror", shared("models"))
    assert code == 0
    assert (tmp_path / "site/there/yolox_nano.onnx").is_file()


def test_unknown_models_and_wrong_mirrors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "expected one of yolox-nano, " in run(capsys, "pull", "nosuch")[2]
    code, out, err = run(capsys, "pull", "yolox-nano", "--mirror", tmp_path / "empty")
    assert (code, out) == (1, "")
    assert "found nothing there; correct the mirror" in err
    assert not list((tmp_path / "models").iterdir())


def test_an_own_model_is_taken_in_and_can_be_named(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    names = {"names": "{0: 'car', 1: 'pickup', 2: 'dog'}"}
    file = ultralytics_model(tmp_path / "My Model v2.onnx", [PROBE], 3, metadata=names)
    assert run(capsys, "import", file)[:2] == (
        0,
        "my-model-v2: family ultralytics, input 64x64, copied to models/my-model-v2.onnx. Its labels:\n"
        "  car -> car\n  ignored, 2: pickup, dog\nuse it with  model: {id: my-model-v2}\n",
    )
    again = run(capsys, "import", file, "--map", "car=car", "--map", "pickup=truck", "--map", "dog=")
    assert "  pickup -> truck\n  ignored, 1: dog\n" in again[1]
    assert run(capsys, "verify", "my-model-v2")[0] == 0
    assert states(capsys)["my-model-v2"] == "there"

    from agent.app.parts import open_detector
    from tests.unit.config.samples import config_of, good

    config = config_of({**good(), "model": {"id": "my-model-v2"}}, home=tmp_path)
    assert open_detector(config).info.class_names == ("car", "truck")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--id", "yolox-nano"], 1, "expected an id of its own, found yolox-nano"),
        (["--family", "yolox"], 1, "expected outputs yolox"),
        (["--map", "car"], 2, "--map: expected LABEL=CLASS, found car"),
        (["--map", "car=lorry"], 1, "expected classes of the agent (person, "),
        (["--map", "van=car"], 1, "expected labels of this model (car), found van"),
    ],
)
def test_what_cannot_be_taken_in(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    file = ultralytics_model(tmp_path / "m.onnx", [PROBE], 1, metadata={"names": "{0: 'car'}"})
    found, out, err = run(capsys, "import", file, *arguments)
    assert (found, out) == (code, "")
    assert told in err
    assert not (tmp_path / "models").exists()


def test_the_table_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.cells import cell_len

    for lang in ("en", "zh"):
        out = run(capsys, "list", "--lang", lang)[1]
        assert max(map(cell_len, out.splitlines())) <= 80
        assert "yolox-nano" in out


def test_import_takes_no_file_of_another_model_and_no_odd_id(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "models"
    assert run(capsys, "pull", "yolox-nano", "--folder", folder, "--mirror", shared("models"))[0] == 0
    own = tmp_path / "yolox_nano.onnx"
    own.write_bytes(shared("models", "picodet_s_416_coco.onnx").read_bytes())
    code, _, err = run(capsys, "import", own, "--folder", folder)
    assert (code, "found yolox_nano.onnx of yolox-nano; choose with --id" in err) == (1, True)
    for odd in ("My-Street", "../x"):
        code, _, err = run(capsys, "import", own, "--folder", folder, "--id", odd)
        assert (code, f"found {odd}; choose with --id" in err) == (1, True)
    assert run(capsys, "verify", "yolox-nano", "--folder", folder)[0] == 0
