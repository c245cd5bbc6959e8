"""A recorded video through the very scene that would watch the camera."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from agent.adapters.clock import clock_info
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.videofile import VideoFileSource
from agent.app.parts import evidence_folder, facts_of, open_detector
from agent.config import Config
from agent.core.scene import Scene
from agent.core.types import Event, Gap, GapReason, Message
from agent.core.wire import event_message
from agent.runtime.desk import photographed
from agent.runtime.watch import observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One step of a replay: how far the video is, and what was decided there, as it would go out."""

    at_s: float
    events: tuple[Event, ...]
    messages: tuple[Message, ...]


def replay(
    config: Config, camera: str, video: Path, *, start_utc: datetime, evidence: Path | None = None
) -> Iterator[Replayed]:
    """Run a recorded video through the very scene that would watch this camera; nothing is stored or sent.

    Args:
        camera: id of the camera whose zones are used.
        start_utc: the moment at which the video is taken to begin, for calendars.
        evidence: folder for pictures; None: no pictures are made.

    Raises: ModelError, UnsupportedStream.
    """
    detector = open_detector(config)
    facts, plan, chosen = facts_of(config, detector), config.plans()[camera], config.camera(camera)
    photographer = ScenePhotographer(evidence_folder(config, evidence), plan) if evidence else None
    scene, sequence = Scene(plan), count(1)
    source = VideoFileSource(
        camera=camera, path=video, start_utc=start_utc, decode=chosen.decode, sample_every_s=chosen.sample_every
    )
    for sample in source.samples():
        frame = sample.decode()
        if frame is None:
            scene.step(Gap(camera=camera, stamp=sample.stamp, reason=GapReason.UNDECODABLE))
            continue
        events = scene.step(observed(frame, detector.detect([frame.image])[0]))
        if photographer:
            events = [photographed(event, frame, photographer) for event in events]
        messages = tuple(event_message(event, next(sequence), facts, clock_info()) for event in events)
        yield Replayed(at_s=sample.stamp.mono_s, events=tuple(events), messages=messages)


def video_length_s(video: Path) -> float | None:
    """Seconds of a video file, or None when it does not say. Raises UnsupportedStream."""
    return VideoFileSource(camera="", path=video, start_utc=datetime(2000, 1, 1, tzinfo=UTC)).duration_s
