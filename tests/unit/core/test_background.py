"""The scene-change channel on a synthetic pavement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from agent.core.background import Background, working_picture
from agent.core.background.working import WORKING_PX
from agent.core.geometry import iou
from agent.core.types import ChangeKind, Changes, Floats, Image, Stamp

SIZE = (160, 320)
BAG = (100, 60, 130, 90)  # x1 y1 x2 y2, pixels
NOBODY: Floats = np.zeros((0, 4), np.float32)


def at(mono_s: float) -> Stamp:
    return Stamp(utc=datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=mono_s), mono_s=mono_s)


def pavement(seed: int = 0, *, bag: bool = False, gain: float = 1.0) -> Image:
    """Slabs with a coarse texture, the sensor's noise of `seed`, and perhaps a dark bag."""
    texture = cv2.GaussianBlur(np.random.default_rng(99).normal(0, 60, SIZE).astype(np.float32), (0, 0), 2)
    picture = np.repeat(120 + texture[..., None], 3, axis=2) * np.array([0.8, 1.0, 1.1])
    picture[::20], picture[:, ::20] = 80, 80
    if bag:
        picture[BAG[1] : BAG[3], BAG[0] : BAG[2]] = (40, 25, 20)
    noise = np.random.default_rng(seed).normal(0, 2, picture.shape)
    return np.asarray(np.clip(picture * gain + noise, 0, 255), np.uint8)


def watched(background: Background, times: range, *, bag: bool = False, gain: float = 1.0) -> Changes:
    changes = Changes.none()
    for second in times:
        changes = background.step(pavement(second, bag=bag, gain=gain), at(second), NOBODY)
    return changes


def learnt() -> Background:
    background = Background()
    watched(background, range(20))
    assert background.ready
    return background


def box_px(changes: Changes) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = changes.boxes_n[0].tolist()
    return x1 * SIZE[1], y1 * SIZE[0], x2 * SIZE[1], y2 * SIZE[0]


@pytest.mark.parametrize(
    ("width", "height", "small"),
    [
        (1920, 1080, (320, 180)),
        (2560, 1440, (320, 180)),
        (720, 480, (288, 192)),
        (640, 480, (272, 204)),
        (704, 576, (264, 216)),
        (1280, 1024, (264, 212)),
        (1080, 1920, (176, 312)),
        (333, 187, (320, 180)),
    ],
)
def test_working_pictures_keep_the_aspect_and_cost_alike(width: int, height: int, small: tuple[int, int]) -> None:
    picture = working_picture(np.full((height, width, 3), 77, np.uint8))
    assert picture.shape == (small[1], small[0], 3)
    assert picture.dtype == np.uint8
    assert (picture == 77).all()
    assert 0.94 * WORKING_PX < small[0] * small[1] <= 1.01 * WORKING_PX
    assert small[0] / small[1] == pytest.approx(width / height, rel=0.01)


def test_a_size_that_changes_while_it_is_learnt_begins_anew() -> None:
    background = Background()
    watched(background, range(6))
    larger = [np.asarray(cv2.resize(pavement(second), (336, 168)), np.uint8) for second in range(20)]
    for second, picture in enumerate(larger):
        assert background.ready == (second > 12)
        background.step(picture, at(6 + second), NOBODY)


def test_a_memory_of_another_size_is_begun_anew() -> None:
    """As one kept by a release with another working size: what stands there is learnt, nothing is reported."""
    background = Background()
    background.recall(learnt().keep(), at(5))
    assert background.ready
    larger = [np.asarray(cv2.resize(pavement(second, bag=True), (336, 168)), np.uint8) for second in range(40)]
    changes = [background.step(picture, at(6 + second), NOBODY) for second, picture in enumerate(larger)]
    assert not any(len(one) for one in changes)
    assert not changes[0].complete
    assert changes[-1].complete


def test_is_not_ready_before_it_saw_enough() -> None:
    background = Background()
    assert len(watched(background, range(6), bag=True)) == 0
    assert not background.ready


def test_a_bag_is_reported_once_it_stood_and_until_it_is_gone() -> None:
    background = learnt()
    assert len(watched(background, range(20, 28), bag=True)) == 0
    changes = watched(background, range(28, 90), bag=True)
    assert changes.kinds == (ChangeKind.LEFT,)
    assert iou(box_px(changes), BAG) > 0.8
    assert changes.still_s[0] == pytest.approx(69, abs=2)
    assert changes.scores[0] > 0.5
    assert len(watched(background, range(90, 95))) == 0


