"""A scene, declared: who is where when, in which light. It says all that the picture will show.

Scene(
    name="one car parks",
    actors=(Actor("red", Car("sedan", "red"), (Key(0, -20, 12), Key(4, 1, 14.6), Key(30, 1, 14.6))),),
    light=DAY, seed=7, duration_s=30,
)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from scripts.render.camera import Camera
from scripts.render.light import DAY, Light
from scripts.render.mesh import Pose
from scripts.render.street import Street
from scripts.render.things import Thing

STILL_M = 0.02
"""Two keys closer than this are the same place: the actor stands between them."""


@dataclass(frozen=True)
class Key:
    """Where an actor is at a moment. Without `heading_deg` it faces where it goes, and keeps that when it stops."""

    at_s: float
    x_m: float
    y_m: float
    heading_deg: float | None = None


@dataclass(frozen=True)
class Stand:
    """A stay without motion."""

    from_s: float
    to_s: float
    x_m: float
    y_m: float


@dataclass(frozen=True)
class Actor:
    """One thing with an identity. It is in the scene from its first key to its last, and only then.

    Attributes:
        later: (moment, thing) pairs: what it has become from then on, such as a bin that overflows.
    """

    name: str
    thing: Thing
    path: tuple[Key, ...]
    later: tuple[tuple[float, Thing], ...] = ()

    def __post_init__(self) -> None:
        times = [key.at_s for key in self.path]
        if not times or any(b <= a for a, b in pairwise(times)):
            raise ValueError(f"actor {self.name!r}: expected keys in ascending time, found {times}")

    def thing_at(self, at_s: float) -> Thing:
        """What it is at a moment."""
        return next((thing for since, thing in reversed(self.later) if at_s >= since), self.thing)

    def pose(self, at_s: float) -> Pose | None:
        """Where it is at a moment; None when it is not in the scene."""
        if not self.path[0].at_s <= at_s <= self.path[-1].at_s:
            return None
        for stay in self.stands(self.path[-1].at_s):
            if stay.from_s <= at_s <= stay.to_s:  # one and the same pose all the time
                return Pose(stay.x_m, stay.y_m, self._heading(stay.from_s))
        x, y = _glide(self.path, at_s)
        return Pose(x, y, self._heading(at_s))

    def walked_m(self, at_s: float) -> float:
        """How far it went until then, as the crow flies from key to key."""
        total = 0.0
        for a, b in pairwise(self.path):
            if at_s <= a.at_s:
                break
            x, y = (b.x_m, b.y_m) if at_s >= b.at_s else _glide(self.path, at_s)
            total += float(np.hypot(x - a.x_m, y - a.y_m))
        return total

    def stands(self, duration_s: float) -> tuple[Stand, ...]:
        """Its stays within the scene."""
        stays: list[Stand] = []
        for a, b in pairwise(self.path):
            if not _same(a, b) or a.at_s >= duration_s:
                continue
            end = min(b.at_s, duration_s)
            if stays and stays[-1].to_s == a.at_s:
                stays[-1] = Stand(stays[-1].from_s, end, a.x_m, a.y_m)
            else:
                stays.append(Stand(a.at_s, end, a.x_m, a.y_m))
        return tuple(stays)

    def _heading(self, at_s: float) -> float:
        if self.path[0].heading_deg is not None:
            times = [k.at_s for k in self.path]
            return float(np.interp(at_s, times, [k.heading_deg or 0.0 for k in self.path]))
        for moment in (
            at_s,
            *(t for t in np.arange(at_s, self.path[0].at_s, -0.1)),
            *np.arange(at_s, self.path[-1].at_s, 0.1),
        ):
            (x1, y1), (x2, y2) = _glide(self.path, float(moment) - 0.04), _glide(self.path, float(moment) + 0.04)
            if np.hypot(x2 - x1, y2 - y1) > 0.008:
                return float(np.degrees(np.arctan2(y2 - y1, x2 - x1)))
        return 0.0


@dataclass(frozen=True)
class Weather:
    """rain 0..1 (drops, haze, wet ground), wind 0..1 (leaves)."""

    rain: float = 0.0
    wind: float = 0.15


@dataclass(frozen=True)
class Lens:
    """What the camera adds.

    Attributes:
        blur_px: softness. shake_px: amplitude of a pole in the wind. jpeg: quality of a compression before all else, or
            None. noise: factor on the light's own noise.
    """

    blur_px: float = 0.55
    shake_px: float = 0.0
    jpeg: int | None = None
    noise: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Everything that decides the pixels: the same scene always gives the same film."""

    name: str
    actors: tuple[Actor, ...]
    camera: Camera = field(default_factory=Camera)
    street: Street = field(default_factory=Street)
    light: Light = DAY
    weather: Weather = field(default_factory=Weather)
    lens: Lens = field(default_factory=Lens)
    seed: int = 0
    duration_s: float = 30.0
    fps: float = 12.5

    def __post_init__(self) -> None:
        names = [actor.name for actor in self.actors]
        if len(set(names)) != len(names):
            raise ValueError(f"scene {self.name!r}: expected one actor per name, found {sorted(names)}")

    @property
    def moments(self) -> list[float]:
        """Seconds of every picture."""
        return [i / self.fps for i in range(round(self.duration_s * self.fps))]


def _same(a: Key, b: Key) -> bool:
    return float(np.hypot(b.x_m - a.x_m, b.y_m - a.y_m)) < STILL_M


def _glide(path: tuple[Key, ...], at_s: float) -> tuple[float, float]:
    """Position at a moment: a monotone cubic through the keys (Fritsch and Carlson 1980), so nothing overshoots."""
    if len(path) == 1:
        return path[0].x_m, path[0].y_m
    times = np.array([k.at_s for k in path])
    i = int(np.clip(np.searchsorted(times, at_s, side="right") - 1, 0, len(path) - 2))
    step = times[i + 1] - times[i]
    t = float(np.clip((at_s - times[i]) / step, 0.0, 1.0))
    result = []
    for values in ([k.x_m for k in path], [k.y_m for k in path]):
        slopes = np.diff(values) / np.diff(times)
        start, end = _tangent(slopes, i), _tangent(slopes, i + 1)
        h = 2 * t**3 - 3 * t**2
        result.append(
            float(
                (h + 1) * values[i]
                + (t**3 - 2 * t**2 + t) * step * start
                - h * values[i + 1]
                + (t**3 - t**2) * step * end
            )
        )
    return result[0], result[1]


def _tangent(slopes: np.ndarray[tuple[int, ...], np.dtype[np.float64]], i: int) -> float:
    """Slope at key `i`: 0 where it turns or stands, else the harmonic mean of both sides."""
    if i in (0, len(slopes)):
        return float(slopes[min(i, len(slopes) - 1)])
    before, after = float(slopes[i - 1]), float(slopes[i])
    return 0.0 if before * after <= 0 else 2 * before * after / (before + after)
