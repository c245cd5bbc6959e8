"""Days of a street as its camera keeps them: things come, stand, are passed, hidden and missed; the detector rests.

Whether it rests is decided by the agent's own gate, on small pictures in which things are grey boxes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

import numpy as np
from hypothesis import strategies as st

from agent.core.gate import Gate
from agent.core.types import Box, ChangeKind, Changes, GapReason, Image, Observation, PictureFault, ZoneReading
from tests.unit.core.world import KERB, LOOKS, Step, Thing, gap, look, stamp

SIDE_PX = 80
RECHECK_S = 10.0
READ_EVERY_S = 20.0
NEAR: tuple[Box, ...] = ((0.1, 0.55, 0.27, 0.7), (0.33, 0.55, 0.5, 0.7), (0.15, 0.73, 0.4, 0.9), (0.6, 0.65, 0.8, 0.85))
FAR: tuple[Box, ...] = ((0.6, 0.1, 0.75, 0.2), (0.2, 0.3, 0.35, 0.42), (0.62, 0.45, 0.78, 0.58))
"""Places in the zone, and beyond it; none so close to its edge or to another one that a shake of the box decides."""
PASSING: tuple[Box, ...] = ((0.16, 0.56, 0.45, 0.95), (0.05, 0.5, 0.35, 0.8), (0.6, 0.55, 0.85, 0.9))
KINDS = ("car", "truck", "person", "chair", "garbage", "bicycle")
UNNAMED = "unnamed"
"""Kind of a thing that no model names: only the scene-change channel tells of it."""


@dataclass(frozen=True)
class Bout:
    """A stretch in which the same things stand there.

    Attributes:
        looks: how many, `every_s` apart. standing: things, of which those of kind `UNNAMED` are regions that changed.
        passing, missing, weak, gaps, faults, unsure: shares (0..1) of the looks at which something passes in front, the
            detector misses a thing, or is less certain of it, nobody can look, the picture has a fault, or the
            scene-change channel cannot tell. shaky: how far boxes move, in 0..1. full: what a reading of the zone
            says, None: it is not read. seed: of all that.
    """

    looks: int
    every_s: float
    standing: tuple[Thing, ...]
    passing: float
    missing: float
    weak: float
    gaps: float
    faults: float
    unsure: float
    shaky: float
    full: float | None
    seed: int


_rare = st.sampled_from((0.0, 0.0, 0.0, 0.01, 0.05))


@st.composite
def _things(draw: st.DrawFn) -> Thing:
    box = draw(st.sampled_from((*NEAR, *NEAR, *FAR)))
    score = draw(st.sampled_from((0.2, 0.33, 0.4, 0.6, 0.9)))
    return Thing(box, draw(st.sampled_from((*KINDS, "car", "car", UNNAMED))), score, draw(st.integers(0, LOOKS - 1)))


@st.composite
def _bouts(draw: st.DrawFn, known: tuple[Thing, ...]) -> Bout:
    stay = tuple(thing for thing in known if draw(st.integers(0, 2)))
    return Bout(
        looks=draw(st.integers(1, 60)),
        every_s=draw(st.sampled_from((1.0, 2.0, 2.0, 2.0, 4.0, 10.0))),
        standing=_one_at_each_place((*stay, *draw(st.lists(_things(), max_size=2)))),
        passing=draw(st.sampled_from((0.0, 0.0, 0.02, 0.1, 0.6))),
        missing=draw(st.sampled_from((0.0, 0.0, 0.05, 0.3))),
        weak=draw(_rare),
        gaps=draw(_rare),
        faults=draw(_rare),
        unsure=draw(_rare),
        shaky=draw(st.sampled_from((0.0, 0.002, 0.01))),
        full=draw(st.sampled_from((None, None, 0.1, 0.5, 0.9))),
        seed=draw(st.integers(0, 1 << 30)),
    )


def _one_at_each_place(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """As detectors leave them: those of which another one stands at the very place are suppressed."""
    return tuple({thing.box_n: thing for thing in things}.values())


@st.composite
def days(draw: st.DrawFn) -> list[Step]:
    """What was kept of up to eight bouts."""
    bouts: list[Bout] = []
    for _ in range(draw(st.integers(1, 8))):
        bouts.append(draw(_bouts(bouts[-1].standing if bouts else ())))
    return list(kept(bouts))


def kept(bouts: list[Bout]) -> Iterator[Step]:
    """The steps of these bouts, one after the other."""
    camera = _Camera()
    for bout in bouts:
        yield from camera.watch(bout)


class _Camera:
    """What a camera's detector and channels say, and how long they rest."""

    def __init__(self) -> None:
        self._at_s = 0.0
        self._gate = Gate([KERB], RECHECK_S)
        self._reading: ZoneReading | None = None
        self._since: dict[Box, float] = {}

    def watch(self, bout: Bout) -> Iterator[Step]:
        luck = Random(bout.seed)
        for _ in range(bout.looks):
            self._at_s += bout.every_s
            if luck.random() < bout.gaps:
                self._gate.interrupt()
                yield gap(self._at_s, luck.choice(list(GapReason)))
            elif luck.random() < bout.faults:
                self._gate.interrupt()
                yield replace(look(self._at_s), fault=luck.choice(list(PictureFault)))
            else:
                yield self._look(bout, luck)

    def _look(self, bout: Bout, luck: Random) -> Observation:
        at, size_px = stamp(self._at_s), (1000, 1000)
        passer = Thing(luck.choice(PASSING), luck.choice(("car", "truck", "person")), 0.8, luck.randrange(LOOKS))
        there = (*bout.standing, *((passer,) if luck.random() < bout.passing else ()))
        picture = _picture(there)
        held = self._gate.held(picture, size_px, at)
        found = held if held is not None else look(self._at_s, *_named(there, bout, luck)).detections
        if held is None:
            self._gate.asked(picture, found, size_px, at)
        return replace(
            look(self._at_s),
            detections=found,
            changes=self._changes(bout, luck),
            readings=self._readings(bout),
            asked=held is None,
        )

    def _changes(self, bout: Bout, luck: Random) -> Changes:
        boxes = [thing.box_n for thing in bout.standing if thing.kind == UNNAMED]
        self._since = {box: self._since.get(box, self._at_s) for box in boxes}
        told = list(dict.fromkeys(box for box in boxes if self._at_s - self._since[box] >= 8.0))
        return Changes(
            boxes_n=np.array(told, np.float32).reshape(-1, 4),
            scores=np.full(len(told), 0.9, np.float32),
            still_s=np.array([self._at_s - self._since[box] for box in told], np.float32),
            kinds=(ChangeKind.LEFT,) * len(told),
            complete=luck.random() >= bout.unsure,
        )

    def _readings(self, bout: Bout) -> tuple[ZoneReading, ...]:
        last = self._reading
        if bout.full is not None and (last is None or self._at_s + 1000.0 - last.stamp.mono_s >= READ_EVERY_S):
            self._reading = ZoneReading(zone="kerb", full=bout.full, stamp=stamp(self._at_s))
        return (self._reading,) if self._reading else ()


def _named(there: tuple[Thing, ...], bout: Bout, luck: Random) -> Iterator[Thing]:
    """What the detector makes of it this time."""
    for thing in there:
        if thing.kind != UNNAMED and luck.random() >= bout.missing:
            dx, dy = (luck.uniform(-bout.shaky, bout.shaky) for _ in range(2))
            x1, y1, x2, y2 = thing.box_n
            score = thing.score * (0.5 if luck.random() < bout.weak else 1.0)
            yield replace(thing, box_n=(x1 + dx, y1 + dy, x2 + dx, y2 + dy), score=score)


def _picture(there: tuple[Thing, ...]) -> Image:
    """(SIDE_PX, SIDE_PX, 3) uint8: each thing a box as grey as its look."""
    picture = np.full((SIDE_PX, SIDE_PX, 3), 90, np.uint8)
    for thing in there:
        x1, y1, x2, y2 = (round(side * SIDE_PX) for side in thing.box_n)
        picture[y1:y2, x1:x2] = 120 + 15 * thing.look
    return picture
