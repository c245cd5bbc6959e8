"""The teach-in page's backend: marks, a lesson with its curve, and what is put in force."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from agent.adapters.onnx.features import RECIPE
from agent.adapters.zone_album import ZoneAlbum, ZonePicture
from agent.adapters.zone_pictures import Wanted
from agent.app.console.lesson import learnt_apart
from agent.app.console.teaching import Teaching
from agent.config import Config
from agent.core.errors import CommandRejected
from agent.core.types import Stamp
from agent.core.zone_state import Origin, outline_hash, train
from tests.fakes import START, FakeClock, MemoryHeads
from tests.unit.config.samples import config_of, good

MODEL = "a" * 64
SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]
NOW_S = 1e5


def bins() -> Config:
    data = good()
    rules = {place: {"garbage_overflow": {"place": place}} for place in ("bin", "ground")}
    data["cameras"][0]["zones"] = [
        {"id": "bins", "name": "垃圾桶", "polygon": SQUARE, "rules": rules["bin"]},
        {"id": "ground", "polygon": SQUARE, "rules": rules["ground"]},
    ]
    return config_of(data)


class School:
    """A box whose bin zone was kept every ten minutes, `full` on and off."""

    def __init__(self, folder: Path) -> None:
        self.config = bins()
        self.camera = self.config.cameras[0].id
        self.album, self.wanted, self.heads = ZoneAlbum(folder), Wanted(), MemoryHeads()
        clock = FakeClock()
        clock.advance(NOW_S)
        self.now: Stamp = clock.now()
        self.teaching = Teaching(
            config=lambda: self.config,
            album=self.album,
            wanted=self.wanted,
            heads=self.heads,
            model_sha256=MODEL,
            clock=clock,
        )
        self.dice = np.random.default_rng(3)

    def keep(self, minutes_ago: int, *, full: bool, model: str = MODEL) -> int:
        outline = self.config.cameras[0].zones[0].polygon
        origin = Origin(model_sha256=model, recipe=RECIPE, outline=outline_hash(outline), picture_px=(640, 480))
        features = self.dice.normal(3.0 if full else 0.0, 1.0, 8).astype(np.float32)
        at = self.now.utc - timedelta(minutes=minutes_ago)
        number = round(at.timestamp() * 1000)
        self.album.keep(
            (self.camera, "bins"), ZonePicture(number=number, why="time", origin=origin, features=features), b"jpeg"
        )
        return number

    def mark(self, clean: list[int], full: list[int]) -> None:
        marks = dict.fromkeys(clean, "clean") | dict.fromkeys(full, "full")
        self.teaching.mark(self.camera, "bins", marks)  # type: ignore[arg-type]


@pytest.fixture
def school(tmp_path: Path) -> School:
    return School(tmp_path)


def test_a_lesson_is_learnt_looked_at_switched_on_and_off(school: School) -> None:
    camera, teaching = school.camera, school.teaching
    kept = [(school.keep(10 * n, full=n % 2 == 1), n % 2 == 1) for n in range(160, 0, -1)]
    [zone] = teaching.zones()
    assert (zone["zone_name"], zone["pictures"], zone["on"]) == ("垃圾桶", 160, False)
    school.mark([n for n, full in kept[:20] if not full], [n for n, full in kept[:20] if full])
    lesson = teaching.train(camera, "bins")
    assert (lesson["learnt"], lesson["refusal"]) == (True, None)
    assert lesson["figures"] is not None
    assert (lesson["figures"]["clean"], lesson["figures"]["full"]) == (10, 10)
    assert lesson["figures"]["auc"] >= 0.95
    day = [point["full"] > lesson["threshold"] for point in lesson["curve"]]
    truth = [full for number, full in kept if number >= (school.now.utc - timedelta(days=1)).timestamp() * 1000]
    assert len(day) == 144
    assert np.mean(np.array(day) == np.array(truth)) > 0.95
    assert (teaching.zone(camera, "bins")["candidate"], school.heads.heads()) == (True, {})
    on = teaching.switch_on(camera, "bins")
    assert (on["on"], on["usable"], on["candidate"], len(school.heads.heads())) == (True, True, False, 1)
    page = teaching.pictures(camera, "bins", before=None, limit=4)
    assert [picture["full"] is not None for picture in page["pictures"]] == [True] * 4
    with pytest.raises(CommandRejected, match="no lesson waits"):
        teaching.switch_on(camera, "bins")
    assert (teaching.switch_off(camera, "bins")["on"], school.heads.heads()) == (False, {})


def test_pictures_come_newest_first_page_by_page(school: School) -> None:
    numbers = [school.keep(10 * n, full=False) for n in range(5, 0, -1)]
    found, before = [], None
    for _ in range(3):
        page = school.teaching.pictures(school.camera, "bins", before=before, limit=2)
        found += [picture["id"] for picture in page["pictures"]]
        before = page["before"]
    assert (found, before) == (numbers[::-1], None)


def test_what_cannot_be_learnt_is_said(school: School) -> None:
    camera, teaching = school.camera, school.teaching
    lesson = teaching.train(camera, "bins")
    assert (lesson["learnt"], lesson["refusal"], lesson["curve"]) == (False, "too_few", [])
    school.mark([school.keep(n, full=False) for n in range(8)], [school.keep(100 + n, full=False) for n in range(8)])
    lesson = teaching.train(camera, "bins")
    assert (lesson["learnt"], lesson["refusal"]) == (False, "not_separate")
    assert lesson["wrong"]
    with pytest.raises(CommandRejected, match="train one first"):
        teaching.switch_on(camera, "bins")
    assert teaching.candidate(camera, "bins") is not None
    teaching.discard(camera, "bins")
    assert teaching.candidate(camera, "bins") is None


def test_pictures_of_another_model_are_passed_over(school: School) -> None:
    old = [school.keep(n, full=n > 5, model="b" * 64) for n in range(12)]
    school.mark(old[:6], old[6:])
    lesson = school.teaching.train(school.camera, "bins")
    assert (lesson["refusal"], lesson["passed_over"]) == ("too_few", 12)
    page = school.teaching.pictures(school.camera, "bins", before=None, limit=50)
    assert not any(picture["usable"] for picture in page["pictures"])


def test_a_lesson_of_another_outline_is_not_switched_on(school: School) -> None:
    school.mark(
        [school.keep(n, full=False) for n in range(8)],
        [school.keep(100 + n, full=True) for n in range(8)],
    )
    assert school.teaching.train(school.camera, "bins")["learnt"]
    data = good()
    moved = [[0.1, 0.1], [0.6, 0.1], [0.6, 0.5], [0.1, 0.5]]
    rule = {"garbage_overflow": {"place": "bin"}}
    data["cameras"][0]["zones"] = [{"id": "bins", "polygon": moved, "rules": rule}]
    school.config = config_of(data)
    with pytest.raises(CommandRejected, match="outline or the model is another"):
        school.teaching.switch_on(school.camera, "bins")


def test_only_zones_that_are_watched_as_one_thing_are_taught(school: School) -> None:
    for camera, zone in ((school.camera, "ground"), (school.camera, "none"), ("none", "bins")):
        with pytest.raises(LookupError):
            school.teaching.ask(camera, zone)
    school.teaching.ask(school.camera, "bins")
    assert school.wanted.take((school.camera, "bins"))
    assert school.now.utc > START


def test_a_lesson_that_is_learnt_apart_is_the_same(school: School) -> None:
    dice = np.random.default_rng(5)
    clean, full = (dice.normal(middle, 1.0, (12, 8)).astype(np.float32) for middle in (0.0, 2.0))
    origin = Origin(model_sha256=MODEL, recipe=RECIPE, outline="0" * 16, picture_px=(640, 480))
    for sides in ((clean, full), (clean, clean), (clean[:3], full[:2]), (clean[:0], full[:0])):
        assert learnt_apart(*sides, origin, START) == train(*sides, origin, START)