def test_what_stood_there_from_the_start_is_removed() -> None:
    background = Background()
    watched(background, range(20), bag=True)
    assert watched(background, range(20, 40)).kinds == (ChangeKind.REMOVED,)


@pytest.mark.parametrize("step_s", [1, 2, 4])
def test_seconds_count_and_not_pictures(step_s: int) -> None:
    background = learnt()
    first = next(s for s in range(20, 60, step_s) if len(watched(background, range(s, s + 1), bag=True)))
    assert 29 <= first <= 30 + step_s


def test_something_passing_is_not_reported() -> None:
    background = learnt()
    for second in range(20, 60):
        picture = pavement(second)
        picture[60:100, (second - 20) * 7 : (second - 20) * 7 + 30] = 20
        assert len(background.step(picture, at(second), NOBODY)) == 0


@pytest.mark.parametrize("gain", [0.6, 1.4])
def test_a_jump_of_exposure_is_not_reported_and_hides_nothing(gain: float) -> None:
    background = learnt()
    assert len(watched(background, range(20, 40), gain=gain)) == 0
    assert watched(background, range(40, 60), gain=gain, bag=True).kinds == (ChangeKind.LEFT,)


def test_a_shaking_camera_is_steadied() -> None:
    background = learnt()
    for second in range(20, 60):
        shift = np.array([[1, 0, 2 * np.sin(2.1 * second)], [0, 1, np.cos(1.3 * second)]], np.float32)
        picture = cv2.warpAffine(pavement(second, bag=second >= 40), shift, SIZE[::-1], borderMode=cv2.BORDER_REPLICATE)
        changes = background.step(np.asarray(picture, np.uint8), at(second), NOBODY)
        assert second >= 40 or len(changes) == 0
    assert len(changes) == 1
    assert iou(box_px(changes), BAG) > 0.7


def test_a_soft_shadow_that_stays_is_not_reported() -> None:
    background = learnt()
    for second in range(20, 60):
        shade = np.ones((*SIZE, 1), np.float32)
        shade[40:130, 60:200] = 0.6
        soft = np.asarray(cv2.GaussianBlur(shade, (0, 0), 8), np.float32)[..., None]
        picture = np.asarray(pavement(second) * soft, np.uint8)
        assert len(background.step(picture, at(second), NOBODY)) == 0


def test_what_the_detector_saw_says_nothing_and_is_not_learnt() -> None:
    background = learnt()
    person = np.array([[0.3, 0.35, 0.42, 0.6]], np.float32)
    for second in range(20, 60):
        assert len(background.step(pavement(second, bag=True), at(second), person)) == 0
    assert watched(background, range(60, 80), bag=True).kinds == (ChangeKind.LEFT,)


def test_time_that_nobody_looked_is_not_attested() -> None:
    background = learnt()
    background.step(pavement(20, bag=True), at(20), NOBODY)
    background.interrupt()
    assert len(background.step(pavement(21, bag=True), at(29), NOBODY)) == 0
    assert len(background.step(pavement(22, bag=True), at(3600), NOBODY)) == 0
    changes = watched(background, range(3601, 3615), bag=True)
    assert changes.still_s[0] < 20


def test_a_restart_forgets_nothing() -> None:
    before = learnt()
    watched(before, range(20, 40), bag=True)
    kept = before.keep()
    assert len(kept) < 300_000
    after = Background()
    after.recall(kept, at(5))
    changes = after.step(pavement(1, bag=True), at(5), NOBODY)
    assert changes.kinds == (ChangeKind.LEFT,)
    assert 15 <= changes.still_s[0] <= 22
    assert len(watched(after, range(6, 12))) == 0


def test_damaged_foreign_and_misshapen_memory_is_refused() -> None:
    kept = learnt().keep()
    for text in (b"something else", kept[:50], kept[:-1] + bytes([kept[-1] ^ 1]), kept[:4] + b"\x09" + kept[5:]):
        with pytest.raises(ValueError, match="kept reference"):
            Background().recall(text, at(0))
    other = Background()
    other.step(np.zeros((240, 320, 3), np.uint8), at(0), NOBODY)
    with pytest.raises(ValueError, match="expected 320 x 240 pixels, found 320 x 160"):
        other.recall(kept, at(1))


