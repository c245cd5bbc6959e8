"""A heap of bags that the model takes for a person, weakly and in every picture, is seen as the thing it is."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.taxonomy import CLASS_IDS
from agent.core.tracking.statues import Statues
from agent.core.types import Box, Detections, Frame, Observation
from agent.core.view import View
from tests.fakes import street_picture
from tests.unit.core.world import stamp

SIZE = (640, 360)
HEAP: Box = (0.50, 0.60, 0.58, 0.80)
SWAYED: Box = (0.53, 0.60, 0.61, 0.80)
LEANS: Box = (0.47, 0.61, 0.59, 0.80)


def detected(box: Box, score: float, kind: str = "person") -> Detections:
    return Detections(
        boxes_px=np.array([box], np.float32) * np.array([*SIZE, *SIZE], np.float32),
        scores=np.array([score], np.float32),
        class_ids=np.array([CLASS_IDS[kind]]),
        looks=np.zeros((1, 0), np.float32),
    )


def told(*looks: tuple[Box, float], kind: str = "person", every_s: float = 2.0) -> list[int]:
    """How many detections are believed in each of these looks at one thing."""
    statues = Statues()
    return [
        len(statues.watch(detected(box, score, kind), SIZE, stamp(i * every_s))[1])
        for i, (box, score) in enumerate(looks)
    ]


def test_what_is_weakly_a_person_and_never_stirs_is_none() -> None:
    assert told(*[(HEAP, 0.44)] * 8) == [1, 1, 1, 1, 0, 0, 0, 0]


def test_looks_close_together_take_their_time() -> None:
    assert told(*[(HEAP, 0.44)] * 8, every_s=0.5) == [1] * 8


@pytest.mark.parametrize(
    ("looks", "kind"),
    [
        ([(HEAP, 0.44), (HEAP, 0.7), *[(HEAP, 0.44)] * 8], "person"),
        ([(HEAP, 0.44), (SWAYED, 0.44), (LEANS, 0.44)] * 5, "person"),
        ([(HEAP, 0.44)] * 10, "car"),
    ],
    ids=["seen well once", "sways", "a car"],
)
def test_what_stirs_or_is_seen_well_or_is_a_vehicle_is_believed(looks: list[tuple[Box, float]], kind: str) -> None:
    assert told(*looks, kind=kind) == [1] * len(looks)


def test_a_heap_that_is_taken_for_a_person_is_a_changed_region() -> None:
    view = View(changes=True)
    seen: list[Observation] = []
    for i in range(30):
        image = street_picture(seed=3, size_px=SIZE)
        noise = np.random.default_rng(i).normal(0, 2, image.shape)
        x1, y1, x2, y2 = (round(v * s) for v, s in zip(HEAP, (*SIZE, *SIZE), strict=True))
        lies = i >= 12
        if lies:
            image[y1:y2, x1:x2] = (25, 22, 20)
        image = np.asarray(np.clip(image + noise, 0, 255), np.uint8)
        prepared = view.prepare(Frame(camera="gate", seq=i, stamp=stamp(2.0 * i), image=image))
        seen.append(view.observe(prepared, detected(HEAP, 0.44) if lies else Detections.none()))
    assert [len(one.changes.boxes_n) for one in seen[-6:]] == [1] * 6
    assert [len(one.detections) for one in seen[-6:]] == [0] * 6
    # Late by the looks that it takes to doubt the person, no more.
    assert float(seen[-1].changes.still_s[0]) >= 2.0 * (len(seen) - 12) - 6.0
    np.testing.assert_allclose(seen[-1].changes.boxes_n[0], HEAP, atol=6 / 320)
