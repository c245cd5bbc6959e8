"""The composition root: the only place that knows which adapter stands behind which port.

Start order: store (nothing may be seen that cannot be kept), scenes recalled from it, courier (so that a backlog
leaves at once), watch workers, then cameras; health last. Stop order is the reverse of what may still produce work:
cameras first, then the workers finish what they hold and the scenes are kept, then the courier says goodbye with what
it still can deliver, then the store closes. Whatever is not delivered by then waits in the store.
"""

from __future__ import annotations

import hashlib
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event as StopEvent

from agent.adapters.clock import SystemClock, clock_info
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.heartbeat import Heartbeat, sign_of_life
from agent.adapters.looks import looks_of
from agent.adapters.onnx import OnnxDetector
from agent.adapters.photographer import ScenePhotographer
from agent.adapters.rtsp import RtspSource
from agent.adapters.sqlite import Database, SqliteLedger, SqliteOutbox, SqliteStore, read_incidents
from agent.adapters.videofile import LiveFileSource, VideoFileSource
from agent.config import CameraConfig, Config
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.scene import Scene
from agent.core.types import Event, Gap, GapReason, Message
from agent.core.wire import (
    BoxFacts,
    CameraFacts,
    Location,
    ModelFacts,
    event_message,
    health_message,
)
from agent.ports import Clock, Detector, IncidentRow, LoginLedger, Source
from agent.runtime.capture import CaptureLoop
from agent.runtime.courier import Courier
from agent.runtime.desk import Desk, photographed
from agent.runtime.health import Health
from agent.runtime.mailbox import Mailroom
from agent.runtime.supervisor import Supervisor
from agent.runtime.watch import Watch, observed

log = logging.getLogger(__name__)

DATABASE = "cityeye.db"
EVIDENCE = "evidence"
HEARTBEAT = "alive.json"
STOP_CAPTURE_S = 1.0
STOP_WATCH_S = 1.0
STOP_DELIVERY_S = 2.5
"""Together below the five seconds in which a stopped service should be gone; what is not delivered waits on disk."""


def facts_of(config: Config, detector: Detector) -> BoxFacts:
    """What every message says about this box."""
    info = detector.info

    def location(camera: CameraConfig) -> Location | None:
        place = config.location_of(camera.id)
        if place is None:
            return None
        return Location(lon=place.lon, lat=place.lat, crs=place.crs.upper(), grid_code=place.grid_code)

    return BoxFacts(
        tenant=config.box.tenant,
        box=config.box.id,
        code_system=config.taxonomy.code_system,
        config_version=config.version_hash(),
        model=ModelFacts(name=info.name, sha256=info.sha256),
        cameras={
            camera.id: CameraFacts(
                name=camera.name or camera.id,
                location=location(camera),
                zones={zone.id: zone.name or zone.id for zone in camera.zones},
            )
            for camera in config.cameras
        },
    )


def open_detector(config: Config) -> OnnxDetector:
    """The configured model. Raises ModelError."""
    model = config.model
    return OnnxDetector.load(
        model.file,
        family=model.family,
        sha256=model.sha256,
        classes=model.classes,
        min_score=model.min_score,
        iou=model.iou,
        threads=model.threads,
    )


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
    photographer = ScenePhotographer(_evidence_folder(config, evidence), plan) if evidence else None
    scene, sequence = Scene(plan), count(1)
    source = VideoFileSource(
        camera=camera, path=video, start_utc=start_utc, decode=chosen.decode, sample_every_s=chosen.sample_every
    )
    for sample in source.samples():
        frame = sample.decode()
        if frame is None:
            scene.step(Gap(camera=camera, stamp=sample.stamp, reason=GapReason.UNDECODABLE))
            continue
        events = scene.step(observed(frame, detector.detect([frame.image])[0], looks_of))
        if photographer:
            events = [photographed(event, frame, photographer) for event in events]
        messages = tuple(event_message(event, next(sequence), facts, clock_info()) for event in events)
        yield Replayed(at_s=sample.stamp.mono_s, events=tuple(events), messages=messages)


def video_length_s(video: Path) -> float | None:
    """Seconds of a video file, or None when it does not say. Raises UnsupportedStream."""
    return VideoFileSource(camera="", path=video, start_utc=datetime(2000, 1, 1, tzinfo=UTC)).duration_s


def stored_incidents(config: Config, *, limit: int, camera: str | None) -> list[IncidentRow]:
    """What the store knows, newest first, also while an agent uses it. Raises StoreUnusable."""
    return read_incidents(config.storage.folder / DATABASE, limit=limit, camera=camera)


def what_ails(config: Config) -> str | None:
    """What is wrong with the agent that should be running with this configuration, or None."""
    return sign_of_life(config.storage.folder / HEARTBEAT, SystemClock().now().utc)


