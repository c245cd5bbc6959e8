"""Properties of the appearance descriptor that hold for any picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agent.adapters.looks import LOOK_SIZE, looks_of, similarity
from agent.core.types import Floats, Image


def boxes(*rows: tuple[float, float, float, float]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def scene(seed: int, size: int = 96) -> Image:
    """A smooth random picture: blobs of some colour, as unlike another seed's as two cars are."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    image: Image = cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
    return image


def test_no_boxes() -> None:
    assert looks_of(scene(0), boxes()).shape == (0, LOOK_SIZE)


@settings(max_examples=60, deadline=None)
@given(
    image=hnp.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
    corners=st.lists(st.tuples(*[st.floats(-60, 60, width=32)] * 4), max_size=12),
)
def test_unit_length_whatever_the_box(image: Image, corners: list[tuple[float, float, float, float]]) -> None:
    looks = looks_of(image, boxes(*corners))
    assert looks.shape == (len(corners), LOOK_SIZE)
    assert looks.dtype == np.float32
    assert np.allclose(np.linalg.norm(looks, axis=1), 1.0, atol=1e-5)


def test_each_box_is_described_by_itself() -> None:
    image = np.hstack([scene(1), scene(2), scene(3)])
    rows = boxes(*[(96.0 * i, 0.0, 96.0 * (i + 1), 96.0) for i in (0, 1, 2)] * 5)
    together = looks_of(image, rows)
    for row, look in zip(rows, together, strict=True):
        assert np.allclose(looks_of(image, row[None])[0], look, atol=1e-6)
    assert similarity(together[0], together[3]) == pytest.approx(1.0, abs=1e-5)
    assert similarity(together[:3], together[3:6]).shape == (3,)


def test_exposure_falls_out_and_colour_counts() -> None:
    image, whole = scene(4), boxes((0, 0, 96, 96))
    look = looks_of(image, whole)[0]
    dark = looks_of((image * 0.5).astype(np.uint8), whole)[0]
    assert similarity(look, dark) > 0.97
    recoloured = np.ascontiguousarray(image[..., ::-1])
    assert similarity(look, looks_of(recoloured, whole)[0]) < 0.9
    assert similarity(look, looks_of(scene(5), whole)[0]) < 0.6


def test_a_blank_crop_resembles_nothing_but_blank_ones() -> None:
    blank = np.full((96, 96, 3), 90, np.uint8)
    whole = boxes((0, 0, 96, 96))
    look = looks_of(blank, whole)[0]
    assert similarity(look, looks_of(blank // 2, whole)[0]) == pytest.approx(1.0, abs=1e-4)
    assert abs(float(similarity(look, looks_of(scene(4), whole)[0]))) < 0.2
