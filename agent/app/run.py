"""The running agent: what starts when, and what stops in which order.

Start: the store first (nothing may be seen that cannot be kept), the scenes recalled from it, the courier (so that a
backlog leaves at once), the workers, then the cameras. Stop: the cameras first, since they make work; the workers
finish what they hold and the scenes are kept; the courier delivers what it still can and says goodbye; the store
closes last. Whatever is not delivered by then waits on disk.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from threading import Event as StopEvent
from uuid import uuid4

from agent import __version__
from agent.adapters.clock import SystemClock, clock_info
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.heartbeat import Heartbeat
from agent.adapters.mqtt import PahoBroker
from agent.adapters.photographer import CloserLook, LastView
from agent.adapters.sqlite import (
    Database,
    SqliteHeads,
    SqliteLedger,
    SqliteOutbox,
    SqliteParcels,
    SqliteStore,
    SqliteViews,
)
from agent.app.main_stream import main_stream
from agent.app.parts import (
    evidence_folder,
    facts_of,
    fingerprint,
    made_folder,
    mqtt_settings,
    object_store,
    open_detector,
    picture_mail,
    source,
)
from agent.app.places import DATABASE, EVIDENCE, HEARTBEAT
from agent.app.recall import recalled_desks, recalled_lookouts
from agent.app.teach import zone_readers
from agent.config import CameraConfig, Config
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.wire import BoxFacts, RunFacts, event_message, health_message, state_message, will_message
from agent.ports import Clock, Detector, LoginLedger
from agent.runtime.capture import CaptureLoop
from agent.runtime.courier import Courier, CourierSettings, StateMessages
from agent.runtime.delivery import DeliverySettings
from agent.runtime.desk import Desk
from agent.runtime.health import Health
from agent.runtime.housekeeping import Housekeeping
from agent.runtime.inbox import Inbox
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom
from agent.runtime.picture_lane import PictureMail
from agent.runtime.supervisor import Supervisor
from agent.runtime.uploader import Uploader
from agent.runtime.watch import Watch

log = logging.getLogger(__name__)

STOP_CAPTURE_S = 0.8
STOP_WATCH_S = 0.8
STOP_DESK_S = 0.2
DRAIN_S = 0.8
GOODBYE_S = 0.8
STOP_DELIVERY_S = 2.0
"""All together below the five seconds in which a stopped service should be gone."""


class App:
    """The running agent. The constructor does nothing; `run` returns after a stop."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._clock: Clock = SystemClock()
        self._jitter = random.SystemRandom().uniform
        self._identity = RunFacts(boot_id=uuid4(), agent_version=__version__)
        self._started_at = self._clock.now().utc
        self._delivery = Supervisor(self._clock, self._jitter)
        self._watching = Supervisor(self._clock, self._jitter)
        self._capturing = Supervisor(self._clock, self._jitter)

    def run(self, stop: StopEvent) -> list[str]:
        """Run until `stop` is set. Returns the names of the loops that did not end in time; their threads still run.

        Raises:
            ModelError, StoreUnusable, StoreFull: before anything was started.
        """
        config = self._config
        detector = open_detector(config)
        facts = facts_of(config, detector)
        with Database(made_folder(config.storage.folder) / DATABASE).open() as database:
            outbox = SqliteOutbox(database)
            if again := outbox.requeue():
                log.info("%d events that were set aside are tried again", again)
            evidence = evidence_folder(config, config.storage.folder / EVIDENCE)
            parcels = SqliteParcels(database, lambda: wake())
            courier = self._courier(facts, outbox, picture_mail(config, parcels, evidence, facts))
            uploader = self._uploader(facts, parcels, evidence)

            def wake() -> None:
                courier.wake()
                if uploader is not None:
                    uploader.wake()

            store = SqliteStore(
                database,
                lambda event, n: event_message(event, n, facts, clock_info()),
                wake,
                backlog=config.mqtt.backlog,
                parcels=config.evidence.send != "off",
            )
            views = SqliteViews(database)
            evidence.prepare()
            ledger = SqliteLedger(database)
            closer = self._closer_looks(detector, ledger)
            desks = recalled_desks(config, store, views, self._clock, evidence, closer)
            readers = zone_readers(config, SqliteHeads(database), detector.info.sha256)
            lookouts = recalled_lookouts(config, views, readers, self._clock)
            mailroom = Mailroom()
            watches = [
                Watch(
                    mailroom=mailroom,
                    detector=detector,
                    lookouts=lookouts,
                    desks=desks,
                    clock=self._clock,
                    batch=config.model.batch,
                )
                for _ in range(config.model.workers)
            ]
            heartbeat = Heartbeat(config.storage.folder / HEARTBEAT)
            captures = {camera.id: self._capture(camera, mailroom, ledger) for camera in config.cameras}
            health = Health(
                clock=self._clock,
                supervisors=(self._delivery, self._watching, self._capturing),
                captures=captures,
                desks=desks,
                watches=watches,
                mailroom=mailroom,
                outbox=outbox,
                parcels=parcels,
                courier=courier,
                render=lambda report: health_message(facts, self._identity, clock_info(), report),
                beat=heartbeat.beat,
            )
            self._start(courier, watches, captures, health, mailroom)
            tidy = Housekeeping(clock=self._clock, store=store, parcels=parcels, pictures=evidence)
            self._delivery.start("housekeeping", tidy.run)
            if uploader is not None:
                self._delivery.start("uploader", uploader.run, wake=uploader.wake)
            log.info(
                "watching with %s, config %s, cameras: %d", detector.info.name, facts.config_version, len(captures)
            )
            stop.wait()
            log.info("stopping")
            late = self._stop(desks, lookouts)
            heartbeat.end()
        return late

    def _start(
        self,
        courier: Courier,
        watches: Sequence[Watch],
        captures: Mapping[str, CaptureLoop],
        health: Health,
        mailroom: Mailroom,
    ) -> None:
        self._delivery.start("courier", courier.run, wake=courier.wake)
        for number, watch in enumerate(watches, 1):
            self._watching.start(f"watch-{number}", watch.run, wake=mailroom.close)
        for camera, capture in captures.items():
            self._capturing.start(f"camera-{camera}", capture.run)
        self._delivery.start("health", health.run)

    def _stop(self, desks: Mapping[str, Desk], lookouts: Mapping[str, Lookout]) -> list[str]:
        late = self._capturing.stop(STOP_CAPTURE_S)
        late += self._watching.stop(STOP_WATCH_S)
        for camera, desk in desks.items():
            try:
                desk.close(STOP_DESK_S)
            except (StoreFull, StoreUnusable, TimeoutError) as error:
                log.error("%s: the scene is kept as of its last event only: %s", camera, error)
        for camera, lookout in lookouts.items():
            try:
                lookout.close(STOP_DESK_S)
            except (StoreFull, StoreUnusable, TimeoutError) as error:
                log.error("%s: the view is kept as of some minutes ago: %s", camera, error)
        late += self._delivery.stop(STOP_DELIVERY_S)
        if late:
            log.warning("did not end in time: %s", ", ".join(late))
        return late

    def _courier(self, facts: BoxFacts, outbox: SqliteOutbox, pictures: PictureMail | None) -> Courier:
        now = self._clock.now
        run, mqtt = self._identity, self._config.mqtt
        delivery = DeliverySettings(require_ack=mqtt.require_ack, resend_after_s=mqtt.resend_after)
        inbox = Inbox(outbox, facts, lambda: courier.wake())
        courier = Courier(
            outbox=outbox,
            broker=PahoBroker(mqtt_settings(self._config), self._clock),
            clock=self._clock,
            state=StateMessages(
                online=lambda: state_message(facts, run, status="online", since=self._started_at),
                offline=lambda: state_message(facts, run, status="offline", since=now().utc),
                will=lambda: will_message(facts, run),
            ),
            jitter=self._jitter,
            settings=CourierSettings(drain_s=DRAIN_S, goodbye_s=GOODBYE_S, delivery=delivery),
            listen=inbox.topics,
            inbox=inbox.take,
            pictures=pictures,
        )
        return courier

    def _uploader(self, facts: BoxFacts, parcels: SqliteParcels, evidence: EvidenceFolder) -> Uploader | None:
        """Carries the pictures that do not go over MQTT."""
        store = object_store(self._config, facts)
        if store is None:
            return None
        return Uploader(parcels=parcels, read=evidence.read, store=store, clock=self._clock, jitter=self._jitter)

    def _closer_looks(self, detector: Detector, ledger: LoginLedger) -> dict[str, CloserLook]:
        """By camera, for those whose evidence comes from their main stream."""
        streams = {camera.id: main_stream(camera, self._clock, ledger) for camera in self._config.cameras}
        last = LastView()
        return {camera: CloserLook(stream, detector, last) for camera, stream in streams.items() if stream}

    def _capture(self, camera: CameraConfig, mailroom: Mailroom, ledger: LoginLedger) -> CaptureLoop:
        return CaptureLoop(
            camera=camera.id,
            source=source(camera, self._clock),
            mailroom=mailroom,
            clock=self._clock,
            ledger=ledger,
            fingerprint=fingerprint(camera),
            jitter=self._jitter,
        )
