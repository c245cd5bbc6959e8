"""Where the camera looks: found to a fraction of a pixel, or not claimed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.picture_health.pose import CERTAIN, FARTHEST_N
from agent.core.picture_health.registration import Alignment, align, grey_of, likeness, structure, warp
from agent.core.types import Floats, Image
from tests.unit.core.street_pictures import clip, grained, seen_from, small, street

CLIPS = ("cdnet_fall_1600f.mp4", "aboda_video4.avi", "bgs_highway_320x240.avi")
MOVES = st.builds(
    Alignment,
    shift_n=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    turn_deg=st.floats(-3, 3),
    scale=st.floats(0.97, 1.03),
)


def of(image: Image) -> Floats:
    return structure(grey_of(image))


def px_of_320(found: Alignment, truth: Alignment, image: Image) -> float:
    return found.apart_n(truth, (image.shape[1], image.shape[0])) * 320


@settings(deadline=None, max_examples=25, derandomize=True)
@given(MOVES)
def test_a_move_is_found_to_a_pixel_at_the_corners(move: Alignment) -> None:
    first, later = street()[0], street()[9]
    moved = grained(seen_from(later, move), seed=1)
    found = align(of(first), of(moved))
    assert found.certainty > 0.4
    assert px_of_320(found, move, first) < 1.3


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize(
    "move",
    [
        Alignment(),
        Alignment(shift_n=(0.03, 0.0)),
        Alignment(shift_n=(-0.08, 0.03)),
        Alignment(shift_n=(0.3, 0.0)),
        Alignment(turn_deg=2.0),
        Alignment(shift_n=(0.03, 0.02), turn_deg=-2.0, scale=1.02),
    ],
)
def test_a_real_street_is_found_again_through_its_traffic(name: str, move: Alignment) -> None:
    pictures = clip(name)
    first = of(small(pictures[0]))
    for later in pictures[10::20]:
        found = align(first, of(small(seen_from(later, move))))
        assert found.certainty > 2 * CERTAIN
        assert px_of_320(found, move, small(later)) < (2.0 if move.shift_n[0] <= FARTHEST_N else 2.5)


def test_a_turned_camera_is_found_by_day_and_by_night() -> None:
    for light in ("day", "night"):
        found = align(of(street()[0]), of(street(light, 8, pitch_deg=1.0)[5]))
        assert found.certainty > CERTAIN
        assert abs(found.shift_n[1] * 180 + 5.2) < 1.0  # one degree at the focal length of 289 px
        assert abs(found.shift_n[0] * 320) < 1.0


@pytest.mark.parametrize("first", ["day", "night"])
def test_night_and_day_are_the_same_place(first: str) -> None:
    second = {"day": "night", "night": "day"}[first]
    for picture in street(second)[::6]:
        found = align(of(street(first)[0]), of(picture))
        assert found.certainty > CERTAIN
        assert px_of_320(found, Alignment(), picture) < 2.0


def test_another_place_is_not_claimed() -> None:
    here, there = street(), street("day", 8, yaw_deg=25)
    fall, bag = (clip(name) for name in CLIPS[:2])
    grain = grained(np.full((180, 320, 3), 90, np.uint8), seed=3, sigma=8)
    for i in range(8):
        for one, other in [
            (here[i], there[i]),
            (there[i], here[i]),
            (small(fall[5 * i]), small(bag[5 * i])),
            (small(bag[5 * i]), small(fall[5 * i])),
            (here[i], grain),
            (grain, here[i]),
        ]:
            assert align(of(one), of(other)).certainty < CERTAIN
            assert (likeness(of(one), of(other)) > 0.5).mean() < 0.12


@pytest.mark.parametrize("grey", [0, 114, 255])
def test_where_nothing_is_to_be_seen_nothing_is_claimed(grey: int) -> None:
    blank = of(np.full((180, 320, 3), grey, np.uint8))
    assert align(blank, blank) == Alignment()
    assert align(of(street()[0]), blank) == Alignment()


@pytest.mark.parametrize("height", [180, 213, 240])
def test_inputs_stay_as_they_are_and_answers_the_same(height: int) -> None:
    wide = np.ascontiguousarray(np.resize(street()[0], (height, 320, 3)))
    one, other = of(wide), of(seen_from(wide, Alignment(shift_n=(0.05, 0.02))))
    before = one.copy(), other.copy()
    assert align(one, other) == align(one, other)
    assert np.array_equal(one, before[0])
    assert np.array_equal(other, before[1])


def test_the_matrix_does_what_the_alignment_says() -> None:
    shift = Alignment(shift_n=(0.1, 0.1)).matrix((200, 100))
    assert shift @ [50, 50, 1] == pytest.approx([70, 60])
    quarter = Alignment(turn_deg=90).matrix((201, 101))
    assert quarter @ [200, 50, 1] == pytest.approx([100, 150])  # the right side goes down: clockwise
    double = Alignment(scale=2).matrix((201, 101))
    assert double @ [100, 50, 1] == pytest.approx([100, 50])
    assert Alignment(scale=2).apart_n(Alignment(), (201, 101)) == pytest.approx(np.hypot(100, 50) / 201)


def test_warp_puts_a_full_size_picture_back() -> None:
    full = clip(CLIPS[1])[0]
    move = Alignment(shift_n=(0.05, -0.04), turn_deg=1.0, scale=1.01)
    back = warp(seen_from(full, move), move)
    assert back.shape == full.shape
    assert back.dtype == np.uint8
    inner = (slice(60, 420), slice(80, 640))
    assert np.abs(back[inner].astype(int) - full[inner]).mean() < 4
    out = warp(full, Alignment(shift_n=(0.25, 0.0)))
    assert (out[:, -170:] == 114).all()


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"one shape, found \(180, 320\) and \(240, 320\)"):
        align(np.zeros((180, 320), np.float32), np.zeros((240, 320), np.float32))
