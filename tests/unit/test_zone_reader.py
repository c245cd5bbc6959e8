"""Reading taught zones in turn, with the model that comes with the agent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.adapters.onnx.features import RECIPE, FeatureExtractor
from agent.adapters.onnx.zone_reader import Lens, TaughtZones
from agent.core.types import Frame, Image, Stamp
from agent.core.zone_state import Head, Origin, outline_hash, train
from agent.ports import ZoneReader
from tests.fakes import START, MemoryHeads

MODEL = Path(__file__).parents[2] / "models/street-nano.onnx"
OUTLINES = {
    "bins": ((0.1, 0.1), (0.4, 0.1), (0.4, 0.9), (0.1, 0.9)),
    "heap": ((0.6, 0.1), (0.9, 0.1), (0.9, 0.9), (0.6, 0.9)),
}


def picture(seed: int, *, full: bool) -> Image:
    """Grey noise, and when it is full bright squares all over."""
    dice = np.random.default_rng(seed)
    image = dice.integers(90, 110, (120, 160, 3)).astype(np.uint8)
    if full:
        for x, y in dice.integers(0, 100, (40, 2)):
            image[y : y + 12, x : x + 30] = dice.integers(0, 255, 3)
    return image


def frame(at_s: float, *, full: bool = False, size: int = 1) -> Frame:
    stamp = Stamp(utc=START + timedelta(seconds=at_s), mono_s=at_s)
    image = np.repeat(np.repeat(picture(int(at_s) + 500, full=full), size, 0), size, 1)
    return Frame(camera="gate", seq=int(at_s), stamp=stamp, image=image)


@pytest.fixture(scope="module")
def extractor() -> FeatureExtractor:
    return FeatureExtractor.load(MODEL)


@pytest.fixture(scope="module")
def learnt(extractor: FeatureExtractor) -> dict[str, Head]:
    """What `picture` taught of both zones."""
    heads = {}
    for zone, outline in OUTLINES.items():
        table = [
            np.stack([extractor.features(picture(n, full=full), outline) for n in range(6)]) for full in (False, True)
        ]
        origin = Origin(
            model_sha256=extractor.sha256, recipe=RECIPE, outline=outline_hash(outline), picture_px=(160, 120)
        )
        head = train(table[0], table[1], origin, START).head
        assert head is not None
        heads[zone] = head
    return heads


def reader(extractor: FeatureExtractor, heads: MemoryHeads) -> TaughtZones:
    return TaughtZones("gate", OUTLINES, heads=heads, lens=Lens(extractor.sha256, lambda: extractor))


def read(zones: ZoneReader, shown: Frame) -> dict[str, tuple[bool, float]]:
    """Of each zone: whether it is full, and when that was read."""
    return {r.zone: (r.full > 0.5, r.stamp.mono_s) for r in zones.read(shown)}


def test_zones_are_read_in_turn_and_not_too_often(extractor: FeatureExtractor, learnt: dict[str, Head]) -> None:
    heads = MemoryHeads()
    for zone, head in learnt.items():
        heads.save_head("gate", zone, head)
    zones = reader(extractor, heads)
    assert read(zones, frame(0)) == {"bins": (False, 0)}
    assert read(zones, frame(1, full=True)) == {"bins": (False, 0), "heap": (True, 1)}
    assert read(zones, frame(19, full=True)) == {"bins": (False, 0), "heap": (True, 1)}
    assert read(zones, frame(20, full=True)) == {"bins": (True, 20), "heap": (True, 1)}
    assert read(zones, frame(21)) == {"bins": (True, 20), "heap": (False, 21)}


def test_a_lesson_is_noticed_and_forgotten_while_it_runs(extractor: FeatureExtractor, learnt: dict[str, Head]) -> None:
    heads = MemoryHeads()
    zones = reader(extractor, heads)
    assert read(zones, frame(0)) == {}
    heads.save_head("gate", "bins", learnt["bins"])
    heads.save_head("yard", "heap", learnt["heap"])
    assert read(zones, frame(4)) == {}
    assert read(zones, frame(5, full=True)) == {"bins": (True, 5)}
    heads.forget_head("gate", "bins")
    assert read(zones, frame(10)) == {}


def test_a_frame_of_another_size_is_read_alike(extractor: FeatureExtractor, learnt: dict[str, Head]) -> None:
    heads = MemoryHeads()
    heads.save_head("gate", "bins", learnt["bins"])
    assert read(reader(extractor, heads), frame(0, full=True, size=3)) == {"bins": (True, 0)}
    assert read(reader(extractor, heads), frame(0, size=3)) == {"bins": (False, 0)}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"model_sha256": "0" * 64}, "of zone bins is not used: it was of another model; teach it again"),
        ({"outline": "moved"}, "of zone bins is not used: it was of another outline or version"),
    ],
)
def test_a_lesson_of_something_else_is_told_once_and_not_used(
    extractor: FeatureExtractor,
    learnt: dict[str, Head],
    caplog: pytest.LogCaptureFixture,
    change: dict[str, str],
    why: str,
) -> None:
    head = learnt["bins"]
    heads = MemoryHeads()
    heads.save_head("gate", "bins", head.model_copy(update={"origin": head.origin.model_copy(update=change)}))
    zones = reader(extractor, heads)
    for at_s in (0, 10, 20):
        assert read(zones, frame(at_s)) == {}
    assert caplog.text.count(why) == 1
