"""Pictures in, verdicts out: each fault on rendered and real streets, and everything that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np
import pytest

from agent.core.picture_health.registration import Alignment
from agent.core.picture_health.watch import PictureState, PictureWatch
from agent.core.types import Image, PictureFault, Stamp
from tests.unit.core.street_pictures import clip, grained, seen_from, small, street
from tests.unit.core.world import stamp

CLIPS = ("cdnet_fall_1600f.mp4", "aboda_video4.avi", "bgs_highway_320x240.avi")
Change = Callable[[Image], Image]
SHIFT = Alignment(shift_n=(0.04, -0.03))


class Viewer:
    """Shows pictures to a watch, one per `step_s`, and notes what it says."""

    def __init__(self, step_s: float = 1.0) -> None:
        self.watch = PictureWatch()
        self.step_s = step_s
        self.t_s = 0.0

    def show(self, pictures: Iterable[Image]) -> list[PictureState]:
        states = []
        for picture in pictures:
            states.append(self.watch.step(picture, stamp(self.t_s)))
            self.t_s += self.step_s
        return states

    def faults(self, pictures: Iterable[Image]) -> list[str | None]:
        return [state.fault.value if state.fault else None for state in self.show(pictures)]

    @staticmethod
    def used_to(pictures: Sequence[Image], step_s: float = 1.0) -> Viewer:
        """One that has learnt its reference view and found nothing wrong."""
        viewer = Viewer(step_s)
        assert set(viewer.faults(pictures)) == {None}
        assert viewer.watch.reference is not None
        return viewer


def again(pictures: Sequence[Image], count: int) -> list[Image]:
    """`count` pictures, from the first on again when they run out."""
    return [pictures[i % len(pictures)] for i in range(count)]


def darkened(image: Image) -> Image:
    return grained(np.asarray(image * 0.03, np.uint8), seed=1, sigma=1.5)


def glaring(image: Image) -> Image:
    return np.asarray(np.clip(image.astype(np.float32) * 5 + 90, 0, 255), np.uint8)


def out_of_focus(sigma_share: float) -> Change:
    return lambda image: np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_share * image.shape[1]), np.uint8)


def bagged(image: Image) -> Image:
    shade = np.linspace(30, 90, image.shape[1])[None, :, None] * np.ones_like(image)
    return grained(np.asarray(shade, np.uint8), seed=1, sigma=1.5)


def mostly_covered(image: Image) -> Image:
    covered = bagged(image)
    edge = int(0.8 * image.shape[1])
    covered[:, edge:] = image[:, edge:]
    return covered


def lorry_in_front(image: Image) -> Image:
    """A brown lorry with a row of windows over most of the picture."""
    out, height, width = image.copy(), image.shape[0], image.shape[1]
    out[height // 12 : -height // 12] = (70, 100, 130)
    for x in range(0, width, width // 8):
        cv2.rectangle(out, (x, height // 5), (x + width // 12, height // 3), (30, 35, 40), -1)
    return grained(out, seed=2)


def seen(by: Alignment) -> Change:
    return lambda image: seen_from(image, by)


LASTING = [
    ("dark", darkened, 0),
    ("overexposed", glaring, 0),
    ("blurred", out_of_focus(2 / 320), 10),
    ("blurred", out_of_focus(5 / 320), 10),
    ("covered", bagged, 10),
    ("covered", mostly_covered, 10),
    ("moved", seen(Alignment(shift_n=(0.3, 0.0))), 0),
    ("moved", seen(Alignment(shift_n=(0.0, 0.25))), 0),
]


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("step_s", [0.5, 1.0, 2.0])
def test_a_real_street_has_no_fault(name: str, step_s: float) -> None:
    viewer = Viewer(step_s)
    states = viewer.show(small(image) for image in clip(name)[:: round(step_s / 0.5)])
    assert states == [PictureState()] * len(states)
    assert viewer.watch.reference is not None


@pytest.mark.parametrize(("fault", "change", "after"), LASTING)
@pytest.mark.parametrize("name", CLIPS)
def test_a_fault_of_a_real_camera_is_seen_and_ends(name: str, fault: str, change: Change, after: int) -> None:
    pictures = clip(name)[::2]
    viewer = Viewer.used_to([small(image) for image in pictures[:15]])
    said = viewer.faults(small(change(image)) for image in pictures[10:25])
    assert said == [None] * after + [fault] * (15 - after)
    assert viewer.faults(small(image) for image in pictures[15:25])[1:] == [None] * 9


@pytest.mark.parametrize(
    ("light", "fault", "change", "after"),
    # Not the glare at night: what is black stays visible.
    [(light, *row) for light in ("day", "night") for row in LASTING if (light, row[0]) != ("night", "overexposed")],
)
def test_a_fault_of_a_rendered_camera_is_seen_and_ends(light: str, fault: str, change: Change, after: int) -> None:
    viewer = Viewer.used_to(street(light))
    assert viewer.faults(map(change, again(street(light), 15))) == [None] * after + [fault] * (15 - after)
    assert viewer.faults(street(light)[:6])[1:] == [None] * 5


@pytest.mark.parametrize("step_s", [0.5, 4.0])
def test_faults_are_timed_in_seconds(step_s: float) -> None:
    viewer = Viewer.used_to(again(street(), 24), step_s)
    said = viewer.faults(map(bagged, again(street(), 24)))
    assert said.index("covered") * step_s == (12.0 if step_s == 4.0 else 10.0)


@pytest.mark.parametrize(
    "pictures",
    [
        lambda: street("night"),
        lambda: street("overcast", rain=0.7),
        lambda: street(shake_px=4.0),
        lambda: [grained(image, i, 6) for i, image in enumerate(street("night"))],
        lambda: [_jpeg(image, 15) for image in street()],
        lambda: [_exposed(image, (1, 1, 1, 1.6, 0.5)[i % 5]) for i, image in enumerate(street())],
        lambda: [seen_from(image, _swaying(i)) for i, image in enumerate(street())],
    ],
    ids=["night", "rain", "shake", "grain", "jpeg", "exposure", "sway"],
)
def test_weather_night_and_a_swaying_pole_are_no_faults(pictures: Callable[[], Sequence[Image]]) -> None:
    states = Viewer().show(again(pictures(), 36))
    assert states == [PictureState()] * 36


def _jpeg(image: Image, quality: int) -> Image:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1), np.uint8)


def _exposed(image: Image, gain: float) -> Image:
    return np.asarray(np.clip(image * gain, 0, 255), np.uint8)


def _swaying(number: int) -> Alignment:
    return Alignment(shift_n=(0.012 * float(np.sin(2.1 * number)), 0.012 * float(np.sin(1.3 * number))))


@pytest.mark.parametrize(("before", "after"), [("day", "night"), ("night", "day"), ("day", "overcast")])
def test_another_light_is_no_fault_however_sudden(before: str, after: str) -> None:
    viewer = Viewer.used_to(street(before))
    assert viewer.show(again(street(after), 45)) == [PictureState()] * 45


def test_what_passes_in_front_is_no_fault_but_what_stays_is() -> None:
    viewer = Viewer.used_to(street())
    assert viewer.faults([*map(lorry_in_front, street()[:8]), *street()]) == [None] * 20
    assert viewer.faults(map(lorry_in_front, again(street(), 24))) == [None] * 10 + ["covered"] * 14


def test_lightning_costs_one_picture() -> None:
    viewer = Viewer.used_to(street("night"))
    said = viewer.faults([*street("night")[:3], glaring(glaring(street("night")[3])), *street("night")[4:8]])
    assert said == [None, None, None, "overexposed", None, None, None, None]


@pytest.mark.parametrize("light", ["day", "night"])
@pytest.mark.parametrize(
    "move",
    [SHIFT, Alignment(shift_n=(-0.08, 0.0)), Alignment(shift_n=(0.03, 0.0), turn_deg=2.0), Alignment(turn_deg=3.0)],
)
def test_a_small_move_is_put_right_once_it_is_steady(light: str, move: Alignment) -> None:
    viewer = Viewer.used_to(street(light))
    states = viewer.show(seen_from(image, move) for image in again(street(light), 20))
    assert {s.fault for s in states[:8] if s.alignment is None} == {PictureFault.MOVED}
    for state in states[10:]:
        assert state.fault is None
        assert state.alignment is not None
        assert state.alignment.apart_n(move, (320, 180)) < 0.006
    assert len({state.alignment for state in states[10:]}) == 1, "steady: the picture must not tremble"
    back = viewer.show(again(street(light), 6))
    assert back[2:] == [PictureState()] * 4


def test_what_a_shifted_camera_does_not_see_is_remembered() -> None:
    viewer = Viewer.used_to(street())
    before = viewer.watch.reference
    viewer.step_s = 20.0
    viewer.show(seen_from(image, Alignment(shift_n=(0.09, 0.0))) for image in again(street(), 60))
    after = viewer.watch.reference
    assert before is not None
    assert after is not None
    assert after.grey is not before.grey
    assert np.abs(after.grey[:, -20:] - before.grey[:, -20:]).mean() < 6


def test_a_camera_turned_on_its_pole() -> None:
    viewer = Viewer.used_to(street())
    states = viewer.show(again(street("day", 8, pitch_deg=1.5), 24))
    assert states[0].fault is PictureFault.MOVED
    assert states[-1].fault is None
    assert states[-1].alignment is not None
    assert abs(states[-1].alignment.shift_n[1] + 0.042) < 0.005
    assert viewer.faults(again(street("day", 8, yaw_deg=25), 16))[10:] == ["moved"] * 6
    assert viewer.show(again(street(), 8))[2:] == [PictureState()] * 6


def test_a_move_at_night_is_seen_after_a_dusk() -> None:
    day, night = street()[3].astype(np.float32), street("night")[3].astype(np.float32)
    viewer = Viewer(step_s=20.0)
    dusk = [grained(np.asarray(day + min(1.0, i / 90) * (night - day), np.uint8), i) for i in range(120)]
    assert set(viewer.faults(dusk)) == {None}
    assert viewer.faults([seen_from(dusk[-1], SHIFT)]) == ["moved"]


def test_a_slow_sag_is_noticed_although_the_reference_follows_the_light() -> None:
    viewer = Viewer.used_to(street(), 60.0)
    sagging = [seen_from(street()[i % 12], Alignment(shift_n=(0.0, 0.06 * i / 240))) for i in range(240)]
    *_, last = viewer.show(sagging)
    assert last.alignment is not None, "a pixel of 320 in 22 minutes: within the time constant of the light"
    assert last.alignment.shift_n[1] == pytest.approx(0.06, abs=0.022)


def _clocked(image: Image, second: int) -> Image:
    big = np.asarray(cv2.resize(image, (1280, 720)), np.uint8)
    cv2.putText(big, f"2026-07-01 12:00:{second:02}", (30, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 3)
    return small(big)


@pytest.mark.parametrize("light", ["day", "night"])
def test_a_frozen_picture_is_known_though_its_clock_goes_on(light: str) -> None:
    viewer = Viewer.used_to(street(light))
    stuck = street(light)[9]
    assert viewer.faults(_clocked(stuck, i) for i in range(45)) == [None] * 30 + ["frozen"] * 15
    assert viewer.faults(street(light)[:5]) == [None] * 5


def test_a_picture_that_repeats_the_one_before_is_suspected_at_once() -> None:
    viewer = Viewer.used_to(street())
    first, second, third = street()[9:12]
    states = viewer.show([first, first, second, third, third])
    assert [state.suspected for state in states] == [False, True, False, False, True]
    assert {state.fault for state in states} == {None}


def test_a_few_equal_pictures_far_apart_are_not_frozen() -> None:
    viewer = Viewer.used_to(street(), 4.0)
    assert viewer.faults([street()[5]] * 7) == [None] * 7
    viewer.watch.interrupt()
    assert viewer.faults([street()[5]] * 8) == [None] * 8
    assert viewer.faults([street()[5]]) == ["frozen"]


def test_an_interruption_starts_every_clock_again() -> None:
    viewer = Viewer.used_to(street())
    assert viewer.faults(map(bagged, street()[:8])) == [None] * 8
    viewer.watch.interrupt()
    assert viewer.faults(map(bagged, street()[:12])) == [None] * 10 + ["covered"] * 2


def test_a_camera_that_starts_covered_learns_once_it_sees() -> None:
    viewer = Viewer()
    assert viewer.faults([bagged(street()[0])] * 12) == [None] * 10 + ["covered"] * 2
    assert viewer.watch.reference is None
    assert set(viewer.faults(street())) == {None}
    assert viewer.watch.reference is not None


def test_what_a_passing_lorry_hid_while_learning_is_not_missed() -> None:
    pictures = [lorry_in_front(image) if 3 <= i < 6 else image for i, image in enumerate(street()[:9])]
    viewer = Viewer.used_to(pictures)
    reference = viewer.watch.reference
    assert reference is not None
    plain = Viewer.used_to(street()[:9]).watch.reference
    assert plain is not None
    assert np.abs(reference.grey - plain.grey).mean() < 3


def test_renew_takes_the_present_view() -> None:
    elsewhere = again(street("day", 8, yaw_deg=25), 24)
    viewer = Viewer.used_to(street())
    assert viewer.faults(elsewhere)[-1] == "moved"
    viewer.watch.renew()
    assert set(viewer.faults(elsewhere)) == {None}
    assert viewer.faults(street())[-1] == "moved"


@pytest.mark.parametrize("name", CLIPS)
def test_memory_survives_a_restart(name: str) -> None:
    pictures = [small(image) for image in clip(name)[::2]]
    before = Viewer.used_to(pictures[:20])
    before.show(seen_from(image, SHIFT) for image in pictures[5:20])
    kept = before.watch.keep()
    assert len(kept) < 100_000
    after = Viewer()
    after.watch.recall(kept, Stamp(utc=stamp(900).utc, mono_s=stamp(0).mono_s))
    states = after.show(seen_from(image, SHIFT) for image in pictures[20:28])
    assert {s.fault for s in states} == {None}
    assert {s.alignment for s in states} == {before.show([seen_from(pictures[20], SHIFT)])[0].alignment}
    assert after.faults([seen_from(pictures[20], Alignment(shift_n=(0.3, 0.0)))]) == ["moved"]


def test_a_fault_survives_a_restart_until_something_else_is_sure() -> None:
    before = Viewer.used_to(street())
    assert before.faults(map(bagged, street()[:12]))[-1] == "covered"
    after = Viewer()
    after.watch.recall(before.watch.keep(), stamp(500))
    assert after.faults(map(bagged, street()[:2])) == ["covered"] * 2
    assert after.faults(street()[:2]) == [None] * 2


def test_an_empty_memory_is_one_too() -> None:
    after = Viewer()
    after.watch.recall(PictureWatch().keep(), stamp(0))
    assert set(after.faults(street())) == {None}
    assert after.watch.reference is not None


@pytest.mark.parametrize(
    "damage",
    [
        lambda kept: b"",
        lambda kept: b"{}\n",
        lambda kept: kept[:200],
        lambda kept: kept.replace(b'"version": 1', b'"version": 7', 1),
        lambda kept: kept.replace(b'"held": null', b'"held": [1, 2]', 1),
        lambda kept: kept.replace(b'"held": null', b'"held": [NaN, 0, 0, 1, 1]', 1),
        lambda kept: kept.replace(b'"fault": null', b'"fault": "tired"', 1),
        lambda kept: kept.replace(b'"sharpness": ', b'"sharpness": "x', 1),
    ],
)
def test_a_damaged_memory_is_refused_and_changes_nothing(damage: Callable[[bytes], bytes]) -> None:
    viewer = Viewer.used_to(street())
    kept = viewer.watch.keep()
    with pytest.raises(ValueError, match="kept"):
        viewer.watch.recall(damage(kept), stamp(500))
    assert viewer.watch.keep() == kept


@pytest.mark.parametrize("size_px", [(320, 240), (272, 204), (288, 164), (344, 192)])
def test_another_stream_size_is_the_same_view(size_px: tuple[int, int]) -> None:
    viewer = Viewer.used_to(street())
    squeezed = [np.asarray(cv2.resize(image, size_px, interpolation=cv2.INTER_AREA), np.uint8) for image in street()]
    assert set(viewer.faults(squeezed)) == {None}


def test_a_picture_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(H, W, 3\) uint8, found \(180, 320\)"):
        PictureWatch().step(np.zeros((180, 320), np.uint8), stamp(0))


def test_a_view_that_matched_in_no_light_of_a_day_is_another_one() -> None:
    viewer = Viewer.used_to(street("night"))
    viewer.step_s = 3600.0
    strange = [grained(_exposed(image, 1.6), i) for i, image in enumerate(again(street("day", 8, yaw_deg=25), 26))]
    assert viewer.faults(strange) == [None] * 24 + ["moved"] * 2
