"""A detector that misses things now and then does no worse for resting: what it missed is not held against them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from agent.core.scene import Scene
from agent.core.types import Frame, Image
from agent.core.view import View
from tests.fakes import street_picture
from tests.unit.core.test_gate import found
from tests.unit.core.world import KERB, plan, stamp

EVERY_S, DWELL_S, MINUTES = 2.0, 64.0, 6
NOTHING, PARKED = found(), found(("car", 0.6, (64.0, 90.0, 128.0, 126.0)))


def street(number: int) -> Image:
    """The same street, with the noise of another moment."""
    grain = np.random.default_rng(number % 23).normal(0, 2, (180, 320, 3))
    return np.asarray(np.clip(street_picture() + grain, 0, 255), np.uint8)


@dataclass
class Stay:
    """What was said of a car that stands there all the time."""

    phases: list[str]
    opened_s: float | None
    asked: int
    looks: int


def watched(recheck_s: float, misses: float, seed: int) -> Stay:
    chance = np.random.default_rng(seed)
    scene, view = Scene(plan(dwell=DWELL_S)), View(changes=False, outlines_n=[KERB], recheck_s=recheck_s)
    stay = Stay(phases=[], opened_s=None, asked=0, looks=0)
    for number in range(round(MINUTES * 60 / EVERY_S)):
        at = stamp(EVERY_S * number)
        seen = view.prepare(Frame(camera="gate", seq=number, stamp=at, image=street(number)))
        answer = NOTHING if chance.random() < misses else PARKED
        asks = seen.held is None or scene.in_doubt
        stay.looks, stay.asked = stay.looks + 1, stay.asked + asks
        for event in scene.step(view.observe(seen, answer if asks or seen.held is None else seen.held)):
            stay.phases.append(event.phase.value)
            stay.opened_s = stay.opened_s or EVERY_S * number
    return stay


@pytest.mark.parametrize("misses", [0.1, 0.4])
def test_what_is_missed_now_and_then_is_reported_as_soon_and_closed_as_seldom(misses: float) -> None:
    for seed in range(2):
        always, resting = watched(0.0, misses, seed), watched(10.0, misses, seed)
        assert always.asked == always.looks
        assert resting.asked < 0.9 * resting.looks
        assert resting.phases == always.phases == ["opened"]
        assert resting.opened_s is not None
        assert always.opened_s is not None
        assert resting.opened_s <= always.opened_s + 10.0
