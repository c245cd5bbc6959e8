"""The nodes of a model file, and inner tensors as outputs, without the `onnx` package."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.onnx.features import FeatureExtractor, pyramid_maps
from agent.adapters.onnx.graph import Node, nodes_of, with_outputs
from agent.core.errors import ModelError
from tests.onnx_models import Probe, ultralytics_model
from tests.shared_data import shared

STREET = Path(__file__).parents[2] / "models/street-nano.onnx"
ZONE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))


def test_the_nodes_are_those_that_the_onnx_package_finds() -> None:
    content = STREET.read_bytes()
    theirs = onnx.load_model_from_string(content).graph.node
    assert nodes_of(content) == [Node(node.op_type, tuple(node.input), tuple(node.output)) for node in theirs]


def test_outputs_are_added_after_the_models_own() -> None:
    content = STREET.read_bytes()
    before = [value.name for value in onnx.load_model_from_string(content).graph.output]
    after = onnx.load_model_from_string(with_outputs(content, ["x" * 200, "内"])).graph
    assert [value.name for value in after.output] == [*before, "x" * 200, "内"]
    assert len(after.node) == len(nodes_of(content))


@given(st.binary(max_size=60))
def test_what_is_no_model_is_refused_or_has_no_nodes(content: bytes) -> None:
    try:
        nodes = nodes_of(content)
    except ValueError:
        return
    assert all(isinstance(node, Node) for node in nodes)


@pytest.mark.parametrize("joining", ["Concat", "Add"])
def test_the_pyramid_is_what_is_enlarged_and_what_it_is_joined_with(joining: str) -> None:
    nodes = [
        Node("Conv", ("images",), ("fine",)),
        Node("Conv", ("fine",), ("coarse",)),
        Node("Resize", ("coarse", "", "scales"), ("large",)),
        Node(joining, ("large", "fine"), ("joined",)),
        Node("Resize", ("joined",), ("larger",)),
    ]
    assert pyramid_maps(nodes) == ("coarse", "fine")
    assert pyramid_maps(nodes[:3]) == ("coarse",)
    assert pyramid_maps(nodes[:2]) == ()


def test_a_model_without_a_pyramid(tmp_path: Path) -> None:
    path = ultralytics_model(tmp_path / "flat.onnx", [Probe((0, 0, 8, 8), 0, (0, 0, 8, 8), 0)], labels=2)
    with pytest.raises(ModelError, match=r"flat\.onnx: expected a detector whose neck enlarges a map of its backbone"):
        FeatureExtractor.load(path)


def test_the_extractor_holds_one_session_not_the_detectors_too() -> None:
    def sessions() -> int:
        gc.collect()
        return sum(isinstance(it, onnxruntime.InferenceSession) for it in gc.get_objects())

    before = sessions()
    extractor = FeatureExtractor.load(STREET)
    assert sessions() == before + 1
    assert extractor.features(np.zeros((300, 400, 3), np.uint8), ZONE).shape == (256,)


@pytest.mark.parametrize(("name", "width"), [("yolox_nano", 256), ("picodet_s_416_coco", 192)])
def test_features_of_real_models(name: str, width: int) -> None:
    extractor = FeatureExtractor.load(shared("models", f"{name}.onnx"))
    image = np.random.default_rng(1).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    seen = extractor.features(image, ZONE)
    assert seen.shape == (width,)
    assert seen.dtype == np.dtype(np.float32)
    assert np.isfinite(seen).all()
    far = image.copy()
    far[:10, :10] = 0
    corner = ((0.9, 0.9), (0.99, 0.9), (0.99, 0.99))
    assert np.array_equal(extractor.features(image, corner), extractor.features(far, corner))
    assert not np.array_equal(extractor.features(image, ZONE), extractor.features(image[::-1], ZONE))


def test_street_nano_sees_with_yolox_nanos_backbone() -> None:
    image = np.random.default_rng(1).integers(0, 255, (300, 400, 3)).astype(np.uint8)
    ours, theirs = (FeatureExtractor.load(path) for path in (STREET, shared("models", "yolox_nano.onnx")))
    assert np.allclose(ours.features(image, ZONE), theirs.features(image, ZONE), atol=1e-5)


@pytest.mark.parametrize("outline", [((0.5, 0.5), (0.5001, 0.5), (0.5, 0.5001)), ((0, 0), (1, 0), (1, 1), (0, 1))])
def test_zones_of_a_pixel_and_of_the_whole_picture(outline: tuple[tuple[float, float], ...]) -> None:
    extractor = FeatureExtractor.load(STREET)
    seen = extractor.features(np.full((30, 40, 3), 90, np.uint8), outline)
    assert np.isfinite(seen).all()
    assert seen.any()
