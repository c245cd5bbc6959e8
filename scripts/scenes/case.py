"""A case: a scene, the zones that are watched in it, and what is true there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from agent.core.calendar import ALWAYS
from agent.core.plan import CameraPlan, Duty
from agent.core.rules import RULES
from agent.core.scoring.truth import Span, Thing
from agent.core.types import Box, Stamp
from agent.core.zones import Zone
from scripts.render.camera import Camera
from scripts.render.film import BoxPx
from scripts.render.scene import Actor, Scene
from scripts.scenes.geometry import place_visible, sights

START = datetime(2026, 1, 5, 4, tzinfo=UTC)
"""Monday noon in Shanghai."""
SITE = ZoneInfo("Asia/Shanghai")
RECHECK_S = 10.0
"""As the agent does by default."""
HIDDEN = 0.5
"""A place counts as hidden while less than this share of the thing can be seen."""
_STEP_S = 0.5
Ground = tuple[float, float, float, float]
"""x1 y1 x2 y2 in metres of the street."""


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One rule on a patch of ground. `settings`: of the rule; dwell and clear_after are given short."""

    rule: str
    zone: str
    ground: Ground
    settings: Mapping[str, Any] = field(default_factory=dict)
    height_m: float = 0.0
    """Above 0 the zone is drawn around what stands on the ground up to there, as a bin zone is."""

    def duty(self, camera: Camera) -> Duty:
        """The rule in the picture of this camera."""
        rule = RULES[self.rule]
        settings = rule.Settings(**self.settings)
        zone = Zone.of(self.zone, _polygon(self.ground, self.height_m, camera))
        return Duty(zone=rule.ground(settings, zone), rule=self.rule, settings=settings, calendar=ALWAYS)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One scene to be scored.

    Attributes:
        things: what has to be reported, or must not be, beyond what `actors` say: bins that overflow.
        violations: how many have to be reported; checked, so that a scene is what it says.
        every_s: sampling interval. oracle: how badly the oracle sees (`oracle.Eyesight`'s fields).
        pixels: shown to the real detector too.
    """

    scene: Scene
    watches: tuple[Watch, ...]
    violations: int
    things: tuple[Thing, ...] = ()
    every_s: float = 2.0
    oracle: Mapping[str, Any] = field(default_factory=dict)
    pixels: bool = False

    @property
    def name(self) -> str:
        """Of the scene."""
        return self.scene.name

    @property
    def plan(self) -> CameraPlan:
        """What the camera is watched for."""
        duties = tuple(watch.duty(self.scene.camera) for watch in self.watches)
        return CameraPlan(box_id="scenes", camera=self.name, duties=duties, time_zone=SITE, recheck_s=RECHECK_S)

    @property
    def moments(self) -> list[float]:
        """Seconds at which somebody looks."""
        return [i * self.every_s for i in range(int(self.scene.duration_s / self.every_s) + 1)]

    def truth(self) -> tuple[Thing, ...]:
        """Every stay of every actor, and the things beyond."""
        stays = [thing for actor in self.scene.actors for thing in _things(actor, self.scene)]
        return (*stays, *self.things)


def stamp(at_s: float) -> Stamp:
    """The moment of a scene's second."""
    return Stamp(utc=START + timedelta(seconds=at_s), mono_s=at_s)


def normal(box: BoxPx, camera: Camera) -> Box:
    """A box in 0..1."""
    width, height = camera.size_px
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height


def box_of(scene: Scene, name: str, at_s: float) -> Box:
    """Where an actor is at a moment, in 0..1. Raises StopIteration when it is out of the picture."""
    return normal(next(s.box_px for s in sights(scene, at_s) if s.name == name), scene.camera)


def _things(actor: Actor, scene: Scene) -> list[Thing]:
    found = []
    for stay in actor.stands(scene.duration_s):
        middle = (stay.from_s + stay.to_s) / 2
        seen = next((s for s in sights(scene, middle) if s.name == actor.name), None)
        if seen is None:
            continue
        beyond = stay.to_s >= scene.duration_s
        found.append(
            Thing(
                name=actor.name,
                class_name=seen.class_name,
                box_n=normal(seen.box_px, scene.camera),
                from_s=stay.from_s,
                to_s=math.inf if beyond else stay.to_s,
                hidden=_hidden(scene, actor, middle),
            )
        )
    return found


def _hidden(scene: Scene, actor: Actor, stood_s: float) -> tuple[Span, ...]:
    """When the place where an actor stood at a moment is hidden behind something, whether it is there or not."""
    spans: list[Span] = []
    for at_s in np.arange(0.0, scene.duration_s, _STEP_S).tolist():
        if place_visible(scene, actor, stood_s, at_s) >= HIDDEN:
            continue
        if spans and at_s - spans[-1][1] < _STEP_S / 2:
            spans[-1] = (spans[-1][0], at_s + _STEP_S)
        else:
            spans.append((at_s, at_s + _STEP_S))
    return tuple(spans)


def _polygon(ground: Ground, height_m: float, camera: Camera) -> tuple[tuple[float, float], ...]:
    """The outline of a patch of ground in 0..1, or of the box that stands on it, cut at the picture's edges."""
    x1, y1, x2, y2 = ground
    corners = np.array([(x1, y1, 0), (x2, y1, 0), (x2, y2, 0), (x1, y2, 0)], np.float32)
    pixels, _ = camera.project(corners)
    if height_m:
        raised, _ = camera.project(corners + np.array([0, 0, height_m], np.float32))
        both = np.concatenate([pixels, raised])
        (left, top), (right, bottom) = both.min(axis=0).tolist(), both.max(axis=0).tolist()
        pixels = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)
    points = np.clip(pixels / np.array(camera.size_px, np.float32), 0.0, 1.0)
    return tuple((float(x), float(y)) for x, y in points)
