"""A recorded video through the very scene that would watch the camera."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from agent.adapters.clock import clock_info
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.recording import Recorder, is_recording, read_recording
from agent.adapters.videofile import VideoFileSource
from agent.app.parts import analysis_px, evidence_folder, facts_of, open_detector, privacy_guard
from agent.app.teach import taught_reader
from agent.config import CameraConfig, Config
from agent.core.plan import CameraPlan
from agent.core.recording import Header
from agent.core.scene import Scene
from agent.core.types import Detections, Event, Frame, Gap, GapReason, Message, Observation
from agent.core.view import Prepared, View
from agent.core.wire import event_message
from agent.ports import Detector, ZoneReader
from agent.runtime.desk import photographed


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One step of a recorded camera: what was seen, and the picture it was seen in where there is one."""

    seen: Observation | Gap
    frame: Frame | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """One step of a replay: how far the video is, and what was decided there, as it would go out."""

    at_s: float
    events: tuple[Event, ...]
    messages: tuple[Message, ...]


def looks(
    detector: Detector,
    camera: CameraConfig,
    plan: CameraPlan,
    video: Path,
    *,
    start_utc: datetime,
    reader: ZoneReader | None = None,
) -> Iterator[Look]:
    """What the agent would see in a recorded video. `reader`: of its taught zones. Raises UnsupportedStream."""
    view, scene = View.of(plan), Scene(plan)  # a scene of its own, to know when the detector may rest
    source = VideoFileSource(
        camera=camera.id,
        path=video,
        start_utc=start_utc,
        decode=camera.decode,
        sample_every_s=camera.sample_every,
        analysis_px=analysis_px(detector),
        names_camera=False,
    )
    for sample in source.samples():
        frame = sample.decode()
        if frame is None:
            view.interrupt()
            gap = Gap(camera=camera.id, stamp=sample.stamp, reason=GapReason.UNDECODABLE)
            scene.step(gap)
            yield Look(seen=gap)
        else:
            seen = view.prepare(frame)
            found = _found(detector, seen, attentive=scene.in_doubt)
            readings = reader.read(seen.frame) if reader and seen.fault is None else ()
            look = Look(seen=view.observe(seen, found, readings), frame=seen.frame)
            scene.step(look.seen)
            yield look


def _found(detector: Detector, seen: Prepared, *, attentive: bool) -> Detections:
    known = seen.known(attentive=attentive)
    return detector.detect([seen.frame.image])[0] if known is None else known


@contextmanager
def recorded_looks(path: Path, camera: str) -> Iterator[tuple[datetime, Iterator[Look]]]:
    """When a recording begins, and its steps, as if this camera had seen them. Raises RecordingError."""
    with read_recording(path) as (head, steps):
        yield head.start, (Look(seen=replace(seen, camera=camera)) for seen in steps)


def replay(
    config: Config,
    camera: str,
    video: Path,
    *,
    start_utc: datetime,
    evidence: Path | None = None,
    record: Path | None = None,
) -> Iterator[Replayed]:
    """Run a recorded video through the very scene that would watch this camera; nothing is stored or sent.

    Args:
        camera: id of the camera whose zones are used.
        video: a video file; or a recording of observations (`.jsonl`, `.jsonl.gz`), which says itself when it begins.
        start_utc: the moment at which the video is taken to begin, for calendars.
        evidence: folder for pictures; None: no pictures are made.
        record: file for the observations; None: they are not kept.

    Raises: ModelError, UnsupportedStream, RecordingError.
    """
    detector = open_detector(config)
    facts, plan = facts_of(config, detector), config.plans()[camera]
    photographer = _photographer(config, evidence, plan, detector) if evidence else None
    scene, sequence = Scene(plan), count(1)
    with ExitStack() as open_files:
        if is_recording(video):
            start_utc, steps = open_files.enter_context(recorded_looks(video, camera))
        else:
            reader = taught_reader(config, plan, detector.info.sha256)
            steps = looks(detector, config.camera(camera), plan, video, start_utc=start_utc, reader=reader)
        keep = Recorder.to(record, Header(camera=camera, start=start_utc)) if record else nullcontext()
        recorder = open_files.enter_context(keep)
        for look in steps:
            if recorder:
                recorder.add(look.seen)
            events = scene.step(look.seen)
            if photographer and look.frame is not None and isinstance(look.seen, Observation):
                events = [photographed(event, look.seen, look.frame, photographer, scene) for event in events]
                if look.seen.fault is None and look.seen.asked:
                    photographer.watch(scene.watched, look.frame, look.seen.detections)
            messages = tuple(event_message(event, next(sequence), facts, clock_info()) for event in events)
            yield Replayed(at_s=seconds_into(look.seen, start_utc), events=tuple(events), messages=messages)


def _photographer(config: Config, folder: Path, plan: CameraPlan, detector: Detector) -> ScenePhotographer:
    return ScenePhotographer(evidence_folder(config, folder), plan, privacy_guard(config), detector=detector)


def seconds_into(seen: Observation | Gap, start_utc: datetime) -> float:
    """Seconds since the clip's beginning."""
    return (seen.stamp.utc - start_utc) / timedelta(seconds=1)


def video_length_s(video: Path) -> float | None:
    """Seconds of a video file, or None when it does not say, as a recording. Raises UnsupportedStream."""
    if is_recording(video):
        return None
    begin = datetime(2000, 1, 1, tzinfo=UTC)
    return VideoFileSource(camera="", path=video, start_utc=begin, names_camera=False).duration_s