def test_reset_of_a_polygon_makes_normal_what_is_in_it() -> None:
    background = learnt()
    watched(background, range(20, 40), bag=True)
    background.reset([(0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)])
    assert len(watched(background, range(40, 42), bag=True)) == 1
    background.reset([(0.25, 0.25), (0.5, 0.25), (0.5, 0.75), (0.25, 0.75)])
    assert len(watched(background, range(42, 70), bag=True)) == 0
    assert watched(background, range(70, 90)).kinds == (ChangeKind.REMOVED,)


def test_while_a_polygon_is_learnt_anew_what_is_not_reported_may_be_there() -> None:
    """Another zone may overlap it: its incident must not close because nothing is judged here."""
    background = learnt()
    assert watched(background, range(20, 40), bag=True).complete
    background.reset(ZONE)
    assert not watched(background, range(40, 48), bag=True).complete
    assert watched(background, range(48, 60), bag=True).complete


ZONE = [(0.25, 0.25), (0.5, 0.25), (0.5, 0.75), (0.25, 0.75)]


@pytest.mark.parametrize("passing_n", [1, 4, 7])
def test_who_passes_by_at_a_reset_is_not_learnt_but_what_stands_behind_is(passing_n: int) -> None:
    background = learnt()
    watched(background, range(20, 60), bag=True)
    for second in range(60, 60 + passing_n):
        picture = pavement(second, bag=True)
        picture[50:130, 90:150] = (60, 60, 160)  # a lorry that the detector misses
        background.step(picture, at(second), NOBODY)
    background.reset(ZONE)
    for second in range(60 + passing_n, 120):
        assert len(watched(background, range(second, second + 1), bag=True)) == 0
    assert watched(background, range(120, 140)).kinds == (ChangeKind.REMOVED,)


def test_a_reset_after_a_gap_or_a_restart_learns_what_stands_there_then() -> None:
    before = learnt()
    watched(before, range(20, 40))
    after = Background()
    after.recall(before.keep(), at(100))
    before.interrupt()
    for background in (before, after):
        background.reset(ZONE)
        for second in range(100, 140):
            assert len(watched(background, range(second, second + 1), bag=True)) == 0
        assert watched(background, range(140, 160)).kinds == (ChangeKind.REMOVED,)


def test_a_reset_that_leaves_nothing_to_tell_the_light_learns_anew() -> None:
    background = learnt()
    background.interrupt()
    background.reset([(0, 0), (1, 0), (1, 1), (0, 1)])
    assert not background.ready
    watched(background, range(40, 60), bag=True)
    assert watched(background, range(60, 80)).kinds == (ChangeKind.REMOVED,)


def test_reset_of_everything_learns_anew() -> None:
    background = learnt()
    watched(background, range(20, 40), bag=True)
    background.reset(None)
    assert not background.ready
    assert len(watched(background, range(40, 80), bag=True)) == 0
    assert background.ready


def test_infra_red_light_is_another_reference_and_forgets_nothing() -> None:
    def infra_red(second: int, *, bag: bool) -> Image:
        grey = pavement(second, bag=bag)[..., 2:3] * 0.7
        return np.asarray(np.repeat(grey, 3, axis=2), np.uint8)

    background = learnt()
    watched(background, range(20, 40), bag=True)
    for second in range(40, 60):
        changes = background.step(infra_red(second, bag=True), at(second), NOBODY)
    assert changes.kinds == (ChangeKind.LEFT,)
    for second in range(60, 80):
        changes = background.step(infra_red(second, bag=False), at(second), NOBODY)
    assert len(changes) == 0
    assert len(watched(background, range(80, 100))) == 0
    assert watched(background, range(100, 120), bag=True).kinds == (ChangeKind.LEFT,)


def test_what_stands_before_the_camera_is_a_screen_and_says_nothing_about_the_bag_behind_it() -> None:
    background = learnt()
    assert watched(background, range(20, 60), bag=True).kinds == (ChangeKind.LEFT,)
    changes = Changes.none()
    for second in range(60, 120):
        picture = pavement(second, bag=True)
        picture[50:, 40:260] = (190, 150, 140)  # a lorry without a name
        changes = background.step(picture, at(second), NOBODY)
    assert changes.kinds == (ChangeKind.SCREEN,)
    changes = watched(background, range(120, 140), bag=True)
    assert changes.kinds == (ChangeKind.LEFT,)
    assert iou(box_px(changes), BAG) > 0.8
