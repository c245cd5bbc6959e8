"""The lookout keeps what a clean view looks like, and carries out what the operator asks for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import numpy as np
import pytest

from agent.core.errors import CityEyeError, StoreFull
from agent.core.scene import Scene
from agent.core.types import CloseReason, Detections, Event, Frame, Image, PictureFault
from agent.core.view import View
from agent.runtime.desk import Desk
from agent.runtime.lookout import CHORES_EVERY_S, Lookout
from tests.fakes import FakeViews, street_picture
from tests.unit.core.world import duty, plan, stamp
from tests.unit.runtime.desks import MemoryStore, NoCamera

PAVEMENT = ((0.0, 0.2), (1.0, 0.2), (1.0, 1.0), (0.0, 1.0))
TARGET = duty("stall_encroachment", zone="pavement", polygon=PAVEMENT, dwell=20.0, clear_after=10.0)


def picture(t_s: float, *, thing: bool) -> Image:
    """The street with a little sensor noise, with or without a crate on it."""
    image = street_picture(size_px=(640, 360)).astype(np.int16)
    if thing:
        image[220:280, 300:380] = (30, 60, 200)
        image[220:280:12, 300:380] = (200, 220, 240)
    noise = np.random.default_rng(int(t_s * 10)).normal(0, 2, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@dataclass
class Post:
    """One camera's lookout and desk over stores in memory."""

    views: FakeViews = field(default_factory=FakeViews)
    store: MemoryStore = field(default_factory=MemoryStore)

    def __post_init__(self) -> None:
        view = View(changes=True)
        if kept := self.views.load("gate"):
            view.recall(kept, stamp(0))
        self.lookout = Lookout("gate", view=view, views=self.views, outlines_n={"pavement": PAVEMENT})
        scene = Scene(plan(TARGET))
        if self.store.states:
            scene.recall(self.store.states[-1], stamp(0))
        self.desk = Desk("gate", scene=scene, store=self.store, photographer=NoCamera())

    def look(self, start_s: float, end_s: float, *, thing: bool) -> list[Event]:
        """Look every second; returns the events of that time."""
        before = len(self.store.events)
        for t in np.arange(start_s, end_s, 1.0).tolist():
            frame = Frame(camera="gate", seq=int(t), stamp=stamp(t), image=picture(t, thing=thing))
            prepared = self.lookout.prepare(frame)
            self.desk.look(self.lookout.observe(prepared, Detections.none()), prepared.frame)
            self.lookout.chores(self.desk, stamp(t))
        return self.store.events[before:]


def test_what_is_left_standing_is_an_incident_until_it_is_gone() -> None:
    post = Post()
    assert post.look(0, 40, thing=False) == []
    (opened,) = post.look(40, 80, thing=True)
    (closed,) = post.look(80, 120, thing=False)
    assert (opened.channel, opened.objects[0].class_name) == ("scene_change", "object")
    assert opened.objects[0].box_n == pytest.approx((300 / 640, 220 / 360, 380 / 640, 280 / 360), abs=0.03)
    assert abs((opened.first_seen - stamp(40).utc).total_seconds()) <= 2
    assert closed.close_reason is CloseReason.CLEARED


def test_a_thing_that_came_before_a_restart_is_not_learnt_as_normal() -> None:
    post = Post()
    post.look(0, 40, thing=False)
    (opened,) = post.look(40, 80, thing=True)
    post.lookout.close(1.0)
    post.desk.close(1.0)
    again = Post(post.views, post.store)
    assert again.look(100, 160, thing=True) == []
    (closed,) = again.look(160, 200, thing=False)
    assert closed.incident_id == opened.incident_id


def test_the_view_is_kept_once_it_is_learnt() -> None:
    post = Post()
    post.look(0, 40, thing=False)
    assert "gate" in post.views.kept
    recalled = View(changes=True)
    recalled.recall(post.views.kept["gate"], stamp(50))
    assert recalled.ready


@pytest.mark.parametrize("zone", ["pavement", None])
def test_the_operator_says_that_it_is_normal(zone: str | None) -> None:
    post = Post()
    post.look(0, 40, thing=False)
    (opened,) = post.look(40, 80, thing=True)
    post.views.request("gate", zone)
    (accepted,) = post.look(80, 200, thing=True)
    assert (accepted.incident_id, accepted.close_reason) == (opened.incident_id, CloseReason.ACCEPTED)
    assert accepted.closed_at is not None
    assert (accepted.closed_at - stamp(80).utc).total_seconds() <= CHORES_EVERY_S
    assert post.views.asked == []


def test_a_request_for_a_zone_that_is_gone_is_told_and_done(caplog: pytest.LogCaptureFixture) -> None:
    post = Post()
    post.views.request("gate", "old")
    post.look(0, 20, thing=False)
    assert post.views.asked == []
    assert "gate: asked to reset zone old, which is no longer configured" in caplog.text


def test_a_disk_that_takes_nothing_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    class FullViews(FakeViews):
        trouble: CityEyeError | None = StoreFull("full")

        def save(self, camera: str, kept: bytes) -> None:
            if self.trouble:
                raise self.trouble
            super().save(camera, kept)

    post = Post(FullViews())
    post.look(0, 100, thing=False)
    assert [r.levelno for r in caplog.records].count(logging.ERROR) == 1


def test_a_picture_with_a_fault_is_blind_time_and_closes_nothing() -> None:
    post = Post()
    post.look(0, 40, thing=False)
    post.look(40, 80, thing=True)
    for t in range(80, 140):
        frame = Frame(camera="gate", seq=t, stamp=stamp(t), image=np.zeros((360, 640, 3), np.uint8))
        prepared = post.lookout.prepare(frame)
        assert prepared.fault is PictureFault.DARK
        post.desk.look(post.lookout.observe(prepared, Detections.none()), prepared.frame)
    assert post.desk.state.fault is PictureFault.DARK
    assert post.desk.state.blind_s >= 50
    assert post.look(140, 180, thing=True) == []
    (closed,) = post.look(180, 220, thing=False)
    assert closed.blind_s >= 50


@pytest.mark.parametrize("kept", [b"", b"abc", b"\x00\x00\x00\xff", b"\x00" * 8 + b"x"])
def test_a_foreign_view_is_refused(kept: bytes) -> None:
    with pytest.raises(ValueError, match="kept"):
        View(changes=True).recall(kept, stamp(0))
