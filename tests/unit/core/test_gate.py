"""The detector rests only while the zones look the same, and never for long."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.core.gate import CHANGED_LEVELS, SETTLING_LOOKS, Gate
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Detections, Image
from tests.unit.core.world import stamp

SIZE = (320, 180)
ZONE = [(0.2, 0.6), (0.8, 0.6), (0.8, 0.9), (0.2, 0.9)]
CAR = (100.0, 90.0, 180.0, 150.0)
RECHECK_S = 10.0


def street(seed: int = 0, noise: float = 1.0) -> Image:
    """The same street each time, with the noise of another moment."""
    scene = cv2.resize(np.random.default_rng(1).uniform(60, 180, (18, 32, 3)), SIZE, interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(seed).normal(0, noise, scene.shape)
    return np.asarray(np.clip(scene + grain, 0, 255), np.uint8)


def found(*things: tuple[str, float, tuple[float, float, float, float]]) -> Detections:
    return Detections(
        boxes_px=np.array([box for _, _, box in things], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in things], np.float32),
        class_ids=np.array([CLASS_IDS[name] for name, _, _ in things], np.int64),
        looks=np.zeros((len(things), 0), np.float32),
    )


PARKED = found(("car", 0.6, CAR))
SETTLED = [PARKED] * SETTLING_LOOKS
AFTER_S = 2.0 * SETTLING_LOOKS
"""When the next look after `SETTLED` is due."""


def rested(*looks: Detections, recheck_s: float = RECHECK_S) -> Gate:
    """A gate after these looks at the street, two seconds apart."""
    gate = Gate([ZONE], recheck_s)
    for number, look in enumerate(looks):
        gate.asked(street(number), look, SIZE, stamp(2.0 * number))
    return gate


def test_after_some_looks_that_say_the_same_the_detector_rests_until_the_recheck() -> None:
    gate = rested(*[PARKED] * (SETTLING_LOOKS - 1))
    asked_s = 2.0 * (SETTLING_LOOKS - 1)
    assert gate.held(street(9), SIZE, stamp(asked_s - 1)) is None, "these may be mistakes"
    last = found(("truck", 0.4, CAR))
    gate.asked(street(1), last, SIZE, stamp(asked_s))
    assert gate.held(street(9), SIZE, stamp(asked_s + 2)) is last
    assert gate.held(street(10), SIZE, stamp(asked_s + RECHECK_S - 0.1)) is last
    assert gate.held(street(11), SIZE, stamp(asked_s + RECHECK_S)) is None
    gate.interrupt()
    assert gate.held(street(12), SIZE, stamp(asked_s + 2)) is None


def with_a_passer_by() -> Image:
    picture = street(20)
    picture[110:150, 190:230] = 20
    return picture


def test_when_something_has_passed_one_look_is_enough() -> None:
    gate = rested(*SETTLED)
    assert gate.held(with_a_passer_by(), SIZE, stamp(AFTER_S)) is None
    gate.asked(with_a_passer_by(), found(("person", 0.6, (190.0, 110.0, 230.0, 150.0))), SIZE, stamp(AFTER_S))
    assert gate.held(street(21), SIZE, stamp(AFTER_S + 2)) is None
    gate.asked(street(21), PARKED, SIZE, stamp(AFTER_S + 2))
    assert gate.held(street(22), SIZE, stamp(AFTER_S + 4)) is PARKED


def test_a_new_thing_that_is_missed_is_looked_for_in_every_picture() -> None:
    """The detector says what it said before; the picture does not look as it did before."""
    gate = rested(*SETTLED)
    for number in range(SETTLING_LOOKS - 2):
        gate.asked(with_a_passer_by(), PARKED, SIZE, stamp(AFTER_S + 2 * number))
        assert gate.held(with_a_passer_by(), SIZE, stamp(AFTER_S + 2 * number + 1)) is None


@pytest.mark.parametrize(
    "now",
    [
        found(),  # missed
        found(("car", 0.6, (40.0, 90.0, 120.0, 150.0))),  # elsewhere
        found(("person", 0.6, CAR)),  # something else
        found(("car", 0.6, CAR), ("person", 0.3, (200.0, 100.0, 215.0, 150.0))),  # one more
    ],
)
def test_looks_that_differ_near_a_zone_keep_it_awake(now: Detections) -> None:
    gate = rested(*SETTLED, now)
    assert gate.held(street(9), SIZE, stamp(AFTER_S + 1)) is None
    gate.asked(street(2), now, SIZE, stamp(AFTER_S + 2))
    assert gate.held(street(9), SIZE, stamp(AFTER_S + 3)) is None
    for number in range(2, SETTLING_LOOKS):
        gate.asked(street(2), now, SIZE, stamp(AFTER_S + 2 * number))
    assert gate.held(street(9), SIZE, stamp(AFTER_S + 2 * SETTLING_LOOKS)) is now


@pytest.mark.parametrize(
    "passing",
    [
        ("car", 0.7, (10.0, 5.0, 60.0, 40.0)),  # far from every zone
        ("person", 0.2, (200.0, 100.0, 215.0, 150.0)),  # hardly seen
    ],
)
def test_what_no_zone_cares_for_does_not(passing: tuple[str, float, tuple[float, float, float, float]]) -> None:
    assert rested(*SETTLED, found(("car", 0.6, CAR), passing)).held(street(9), SIZE, stamp(AFTER_S + 2)) is not None


@pytest.mark.parametrize(
    ("place", "wakes"),
    [
        ((slice(130, 142), slice(150, 162)), True),  # in the zone
        ((slice(104, 110), slice(150, 162)), True),  # just above it
        ((slice(20, 60), slice(20, 90)), False),  # far away
    ],
)
def test_a_thing_wakes_it_in_or_beside_a_zone_only(place: tuple[slice, slice], wakes: bool) -> None:
    gate = rested(*SETTLED)
    picture = street(9)
    picture[place] = 20
    assert (gate.held(picture, SIZE, stamp(AFTER_S)) is None) is wakes


def test_what_creeps_is_compared_with_the_last_look_not_with_the_last_picture() -> None:
    gate = rested(*SETTLED)
    levels = [n for n in range(1, 30) if gate.held(brighter(n), SIZE, stamp(AFTER_S + n / 10)) is not None]
    assert levels == list(range(1, len(levels) + 1))
    assert len(levels) <= CHANGED_LEVELS + 2


def brighter(levels: int) -> Image:
    return np.asarray(np.clip(street(9, noise=0).astype(int) + levels, 0, 255), np.uint8)


def test_it_never_rests_without_a_zone_or_when_told_so() -> None:
    for gate in (Gate([], RECHECK_S), rested(recheck_s=0.0)):
        for number in range(SETTLING_LOOKS):
            gate.asked(street(number), PARKED, SIZE, stamp(2.0 * number))
        assert gate.held(street(9), SIZE, stamp(AFTER_S)) is None


def test_another_picture_size_is_another_picture() -> None:
    gate = rested(*SETTLED)
    assert gate.held(np.asarray(cv2.resize(street(9), (160, 90)), np.uint8), SIZE, stamp(AFTER_S)) is None


def test_a_street_of_which_the_detector_says_now_this_and_now_that_is_not_settled() -> None:
    """Of a parked car that it misses in every other picture neither answer may be held."""
    gate = rested(*SETTLED)
    for number in range(20):
        at_s = AFTER_S + RECHECK_S * (number + 1)
        gate.asked(street(number), found() if number % 2 else PARKED, SIZE, stamp(at_s))
        if number:
            assert gate.held(street(9), SIZE, stamp(at_s + 1)) is None


def test_what_was_found_in_a_picture_of_another_size_does_not_hold() -> None:
    """A camera that changes its resolution: the working pictures are alike, the pixels are others."""
    gate = rested(*SETTLED)
    assert gate.held(street(9), (640, 360), stamp(AFTER_S)) is None
    assert gate.held(street(9), SIZE, stamp(AFTER_S)) is PARKED
