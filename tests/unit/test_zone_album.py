"""Pictures of bin zones: what is kept, what makes room, what is marked, and when the next one is taken."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.onnx.features import FeatureExtractor
from agent.adapters.onnx.zone_reader import Lens, TaughtZones
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.zone_album import AGE_S, MOST_MARKED, Mark, MarksFull, ZoneAlbum, ZonePicture
from agent.adapters.zone_pictures import EVERY_S, Darkroom, KeepingReader, Wanted
from agent.core.types import Frame, Stamp
from agent.core.zone_state import Origin
from tests.fakes import START, MemoryHeads
from tests.unit.crews import Blind
from tests.unit.test_zone_reader import MODEL, OUTLINES, picture

BINS = ("gate", "bins")
ORIGIN = Origin(model_sha256="0" * 64, recipe="r", outline="o", picture_px=(160, 120))
FIRST = 1_780_000_000_000


def a_picture(number: int) -> ZonePicture:
    return ZonePicture(number=number, why="time", origin=ORIGIN, features=np.arange(4, dtype=np.float32) + number % 7)


def numbers(album: ZoneAlbum) -> list[int]:
    return [kept.number for kept in album.pictures(BINS)]


def test_what_was_kept_is_read_as_it_was_for_the_owner_only(tmp_path: Path) -> None:
    ZoneAlbum(tmp_path / "album").keep(BINS, a_picture(FIRST), b"jpeg")
    again = ZoneAlbum(tmp_path / "album")
    [kept] = again.pictures(BINS)
    assert (kept.number, kept.why, kept.origin, again.jpeg(BINS, FIRST)) == (FIRST, "time", ORIGIN, b"jpeg")
    assert kept.features.tolist() == a_picture(FIRST).features.tolist()
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "album" / "gate" / "bins").iterdir()} == {0o600}


def test_the_oldest_that_nobody_marked_make_room(tmp_path: Path) -> None:
    album = ZoneAlbum(tmp_path, most=3)
    for n in range(3):
        album.keep(BINS, a_picture(FIRST + n), b"jpeg")
    album.mark(BINS, {FIRST: "clean"})
    album.keep(BINS, a_picture(FIRST + 3), b"jpeg")
    assert numbers(album) == [FIRST, FIRST + 2, FIRST + 3]
    album.keep(BINS, a_picture(FIRST + round(AGE_S * 1000) + 10), b"jpeg")
    assert numbers(album) == [FIRST, FIRST + round(AGE_S * 1000) + 10]


def test_marks_are_of_pictures_that_are_there_and_bounded(tmp_path: Path) -> None:
    album = ZoneAlbum(tmp_path)
    for n in range(MOST_MARKED + 1):
        album.keep(BINS, a_picture(FIRST + n), b"jpeg")
    said: dict[int, Mark | None] = {FIRST: "full", 5: "clean"}
    assert album.mark(BINS, said) == {FIRST: "full"}
    assert album.mark(BINS, {FIRST: None}) == {}
    with pytest.raises(MarksFull):
        album.mark(BINS, {FIRST + n: "clean" for n in range(MOST_MARKED + 1)})
    assert album.marks(BINS) == {}


def test_a_damaged_picture_is_left_out(tmp_path: Path) -> None:
    album = ZoneAlbum(tmp_path)
    for n in range(2):
        album.keep(BINS, a_picture(FIRST + n), b"jpeg")
    (tmp_path / "gate" / "bins" / f"{FIRST}.json").write_text("{")
    (tmp_path / "gate" / "bins" / "marks.json").write_text("[]")
    assert (numbers(album), album.marks(BINS), album.jpeg(BINS, 1)) == ([FIRST + 1], {}, None)


class Gate:
    """A camera whose bin zone is looked at."""

    def __init__(self, folder: Path) -> None:
        self.album, self.wanted, self.heads = ZoneAlbum(folder), Wanted(), MemoryHeads()
        extractor = FeatureExtractor.load(MODEL)
        self.lens = Lens(extractor.sha256, lambda: extractor)
        self.room = Darkroom(
            album=self.album, wanted=self.wanted, lens=self.lens, guard=PrivacyGuard(), detector=Blind()
        )
        self.start()

    def start(self) -> None:
        outlines = {"bins": OUTLINES["bins"]}
        reader = TaughtZones("gate", OUTLINES, heads=self.heads, lens=self.lens)
        self.reader = KeepingReader(reader, "gate", outlines, self.room)

    def look(self, at_s: float) -> None:
        stamp = Stamp(utc=START + timedelta(seconds=at_s), mono_s=at_s)
        self.reader.read(Frame(camera="gate", seq=0, stamp=stamp, image=picture(int(at_s), full=False)))

    @property
    def kept(self) -> list[tuple[float, str]]:
        return [((kept.at - START).total_seconds(), kept.why) for kept in self.album.pictures(BINS)]


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def test_a_zone_is_kept_now_and_then_and_when_somebody_asks(gate: Gate) -> None:
    for at_s in (0.0, 20.0, EVERY_S - 1, EVERY_S, EVERY_S + 20):
        gate.look(at_s)
    gate.wanted.ask(BINS)
    gate.look(EVERY_S + 40)
    gate.look(EVERY_S + 60)
    assert gate.kept == [(0.0, "time"), (EVERY_S, "time"), (EVERY_S + 40, "asked")]


def test_a_restart_does_not_begin_the_time_anew(gate: Gate) -> None:
    gate.look(0)
    gate.start()
    gate.look(EVERY_S / 2)
    gate.look(EVERY_S)
    assert gate.kept == [(0.0, "time"), (EVERY_S, "time")]


def test_a_kept_picture_shows_the_zone_with_its_surroundings(gate: Gate) -> None:
    gate.look(0)
    [kept] = gate.album.pictures(BINS)
    jpeg = gate.album.jpeg(BINS, kept.number)
    assert jpeg is not None
    shown = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (120, 88, 3), "0.3 of 160 wide with half of that on the right, all that there is on the left"
    features = gate.lens.extractor().features(picture(0, full=False), OUTLINES["bins"])
    assert kept.features.tolist() == features.tolist()
