"""The wall's backend on real desks: snapshots, and pictures as they may be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.privacy import PrivacyGuard
from agent.app.console.wall import Wall, Watched
from agent.core.types import Detections, Frame, Gap, GapReason, Image, ModelInfo
from tests.unit.core.world import car, look
from tests.unit.crews import Street, street


class Counted:
    """A detector that counts what it is asked."""

    info = ModelInfo(name="none", sha256="0" * 64, input_px=(1, 1), class_names=())

    def __init__(self) -> None:
        self.asked = 0

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.asked += len(images)
        return [Detections.none() for _ in images]


class Room:
    """The wall of a street, with somebody in front of it."""

    def __init__(self, place: Street, guard: PrivacyGuard | None = None) -> None:
        self.street, self.detector = place, Counted()
        self.told: list[str] = []
        onlookers = place.crew.means.onlookers
        watched = Watched(
            config=lambda: place.crew.config,
            captures=place.crew.captures,
            desks=place.crew.desks,
            onlookers=onlookers,
        )
        self.wall = Wall(watched, guard or PrivacyGuard(plates=False), self.detector, place.clock)
        onlookers.attend(lambda: True, self.told.append)

    def see(self, *, asked: bool = True) -> None:
        self.street.clock.advance(2)
        seen = replace(look(0, car()), camera="gate", stamp=self.street.clock.now(), asked=asked)
        size_px = seen.size_px
        image = np.random.default_rng(1).integers(0, 255, (size_px[1], size_px[0], 3)).astype(np.uint8)
        self.street.crew.desks["gate"].look(seen, Frame(camera="gate", seq=7, stamp=seen.stamp, image=image))


def test_a_camera_is_shown_with_its_zones_boxes_and_clocks(tmp_path: Path) -> None:
    with street(tmp_path) as place:
        room = Room(place)
        for _ in range(4):
            room.see()
        gate, yard = room.wall.cameras()
        assert (gate["name"], gate["phase"], gate["fault"], gate["interval_s"]) == ("东门", "connecting", None, 2.0)
        assert gate["look"] is not None
        [zone], [box], [presence] = gate["zones"], gate["look"]["boxes"], gate["look"]["presences"]
        assert (zone["id"], box["class_name"]) == (presence["zone"], "car")
        assert (presence["dwell_s"], presence["limit_s"], presence["running"]) == (6.0, 10.0, True)
        assert (presence["state"], presence["incident"]) == ("watched", None)
        assert all(0 <= edge <= 1 for edge in (*box["box_n"], *presence["box_n"]))
        for _ in range(3):
            room.see()
        shown = room.wall.camera("gate")
        assert shown is not None
        assert shown["look"] is not None
        assert (shown["look"]["presences"][0]["state"], shown["open_incidents"]) == ("open", 1)
        assert (yard["look"], room.wall.camera("none")) == (None, None)
        assert room.told == ["gate"] * 7


def test_a_gap_is_told_and_shown(tmp_path: Path) -> None:
    with street(tmp_path) as place:
        room = Room(place)
        room.see()
        place.crew.desks["gate"].gap(Gap(camera="gate", stamp=place.clock.now(), reason=GapReason.OFFLINE))
        shown = room.wall.camera("gate")
        assert shown is not None
        assert (shown["blind"], room.told) == ("offline", ["gate"] * 2)


def test_a_picture_is_made_once_for_each_look_and_size(tmp_path: Path) -> None:
    with street(tmp_path) as place:
        room = Room(place)
        room.see()
        small, again, large = (room.wall.picture("gate", width) for width in (640, 600, 1280))
        assert small is again
        assert small is not None
        assert large is not None
        widths = [cv2.imdecode(np.frombuffer(p.jpeg, np.uint8), cv2.IMREAD_COLOR).shape[1] for p in (small, large)]  # type: ignore[union-attr]
        assert widths == [640, 1000], "none is enlarged"
        room.see()
        newer = room.wall.picture("gate", 640)
        assert newer is not None
        assert len({small.tag, large.tag, newer.tag}) == 3
        assert room.detector.asked == 0
        assert room.wall.picture("none", 640) is None


def test_the_detector_is_asked_once_about_a_picture_that_it_was_not_shown(tmp_path: Path) -> None:
    with street(tmp_path) as place:
        room = Room(place)
        room.see(asked=False)
        for width in (320, 640, 1280):
            assert room.wall.picture("gate", width) is not None
        assert room.detector.asked == 1


@pytest.mark.parametrize(("plates", "blurred"), [(True, True), (False, False)])
def test_pictures_are_blurred_as_evidence_is(tmp_path: Path, plates: bool, blurred: bool) -> None:
    with street(tmp_path) as place:
        room = Room(place, PrivacyGuard(faces=False, plates=plates))
        room.see()
        glimpse = place.crew.means.onlookers.newest("gate")
        picture = room.wall.picture("gate", 1280)
        assert glimpse is not None
        assert picture is not None
        shown = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert shown is not None
        x1, y1, x2, y2 = glimpse.seen.detections.boxes_px[0].astype(int)
        differs = cv2.absdiff(shown, glimpse.frame.image).mean(axis=2)
        car_differs = differs[y1:y2, x1:x2].mean() / differs[: y1 - 5].mean()
        assert bool(car_differs > 1.05) is blurred
