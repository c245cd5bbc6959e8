"""Since when a new detection has stood there: pictures with known truth."""

from __future__ import annotations

import numpy as np
import pytest

from agent.core.look_back import LookBack
from agent.core.scene import Scene
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Detections, Frame, Image, Phase
from agent.core.view import View
from tests.unit.core.world import plan, stamp

SIZE = (320, 180)
BOX = (96, 100, 160, 150)
RANDOM = np.random.default_rng(4)
ROAD = RANDOM.integers(90, 130, (*SIZE[::-1], 3), np.uint8)
CAR = np.kron(RANDOM.integers(10, 245, (5, 8, 3)), np.ones((10, 8, 1))).astype(np.uint8)


def picture(t_s: float, *, arrives_s: float = 20.0, leaves_s: float = 1e9) -> Image:
    """A street with grain, and a car in `BOX` for some time."""
    image = ROAD.copy()
    if arrives_s <= t_s < leaves_s:
        x1, y1, x2, y2 = BOX
        image[y1:y2, x1:x2] = CAR
    noise = np.random.default_rng(int(t_s * 10)).normal(0, 4, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def found(*boxes: tuple[int, int, int, int], score: float = 0.8) -> Detections:
    return Detections(
        boxes_px=np.array(boxes, np.float32).reshape(-1, 4),
        scores=np.full(len(boxes), score, np.float32),
        class_ids=np.full(len(boxes), CLASS_IDS["car"], np.int64),
        looks=np.zeros((len(boxes), 0), np.float32),
    )


def stood(look_back: LookBack, detected_s: float, to_s: float, step_s: float = 1.0, **when: float) -> list[float]:
    """What is said of the car from its first detection on."""
    told = []
    for t in np.arange(0.0, to_s, step_s):
        seen = found(BOX) if t >= detected_s else found()
        told.append(look_back.step(picture(float(t), **when), seen, SIZE, stamp(float(t))))
    return [float(stood_s[0]) for stood_s in told if len(stood_s)]


@pytest.mark.parametrize("step_s", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("missed_s", [0.0, 6.0, 30.0])
def test_the_arrival_is_found_however_late_the_detector_is(step_s: float, missed_s: float) -> None:
    told = stood(LookBack(), 20.0 + missed_s, 60.0, step_s)
    assert told[0] == pytest.approx(missed_s, abs=max(step_s, 1.0))
    assert told[-1] == (pytest.approx(60.0 - step_s - 20.0, abs=max(step_s, 1.0)) if missed_s else 0.0)


def test_what_always_looked_like_that_has_not_arrived() -> None:
    assert set(stood(LookBack(), 30.0, 40.0, arrives_s=0.0)) == {0.0}


def test_an_arrival_longer_ago_than_the_pictures_reach_is_not_guessed() -> None:
    assert set(stood(LookBack(), 90.0, 95.0, arrives_s=20.0)) == {0.0}


def test_a_passer_by_does_not_hide_the_arrival() -> None:
    look_back = LookBack()
    for t in range(40):
        image = picture(t)
        if t in (30, 31):
            image[80:170, 90:150] = 20
        told = look_back.step(image, found(BOX) if t >= 36 else found(), SIZE, stamp(t))
    assert float(told[0]) == pytest.approx(19.0, abs=1.0)


def test_what_shows_again_after_traffic_has_passed_has_not_arrived() -> None:
    """A crash barrier that the detector takes for a bus, on a motorway: between two lorries nothing arrives."""
    look_back = LookBack()
    for t in range(40):
        image = picture(t, arrives_s=0.0)
        if 20 <= t < 30:
            image[80:170, 90:170] = np.random.default_rng(t).integers(0, 255, (90, 80, 3), np.uint8)
        told = look_back.step(image, found(BOX) if t >= 33 else found(), SIZE, stamp(t))
    assert told.tolist() == [0.0]


def test_nothing_is_claimed_across_a_gap() -> None:
    look_back = LookBack()
    for t in range(30):
        look_back.step(picture(t), found(), SIZE, stamp(t))
    look_back.interrupt()
    assert float(look_back.step(picture(31), found(BOX), SIZE, stamp(31))[0]) == 0.0


def test_a_place_without_any_texture_or_of_a_few_pixels_proves_nothing() -> None:
    look_back = LookBack()
    flat = np.full((*SIZE[::-1], 3), 100, np.uint8)
    dark = np.full((*SIZE[::-1], 3), 40, np.uint8)
    tiny = (100, 100, 106, 106)
    for t in range(20):
        look_back.step(dark if t < 5 else flat, found(), SIZE, stamp(t))
    assert look_back.step(flat, found(BOX, tiny), SIZE, stamp(20)).tolist() == [0.0, 0.0]


def test_pictures_of_another_size_begin_anew() -> None:
    look_back = LookBack()
    stood(look_back, 1e9, 30.0)
    assert look_back.step(np.zeros((240, 320, 3), np.uint8), found(BOX), (320, 240), stamp(31)).tolist() == [0.0]


def test_the_incident_began_when_the_car_came_not_when_it_was_first_detected() -> None:
    view, scene = View(changes=False), Scene(plan(dwell=60.0))
    events = []
    for t in range(120):
        seen = view.prepare(Frame(camera="gate", seq=t, stamp=stamp(t), image=picture(t)))
        events += scene.step(view.observe(seen, found(BOX) if t >= 32 else found()))
    [opened] = [e for e in events if e.phase is Phase.OPENED]
    assert opened.first_seen == stamp(20).utc
    assert opened.at == stamp(92).utc, "the pixels before prove no car: it opens a dwell after it was detected"
    assert opened.dwell_s == 72.0
