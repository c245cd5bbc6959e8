"""A worker lets the detector rest where nothing changes; whoever needs this very picture gets it looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent

import numpy as np

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.core.scene import Scene
from agent.core.types import Detections, Frame, Image, ModelInfo, Severity, Stamp
from agent.core.view import View
from agent.ports import Photographer
from agent.runtime.desk import Desk
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom
from agent.runtime.watch import Watch
from tests.fakes import FakeClock, FakeViews, street_picture
from tests.unit.core.test_gate import found
from tests.unit.core.world import KERB, plan, stamp
from tests.unit.runtime.desks import MemoryStore

EVERY_S, RECHECK_S, DWELL_S, ESCALATE_S = 2.0, 10.0, 20.0, 76.0
PARKED = found(("car", 0.8, (64.0, 90.0, 128.0, 126.0)), ("person", 0.5, (250.0, 10.0, 270.0, 60.0)))


@dataclass(frozen=True)
class Shown:
    """The same street at each moment; whoever decodes it has the worker end after it."""

    stamp: Stamp
    stop: StopEvent
    camera: str = "gate"
    seq: int = 0

    def decode(self) -> Frame:
        self.stop.set()
        grain = np.random.default_rng(round(self.stamp.mono_s)).normal(0, 2, (180, 320, 3))  # no frozen picture
        image = np.clip(street_picture() + grain, 0, 255).astype(np.uint8)
        return Frame(camera=self.camera, seq=self.seq, stamp=self.stamp, image=image)


class SeesACar:
    """Sees the same car in every picture, and counts them."""

    info = ModelInfo(name="car", sha256="0" * 64, input_px=(1, 1), class_names=())

    def __init__(self) -> None:
        self.pictures = 0

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self.pictures += len(images)
        return [
            Detections(
                boxes_px=PARKED.boxes_px,
                scores=PARKED.scores,
                class_ids=PARKED.class_ids,
                looks=np.eye(2, dtype=np.float32),
            )
            for _ in images
        ]


class Place:
    """A camera with a worker of its own."""

    def __init__(self, folder: Path) -> None:
        watched = plan(dwell=DWELL_S, escalate={Severity.HIGH: ESCALATE_S})
        self.detector, self.store, self.mailroom = SeesACar(), MemoryStore(), Mailroom()
        kept = EvidenceFolder(folder, quota_bytes=10**9, keep_free_bytes=0)
        photographer = ScenePhotographer(kept, watched, PrivacyGuard(), detector=self.detector)
        self.desk = Desk("gate", scene=Scene(watched), store=self.store, photographer=photographer)
        view = View(changes=False)
        lookout = Lookout("gate", view=view, views=FakeViews(), outlines_n={"kerb": KERB}, recheck_s=RECHECK_S)
        self.watch = Watch(
            mailroom=self.mailroom,
            detector=self.detector,
            lookouts={"gate": lookout},
            desks={"gate": self.desk},
            clock=FakeClock(),
        )

    def look(self, at_s: float) -> None:
        stop = StopEvent()
        self.mailroom.post_sample(Shown(stamp(at_s), stop))
        self.watch.run(stop)


class Waiting:
    """Somebody who waits for a picture."""

    wanted = True

    def __init__(self) -> None:
        self.got: list[Detections | None] = []

    def look(self, photographer: Photographer, frame: Frame, found: Detections | None) -> None:
        self.got.append(found)


def test_a_car_is_looked_at_until_it_is_reported_and_then_the_detector_mostly_rests(tmp_path: Path) -> None:
    place = Place(tmp_path)
    number = 0
    while not place.store.events:
        place.look(EVERY_S * number)
        number += 1
    [opened] = place.store.events
    assert DWELL_S <= (opened.at - stamp(0).utc).total_seconds() <= DWELL_S + 2 * EVERY_S
    assert (place.detector.pictures, place.watch.rests) == (number, 0), "as soon as by one that never rests"
    while len(place.store.events) == 1:
        place.look(EVERY_S * number)
        number += 1
    _, escalated = place.store.events
    assert place.watch.rests > 20
    assert place.detector.pictures + place.watch.rests == number + 1, "one more, for who is in the new evidence"
    assert {item.kind for item in escalated.evidence} >= {"wide", "close_up"}
    assert escalated.evidence_note is None


def test_who_waits_for_a_picture_gets_one_that_was_looked_at(tmp_path: Path) -> None:
    place, waiting = Place(tmp_path), Waiting()
    number = 0
    while place.watch.rests < 2:
        place.look(EVERY_S * number)
        number += 1
    asked = place.detector.pictures
    place.desk.next_look(waiting)
    place.look(EVERY_S * number)
    assert (place.watch.rests, place.detector.pictures) == (2, asked + 1)
    [seen] = waiting.got
    assert seen is not None
    assert len(seen) == 2
