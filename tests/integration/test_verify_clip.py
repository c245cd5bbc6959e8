"""The centre asks about a car that really stands there: the real detector, evidence folder and store.

No car leaves in the clip, so one is painted over with the kerb beside it; and the lens is covered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.sqlite import Database, SqliteStore
from agent.adapters.videofile import VideoFileSource
from agent.app.parts import open_detector
from agent.config.evaluation import load_set
from agent.core.scene import Scene
from agent.core.types import Detections, Event, Evidence, Frame, Image, Message, Phase, UpdateReason
from agent.core.verification import Outcome, Verdict
from agent.core.view import View
from agent.ports import Detector
from agent.runtime.desk import Desk
from tests.shared_data import shared

SET = Path(__file__).parents[2] / "configs/evaluation/real.yaml"
START = datetime(2026, 1, 5, 4, tzinfo=UTC)
BLUE = (500, 350, 592, 414)
Painted = Callable[[Image], Image]


def as_it_is(image: Image) -> Image:
    return image


def without_the_blue_car(image: Image) -> Image:
    """The kerb to the right of it, twice, in its place."""
    x1, y1, x2, y2 = BLUE
    half = (x2 - x1) // 2
    kerb = image[y1:y2, x2 : x2 + half]
    painted = image.copy()
    painted[y1:y2, x1:x2] = np.hstack([kerb[:, ::-1], kerb])
    return painted


def behind_grey_plastic(image: Image) -> Image:
    return np.full_like(image, 120)


def behind_a_bag(image: Image) -> Image:
    """Light and dark as before, and nothing sharp."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 40.0), np.uint8)


def behind_a_poster(image: Image) -> Image:
    """Something sharp, which is not this street."""
    return np.ascontiguousarray(image[::-1, ::-1])


@dataclass
class Watched:
    """The clip's camera; `look_on` takes so many pictures, a second apart."""

    desk: Desk
    store: list[Event]
    detector: Detector
    view: View
    frames: Iterator[Frame]
    now: Frame

    def look_on(self, pictures: int, painted: Painted = as_it_is) -> None:
        for _ in range(pictures):
            self.now = next(self.frames)
            seen = self.view.prepare(replace(self.now, image=painted(self.now.image)))
            found = Detections.none() if seen.fault else self.detector.detect([seen.frame.image])[0]
            self.desk.look(self.view.observe(seen, found), seen.frame)

    def incident(self) -> Event:
        """The blue car's."""
        return next(e for e in self.store if e.phase is Phase.OPENED and e.objects[0].box_n[0] > 0.65)


@contextmanager
def the_kerb(folder: Path) -> Iterator[Watched]:
    chosen = load_set(SET, data=shared("video").parent)
    config, clip = chosen.config(), chosen.clips[0]
    plan = config.plans()[clip.id]
    slow = [replace(d, settings=d.settings.model_copy(update={"clear_after": 600.0})) for d in plan.duties]
    plan = replace(plan, duties=tuple(slow))
    assert clip.video is not None
    source = VideoFileSource(
        camera=clip.id, path=clip.video, start_utc=START, sample_every_s=1.0, decode="auto", names_camera=False
    )
    frames = (frame for sample in source.samples() if (frame := sample.decode()))
    told: list[Event] = []

    def encode(event: Event, sequence: int) -> Message:
        told.append(event)
        return Message(topic="t/event", payload=str(sequence).encode(), content_type="text/plain")

    evidence = EvidenceFolder(folder / "evidence", quota_bytes=10**8, keep_free_bytes=0)
    with Database(folder / "cityeye.db", reserve_bytes=0).open() as database:
        desk = Desk(
            clip.id,
            scene=Scene(plan),
            store=SqliteStore(database, encode, lambda: None),
            photographer=ScenePhotographer(evidence, plan, PrivacyGuard()),
        )
        detector, first = open_detector(config), next(frames)
        yield Watched(desk=desk, store=told, detector=detector, view=View(changes=False), frames=frames, now=first)


def picture(folder: Path, kept: Evidence | None) -> Image:
    assert kept is not None
    return np.asarray(cv2.imread(str(folder / "evidence" / kept.path)), np.uint8)


def differ(a: Image, b: Image) -> float:
    """Mean difference in the middle, where the car is."""
    assert a.shape == b.shape, "the same crop"
    middle = slice(a.shape[0] // 3, 2 * a.shape[0] // 3), slice(a.shape[1] // 3, 2 * a.shape[1] // 3)
    return float(np.abs(a[middle].astype(int) - b[middle].astype(int)).mean())


def test_a_parked_car_is_still_present_and_once_it_left_it_is_cleared(tmp_path: Path) -> None:
    answers: list[Verdict] = []
    with the_kerb(tmp_path) as kerb:
        kerb.look_on(15)
        opened = kerb.incident()
        asked = kerb.now.stamp
        assert kerb.desk.verify(opened.incident_id, asked, answers.append)
        kerb.look_on(6)
        [still] = answers
        kerb.look_on(3, without_the_blue_car)
        left = kerb.now.stamp
        assert kerb.desk.verify(opened.incident_id, left, answers.append)
        kerb.look_on(28, without_the_blue_car)
        [_, cleared] = answers
    assert (still.verdict, still.reason, cleared.verdict, cleared.reason) == (
        Outcome.STILL_PRESENT,
        None,
        Outcome.CLEARED,
        None,
    )
    assert still.before == cleared.before == opened.evidence[1]
    assert still.dwell_s is not None
    assert still.dwell_s >= 14
    before, there, gone = (picture(tmp_path, kept) for kept in (still.before, still.after, cleared.after))
    assert differ(before, there) < 15
    assert differ(before, gone) > 30
    [updated] = [e for e in kerb.store if e.update_reason is UpdateReason.EVIDENCE]
    assert (updated.incident_id, updated.revision, updated.evidence) == (opened.incident_id, 2, (still.after,))


@pytest.mark.parametrize(
    ("painted", "reasons"),
    [
        (behind_grey_plastic, {"covered", "dark", "blurred"}),
        (behind_a_bag, {"covered", "dark", "blurred"}),
        (behind_a_poster, {"covered", "moved"}),
    ],
)
def test_who_covers_the_lens_clears_nothing(painted: Painted, reasons: set[str], tmp_path: Path) -> None:
    answers: list[Verdict] = []
    with the_kerb(tmp_path) as kerb:
        kerb.look_on(15)
        asked = kerb.now.stamp
        assert kerb.desk.verify(kerb.incident().incident_id, asked, answers.append)
        kerb.look_on(38, painted)
        assert answers == []
        kerb.desk.check_deadlines(replace(asked, mono_s=asked.mono_s + 44.9))
        assert answers == []
        kerb.desk.check_deadlines(replace(asked, mono_s=asked.mono_s + 45))
    [verdict] = answers
    assert verdict.verdict is Outcome.CANNOT_SEE
    assert verdict.reason in reasons
    assert verdict.after is None, "when the time was up nobody was looking"
