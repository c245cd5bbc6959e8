"""Literals for the core's tests: a street of known things, looked at every few seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from agent.core.calendar import ALWAYS, Calendar
from agent.core.camera_health import CameraHealthSettings
from agent.core.plan import CameraPlan, Duty
from agent.core.rules import RULES
from agent.core.scene import Scene
from agent.core.taxonomy import CLASS_IDS
from agent.core.types import (
    Box,
    ChangeKind,
    Changes,
    Detections,
    Event,
    Gap,
    GapReason,
    Observation,
    Stamp,
    ZoneReading,
)
from agent.core.zones import Zone

START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)  # a Monday, 16:00 in Shanghai
Step = Observation | Gap
LOOKS = 8
KERB = ((0.0, 0.6), (1.0, 0.6), (1.0, 1.0), (0.0, 1.0))
PLACE: Box = (0.2, 0.5, 0.4, 0.7)


@dataclass(frozen=True)
class Thing:
    """One thing in one picture; `look` picks one of `LOOKS` unlike appearances."""

    box_n: Box
    kind: str = "car"
    score: float = 0.8
    look: int = 0


def car(box_n: Box = PLACE, *, look: int = 0, kind: str = "car", score: float = 0.8) -> Thing:
    return Thing(box_n, kind, score, look)


def stamp(t_s: float) -> Stamp:
    return Stamp(utc=START + timedelta(seconds=t_s), mono_s=1000.0 + t_s)


def look(t_s: float, *things: Thing) -> Observation:
    size = (1000, 1000)
    detections = Detections(
        boxes_px=np.array([thing.box_n for thing in things], np.float32).reshape(-1, 4) * 1000,
        scores=np.array([thing.score for thing in things], np.float32),
        class_ids=np.array([CLASS_IDS[thing.kind] for thing in things], np.int64),
        looks=np.eye(LOOKS, dtype=np.float32)[[thing.look for thing in things]].reshape(len(things), LOOKS),
    )
    return Observation(camera="gate", seq=int(t_s * 10), stamp=stamp(t_s), size_px=size, detections=detections)


def changed(
    seen: Observation,
    *boxes_n: Box,
    kind: ChangeKind = ChangeKind.LEFT,
    score: float = 0.9,
    still_s: float = 0.0,
) -> Observation:
    """The same look, with regions that changed and stand still."""
    count = len(boxes_n)
    changes = Changes(
        boxes_n=np.array(boxes_n, np.float32).reshape(-1, 4),
        scores=np.full(count, score, np.float32),
        still_s=np.full(count, still_s, np.float32),
        kinds=(kind,) * count,
    )
    return replace(seen, changes=changes)


def reading(seen: Observation, zone: str, full: float) -> Observation:
    """The same look, with what a taught zone looks like."""
    return replace(seen, readings=(ZoneReading(zone=zone, full=full, stamp=seen.stamp),))


def gap(t_s: float, reason: GapReason = GapReason.OFFLINE) -> Gap:
    return Gap(camera="gate", stamp=stamp(t_s), reason=reason)


def every(step_s: float, start_s: float, end_s: float, *things: Thing) -> list[Step]:
    """Looks at the same things from `start_s` to before `end_s`."""
    count = round((end_s - start_s) / step_s)
    return [look(start_s + i * step_s, *things) for i in range(count)]


def plan(*duties: Duty, **settings: Any) -> CameraPlan:
    """A camera with these duties, without any with one of `duty(**settings)`; its own faults are not reported."""
    return CameraPlan(
        box_id="box-1",
        camera="gate",
        duties=duties or (duty(**settings),),
        time_zone=ZoneInfo("Asia/Shanghai"),
        health=CameraHealthSettings(faults=()),
    )


def duty(
    rule: str = "illegal_parking",
    *,
    zone: str = "kerb",
    polygon: Any = KERB,
    calendar: Calendar = ALWAYS,
    **settings: Any,
) -> Duty:
    """A rule in a zone; dwell 60 s, clear_after 20 s and no heartbeats unless told otherwise."""
    kind = RULES[rule]
    chosen = kind.Settings(**{"dwell": 60.0, "clear_after": 20.0, "update_every": 1e6, **settings})
    return Duty(zone=kind.ground(chosen, Zone.of(zone, polygon)), rule=rule, settings=chosen, calendar=calendar)


def watch(steps: Iterable[Step], scene: Scene | None = None) -> list[Event]:
    """All events of these looks and gaps."""
    scene = scene or Scene(plan())
    return [event for step in steps for event in scene.step(step)]


def phases(events: Sequence[Event]) -> list[str]:
    return [event.phase.value for event in events]
