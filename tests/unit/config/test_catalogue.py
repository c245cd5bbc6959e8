"""The shipped list, a site's own, and which model a configuration means."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from agent.config import Config
from agent.config.catalogue import (
    CHOICE,
    DEFAULT_ID,
    LOCAL,
    MANIFEST,
    Bilingual,
    Choice,
    ModelEntry,
    choose,
    read_catalogue,
    save_choice,
    save_local,
    shipped_folder,
)
from agent.core.errors import ModelError
from tests.shared_data import shared
from tests.unit.config.samples import config_of, good, read_data

ROOT = Path(__file__).parents[3]
HASH = "0" * 64
OWN = ModelEntry(
    id="own",
    file="own.onnx",
    sha256=HASH,
    bytes=1,
    licence="ours",
    family="ultralytics",
    input_px=(320, 320),
    colours="rgb",
    classes=("car",),
    label_classes={"pkw": "car"},
    good_for=Bilingual(en="", zh=""),
)


def config(home: Path, **model: object) -> Config:
    return config_of({**good(), "model": model}, home=home)


def install(home: Path, *names: str) -> Path:
    folder = home / "models"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_every_shipped_address_is_pinned() -> None:
    for entry in read_catalogue(Path("none")).entries.values():
        assert entry.embedded or re.match(
            r"https://raw\.githubusercontent\.com/[\w.-]+/[\w.-]+/[0-9a-f]{12,40}/[\w./-]+\.onnx$", entry.url or ""
        )
        assert entry.licence == "Apache-2.0"
        assert entry.good_for.en
        assert entry.good_for.zh


@pytest.mark.parametrize("entry", read_catalogue(Path("none")).entries.values(), ids=lambda entry: entry.id)
def test_what_the_list_says_of_a_file_is_true(entry: ModelEntry) -> None:
    from agent.adapters.onnx import OnnxModel
    from agent.app.models import State, known_models, verified_models

    folder = shipped_folder() if entry.embedded else shared("models")
    (verified,) = verified_models(folder, entry.id)
    assert verified.state is State.GOOD
    assert {known.entry.id: known.state for known in known_models(folder)}[entry.id] is State.THERE
    if entry.purpose == "detector":
        model = OnnxModel.load(verified.path)
        assert (model.family.name, model.signature.input_px) == (entry.family, entry.input_px)
        assert entry.colours == ("rgb" if model.family.style.rgb else "bgr")


def test_the_list_travels_with_the_package(tmp_path: Path) -> None:
    places = ["--build-base", str(tmp_path / "base"), "--build-lib", str(tmp_path / "lib")]
    build = [sys.executable, "setup.py", "-q", "build", *places]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    packed = tmp_path / "lib/agent/models"
    assert (packed / MANIFEST).read_bytes() == (ROOT / "models" / MANIFEST).read_bytes()
    told = [sys.executable, "-c", "from agent.config.catalogue import shipped_folder; print(shipped_folder())"]
    where = subprocess.run(told, cwd=tmp_path / "lib", check=True, capture_output=True, text=True, timeout=60)
    assert Path(where.stdout.strip()) == packed
    for entry in read_catalogue(tmp_path).entries.values():
        assert not entry.embedded or (packed / entry.file).is_file()


def test_auto_takes_the_measured_choice_then_the_default(tmp_path: Path) -> None:
    folder = install(tmp_path, "yolox_nano.onnx", "picodet_s_416_coco.onnx")
    chosen = choose(config(tmp_path).model)
    assert (chosen.id, chosen.because, chosen.runtime) == (DEFAULT_ID, "the default", "onnxruntime")
    assert chosen.file == folder / "yolox_nano.onnx"
    assert (chosen.family, chosen.sha256) == ("yolox", read_catalogue(folder).entry(DEFAULT_ID).sha256)
    measured = read_catalogue(folder).entry("picodet-s-416").sha256
    save_choice(folder, Choice(id="picodet-s-416", runtime="onnxruntime", sha256=measured, ms=9.5))
    chosen = choose(config(tmp_path).model)
    assert (chosen.id, chosen.because) == ("picodet-s-416", "measured best on this box (choice.yaml)")
    passed_over = "the default, picodet-s-416 of choice.yaml is not there, or another file by now"
    save_choice(folder, Choice(id="picodet-s-416", runtime="onnxruntime", sha256=HASH, ms=9.5))
    assert choose(config(tmp_path).model).because == passed_over
    save_choice(folder, Choice(id="picodet-s-416", runtime="onnxruntime", sha256=measured, ms=9.5))
    (folder / "picodet_s_416_coco.onnx").unlink()
    assert choose(config(tmp_path).model).because == passed_over
    assert choose(config(tmp_path, id=DEFAULT_ID).model).because == "named by model.id"


def test_auto_falls_back_on_what_comes_with_the_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = yaml.safe_load((ROOT / "models" / MANIFEST).read_text(encoding="utf-8"))["models"]
    row = {key: value for key, value in OWN.model_dump(mode="json").items() if key not in ("file", "url")}
    rows = [entry for entry in shipped if "embedded" not in entry] + [
        {**row, "id": "within", "embedded": "within.onnx"}
    ]
    (tmp_path / MANIFEST).write_text(yaml.safe_dump({"models": rows}), encoding="utf-8")
    monkeypatch.setattr("agent.config.catalogue.shipped_folder", lambda: tmp_path)
    with pytest.raises(ModelError, match=r"get it with `cityeye models pull yolox-nano`$"):
        choose(config(tmp_path).model)
    (tmp_path / "within.onnx").touch()
    chosen = choose(config(tmp_path).model)
    assert (chosen.id, chosen.file) == ("within", tmp_path / "within.onnx")
    assert chosen.because == "comes with the agent, yolox-nano is not installed"


def test_the_file_of_the_release_goes_before_the_one_in_the_models_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, packed = install(tmp_path, "yolox_nano.onnx", "own.onnx"), tmp_path / "packed"
    packed.mkdir()
    (packed / MANIFEST).write_bytes((ROOT / "models" / MANIFEST).read_bytes())
    monkeypatch.setattr("agent.config.catalogue.packed_folder", lambda: packed)
    save_local(folder, OWN)
    assert choose(config(tmp_path).model).file == folder / "yolox_nano.onnx"
    for name in ("yolox_nano.onnx", OWN.file):
        (packed / name).touch()
    assert choose(config(tmp_path).model).file == packed / "yolox_nano.onnx"
    assert choose(config(tmp_path, id=OWN.id).model).file == folder / OWN.file


def test_the_runtime_follows_the_measurement_of_this_very_file(tmp_path: Path) -> None:
    folder = install(tmp_path, "own.onnx")
    save_local(folder, OWN)
    save_choice(folder, Choice(id="own", runtime="openvino", sha256="1" * 64, ms=1.0))
    assert choose(config(tmp_path, id="own").model).runtime == "onnxruntime"
    assert choose(config(tmp_path, id="own", runtime="openvino").model).runtime == "openvino"


def test_own_models_are_known_and_what_the_configuration_says_goes_first(tmp_path: Path) -> None:
    save_local(install(tmp_path, "own.onnx"), OWN)
    chosen = choose(config(tmp_path, id="own").model)
    assert (chosen.family, chosen.sha256, chosen.classes) == ("ultralytics", HASH, {"pkw": "car"})
    said = {"family": "yolox", "sha256": "f" * 64, "classes": {"pkw": "truck"}}
    chosen = choose(config(tmp_path, id="own", **said).model)
    assert (chosen.family, chosen.sha256, chosen.classes) == ("yolox", "f" * 64, {"pkw": "truck"})


def test_saving_replaces_and_keeps_the_others(tmp_path: Path) -> None:
    for entry in (OWN, OWN.model_copy(update={"id": "two"}), OWN.model_copy(update={"licence": "theirs"})):
        save_local(tmp_path, entry)
    catalogue = read_catalogue(tmp_path)
    assert catalogue.local_ids == {"own", "two"}
    assert catalogue.entry("own").licence == "theirs"
    assert [path.name for path in tmp_path.iterdir()] == [LOCAL]


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ({"id": "yunet-640"}, "model yunet-640: expected a detector, found one for privacy; choose another"),
        ({"id": "yolo-nano"}, "model yolo-nano: expected one of yolox-nano, "),
        (
            {"id": "yolox-nano"},
            "expected the file of model yolox-nano, found nothing; get it with `cityeye models pull",
        ),
    ],
)
def test_models_that_cannot_be_used(tmp_path: Path, model: dict[str, object], text: str) -> None:
    with pytest.raises(ModelError) as caught:
        choose(config(tmp_path, **model).model)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        (LOCAL, "models: [", "expected a list of models that can be read"),
        (LOCAL, "models: [{id: x}]", r"models\.0\.file: Field required; correct the file, or delete it"),
        (LOCAL, "[1]", r"correct the file, or delete it"),
    ],
)
def test_broken_lists_are_told_by_check_and_by_the_agent(tmp_path: Path, name: str, text: str, told: str) -> None:
    (install(tmp_path) / name).write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=told):
        choose(config(tmp_path).model)
    report = read_data(good(), home=tmp_path)
    assert report.config is not None
    assert [w.key for w in report.warnings] == ["model.folder"]


@pytest.mark.parametrize("text", ["", "[", "id: x"])
def test_a_choice_that_cannot_be_read_is_passed_over(tmp_path: Path, text: str) -> None:
    (install(tmp_path, "yolox_nano.onnx") / CHOICE).write_text(text, encoding="utf-8")
    chosen = choose(config(tmp_path).model)
    assert chosen.id == DEFAULT_ID
    assert CHOICE in chosen.because, "the log says what is wrong with it"
    report = read_data(good(), home=tmp_path)
    assert [w.key for w in report.warnings] == ["model.folder"]


def test_an_own_model_cannot_take_a_shipped_name(tmp_path: Path) -> None:
    save_local(tmp_path, OWN.model_copy(update={"id": DEFAULT_ID}))
    with pytest.raises(ModelError, match="expected ids of its own, found yolox-nano"):
        read_catalogue(tmp_path)


def test_check_says_how_to_get_a_missing_model(tmp_path: Path) -> None:
    data = {**good(), "model": {"id": DEFAULT_ID}}
    for lang, found in (("en", "no file"), ("zh-CN", "没有文件")):
        (warning,) = read_data(data, home=tmp_path, lang=lang).warnings
        assert (warning.key, warning.found) == ("model.id", f"{found} {tmp_path}/models/yolox_nano.onnx")
        assert warning.mend == f"cityeye models pull yolox-nano --folder {tmp_path}/models"
    (warning,) = read_data({**good(), "model": {"id": "yolox-nana"}}, home=tmp_path).warnings
    assert "yolox-nano" in warning.mend
    install(tmp_path, "yolox_nano.onnx")
    assert read_data(data, home=tmp_path).warnings == ()


def test_either_id_or_file() -> None:
    report = read_data({**good(), "model": {"id": "yolox-nano", "file": "x.onnx"}})
    assert [(p.key, p.expected, p.found) for p in report.problems] == [("model.file", "either id or file", "both")]
    chosen = choose(config_of({**good(), "model": {"id": "auto", "file": "x.onnx"}}, home=ROOT).model)
    assert (chosen.id, chosen.file, chosen.because) == (None, ROOT / "x.onnx", "named by model.file")
