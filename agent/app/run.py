"""The running agent: what starts when, and what stops in which order.

Start: the store first (nothing may be seen that cannot be kept), the scenes recalled from it, the courier (so that a
backlog leaves at once), the workers, then the cameras. Stop: the cameras first, since they make work; the workers
finish what they hold and the scenes are kept; the courier delivers what it still can and says goodbye; the store
closes last. Whatever is not delivered by then waits on disk.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from threading import Event as StopEvent
from uuid import uuid4

from agent import __version__
from agent.adapters.clock import SystemClock, clock_info
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.heartbeat import Heartbeat
from agent.adapters.mqtt import PahoBroker
from agent.adapters.photographer import LastView
from agent.adapters.samples import SampleFolder
from agent.adapters.sqlite import (
    Database,
    SqliteAnswers,
    SqliteHeads,
    SqliteLedger,
    SqliteOutbox,
    SqliteParcels,
    SqliteSilences,
    SqliteStore,
    SqliteViews,
)
from agent.app.commands import Errands, command_rules, small_handlers
from agent.app.crew import Crew, Facts, Means
from agent.app.parts import (
    evidence_folder,
    facts_of,
    made_folder,
    mqtt_settings,
    object_store,
    open_detector,
    picture_mail,
    privacy_guard,
)
from agent.app.places import DATABASE, EVIDENCE, HEARTBEAT, SAMPLES
from agent.app.reload import Around, Reloader
from agent.app.site import Site
from agent.app.teach import lens_of
from agent.config import Config
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.wire import (
    BoxFacts,
    RestartResult,
    RunFacts,
    event_message,
    health_message,
    state_message,
    will_message,
)
from agent.ports import Clock, Detector, Store
from agent.runtime.commander import Commander, Handler
from agent.runtime.courier import Courier, CourierSettings, StateMessages
from agent.runtime.delivery import DeliverySettings
from agent.runtime.health import Health
from agent.runtime.housekeeping import Housekeeping
from agent.runtime.inbox import Inbox
from agent.runtime.mailbox import Mailroom
from agent.runtime.picture_lane import PictureMail
from agent.runtime.probation import signs_of
from agent.runtime.replies import Replies
from agent.runtime.second_looks import SecondLooks
from agent.runtime.silencer import Silencer
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

    def __init__(self, config: Config, site: Site, text: str) -> None:
        """`text`: the document that the configuration was read from, `site`: where it lies."""
        self._config = config
        self._site = site
        self._text = text
        self.again = False
        """Whether the agent is to be started anew, once `run` has returned."""
        self._clock: Clock = SystemClock()
        self._jitter = random.SystemRandom().uniform
        self._identity = RunFacts(boot_id=uuid4(), agent_version=__version__)
        self._started = self._clock.now()
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
        facts = Facts(facts_of(config, detector))
        with Database(made_folder(config.storage.folder) / DATABASE).open() as database:
            outbox = SqliteOutbox(database)
            if again := outbox.requeue():
                log.info("%d events that were set aside are tried again", again)
            evidence = evidence_folder(config, config.storage.folder / EVIDENCE)
            parcels = SqliteParcels(database, lambda: wake())
            uploader = self._uploader(facts.now, parcels, evidence)

            def wake() -> None:
                courier.wake()
                if uploader is not None:
                    uploader.wake()

            replies, handlers, ticks = Replies(), dict[str, Handler](), list[Callable[[], None]]()
            commander = self._commander(facts, database, replies, handlers, ticks)
            mail = picture_mail(config, parcels, evidence, facts.now)
            courier = self._courier(facts, outbox, commander, replies, mail)
            store = SqliteStore(
                database,
                lambda event, n: event_message(event, n, facts.now, clock_info()),
                wake,
                backlog=config.mqtt.backlog,
                parcels=config.evidence.send != "off",
            )
            mailroom, means = Mailroom(), self._means(database, store, evidence, detector)
            crew = Crew(config, means, facts=facts, mailroom=mailroom, capturing=self._capturing)
            crew.recall()
            self._listen(facts, database, store, crew, parcels, handlers, ticks)
            reloader = self._reloader(crew, courier, commander, stop)
            handlers.update(reloader.handlers())
            watches = self._watches(crew, mailroom, detector)
            heartbeat = Heartbeat(config.storage.folder / HEARTBEAT)
            health = Health(
                clock=self._clock,
                supervisors=(self._delivery, self._watching, self._capturing),
                captures=crew.captures,
                desks=crew.desks,
                watches=watches,
                mailroom=mailroom,
                outbox=outbox,
                parcels=parcels,
                courier=courier,
                render=lambda report: health_message(facts.now, self._identity, clock_info(), report),
                beat=heartbeat.beat,
            )
            self._delivery.start("courier", courier.run, wake=courier.wake)
            for number, watch in enumerate(watches, 1):
                self._watching.start(f"watch-{number}", watch.run, wake=mailroom.close)
            crew.start()
            reloader.resume()
            commander.answer_unfinished("restart", RestartResult(restarted_as=self._identity.boot_id))
            self._delivery.start("config", reloader.run)
            self._delivery.start("health", health.run)
            self._delivery.start("commander", commander.run, wake=commander.wake)
            tidy = Housekeeping(clock=self._clock, store=store, parcels=parcels, pictures=evidence)
            self._delivery.start("housekeeping", tidy.run)
            if uploader is not None:
                self._delivery.start("uploader", uploader.run, wake=uploader.wake)
            version, cameras = facts.now.config_version, len(crew.desks)
            log.info("watching with %s, config %s, cameras: %d", detector.info.name, version, cameras)
            stop.wait()
            log.info("stopping")
            reloader.close()
            late = self._stop(crew)
            if not self.again:  # a box that starts anew is alive meanwhile
                heartbeat.end()
        return late

    def _stop(self, crew: Crew) -> list[str]:
        late = self._capturing.stop(STOP_CAPTURE_S)
        late += self._watching.stop(STOP_WATCH_S)
        for camera, desk in crew.desks.items():
            try:
                desk.close(STOP_DESK_S)
            except (StoreFull, StoreUnusable, TimeoutError) as error:
                log.error("%s: the scene is kept as of its last event only: %s", camera, error)
        for camera, lookout in crew.lookouts.items():
            try:
                lookout.close(STOP_DESK_S)
            except (StoreFull, StoreUnusable, TimeoutError) as error:
                log.error("%s: the view is kept as of some minutes ago: %s", camera, error)
        late += self._delivery.stop(STOP_DELIVERY_S)
        if late:
            log.warning("did not end in time: %s", ", ".join(late))
        return late

    def _means(self, database: Database, store: Store, evidence: EvidenceFolder, detector: Detector) -> Means:
        """Raises ModelError for a face or plate model that cannot be used."""
        config = self._config
        evidence.prepare()
        return Means(
            clock=self._clock,
            jitter=self._jitter,
            store=store,
            views=SqliteViews(database),
            evidence=evidence,
            samples=SampleFolder(config.storage.folder / SAMPLES),
            guard=privacy_guard(config),
            detector=detector,
            ledger=SqliteLedger(database),
            heads=SqliteHeads(database),
            lens=lens_of(config, detector.info.sha256),
            last_view=LastView(),
        )

    def _watches(self, crew: Crew, mailroom: Mailroom, detector: Detector) -> list[Watch]:
        return [
            Watch(
                mailroom=mailroom,
                detector=detector,
                lookouts=crew.lookouts,
                desks=crew.desks,
                clock=self._clock,
                batch=self._config.model.batch,
            )
            for _ in range(self._config.model.workers)
        ]

    def _commander(
        self,
        facts: Facts,
        database: Database,
        replies: Replies,
        handlers: Mapping[str, Handler],
        ticks: Sequence[Callable[[], None]],
    ) -> Commander:
        return Commander(
            facts=facts.now,
            clock=self._clock,
            memory=SqliteAnswers(database),
            handlers=handlers,
            reply=replies.put,
            rules=command_rules(self._config),
            ticks=ticks,
        )

    def _listen(
        self,
        facts: Facts,
        database: Database,
        store: Store,
        crew: Crew,
        parcels: SqliteParcels,
        handlers: dict[str, Handler],
        ticks: list[Callable[[], None]],
    ) -> None:
        """Say who carries out what the centre asks."""
        silences = SqliteSilences(database)
        silencer = Silencer(clock=self._clock, store=silences, desks=crew.desks, zones=crew.zones)
        silencer.refresh()
        crew.introduce = silencer.tell_again
        errands = Errands(
            clock=self._clock,
            identity=self._identity,
            started=self._started,
            config_version=lambda: facts.now.config_version,
            outbox=SqliteOutbox(database),
            store=store,
        )
        sent = parcels if self._config.evidence.send != "off" else None
        looks = SecondLooks(clock=self._clock, desks=crew.desks, parcels=sent)
        handlers.update(small_handlers(errands, silencer, looks))
        ticks += [silencer.refresh, looks.tick]

    def _reloader(self, crew: Crew, courier: Courier, commander: Commander, stop: StopEvent) -> Reloader:
        def again() -> None:
            self.again = True
            stop.set()

        supervisors = (self._delivery, self._watching, self._capturing)
        around = Around(
            clock=self._clock,
            signs=lambda: signs_of(self._clock, supervisors, crew.captures, courier),
            again=again,
            answer_late=lambda command_id, outcome: commander.answer_unfinished("config.put", outcome, command_id),
        )
        return Reloader(self._site, self._text, crew, around)

    def _courier(
        self,
        facts: Facts,
        outbox: SqliteOutbox,
        commander: Commander,
        replies: Replies,
        pictures: PictureMail | None,
    ) -> Courier:
        now = self._clock.now
        run, mqtt = self._identity, self._config.mqtt
        delivery = DeliverySettings(require_ack=mqtt.require_ack, resend_after_s=mqtt.resend_after)
        inbox = Inbox(outbox, facts.now, lambda: courier.wake(), commander.take)
        courier = Courier(
            outbox=outbox,
            broker=PahoBroker(mqtt_settings(self._config), self._clock),
            clock=self._clock,
            state=StateMessages(
                online=lambda: state_message(facts.now, run, status="online", since=self._started.utc),
                offline=lambda: state_message(facts.now, run, status="offline", since=now().utc),
                will=lambda: will_message(facts.now, run),
            ),
            jitter=self._jitter,
            settings=CourierSettings(drain_s=DRAIN_S, goodbye_s=GOODBYE_S, delivery=delivery),
            listen=inbox.topics,
            inbox=inbox.take,
            replies=replies,
            pictures=pictures,
        )
        return courier

    def _uploader(self, facts: BoxFacts, parcels: SqliteParcels, evidence: EvidenceFolder) -> Uploader | None:
        """Carries the pictures that do not go over MQTT."""
        store = object_store(self._config, facts)
        if store is None:
            return None
        return Uploader(parcels=parcels, read=evidence.read, store=store, clock=self._clock, jitter=self._jitter)
