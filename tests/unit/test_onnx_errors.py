"""Each broken model file is told in one sentence: file, expected, found, how to mend it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import onnx
import pytest

from agent.adapters.onnx import OnnxDetector
from agent.core.errors import ModelError
from tests.onnx_models import Probe, constant_model, ultralytics_model, yolox_model
from tests.shared_data import shared

PROBE = Probe(patch=(0, 0, 8, 8), plane=0, box=(0, 0, 8, 8), label=0)


def complaint(path: Path, **settings: object) -> str:
    with pytest.raises(ModelError) as caught:
        OnnxDetector.load(path, **settings)  # type: ignore[arg-type]
    text = str(caught.value)
    assert text.startswith(f"{path}: expected ")
    return text.removeprefix(f"{path}: ")


def test_missing_file(tmp_path: Path) -> None:
    assert complaint(tmp_path / "no.onnx") == (
        "expected a model file, found No such file or directory; check the path and the file's permissions"
    )


def test_folder_in_place_of_the_file(tmp_path: Path) -> None:
    assert "found Is a directory" in complaint(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.touch()
    assert complaint(path) == "expected an ONNX model, found an empty file; download it again"


def test_git_lfs_pointer(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3660092\n")
    assert "found a git-lfs pointer; run `git lfs pull`" in complaint(path)


@pytest.mark.parametrize("content", [b"junk" * 100, b"\x08\x09"])
def test_corrupt_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    text = complaint(path)
    assert text.startswith("expected an ONNX model, found ")
    assert text.endswith("; download or export it again")


def test_file_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    whole = yolox_model(tmp_path / "whole.onnx", [PROBE], 80).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "found" in complaint(path)


def test_another_file_than_was_said(tmp_path: Path) -> None:
    path = yolox_model(tmp_path / "m.onnx", [PROBE], 80)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    assert complaint(path, sha256="0" * 64).startswith(f"expected sha256 {'0' * 64}, found sha256 {found}; ")


@pytest.mark.parametrize(
    "input_shape",
    [(1, 1, 64, 64), (1, 64, 64, 3), (4, 3, 64, 64), (1, 3, "height", "width"), (3, 64, 64)],
    ids=str,
)
def test_input_that_is_no_picture(tmp_path: Path, input_shape: tuple[int | str, ...]) -> None:
    path = constant_model(tmp_path / "m.onnx", [(1, 84, 85)], input_shape=input_shape)
    shape = "[" + ", ".join(repr(d) for d in input_shape) + "]"
    text = complaint(path)
    assert text.startswith("expected one float32 input [1 or dynamic, 3, height, width], found images tensor(float) ")
    assert shape in text


def test_half_precision_input(tmp_path: Path) -> None:
    path = constant_model(tmp_path / "m.onnx", [(1, 84, 85)], half=True)
    assert "found images tensor(float16) [1, 3, 64, 64]; export with" in complaint(path)


def test_outputs_of_no_family(tmp_path: Path) -> None:
    text = complaint(constant_model(tmp_path / "m.onnx", [(1, 300, 7)]))
    assert text.startswith(
        "expected outputs end-to-end [1, boxes, 6] or yolox [1, 84, 5 + classes] or ultralytics [1, 4 + classes, 84] "
        "or picodet [1, 64, classes], [1, 16, classes], [1, 4, classes], [1, 1, classes], [1, 64, 32], "
    )
    assert text.endswith("found outputs [1, 300, 7]; use a model of these families, exported without built-in NMS")


def test_a_real_model_of_an_unknown_family_floods_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    text = complaint(shared("models", "yunet_n_640_640.onnx"))
    assert "found outputs [1, 6400, 1], [1, 1600, 1]" in text
    assert capfd.readouterr().err == ""


def test_an_end_to_end_head_needs_names_in_its_file(tmp_path: Path) -> None:
    path = constant_model(tmp_path / "m.onnx", [(1, 300, 6)])
    assert complaint(path).startswith("expected the names of the classes, found no names in the file; ")


def test_family_is_held_to_its_word(tmp_path: Path) -> None:
    path = yolox_model(tmp_path / "m.onnx", [PROBE], 80)
    assert "expected outputs ultralytics [1, 4 + classes, 84], found" in complaint(path, family="ultralytics")
    assert "expected family auto, end-to-end or yolox or ultralytics or picodet, found yolov5" in complaint(
        path, family="yolov5"
    )


def test_names_that_do_not_count_the_classes(tmp_path: Path) -> None:
    pose = ultralytics_model(tmp_path / "m.onnx", [PROBE], 52, metadata={"names": "{0: 'person'}"})
    text = complaint(pose)
    assert text.startswith("expected 52 names for the 52 classes of the output, found 1 names in the file; ")


@pytest.mark.parametrize("names", ["{0: 'car'", "car, truck", "{1: 'car'}", "7"])
def test_unreadable_names(tmp_path: Path, names: str) -> None:
    path = ultralytics_model(tmp_path / "m.onnx", [PROBE], 1, metadata={"names": names})
    assert re.search(r"expected metadata `names` such as .* found ", complaint(path))


def test_classes_nobody_named(tmp_path: Path) -> None:
    path = yolox_model(tmp_path / "m.onnx", [PROBE], 3)
    assert "expected names of the 3 classes of the output, found no names in the file; name every" in complaint(path)
    text = complaint(path, classes={"heap": "garbage"})
    assert "found no names in the file and 1 in `model.classes`" in text
    three = {"heap": "garbage", "bin": "bin", "car": "car"}
    assert OnnxDetector.load(path, classes=three).info.class_names == ("car", "garbage", "bin")


def test_classes_that_do_not_exist(tmp_path: Path) -> None:
    names = {"names": "{0: 'heap', 1: 'dog'}"}
    path = ultralytics_model(tmp_path / "m.onnx", [PROBE], 2, metadata=names)
    assert "expected labels of this model (heap, dog), found haep;" in complaint(path, classes={"haep": "garbage"})
    assert "expected classes of the agent (person, " in complaint(path, classes={"heap": "rubbish"})
    assert "expected a label among person, " in complaint(path)


def test_model_that_does_not_run(tmp_path: Path) -> None:
    path = ultralytics_model(tmp_path / "m.onnx", [PROBE], 2, batch="batch")
    model = onnx.load(path)
    for initial in model.graph.initializer:
        if list(initial.dims) == [1, 4, 84]:
            initial.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(initial)[:, :, :80], initial.name))
    del model.graph.output[0].type.tensor_type.shape.dim[:]
    onnx.save(model, path)
    assert "expected a" in complaint(path)


def test_size_of_the_input_from_the_metadata(tmp_path: Path) -> None:
    metadata = {"imgsz": "[64, 64]", "names": "['car', 'bus']"}
    path = ultralytics_model(tmp_path / "m.onnx", [PROBE], 2, metadata=metadata)
    model = onnx.load(path)
    for axis, name in ((2, "height"), (3, "width")):
        model.graph.input[0].type.tensor_type.shape.dim[axis].dim_param = name
    onnx.save(model, path)
    assert OnnxDetector.load(path).info.input_px == (64, 64)
