"""Who watches the cameras sees the newest look; while nobody does, nothing is kept."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from agent.core.scene import Scene
from agent.runtime.desk import Desk
from agent.runtime.onlookers import LEASE_S, Onlookers
from tests.fakes import FakeClock
from tests.unit.core.world import car, every, gap, plan
from tests.unit.runtime.desks import MemoryStore, NoCamera
from tests.unit.runtime.test_desk_and_watch import serve


class Square:
    """A desk whose onlookers may come and go."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.onlookers = Onlookers(self.clock)
        self.crowd = False
        self.told: list[str] = []
        self.onlookers.attend(lambda: self.crowd, self.told.append)
        self.desk = Desk(
            "gate", scene=Scene(plan()), store=MemoryStore(), photographer=NoCamera(), onlookers=self.onlookers
        )


@pytest.fixture
def square() -> Square:
    return Square()


def test_nothing_is_kept_and_nobody_is_told_while_nobody_watches(square: Square) -> None:
    serve(square.desk, [*every(2, 0, 10, car()), gap(12)])
    assert (square.onlookers.newest("gate"), square.told) == (None, [])


def test_a_crowd_is_told_of_every_look_and_gap(square: Square) -> None:
    square.crowd = True
    serve(square.desk, [*every(2, 0, 10, car()), gap(12)])
    assert square.told == ["gate"] * 6
    glimpse = square.onlookers.newest("gate")
    assert glimpse is not None
    assert [(p.rule, p.dwell_s) for p in glimpse.presences] == [("illegal_parking", 8.0)]


def test_what_stands_is_shown_before_and_after_it_is_an_incident(square: Square) -> None:
    square.crowd = True
    seen = []
    for step in every(2, 0, 70, car()):
        serve(square.desk, [step])
        glimpse = square.onlookers.newest("gate")
        assert glimpse is not None
        seen += [(p.state.value, p.incident_id is not None) for p in glimpse.presences]
    assert list(dict.fromkeys(seen)) == [("watched", False), ("open", True)]


def test_when_the_crowd_has_gone_its_pictures_go_with_the_next_look(square: Square) -> None:
    square.crowd = True
    serve(square.desk, every(2, 0, 10, car()))
    square.crowd = False
    serve(square.desk, every(2, 10, 12, car()))
    assert square.onlookers.newest("gate") is None


def test_whoever_asks_for_a_picture_gets_the_next_one_and_then_the_newest(square: Square) -> None:
    got, asked = [], Event()

    def ask() -> None:
        asked.set()
        got.append(square.onlookers.wait("gate", 30))

    waiting = Thread(target=ask)
    waiting.start()
    asked.wait()
    steps = iter(every(2, 0, 1000, car()))
    while waiting.is_alive():  # it is shown the first look after it began to wait
        serve(square.desk, [next(steps)])
        waiting.join(0.01)
    assert got[0] is not None
    serve(square.desk, [next(steps)])
    newest = square.onlookers.wait("gate", 0)
    assert newest is not None
    assert newest.seen.stamp.mono_s > got[0].seen.stamp.mono_s
    square.clock.advance(LEASE_S)
    serve(square.desk, [next(steps)])
    assert square.onlookers.newest("gate") is None


def test_a_camera_that_shows_nothing_is_not_waited_for_without_end(square: Square) -> None:
    assert square.onlookers.wait("gate", 0.01) is None


def test_a_successor_shows_its_looks_too(square: Square) -> None:
    square.crowd = True
    heir = square.desk.successor(Scene(plan()), NoCamera())
    serve(heir, every(2, 0, 4, car()))
    assert square.onlookers.newest("gate") is not None
