"""Clips with known truth through the very scene that would watch the camera, and how well it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median

from agent.app.parts import open_detector
from agent.app.replay import looks, recorded_looks, seconds_into
from agent.config import Config
from agent.config.evaluation import ClipConfig, EvaluationSet
from agent.core.errors import RecordingError, UnsupportedStream
from agent.core.plan import CameraPlan
from agent.core.scene import Scene
from agent.core.scoring.matching import incidents_of
from agent.core.scoring.scores import ClipScore, score, spans_between
from agent.core.scoring.truth import Thing, Watched, stays_of
from agent.core.types import Event, Gap, Observation
from agent.ports import Detector

Told = Callable[[str, float], None]
"""Called with each step: the clip, and how far it is in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """One clip of a set, scored."""

    clip: str
    score: ClipScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """A clip that turned out unreadable, and why."""

    clip: str
    why: str


def evaluate(chosen: EvaluationSet, told: Told | None = None) -> Iterator[Evaluated | Unscored]:
    """Score every clip, in order; one that turns out unreadable leaves the others alone.

    Raises: ModelError.
    """
    config = chosen.config()
    detector = open_detector(config) if any(clip.video for clip in chosen.clips) else None
    for clip in chosen.clips:
        try:
            result: Evaluated | Unscored = Evaluated(
                clip=clip.id, score=_clip_score(chosen, config, clip, detector, told)
            )
        except (RecordingError, UnsupportedStream) as error:
            result = Unscored(clip=clip.id, why=str(error))
        yield result


def _clip_score(
    chosen: EvaluationSet, config: Config, clip: ClipConfig, detector: Detector | None, told: Told | None
) -> ClipScore:
    """Raises ModelError, UnsupportedStream, RecordingError."""
    plan = config.plans()[clip.id]
    if clip.observations is not None:
        with recorded_looks(clip.observations, clip.id) as (start, steps):
            return score_steps(plan, (look.seen for look in steps), start, clip.things, told)
    assert detector is not None and clip.video is not None
    start = chosen.start_utc(clip)
    seen = looks(detector, config.camera(clip.id), plan, clip.video, start_utc=start)
    return score_steps(plan, (look.seen for look in seen), start, clip.things, told)


def score_steps(
    plan: CameraPlan,
    steps: Iterable[Observation | Gap],
    start: datetime,
    things: Sequence[Thing],
    told: Told | None = None,
) -> ClipScore:
    """Run looks and gaps through a new scene and compare what it reports with what is true.

    Args:
        start: aware; the moment from which the truth counts its seconds.
    """
    scene, events, stamps = Scene(plan), list[Event](), list[tuple[float, bool]]()
    for seen in steps:
        events += scene.step(seen)
        stamps.append((seconds_into(seen, start), isinstance(seen, Observation)))
        if told:
            told(plan.camera, stamps[-1][0])
    watched = Watched(
        start=start,
        length_s=stamps[-1][0] if stamps else 0.0,
        interval_s=_interval_s(stamps),
        blind=tuple(spans_between(stamps)),
    )
    rules = (duty.rule for duty in plan.duties)
    return score(stays_of(plan, things, watched), incidents_of(events, start), watched, rules)


def _interval_s(stamps: Sequence[tuple[float, bool]]) -> float:
    """The usual time between two looks."""
    times = [at_s for at_s, looked in stamps if looked]
    return median(b - a for a, b in pairwise(times)) if len(times) > 1 else 0.0
