"""Paths through a scene: they pass through their keys, never overshoot, and say where somebody stands."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.render.scene import Actor, Key, Scene, Stand
from scripts.render.things import Bin, Car

PARKING = Actor("a", Car(), (Key(0, -20, 12), Key(3, -2, 14), Key(4, 0, 14.6), Key(9, 0, 14.6), Key(12, 20, 12)))


def test_it_stands_where_two_keys_are_the_same() -> None:
    assert PARKING.stands(30.0) == (Stand(4, 9, 0, 14.6),)
    assert PARKING.stands(6.0) == (Stand(4, 6.0, 0, 14.6),)
    poses = {PARKING.pose(t) for t in (4.5, 6.0, 8.9)}
    assert len(poses) == 1


def test_it_is_there_from_its_first_key_to_its_last() -> None:
    assert PARKING.pose(-0.1) is None
    assert PARKING.pose(12.1) is None
    first, last = PARKING.pose(0), PARKING.pose(12)
    assert first is not None
    assert last is not None
    assert (first.x_m, last.x_m) == (-20, 20)


def test_it_faces_where_it_goes() -> None:
    back = Actor("b", Car(), (Key(0, 20, 12), Key(4, 0, 12), Key(9, 0, 12)))
    for at_s in (0.0, 2.0, 6.0):
        pose = back.pose(at_s)
        assert pose is not None
        assert abs(pose.heading_deg) == pytest.approx(180, abs=1)


@settings(deadline=None)
@given(st.lists(st.floats(-30, 30), min_size=2, max_size=6), st.floats(0, 1))
def test_it_never_leaves_the_span_between_two_keys(xs: list[float], share: float) -> None:
    actor = Actor("a", Car(), tuple(Key(i, x, 0) for i, x in enumerate(xs)))
    for i, (a, b) in enumerate(pairwise(xs)):
        pose = actor.pose(i + share)
        assert pose is not None
        assert min(a, b) - 1e-6 <= pose.x_m <= max(a, b) + 1e-6


def test_it_becomes_something_else() -> None:
    actor = Actor("bin", Bin(fill=0.5), (Key(0, 0, 0), Key(9, 0, 0)), later=((5.0, Bin(fill=1.9)),))
    assert [actor.thing_at(t) for t in (4.9, 5.0)] == [Bin(fill=0.5), Bin(fill=1.9)]


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="ascending time"):
        Actor("a", Car(), (Key(1, 0, 0), Key(1, 1, 0)))
    with pytest.raises(ValueError, match="one actor per name"):
        Scene(name="s", actors=(PARKING, PARKING))
