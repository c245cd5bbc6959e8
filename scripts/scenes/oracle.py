"""A noisy oracle: knows who is where, and tells it as badly as a small detector would; seeded.

What it gets wrong, each on its own: things it misses (at random, and for a while at a time), boxes that are off, boxes
clipped by what stands in front, classes it confuses, looks that differ from picture to picture or are those of another
thing altogether (an identity switch), and things that are not there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from agent.core.taxonomy import CLASS_IDS, CLASSES, FIXTURES
from agent.core.types import Box, ChangeKind, Changes, Detections, Floats, Observation
from scripts.render.film import Seen
from scripts.scenes.case import Case, normal, stamp
from scripts.scenes.geometry import sights

LOOK_SIZE = 64
SETTLING_S = 8.0
"""How long a thing must have stood before its region is told."""
CONFUSED = {
    "car": ("truck",),
    "truck": ("car", "bus"),
    "bus": ("truck",),
    "stall": ("goods", "umbrella"),
    "goods": ("stall", "table"),
    "garbage": ("goods",),
}
"""What a class is taken for when it is confused; classes that are not named here are not."""


@dataclass(frozen=True, kw_only=True)
class Eyesight:
    """How badly the oracle sees. Shares are per thing and picture.

    Attributes:
        miss: share missed. lapse: share at which a spell of missing begins, of up to `lapse_n` pictures.
        jitter: standard deviation of each edge as a share of the box's side.
        flip: share named as another class. blur: length of the noise that is added to a look of unit length.
        switch: share that gets a foreign look. phantom: things per picture that are not there.
        score: mean of the scores. least_visible: share of a thing that must be seen.
        knows: classes that it can name. regions: whether it also tells regions that changed and stand still, as the
            scene-change channel does, with `region_miss` of them missed.
    """

    miss: float = 0.05
    lapse: float = 0.004
    lapse_n: int = 3
    jitter: float = 0.02
    flip: float = 0.08
    blur: float = 0.35
    switch: float = 0.01
    phantom: float = 0.03
    score: float = 0.68
    least_visible: float = 0.4
    knows: tuple[str, ...] = CLASSES
    regions: bool = False
    region_miss: float = 0.05


@dataclass
class Oracle:
    """Looks at one case."""

    case: Case
    seed: int = 0
    _eyes: Eyesight = field(init=False)
    _dice: np.random.Generator = field(init=False)
    _looks: dict[str, Floats] = field(init=False, default_factory=dict)
    _lapses: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._eyes = Eyesight(**self.case.oracle)
        self._dice = np.random.default_rng([self.seed, *self.case.name.encode()])

    def detect(self, at_s: float) -> Detections:
        """What a detector would say about this moment."""
        rows = [row for seen in sights(self.case.scene, at_s) for row in self._told(seen, at_s)]
        rows += [self._phantom() for _ in range(int(self._dice.poisson(self._eyes.phantom)))]
        if not rows:
            return Detections.none()
        return Detections(
            boxes_px=np.array([box for box, *_ in rows], np.float32),
            scores=np.array([score for _, score, *_ in rows], np.float32),
            class_ids=np.array([CLASS_IDS[name] for _, _, name, _ in rows], np.int64),
            looks=np.array([look for *_, look in rows], np.float32),
        )

    def observe(self, number: int, at_s: float) -> Observation:
        """The look of number `number`."""
        return Observation(
            camera=self.case.name,
            seq=number,
            stamp=stamp(at_s),
            size_px=self.case.scene.camera.size_px,
            detections=self.detect(at_s),
            changes=self._changes(at_s) if self._eyes.regions else Changes.none(),
        )

    def _changes(self, at_s: float) -> Changes:
        """Regions of things that were put down and have stood for a while; loosely drawn, gone a moment after them."""
        dice, boxes, still = self._dice, [], []
        for seen in sights(self.case.scene, at_s):
            actor = next(a for a in self.case.scene.actors if a.name == seen.name)
            since = next((s.from_s for s in actor.stands(at_s + 1) if s.from_s <= at_s <= s.to_s), None)
            if actor.path[0].at_s <= 0 or since is None or at_s - since < SETTLING_S or seen.class_name not in FIXTURES:
                continue  # what was there from the beginning belongs to the reference
            if seen.visible < 0.5 or dice.random() < self._eyes.region_miss or seen.seen_px is None:
                continue
            x1, y1, x2, y2 = normal(seen.seen_px, self.case.scene.camera)
            edges = dice.uniform(-0.05, 0.2, 4) * ([x2 - x1, y2 - y1] * 2)
            boxes.append((x1 - edges[0], y1 - edges[1], x2 + edges[2], y2 + edges[3]))
            still.append(at_s - since)
        count = len(boxes)
        return Changes(
            boxes_n=np.array(boxes, np.float32).reshape(count, 4),
            scores=np.asarray(dice.uniform(0.5, 0.9, count), np.float32),
            still_s=np.array(still, np.float32),
            kinds=(ChangeKind.LEFT,) * count,
        )

    def _told(self, seen: Seen, at_s: float) -> list[tuple[Box, float, str, Floats]]:
        eyes, dice = self._eyes, self._dice
        if seen.class_name not in eyes.knows:
            return []
        hidden = seen.visible < eyes.least_visible or seen.inside < 0.3 or seen.seen_px is None
        if self._lapsing(seen.name) or dice.random() < eyes.miss or hidden:
            return []
        assert seen.seen_px is not None
        x1, y1, x2, y2 = seen.seen_px
        sides = np.array([x2 - x1, y2 - y1] * 2)
        edges = np.array([x1, y1, x2, y2]) + dice.normal(0, eyes.jitter, 4) * sides
        box = (float(edges[0]), float(edges[1]), float(max(edges[2], edges[0] + 1)), float(max(edges[3], edges[1] + 1)))
        others = CONFUSED.get(seen.class_name, ())
        name = str(dice.choice(others)) if others and dice.random() < eyes.flip else seen.class_name
        score = float(np.clip(dice.normal(eyes.score, 0.08) * (0.6 + 0.4 * seen.visible), 0.1, 0.97))
        rows = [(box, score, name, self._look(seen))]
        filled = getattr(self._thing(seen.name, at_s), "fill", 0.0)
        if filled > 1 and "garbage" in eyes.knows:  # what rises over the rim is garbage on top of the bin
            rows.append((box, float(np.clip(dice.normal(eyes.score, 0.08), 0.1, 0.97)), "garbage", self._look(seen)))
        return rows

    def _thing(self, name: str, at_s: float) -> object:
        return next(actor for actor in self.case.scene.actors if actor.name == name).thing_at(at_s)

    def _lapsing(self, name: str) -> bool:
        left = self._lapses.get(name, 0)
        if left == 0 and self._dice.random() < self._eyes.lapse:
            left = int(self._dice.integers(1, self._eyes.lapse_n + 1))
        self._lapses[name] = max(left - 1, 0)
        return left > 0

    def _look(self, seen: Seen) -> Floats:
        """The thing's own look, the noisier the less of it is seen; now and then a foreign one."""
        eyes, dice = self._eyes, self._dice
        if seen.name not in self._looks:
            common = np.full(LOOK_SIZE, LOOK_SIZE**-0.5)
            self._looks[seen.name] = _unit(0.6 * common + 0.8 * _unit(dice.normal(size=LOOK_SIZE)))
        own = _unit(dice.normal(size=LOOK_SIZE)) if dice.random() < eyes.switch else self._looks[seen.name]
        noise = _unit(dice.normal(size=LOOK_SIZE)) * (eyes.blur + (1 - seen.visible))
        return _unit(own + noise)

    def _phantom(self) -> tuple[Box, float, str, Floats]:
        dice = self._dice
        width, height = self.case.scene.camera.size_px
        w, h = float(dice.uniform(0.03, 0.15)) * width, float(dice.uniform(0.05, 0.15)) * height
        x, y = float(dice.uniform(0, width - w)), float(dice.uniform(0.3 * height, height - h))
        name = str(dice.choice(["car", "person", "garbage", "goods", "stall"]))
        return (x, y, x + w, y + h), float(dice.uniform(0.15, 0.6)), name, _unit(dice.normal(size=LOOK_SIZE))


def _unit(vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | Floats) -> Floats:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
