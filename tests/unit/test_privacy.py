"""Nobody can be known from what the privacy guard lets through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.onnx import OnnxDetector
from agent.adapters.photographer import CloserLook, LastView, ScenePhotographer
from agent.adapters.privacy import FaceFinder, PlateFinder, PrivacyGuard
from agent.adapters.privacy.blur import BLOCKS, COARSE_ROWS, coarse, unrecognisable
from agent.adapters.privacy.regions import head_boxes, plate_boxes
from agent.app.parts import FACE_MODEL, PLATE_MODEL, privacy_guard
from agent.core.errors import ModelError
from agent.core.rules import RULES
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Detections, Event, Evidence, Floats, Frame, Image, ModelInfo, SeenObject
from agent.ports import Still
from tests.fakes import FakeClock, street_picture
from tests.shared_data import shared
from tests.unit.config.samples import config_of, good
from tests.unit.core.world import plan
from tests.unit.test_evidence import event


def found(*things: tuple[str, float, tuple[float, float, float, float]]) -> Detections:
    return Detections(
        boxes_px=np.array([box for _, _, box in things], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in things], np.float32),
        class_ids=np.array([CLASS_IDS[name] for name, _, _ in things], np.int64),
        looks=np.zeros((len(things), 0), np.float32),
    )


def noise(width: int, height: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def boxes(*rows: tuple[float, float, float, float]) -> Floats:
    return np.array(rows, np.float32).reshape(-1, 4)


def about(rule: str) -> Event:
    incident = event()
    return Event(**{name: getattr(incident, name) for name in incident.__slots__} | {"rule": rule})


def changed(before: Image, after: Image) -> tuple[int, int, int, int]:
    """x1 y1 x2 y2 around all pixels that differ."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


@pytest.mark.parametrize("side", [8, 40, 400])
def test_what_is_left_of_a_region_are_a_few_mean_colours(side: int) -> None:
    """Pictures that differ in all but those means become the same picture: nothing can tell them apart again."""
    tile = side // BLOCKS
    one = np.kron(np.arange(BLOCKS * BLOCKS, dtype=np.uint8).reshape(BLOCKS, BLOCKS) * 8 + 60, np.ones((tile, tile)))
    stripes = np.where(np.arange(side) % 2, 40, -40)[None, :]
    first = np.repeat(one[..., None], 3, axis=2).astype(np.uint8)
    second = (first.astype(int) + stripes[..., None]).astype(np.uint8)
    whole = boxes((0, 0, side, side))
    assert not np.array_equal(first, second)
    assert np.array_equal(unrecognisable(first, whole), unrecognisable(second, whole))


corner = st.floats(-50, 150, width=32)