class App:
    """The running agent. The constructor does nothing; `run` returns after a stop."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock: Clock = SystemClock()
        self._jitter = random.SystemRandom().uniform
        self._delivery = Supervisor(self._clock, self._jitter)
        self._watching = Supervisor(self._clock, self._jitter)
        self._capturing = Supervisor(self._clock, self._jitter)

    def run(self, stop: StopEvent) -> None:
        """Run until `stop` is set.

        Raises:
            ModelError, StoreUnusable, StoreFull: before anything was started.
        """
        config = self._config
        detector = open_detector(config)
        facts = facts_of(config, detector)
        with Database(_made(config.storage.folder) / DATABASE).open() as database:
            courier = self._courier(facts, database)
            store = SqliteStore(database, lambda event, n: event_message(event, n, facts, clock_info()), courier.wake)
            desks = self._desks(store)
            mailroom = Mailroom()
            watches = [
                Watch(mailroom=mailroom, detector=detector, describe=looks_of, desks=desks, clock=self._clock)
                for _ in range(config.model.workers)
            ]
            ledger, heartbeat = SqliteLedger(database), Heartbeat(config.storage.folder / HEARTBEAT)
            captures = {camera.id: self._capture(camera, mailroom, ledger) for camera in config.cameras}
            health = Health(
                clock=self._clock,
                supervisors=(self._delivery, self._watching, self._capturing),
                captures=captures,
                desks=desks,
                watches=watches,
                mailroom=mailroom,
                outbox=SqliteOutbox(database),
                courier=courier,
                render=lambda report: health_message(facts, self._run, clock_info(), report),
                beat=lambda report: heartbeat.beat(report.at, int(report.facts["loops_failed"] or 0)),
            )
            self._start(courier, watches, captures, health)
            log.info("watching %d cameras with %s, config %s", len(captures), detector.info.name, facts.config_version)
            stop.wait()
            log.info("stopping")
            self._stop(desks, mailroom)

    def _start(
        self, courier: Courier, watches: Sequence[Watch], captures: Mapping[str, CaptureLoop], health: Health
    ) -> None:
        self._delivery.start("courier", courier.run)
        for number, watch in enumerate(watches, 1):
            self._watching.start(f"watch-{number}", watch.run)
        for camera, capture in captures.items():
            self._capturing.start(f"camera-{camera}", capture.run)
        self._delivery.start("health", health.run)

    def _stop(self, desks: Mapping[str, Desk], mailroom: Mailroom) -> None:
        late = self._capturing.stop(STOP_CAPTURE_S)
        mailroom.close()
        late += self._watching.stop(STOP_WATCH_S)
        for camera, desk in desks.items():
            try:
                desk.save()
            except (StoreFull, StoreUnusable) as error:
                log.error("%s: the scene could not be kept: %s", camera, error)
        late += self._delivery.stop(STOP_DELIVERY_S)
        if late:
            log.warning("did not end in time: %s", ", ".join(late))

    def _courier(self, facts: BoxFacts, database: Database) -> Courier:
        raise NotImplementedError

    def _desks(self, store: SqliteStore) -> dict[str, Desk]:
        """One desk per camera, its scene recalled from the store and told that nobody looked meanwhile."""
        evidence = _evidence_folder(self._config, self._config.storage.folder / EVIDENCE)
        desks = {}
        for camera, plan in self._config.plans().items():
            scene, now = Scene(plan), self._clock.now()
            kept = store.load_state(camera)
            if kept is not None:
                try:
                    scene.recall(kept, now)
                except ValueError as error:
                    log.error("%s; the camera starts anew", error)
            photographer = ScenePhotographer(evidence, plan)
            desks[camera] = Desk(camera, scene=scene, store=store, photographer=photographer)
            desks[camera].gap(Gap(camera=camera, stamp=now, reason=GapReason.RESTART))
        return desks

    def _capture(self, camera: CameraConfig, mailroom: Mailroom, ledger: LoginLedger) -> CaptureLoop:
        return CaptureLoop(
            camera=camera.id,
            source=_source(camera, self._clock),
            mailroom=mailroom,
            clock=self._clock,
            ledger=ledger,
            fingerprint=_fingerprint(camera),
            jitter=self._jitter,
        )


def _source(camera: CameraConfig, clock: Clock) -> Source:
    """The camera's stream, or the video file that plays its part."""
    if camera.video_file is not None:
        recorded = VideoFileSource(
            camera=camera.id,
            path=camera.video_file,
            start_utc=clock.now().utc,
            decode=camera.decode,
            sample_every_s=camera.sample_every,
        )
        return LiveFileSource(recorded, clock)
    return RtspSource(
        camera=camera.id,
        url=camera.url,
        username=camera.username,
        password=camera.password.get_secret_value() if camera.password else None,
        decode=camera.decode,
        sample_every_s=camera.sample_every,
        open_timeout_s=camera.open_timeout,
        read_timeout_s=camera.read_timeout,
        clock=clock,
    )


def _fingerprint(camera: CameraConfig) -> str:
    """Names a credential without telling it: slow to guess from, and another one for each camera."""
    secret = f"{camera.username}:{camera.password.get_secret_value() if camera.password else ''}"
    return hashlib.scrypt(secret.encode(), salt=camera.id.encode(), n=2**12, r=8, p=1, dklen=16).hex()


def _made(folder: Path) -> Path:
    """The folder, made when it is not there. Raises StoreUnusable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnusable(
            f"{folder}: expected a data folder that can be made and written, found: {error.strerror}; "
            "correct storage.folder, or give the agent's user the right to write there"
        ) from error
    return folder


def _evidence_folder(config: Config, folder: Path) -> EvidenceFolder:
    return EvidenceFolder(folder, quota_bytes=config.storage.evidence_quota, keep_free_bytes=config.storage.keep_free)
