"""The embedded default detector: what it says it is, and what it sees on pictures it was not trained on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from agent.adapters.onnx import OnnxDetector, OnnxModel
from agent.adapters.onnx.model import file_sha256
from scripts.training import score, sources
from scripts.training.sources import Photo
from tests.shared_data import shared

FILE = Path(__file__).parents[2] / "models" / "street-nano.onnx"
CARD = FILE.with_suffix(".md")
LARGEST_FILE = 12_000_000


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector.load(FILE, min_score=score.LOWEST_SCORE)


@pytest.fixture(scope="module")
def data() -> Path:
    return shared("README.md").parent


@pytest.fixture(scope="module")
def street_photos(data: Path) -> list[Photo]:
    return sources.coco(data, back=True)


def test_the_agent_knows_all_its_labels_without_configuration(detector: OnnxDetector) -> None:
    assert detector.model.own_labels() == sources.NAMES
    assert set(detector.info.class_names) == set(sources.NAMES)
    assert detector.model.family.name == "yolox"
    assert detector.info.input_px == (416, 416)


def test_the_file_is_small_and_the_one_of_the_card() -> None:
    assert FILE.stat().st_size <= LARGEST_FILE
    (digest,) = re.findall(r"`([0-9a-f]{64})`", CARD.read_text(encoding="utf-8"))
    assert file_sha256(FILE, digest) == digest


def test_pictures_of_a_batch_do_not_touch_each_other(detector: OnnxDetector, street_photos: list[Photo]) -> None:
    pictures = [photo.pixels() for photo in street_photos[:3]]
    together = detector.detect(pictures)
    for picture, seen in zip(pictures, together, strict=True):
        (alone,) = detector.detect([picture])
        np.testing.assert_array_equal(alone.class_ids, seen.class_ids)
        np.testing.assert_allclose(alone.boxes_px, seen.boxes_px, atol=0.1)


def test_a_cell_that_shows_no_garbage_says_what_yolox_nano_says(data: Path, street_photos: list[Photo]) -> None:
    ours, theirs = OnnxModel.load(FILE), OnnxModel.load(data / "models" / "yolox_nano.onnx")
    kept = [*range(5), *(5 + row for row in sources.COCO_ROWS)]
    for photo in street_photos:
        planes, _ = ours.prepare([photo.pixels()])
        (mine,), (original,) = ours.run(planes), theirs.run(planes)
        street = mine[0, :, 5 + sources.GARBAGE] == 0
        assert street.mean() > 0.9
        np.testing.assert_allclose(mine[0, street, :-1], original[0][street][:, kept], atol=1e-3)


def test_it_sees_the_street_as_yolox_nano_does(detector: OnnxDetector, data: Path, street_photos: list[Photo]) -> None:
    original = OnnxDetector.load(data / "models" / "yolox_nano.onnx", min_score=score.LOWEST_SCORE)
    expected = score.ap50(original, street_photos)
    found = score.ap50(detector, street_photos)
    assert set(found) == set(expected) == set(sources.NAMES) - {"garbage"}
    for name, figure in expected.items():
        assert found[name] >= figure - 0.03, name


def test_it_finds_heaps_in_held_back_pictures(detector: OnnxDetector, data: Path) -> None:
    """Measured: 0.362 and 0.369."""
    assert score.ap50(detector, sources.garbage495(data, "test"))["garbage"] >= 0.34
    assert score.ap50(detector, sources.amsterdam(data, back=True))["garbage"] >= 0.34