@given(box=st.tuples(corner, corner, corner, corner))
def test_a_region_anywhere_changes_nothing_outside_of_it(box: tuple[float, float, float, float]) -> None:
    image = noise(100, 60)
    result = unrecognisable(image, boxes(box))
    outside = np.ones((60, 100), bool)
    x1, y1, x2, y2 = (int(v) for v in np.floor(box[:2]).tolist() + np.ceil(box[2:]).tolist())
    outside[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = False
    assert np.array_equal(result[outside], image[outside])
    assert np.array_equal(image, noise(100, 60)), "the given picture is not changed"


def test_of_a_picture_in_which_nobody_looked_a_few_rows_are_left() -> None:
    image = np.zeros((COARSE_ROWS * 4, 400, 3), np.uint8)
    image[::2] = 200
    result = coarse(image)
    assert result.shape == image.shape
    assert set(np.unique(result)) == {100}
    assert coarse(noise(30, 20)).shape == (20, 30, 3)


@pytest.mark.parametrize(
    ("box", "head"),
    [
        ((100, 100, 140, 200), (94, 92, 146, 130)),  # standing: the upper 30 %
        ((100, 100, 180, 200), (88, 92, 192, 160)),  # only head and shoulders in sight
        ((100, 100, 200, 130), (85, 97.6, 215, 130)),  # lying: all of it
    ],
)
def test_the_head_of_a_person(box: tuple[float, float, float, float], head: tuple[float, float, float, float]) -> None:
    assert head_boxes(found(("person", 0.11, box), ("bin", 0.9, box))) == pytest.approx(boxes(head))
    assert len(head_boxes(found(("person", 0.09, box)))) == 0


def test_the_plate_of_a_vehicle() -> None:
    box = (100.0, 100.0, 200.0, 200.0)
    assert plate_boxes(found(("car", 0.3, box))) == pytest.approx(boxes((104, 145, 196, 200)))
    assert plate_boxes(found(("motorcycle", 0.3, box))) == pytest.approx(boxes((100, 125, 200, 200)))
    assert len(plate_boxes(found(("car", 0.1, box), ("bicycle", 0.9, box), ("person", 0.9, box)))) == 0


PERSON, CAR = ("person", 0.6, (20.0, 20.0, 60.0, 120.0)), ("car", 0.6, (150.0, 60.0, 250.0, 120.0))


PEOPLE = found(PERSON)


@pytest.mark.parametrize(
    ("rule", "faces", "plates", "expected"),
    [
        ("stall_encroachment", True, True, (14, 12, 246, 120)),
        ("illegal_parking", True, True, (14, 12, 66, 50)),  # whose car it is matters there
        ("a_rule_of_tomorrow", False, True, (154, 87, 246, 120)),
        ("stall_encroachment", True, False, (14, 12, 66, 50)),
    ],
)
def test_what_is_blurred_for_which_kind(
    rule: str, faces: bool, plates: bool, expected: tuple[int, int, int, int]
) -> None:
    image = noise(320, 180)
    result = PrivacyGuard(faces=faces, plates=plates).protect(image, found(PERSON, CAR), rule)
    assert changed(image, result) == expected


def test_only_parking_needs_plates() -> None:
    assert {name for name, rule in RULES.items() if rule.needs_plates} == {"illegal_parking"}


def test_where_nobody_looked_nobody_can_be_known_and_what_is_switched_off_is_off() -> None:
    image, about_camera = noise(320, 180), about("camera_health")
    assert np.array_equal(PrivacyGuard().protect(image, None, about_camera.rule), coarse(image))
    assert PrivacyGuard(faces=False, plates=False).protect(image, None, about_camera.rule) is image


def test_both_pictures_of_an_event_are_blurred_before_anything_is_cut_out(tmp_path: Path) -> None:
    def pictures(name: str, guard: PrivacyGuard) -> list[Image]:
        folder = EvidenceFolder(tmp_path / name, quota_bytes=10**9, keep_free_bytes=0)
        incident = about("garbage_overflow")
        seen = SeenObject(class_name="garbage", score=0.5, box_n=(0.1, 0.1, 0.3, 0.7))
        happened = Event(**{n: getattr(incident, n) for n in incident.__slots__} | {"objects": (seen,)})
        frame = Frame(camera="gate", seq=1, stamp=FakeClock().now(), image=street_picture())
        kept, note = ScenePhotographer(folder, plan(), guard).take(happened, frame, found(PERSON))
        assert note is None
        assert [e.kind for e in kept] == ["wide", "close_up"]
        return [np.asarray(cv2.imread(str(tmp_path / name / e.path)), np.uint8) for e in kept]

    shown, hidden = pictures("shown", PrivacyGuard(faces=False)), pictures("hidden", PrivacyGuard())
    for bare, blurred in zip(shown, hidden, strict=True):
        assert bare.shape == blurred.shape
        difference = np.abs(bare.astype(int) - blurred.astype(int)).max(axis=2) > 30
        assert 0.005 < difference.mean() < 0.5, "the head, and only it"


class Elsewhere:
    """`ports.MainStream` and `ports.Detector`: a larger picture of a moment later, with somebody in it."""

    info = ModelInfo(name="none", sha256="0" * 64, input_px=(1, 1), class_names=())

    def __init__(self, still: Still | None) -> None:
        self._still = still
        self.asked = 0

    def picture(self) -> Still | None:
        self.asked += 1
        return self._still

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        assert self._still is not None
        assert [image is self._still.image for image in images] == [True]
        return [found(("person", 0.6, (500.0, 100.0, 600.0, 300.0)))]


def test_a_picture_of_the_main_stream_is_blurred_where_persons_are_in_that_picture(tmp_path: Path) -> None:
    large, clock = street_picture(5, (1280, 720)), FakeClock()
    frame = Frame(camera="gate", seq=1, stamp=clock.now(), image=street_picture())
    clock.advance(1)
    folder = EvidenceFolder(tmp_path, quota_bytes=10**9, keep_free_bytes=0)
    seen = SeenObject(class_name="garbage", score=0.5, box_n=(0.1, 0.1, 0.3, 0.7))
    incident = replace(about("garbage_overflow"), objects=(seen,), zone="")

    def taken(still: Still | None, zone: str, sees: Detections | None = PEOPLE) -> tuple[list[Evidence], str | None]:
        main = Elsewhere(still)
        photographer = ScenePhotographer(folder, plan(), PrivacyGuard(), CloserLook(main, main, LastView()))
        kept, note = photographer.take(replace(incident, zone=zone), frame, sees)
        return list(kept), note

    still = Still(image=large, at=clock.now().utc)
    [wide, _], note = taken(still, "yard")
    picture = np.asarray(cv2.imread(str(tmp_path / wide.path)), np.uint8)[:720]
    difference = np.abs(picture.astype(int) - large.astype(int)).max(axis=2) > 40
    assert (picture.shape, wide.captured_at, note) == ((720, 1280, 3), still.at, None)
    assert difference[84:175, 485:615].mean() > 0.3, "the head that is there"
    assert difference[400:, 700:].mean() < 0.01

    for still_or_none, zone, sees, expected in (
        (None, "yard", PEOPLE, "sub_stream"),
        (still, "", PEOPLE, None),  # the camera's own incident: the picture that was judged
        (still, "yard", None, None),  # a faulty picture: likewise
    ):
        [wide, *_], note = taken(still_or_none, zone, sees)
        assert np.asarray(cv2.imread(str(tmp_path / wide.path))).shape[1] == 320
        assert (wide.captured_at, note) == (frame.stamp.utc, expected)


def test_events_of_one_look_share_the_picture_of_the_main_stream() -> None:
    clock, last = FakeClock(), LastView()
    still = Still(image=street_picture(5, (1280, 720)), at=clock.now().utc)
    gate, yard = Elsewhere(still), Elsewhere(still)
    at_gate, at_yard = CloserLook(gate, gate, last), CloserLook(yard, yard, last)

    def frame(camera: str) -> Frame:
        return Frame(camera=camera, seq=1, stamp=clock.now(), image=street_picture())

    assert at_gate.view(frame("gate")) is at_gate.view(frame("gate")) is not None
    assert gate.asked == 1
    assert at_yard.view(frame("yard")) is not None
    assert yard.asked == 1, "another camera's picture is another"
    clock.advance(1)
    at_yard.view(frame("yard"))
    assert yard.asked == 2, "and so is another look's"


# The real models


def faces_model() -> Path:
    return shared("models", "yunet_n_640_640.onnx")


def plates_model() -> Path:
    return shared("models", "hyperlpr_y5fu_320x_sim.onnx")


def a_crowd() -> Image:
    [picture] = shared("coco", "val2017").rglob("000000005001.jpg")
    return np.asarray(cv2.imread(str(picture)), np.uint8)


def features(image: Image, faces: Floats) -> list[float]:
    """How much fine structure each face shows: the median of the second derivative."""
    second = np.abs(cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.CV_32F))
    whole = np.clip(np.rint(faces), 0, None).astype(int).tolist()
    return [float(np.median(second[y1:y2, x1:x2])) for x1, y1, x2, y2 in whole]


