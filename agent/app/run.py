"""The running agent: what starts when, and what stops in which order.

Start: the store first (nothing may be seen that cannot be kept), the scenes recalled from it, the courier (so that a
backlog leaves at once), the workers, then the cameras, and last the warden, who sees to it that none of them hangs.
Stop: the cameras first, since they make work; the workers finish what they hold and the scenes are kept; the courier
delivers what it still can and says goodbye; the store closes last. Whatever is not delivered by then waits on disk.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from threading import Event as StopEvent
from threading import Thread
from uuid import uuid4

from agent import __version__
from agent.adapters.clock import SystemClock, clock_info
from agent.adapters.cpus import usable_cpus
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.heartbeat import Heartbeat
from agent.adapters.originals import LastOriginals
from agent.adapters.photographer import LastView
from agent.adapters.samples import SampleFolder
from agent.adapters.sqlite import (
    Database,
    SqliteHeads,
    SqliteLedger,
    SqliteStore,
    SqliteViews,
)
from agent.adapters.systemd import Systemd
from agent.adapters.zone_album import ZoneAlbum
from agent.adapters.zone_pictures import Darkroom, Wanted
from agent.app.centre import Centre, Run
from agent.app.crew import Crew, Facts
from agent.app.parts import (
    evidence_folder,
    facts_of,
    made_folder,
    observation_writer,
    open_detector,
    privacy_guard,
)
from agent.app.patience import HEALTH_S, HOUSEKEEPING_S, OBSERVATIONS_S, WARDEN_S, WATCH_S
from agent.app.places import ALBUM, DATABASE, EVIDENCE, HEARTBEAT, SAMPLES
from agent.app.posts import Means
from agent.app.reload import Around, Reloader
from agent.app.site import Site
from agent.app.teach import lens_of
from agent.app.watching import Watching
from agent.config import Config
from agent.config.listen import OFF
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.wire import (
    RunFacts,
    event_message,
    health_message,
)
from agent.ports import Clock, Detector, ServiceManager, Store
from agent.runtime.desk import Desk
from agent.runtime.health import Health
from agent.runtime.housekeeping import Housekeeping
from agent.runtime.lookout import Lookout
from agent.runtime.mailbox import Mailroom
from agent.runtime.onlookers import Onlookers
from agent.runtime.probation import signs_of
from agent.runtime.supervisor import LoopState, Supervisor
from agent.runtime.warden import NAME as WARDEN
from agent.runtime.watch import Watch

log = logging.getLogger(__name__)

STOP_CAPTURE_S = 0.5
STOP_WATCH_S = 0.8
STOP_DESK_S = 0.2
STOP_KEEPING_S = 0.8
STOP_DELIVERY_S = 2.0
"""All together (`STOP_DESK_S` lies within `STOP_KEEPING_S`) below the five seconds in which a stopped service should be
gone; the last is longer than `DRAIN_S + GOODBYE_S`."""
WARDEN_LOOKED_AT_S = 5.0


class App:
    """The running agent. The constructor does nothing; `run` returns after a stop."""

    def __init__(
        self,
        config: Config,
        site: Site,
        text: str,
        *,
        secret: Callable[[Iterable[str]], None] = lambda _: None,
        clock: Clock | None = None,
        service: ServiceManager | None = None,
    ) -> None:
        """`text`: the document that the configuration was read from, `site`: where it lies.

        Args:
            secret: takes what the log must never show, of a configuration that comes while the agent runs.
            clock, service: those of the box, unless others are given.
        """
        self._config = config
        self._site = site
        self._text = text
        self._secret = secret
        self.again = False
        """Whether the agent is to be started anew, once `run` has returned."""
        self.hung: str | None = None
        """The loop because of which the agent ended, since it hung."""
        self._clock: Clock = clock or SystemClock()
        self._service: ServiceManager = service or Systemd()
        self._jitter = random.SystemRandom().uniform
        self._identity = RunFacts(boot_id=uuid4(), agent_version=__version__)
        self._started = self._clock.now()
        self._delivery = Supervisor(self._clock, self._jitter)
        self._watching = Supervisor(self._clock, self._jitter)
        self._capturing = Supervisor(self._clock, self._jitter, vital=False)
        self._supervisors = (self._delivery, self._watching, self._capturing)

    def loops(self) -> list[LoopState]:
        """All loops, as they are now. From any thread."""
        return [state for supervisor in self._supervisors for state in supervisor.states()]

    def run(self, stop: StopEvent) -> list[str]:
        """Run until `stop` is set. Returns the names of the loops that did not end in time; their threads still run.

        Raises:
            ModelError, StoreUnusable, StoreFull: before anything was started.
        """
        config = self._config
        detector = open_detector(config)
        facts = Facts(facts_of(config, detector))
        with Database(made_folder(config.storage.folder) / DATABASE).open() as database:
            evidence = evidence_folder(config, config.storage.folder / EVIDENCE)
            run = Run(identity=self._identity, started=self._started, clock=self._clock, jitter=self._jitter)
            centre = Centre(config, run, facts, database, evidence)
            if again := centre.outbox.requeue():
                log.info("%d events that were set aside are tried again", again)
            observations = observation_writer(config, self._clock)
            watching = Watching(config, facts, self._clock, evidence, observations)
            store = SqliteStore(
                database,
                lambda event, n: event_message(event, n, facts.now, clock_info()),
                centre.wake,
                backlog=config.mqtt.backlog,
                parcels=config.evidence.send != "off",
                counted=watching.tally.count,
                remarks=centre.remarks,
            )
            mailroom, means = Mailroom(), self._means(database, store, evidence, detector)
            means = replace(means, observations=observations)
            crew = Crew(config, means, facts=facts, mailroom=mailroom, capturing=self._capturing)
            crew.recall()
            reloader = self._reloader(crew, centre, stop)
            centre.serve(crew, store, reloader)
            watches = self._watches(crew, mailroom, detector)
            heartbeat = Heartbeat(config.storage.folder / HEARTBEAT)
            health = Health(
                clock=self._clock,
                supervisors=self._supervisors,
                captures=crew.captures,
                desks=crew.desks,
                watches=watches,
                mailroom=mailroom,
                outbox=centre.outbox,
                parcels=centre.parcels,
                uploader=centre.uploader,
                courier=centre.courier,
                render=lambda report: health_message(facts.now, self._identity, clock_info(), report),
                beat=heartbeat.beat,
                further=watching.further(centre.outbox),
            )
            centre.start(self._delivery)
            for number, watch in enumerate(watches, 1):
                self._watching.start(f"watch-{number}", watch.run, wake=mailroom.close, silence_s=WATCH_S)
            crew.start()
            reloader.resume()
            centre.listen(self._delivery)
            self._delivery.start("health", health.run, silence_s=HEALTH_S)
            watching.serve(self._delivery, health, store)
            if config.console.listen != OFF:
                # Of a console that is off, nothing is loaded.
                from agent.app.console.compose import serve
                from agent.app.console.parts import Parts

                parts = Parts(
                    config=config,
                    clock=self._clock,
                    facts=facts,
                    crew=crew,
                    centre=centre,
                    database=database,
                    store=store,
                    evidence=evidence,
                    reloader=reloader,
                    site=self._site,
                    detector=detector,
                )
                serve(self._delivery, parts)
            if observations:
                self._delivery.start("observations", observations.run, silence_s=OBSERVATIONS_S)
            tidy = Housekeeping(clock=self._clock, store=store, parcels=centre.parcels, pictures=evidence)
            self._delivery.start("housekeeping", tidy.run, silence_s=HOUSEKEEPING_S)
            give_up = partial(self._give_up, stop)
            warden = watching.warden(self._supervisors, crew, health, self._service, give_up)
            self._delivery.start(WARDEN, warden.run, silence_s=WARDEN_S)
            version, cameras = facts.now.config_version, len(crew.desks)
            log.info("watching with %s, config %s, cameras: %d", detector.info.name, version, cameras)
            self._service.ready()
            self._await(stop)
            database.hurry()
            if self.hung is None:  # or the next start finds an end that nobody announced, and judges the configuration
                reloader.close()
            late = self._stop(crew)
            if not self.again:  # a box that starts anew is alive meanwhile
                heartbeat.end()
        return late

    def _await(self, stop: StopEvent) -> None:
        """Until the agent is to end. Nobody but this thread looks after the warden."""
        while not stop.wait(WARDEN_LOOKED_AT_S):
            if any(loop.stuck for loop in self._delivery.states() if loop.name == WARDEN):
                log.error("%s: hangs; it is at %s", WARDEN, self._delivery.where(WARDEN))
                self._give_up(stop, WARDEN)
        log.info("stopping")
        if self.again and self.hung is None:
            self._service.reloading(self._clock.now())
        else:
            self._service.stopping()

    def _give_up(self, stop: StopEvent, loop: str) -> None:
        """End the agent because a loop hangs: a thread cannot be ended, a process can."""
        if self.hung is None:
            self.hung = loop
            log.critical("%s: does not come back; the agent keeps what it can and ends, to be started again", loop)
            stop.set()

    def _stop(self, crew: Crew) -> list[str]:
        late = self._capturing.stop(STOP_CAPTURE_S)
        late += self._watching.stop(STOP_WATCH_S)
        # In a thread that is not waited for for ever: a disk that hangs must not keep the box from saying goodbye.
        keeper = Thread(target=self._keep, args=(crew,), name="keeper", daemon=True)
        keeper.start()
        keeper.join(STOP_KEEPING_S + STOP_DESK_S)
        if keeper.is_alive():
            log.error("scenes and views are kept as of some seconds ago: the disk takes too long")
            late.append(keeper.name)
        late += self._delivery.stop(STOP_DELIVERY_S)
        if late:
            log.warning("did not end in time: %s", ", ".join(late))
        return late

    def _keep(self, crew: Crew) -> None:
        """Keep all scenes and then all views a last time; on a slow disk, those for which the time is enough."""
        until_s = self._clock.now().mono_s + STOP_KEEPING_S
        unkept: dict[str, str] = {}
        parts: list[tuple[str, Desk | Lookout]] = [*crew.desks.items(), *crew.lookouts.items()]
        for camera, part in parts:
            left_s = until_s - self._clock.now().mono_s
            try:
                if left_s <= 0:
                    raise TimeoutError("the disk is slow")
                part.close(min(left_s, STOP_DESK_S))
            except (StoreFull, StoreUnusable, TimeoutError) as error:
                unkept[camera] = str(error)
        for camera, why in unkept.items():
            log.error("%s: its scene or view is kept as of its last saving only: %s", camera, why)

    def _means(self, database: Database, store: Store, evidence: EvidenceFolder, detector: Detector) -> Means:
        """Raises ModelError for a face or plate model that cannot be used."""
        config, guard = self._config, privacy_guard(self._config)
        evidence.prepare()
        lens, folder = lens_of(config, detector.info.sha256), config.storage.folder
        album = Darkroom(album=ZoneAlbum(folder / ALBUM), wanted=Wanted(), lens=lens, guard=guard, detector=detector)
        return Means(
            clock=self._clock,
            jitter=self._jitter,
            store=store,
            views=SqliteViews(database),
            evidence=evidence,
            samples=SampleFolder(folder / SAMPLES),
            guard=guard,
            detector=detector,
            ledger=SqliteLedger(database),
            heads=SqliteHeads(database),
            lens=lens,
            last_view=LastView(),
            originals=LastOriginals(),
            onlookers=Onlookers(self._clock),
            darkroom=None if config.console.listen == OFF else album,
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
            for _ in range(self._config.model.workers or usable_cpus())
        ]

    def _reloader(self, crew: Crew, centre: Centre, stop: StopEvent) -> Reloader:
        def again() -> None:
            self.again = True
            stop.set()

        answer = centre.commander.answer_unfinished
        around = Around(
            clock=self._clock,
            signs=lambda: signs_of(self._clock, self._supervisors, crew.captures, centre.courier, centre.heard),
            again=again,
            answer_late=lambda command_id, outcome: answer("config.put", outcome, command_id),
            secret=self._secret,
        )
        return Reloader(self._site, self._text, crew, around)
