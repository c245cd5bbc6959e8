"""Pictures of the moment in which a thing began to be watched: few, in memory, blurred before they are kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.first_sights import MOST_PICTURES, FirstSights
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.core.scene import Scene
from agent.core.types import Box, Event, Evidence, Frame, Image, Observation, Phase
from agent.runtime.desk import Desk
from tests.fakes import street_picture
from tests.unit.core.world import Thing, car, gap, look, plan, stamp
from tests.unit.runtime.desks import MemoryStore

FAR: Box = (0.7, 0.1, 0.8, 0.3)


def frame_of(seen: Observation, image: Image) -> Frame:
    return Frame(camera="gate", seq=seen.seq, stamp=seen.stamp, image=image)


def kinds(event: Event) -> list[str]:
    return [kept.kind for kept in event.evidence]


class Site:
    """A desk with a real folder; every picture of the street is another one."""

    def __init__(self, folder: Path, quota_bytes: int = 10**8, *, faces: bool = True) -> None:
        self.folder = folder
        evidence = EvidenceFolder(folder, quota_bytes=quota_bytes, keep_free_bytes=0)
        self.store = MemoryStore()
        self.photographer = ScenePhotographer(evidence, plan(), PrivacyGuard(faces=faces))
        self.scene = Scene(plan())
        self.desk = Desk("gate", scene=self.scene, store=self.store, photographer=self.photographer)

    def look_on(self, times: Iterable[int], *things: Thing) -> None:
        for t in times:
            seen = look(t, *things)
            boxes_px = seen.detections.boxes_px * np.array([0.32, 0.18, 0.32, 0.18], np.float32)
            seen = replace(seen, size_px=(320, 180), detections=replace(seen.detections, boxes_px=boxes_px))
            self.desk.look(seen, frame_of(seen, street_picture(t)))

    def picture(self, kept: Evidence) -> Image:
        return np.asarray(cv2.imread(str(self.folder / kept.path)), np.uint8)


def unlike(a: Image, b: Image) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


def test_an_opening_shows_how_it_stood_there_at_first(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.look_on(range(100, 170), car(), Thing(FAR, "person"))
    [opened] = site.store.events
    assert kinds(opened) == ["wide", "close_up", "first_sight_wide", "first_sight_close_up"]
    assert [e.captured_at for e in opened.evidence] == [stamp(160).utc] * 2 + [stamp(104).utc] * 2
    wide, _, first_wide, first_close = (site.picture(kept) for kept in opened.evidence)
    assert wide.shape == first_wide.shape
    then, now, street = first_wide[:100, :200], street_picture(104)[:100, :200], street_picture(160)[:100, :200]
    assert unlike(then, now) < 12 < 30 < unlike(then, street), "the picture of that moment"
    assert first_close.shape[1] == 320


def test_whoever_was_there_at_first_cannot_be_known(tmp_path: Path) -> None:
    def first(name: str, *, faces: bool) -> Image:
        site = Site(tmp_path / name, faces=faces)
        site.look_on(range(100, 130), car(), Thing(FAR, "person"))
        site.look_on(range(130, 170), car())
        return site.picture(site.store.events[0].evidence[2])

    changed = np.abs(first("shown", faces=False).astype(int) - first("hidden", faces=True).astype(int)).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 100
    assert 5 <= rows.min() < rows.max() < 45, "the head"
    assert 215 <= columns.min() < columns.max() < 270


def test_after_a_restart_there_is_none(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.look_on(range(100, 150), car())
    later = Site(tmp_path)
    later.scene.recall(site.scene.keep(), stamp(149))
    later.look_on(range(150, 170), car())
    [opened] = later.store.events
    assert kinds(opened) == ["wide", "close_up"]


def watched_scene() -> Scene:
    return Scene(plan(dwell=3600.0))


def step(scene: Scene, sights: FirstSights, t: float, *things: Thing) -> None:
    seen = look(t, *things)
    scene.step(seen)
    sights.watch(scene.watched, frame_of(seen, street_picture(round(t))), seen.detections)


def places(count: int) -> list[Box]:
    return [(0.02 + 0.1 * i, 0.7, 0.1 + 0.1 * i, 0.8) for i in range(count)]


def test_the_oldest_make_room_and_are_not_taken_for_new() -> None:
    scene, sights = watched_scene(), FirstSights()
    cars = [car(box) for box in places(MOST_PICTURES + 2)]
    for n in range(len(cars) * 10):
        step(scene, sights, n, *cars[: n // 10 + 1])
    kept = [sights.of(p) for p in scene.watched]
    assert [sight is not None for sight in kept] == [False] * 2 + [True] * MOST_PICTURES
    moments = [sight.at for sight in kept if sight]
    assert moments == [stamp(10 * i + 4).utc for i in range(2, MOST_PICTURES + 2)]


def test_things_of_one_moment_share_its_picture() -> None:
    scene, sights = watched_scene(), FirstSights()
    cars = [car(box) for box in places(MOST_PICTURES + 2)]
    for t in range(6):
        step(scene, sights, t, *cars)
    kept = [sights.of(p) for p in scene.watched]
    assert len(kept) == MOST_PICTURES + 2
    assert len({id(sight.original) for sight in kept if sight}) == 1


def test_what_passes_costs_nothing_and_what_left_is_forgotten() -> None:
    scene, sights = watched_scene(), FirstSights()
    for t in range(3):
        step(scene, sights, t, car((0.1 + 0.3 * t, 0.5, 0.25 + 0.3 * t, 0.7)))
    assert list(scene.watched) == []
    for t in range(10, 20):
        step(scene, sights, t, car())
    [standing] = list(scene.watched)
    assert sights.of(standing) is not None
    scene.step(gap(21))
    for t in range(22, 60):
        step(scene, sights, t)
    assert list(scene.watched) == []
    assert sights.of(standing) is None


def test_a_picture_that_finds_no_room_costs_no_event(tmp_path: Path) -> None:
    site = Site(tmp_path, quota_bytes=1)
    site.look_on(range(100, 170), car())
    [opened] = site.store.events
    assert (opened.phase, opened.evidence, opened.evidence_note) == (Phase.OPENED, (), "disk_full")
