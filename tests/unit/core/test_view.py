"""A camera that was pushed a little: its pictures are put back, so that zones and tracks stay where they are."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from agent.core.scene import Scene
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import Box, Detections, Event, Floats, Frame, Image, PictureFault
from agent.core.view import View
from tests.fakes import street_picture
from tests.unit.core.world import duty, plan, stamp

SIZE = (640, 360)
CAR: Box = (0.40, 0.55, 0.55, 0.75)
PUSH_PX = (26, -12)


def street(t_s: float, push_px: tuple[int, int] = (0, 0)) -> Image:
    """A street with a red car on it, filmed by a camera that may have been pushed, with sensor noise."""
    image = street_picture(seed=3, size_px=SIZE)
    x1, y1, x2, y2 = (round(v * s) for v, s in zip(CAR, (*SIZE, *SIZE), strict=True))
    image[y1:y2, x1:x2] = (40, 40, 220)
    push = np.array([[1, 0, push_px[0]], [0, 1, push_px[1]]], np.float64)
    moved = np.asarray(cv2.warpAffine(image, push, SIZE, borderMode=cv2.BORDER_REFLECT), np.float64)
    noise = np.random.default_rng(round(t_s * 10)).normal(0, 2, moved.shape)
    return np.asarray(np.clip(moved + noise, 0, 255), np.uint8)


def detected(image: Image) -> Detections:
    """A detector that knows red cars."""
    red = (image[:, :, 2] > 150) & (image[:, :, 1] < 100) & (image[:, :, 0] < 100)
    mask = cv2.morphologyEx(red.astype(np.uint8), cv2.MORPH_OPEN, np.ones((15, 15), np.uint8))
    if not mask.any():
        return Detections.none()
    x, y, width, height = cv2.boundingRect(mask)
    box: Floats = np.array([[x, y, x + width, y + height]], np.float32)
    score, look = np.array([0.8], np.float32), np.zeros((1, 0), np.float32)
    return Detections(boxes_px=box, scores=score, class_ids=np.array([CLASS_IDS["car"]]), looks=look)


class Post:
    """A view and the scene behind it, with a zone that just holds the car."""

    def __init__(self) -> None:
        x1, _, x2, y2 = CAR
        zone = ((x1, y2 - 0.08), (x2, y2 - 0.08), (x2, y2), (x1, y2))
        self.view = View(changes=False)
        self.scene = Scene(plan(duty(zone="bay", polygon=zone, dwell=30.0, clear_after=10.0, overlap=0.8)))
        self.faults: list[PictureFault | None] = []

    def look(self, start_s: float, end_s: float, push_px: tuple[int, int] = (0, 0)) -> list[Event]:
        events = []
        for t in np.arange(start_s, end_s, 2.0).tolist():
            seen = self.view.prepare(Frame(camera="gate", seq=0, stamp=stamp(t), image=street(t, push_px)))
            self.faults.append(seen.fault)
            found = detected(seen.frame.image) if seen.fault is None else Detections.none()
            events += self.scene.step(self.view.observe(seen, found))
        return events


def test_a_pushed_camera_is_blind_for_a_moment_and_then_goes_on() -> None:
    post = Post()
    (opened,) = post.look(0, 60)
    assert post.look(60, 140, PUSH_PX) == [], "neither closed nor opened again"
    assert PictureFault.MOVED in post.faults
    assert post.faults[-10:] == [None] * 10, "put back in place"
    assert post.look(140, 200) == [], "and back in its old view"
    (presence,) = post.scene.open_incidents
    assert presence.incident_id == opened.incident_id
    assert presence.blind_s < 40


def test_a_camera_that_looks_elsewhere_is_blind_until_it_is_back() -> None:
    post = Post()
    post.look(0, 60)
    assert post.look(60, 200, (400, 0)) == []
    assert post.faults[-10:] == [PictureFault.MOVED] * 10
    assert post.look(200, 240) == []
    assert post.faults[-10:] == [None] * 10


def test_a_view_that_is_renewed_takes_what_it_sees_for_its_own() -> None:
    post = Post()
    post.look(0, 60)
    post.look(60, 120, (400, 0))
    post.view.reset(None)
    post.look(120, 180, (400, 0))
    assert post.faults[-10:] == [None] * 10


@pytest.mark.parametrize("changes", [True, False])
def test_what_was_kept_is_recalled(changes: bool) -> None:
    post = Post()
    post.view = View(changes=changes)
    post.look(0, 60)
    again = Post()
    again.view = View(changes=changes)
    again.view.recall(post.view.keep(), stamp(100))
    again.look(100, 160, PUSH_PX)
    assert again.faults[0] is PictureFault.MOVED
    assert again.faults[-5:] == [None] * 5