def test_yunet_finds_faces_that_no_box_told_of_and_their_features_are_gone() -> None:
    finder, crowd = FaceFinder(faces_model()), a_crowd()
    faces = finder.find(crowd)
    assert len(faces) >= 15
    blurred = PrivacyGuard(face_finder=finder).protect(crowd, Detections.none(), "stall_encroachment")
    assert min(features(crowd, faces)) >= 4
    assert max(features(blurred, faces)) <= 2


def test_the_boxes_of_persons_alone_hide_nearly_all_faces_of_a_crowd() -> None:
    crowd = a_crowd()
    faces = FaceFinder(faces_model()).find(crowd)
    [persons] = OnnxDetector.load(shared("models", "yolox_nano.onnx")).detect([crowd])
    blurred = PrivacyGuard().protect(crowd, persons, "stall_encroachment")
    assert sum(left > 2 for left in features(blurred, faces)) <= 2, "of 15 or more"


def test_a_picture_larger_than_faces_are_looked_for_in() -> None:
    finder, crowd = FaceFinder(faces_model()), a_crowd()
    large = np.asarray(cv2.resize(crowd, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.uint8)
    assert len(finder.find(large)) >= 15
    assert finder.find(large).max() > 1000, "in pixels of the picture that was given"
    assert len(finder.find(np.zeros((40, 60, 3), np.uint8))) == 0


def street_with_plate(width_px: int) -> tuple[Image, tuple[int, int, int, int]]:
    """A car's shape with a blue Chinese plate drawn on it, and where the plate is."""
    image = np.full((1080, 1920, 3), (90, 90, 95), np.uint8)
    x, y, height = 900, 600, round(width_px * 140 / 440)
    cv2.rectangle(image, (x - width_px, y - 2 * width_px), (x + 2 * width_px, y + width_px), (40, 40, 60), -1)
    cv2.rectangle(image, (x, y), (x + width_px, y + height), (160, 60, 10), -1)
    cv2.rectangle(image, (x + 2, y + 2), (x + width_px - 2, y + height - 2), (255, 255, 255), 1)
    at, scale = (x + width_px // 12, y + round(height * 0.72)), height / 42
    cv2.putText(image, "AB*12345", at, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return image, (x, y, x + width_px, y + height)


def test_a_plate_outside_of_where_the_box_tells_is_found_by_the_model() -> None:
    finder = PlateFinder(plates_model())
    image, (x1, y1, x2, y2) = street_with_plate(80)
    seen = found(("car", 0.6, (x1 - 80.0, y1 - 60.0, x2 + 80.0, y1 + 240.0)))  # drawn too far down
    bare = PrivacyGuard().protect(image, seen, "stall_encroachment")
    blurred = PrivacyGuard(plate_finder=finder).protect(image, seen, "stall_encroachment")
    assert np.array_equal(bare[y1:y2, x1:x2], image[y1:y2, x1:x2])
    left, top, right, bottom = np.mean(finder.find(image), axis=0).tolist()
    assert (left, top, right, bottom) == pytest.approx((x1, y1, x2, y2), abs=8)
    assert len(finder.find(blurred)) == 0


class NearSighted:
    """A finder with a small input, as a plate model has: sees the white thing in close-ups only."""

    def find(self, image: Image) -> Floats:
        rows, columns = np.nonzero((image == 255).all(axis=2))
        if max(image.shape) > 200 or not len(rows):
            return boxes()
        return boxes((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))


def test_plates_are_looked_for_in_a_close_up_of_each_vehicle_too() -> None:
    image = np.zeros((180, 320, 3), np.uint8)
    image[70:80, 200:220] = 255
    seen = found(("car", 0.6, (150, 60, 250, 120)), ("car", 0.6, (400, 60, 500, 120)), ("bicycle", 0.6, (0, 0, 9, 9)))
    result = PrivacyGuard(plate_finder=NearSighted()).protect(image, seen, "garbage_overflow")
    assert changed(image, result) == (195, 67, 225, 83), "the plate and a quarter of it on each side"


@pytest.mark.parametrize("finder", [FaceFinder, PlateFinder])
def test_a_file_that_is_another_model_is_refused_in_words(
    finder: type[FaceFinder] | type[PlateFinder], tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"<html>404</html>")
    for wrong in (damaged, tmp_path / "missing.onnx", shared("models", "yolox_nano.onnx")):
        with pytest.raises(ModelError, match=f"{wrong.name}: expected"):
            finder(wrong)


def test_models_are_used_where_they_lie_in_the_folder_of_models(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    text = {**good(), "model": {"folder": str(tmp_path)}}
    privacy_guard(config_of(text))
    assert "faces blurred by the detector's boxes, plates blurred by the detector's boxes" in caplog.text
    (tmp_path / FACE_MODEL).symlink_to(faces_model())
    (tmp_path / PLATE_MODEL).symlink_to(plates_model())
    privacy_guard(config_of(text))
    assert f"boxes and {FACE_MODEL}, plates blurred by the detector's boxes and {PLATE_MODEL}" in caplog.text
    privacy_guard(config_of({**text, "evidence": {"blur": []}}))
    assert "faces shown, plates shown" in caplog.text
    named = {"face_model": str(tmp_path / "typing_error.onnx")}
    with pytest.raises(ModelError, match=r"typing_error\.onnx"):
        privacy_guard(config_of({**text, "evidence": named}))
