"""Pictures are analysed no larger than need be; evidence has them as large as the camera sent them."""

from __future__ import annotations

import weakref
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.decoding import Decode, _Encoded, analysis_size_px
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.originals import LastOriginals
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.videofile import VideoFileSource
from agent.core.types import Detections, Frame, Image, SeenObject, Stamp
from agent.core.view import View
from scripts.render.video import write_video
from tests.fakes import START, street_picture
from tests.unit.core.world import plan
from tests.unit.test_evidence import event
from tests.unit.test_privacy import found

SIZE = (1920, 1080)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1080 lines: a street, half a minute long; from the sixteenth second on the camera was pushed a little."""
    street = cv2.GaussianBlur(street_picture(3, (2000, 1160)), (0, 0), 3)
    grey = cv2.cvtColor(cv2.cvtColor(street, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    street = cv2.addWeighted(street, 0.2, grey, 0.8, 0)  # as faint as a street's colours are
    pushed = (street[40:1120, 40 + 24 * (at_s >= 16) :][:, :1920] for at_s in range(30))
    path = tmp_path_factory.mktemp("film") / "street.mp4"
    write_video(path, (np.asarray(image, np.uint8) for image in pushed), size_px=SIZE, fps=1, crf=16)
    return path


def frames(film: Path, decode: Decode, count: int = 3, analysis_px: int = 960) -> list[Frame]:
    source = VideoFileSource(
        camera="gate", path=film, start_utc=START, decode=decode, sample_every_s=1.0, analysis_px=analysis_px
    )
    decoded = [sample.decode() for sample in islice(source.samples(), count)]
    assert None not in decoded
    return [frame for frame in decoded if frame is not None]


def difference(a: Image, b: Image) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(float) - b.astype(float)).mean())


@pytest.mark.parametrize(
    ("size", "least", "analysed"),
    [
        ((1920, 1080), 960, (960, 540)),
        ((1920, 1080), 1280, (1920, 1080)),
        ((3840, 2160), 960, (960, 540)),
        ((2560, 1440), 960, (1280, 720)),
        ((1080, 1920), 960, (540, 960)),
        ((2592, 1943), 960, (2592, 1943)),
        ((704, 576), 960, (704, 576)),
    ],
)
def test_sizes_are_halved_as_long_as_the_detector_needs_no_more(
    size: tuple[int, int], least: int, analysed: tuple[int, int]
) -> None:
    assert analysis_size_px(*size, least) == analysed


@pytest.mark.parametrize("decode", ["keyframes", "all"])
def test_the_analysis_sees_half_the_size_of_what_evidence_gets(film: Path, decode: Decode) -> None:
    (as_sent, *_) = frames(film, decode, analysis_px=1920)
    assert as_sent.original is None
    assert as_sent.full() is as_sent.image
    seen = frames(film, decode, count=1)
    while seen:
        frame = seen.pop()
        assert frame.size_px == (960, 540)
        assert np.array_equal(frame.full(), as_sent.image) or difference(frame.full(), as_sent.image) < 1.5
        assert frame.original is not None
        full, kept = frame.full(), frame.original.packed()
        decoder = weakref.ref(frame.original.decoder) if isinstance(frame.original, _Encoded) else lambda: None
        halved = np.asarray(cv2.resize(full, (960, 540), interpolation=cv2.INTER_AREA), np.uint8)
        assert difference(frame.image, halved) < 2.0
        del frame
        assert decode == "all" or decoder() is None, "what is kept for a while keeps no decoder alive"
        image = kept.image()
        assert image is not None
        assert difference(image, full) < 2.0


def test_a_pushed_cameras_original_is_put_back_too(film: Path) -> None:
    view, last = View(changes=False), None
    for frame in frames(film, "keyframes", count=30):
        last = view.prepare(frame)
    assert last is not None
    assert last.fault is None
    first, back = frames(film, "keyframes", count=1)[0], last.frame
    middle = (slice(100, 900), slice(100, 1700))
    assert difference(back.full()[middle], first.full()[middle]) < 8.0
    assert back.original is not None
    again = back.original.packed().image()
    assert again is not None
    assert np.array_equal(again, back.full())


def test_evidence_is_as_large_as_the_camera_sent_it_and_blurred_in_its_own_pixels(film: Path, tmp_path: Path) -> None:
    """The person was found in the smaller picture."""
    frame = frames(film, "keyframes", count=1)[0]
    stamp = Stamp(utc=START + timedelta(seconds=60), mono_s=60.0)
    folder = EvidenceFolder(tmp_path, quota_bytes=10**9, keep_free_bytes=0)
    photographer = ScenePhotographer(folder, plan(), PrivacyGuard(), originals=LastOriginals())
    seen = SeenObject(class_name="garbage", score=0.5, box_n=(0.1, 0.1, 0.3, 0.7))
    incident = replace(event(), rule="garbage_overflow", objects=(seen,), zone="", at=stamp.utc)
    people: Detections = found(("person", 0.6, (500.0, 100.0, 600.0, 300.0)))
    (wide, *_), note = photographer.take(incident, frame, people)
    assert note is None
    picture = np.asarray(cv2.imread(str(tmp_path / wide.path)), np.uint8)[:1080]
    assert picture.shape == (1080, 1920, 3)
    changed = np.abs(picture.astype(int) - frame.full().astype(int)).max(axis=2) > 12
    assert changed[184:340, 985:1215].mean() > 0.2, "the head, in twice the pixels"
    assert changed[700:, 100:800].mean() < 0.01
    assert changed[92:170, 485:600].mean() < 0.01, "not where its numbers would be"
