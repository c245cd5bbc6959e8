"""The way to the centre and back: what carries events, pictures and answers there, and who carries out what it asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from agent.adapters.clock import clock_info
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.mqtt import PahoBroker
from agent.adapters.sqlite import (
    Database,
    Remarks,
    SqliteAnswers,
    SqliteCaseNotes,
    SqliteOutbox,
    SqliteParcels,
    SqliteSilences,
)
from agent.app.commands import Errands, command_rules, small_handlers
from agent.app.crew import Crew, Facts
from agent.app.parts import mqtt_settings, object_store, picture_mail
from agent.app.patience import COMMANDER_S, COURIER_S, UPLOADER_S
from agent.app.reload import Reloader
from agent.config import Config
from agent.core.types import Stamp
from agent.core.wire import RestartResult, RunFacts, note_message, state_message, will_message
from agent.ports import Clock, Store
from agent.runtime.backoff import Jitter
from agent.runtime.commander import Awaits, Commander, Handler
from agent.runtime.courier import Courier, CourierSettings, StateMessages
from agent.runtime.delivery import DeliverySettings
from agent.runtime.inbox import Inbox
from agent.runtime.replies import Replies
from agent.runtime.second_looks import SecondLooks
from agent.runtime.silencer import Silencer
from agent.runtime.supervisor import Supervisor
from agent.runtime.uploader import Uploader

DRAIN_S = 0.8
GOODBYE_S = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """This run of the agent, and its clocks."""

    identity: RunFacts
    started: Stamp
    clock: Clock
    jitter: Jitter


class Centre:
    """Courier, uploader and commander. `serve` first, then `start`."""

    def __init__(self, config: Config, run: Run, facts: Facts, database: Database, evidence: EvidenceFolder) -> None:
        self._config = config
        self._run = run
        self._facts = facts
        self._database = database
        self._handlers: dict[str, Handler] = {}
        self._ticks: list[Callable[[], None]] = []
        self._awaits: dict[str, Awaits] = {}
        self.heard = Event()
        """Set once somebody of the centre was heard in this run, which knows one broker only."""
        self.outbox = SqliteOutbox(database, clock=run.clock)
        self.parcels = SqliteParcels(database, self.wake)
        self.remarks = Remarks(lambda note, n: note_message(note, n, facts.now, clock_info()), self.wake)
        """What people at the box say, on its way to the centre."""
        replies = Replies()
        self.commander = Commander(
            facts=facts.now,
            clock=run.clock,
            memory=SqliteAnswers(database),
            handlers=self._handlers,
            reply=replies.put,
            rules=command_rules(config),
            ticks=self._ticks,
            awaits=self._awaits,
            heard=self.heard.set,
        )
        self.uploader = self._made_uploader(evidence)
        self.courier = self._made_courier(replies, evidence)

    def wake(self) -> None:
        """There is something new to be sent."""
        self.courier.wake()
        if self.uploader is not None:
            self.uploader.wake()

    def serve(self, crew: Crew, store: Store, reloader: Reloader) -> None:
        """Say who carries out what the centre asks."""
        clock = self._run.clock
        silences = SqliteSilences(self._database, self.remarks)
        silencer = Silencer(clock=clock, store=silences, desks=crew.desks, zones=crew.zones)
        silencer.refresh()
        crew.introduce = silencer.tell_again
        errands = Errands(
            clock=clock,
            identity=self._run.identity,
            started=self._run.started,
            config_version=lambda: self._facts.now.config_version,
            outbox=self.outbox,
            store=store,
        )
        sent = self.parcels if self._config.evidence.send != "off" else None
        notes = SqliteCaseNotes(self._database)
        looks = SecondLooks(clock=clock, desks=crew.desks, parcels=sent, notes=notes)
        self._handlers.update({**small_handlers(errands, silencer, looks), **reloader.handlers()})
        self._awaits["config.put"] = reloader.awaits
        self._ticks += [reloader.tick, crew.tick, silencer.refresh, looks.tick]

    def start(self, delivery: Supervisor) -> None:
        """Let events, pictures and answers go. Commands are taken from `listen` on."""
        delivery.start("courier", self.courier.run, wake=self.courier.wake, silence_s=COURIER_S)
        if self.uploader is not None:
            delivery.start("uploader", self.uploader.run, wake=self.uploader.wake, silence_s=UPLOADER_S)

    def listen(self, delivery: Supervisor) -> None:
        """Carry commands out, and answer the one that started the agent anew."""
        restarted = RestartResult(restarted_as=self._run.identity.boot_id)
        self.commander.answer_unfinished("restart", restarted)
        delivery.start("commander", self.commander.run, wake=self.commander.wake, silence_s=COMMANDER_S)

    def _made_courier(self, replies: Replies, evidence: EvidenceFolder) -> Courier:
        facts, run, mqtt = self._facts, self._run, self._config.mqtt
        inbox = Inbox(self.outbox, facts.now, self.wake, self.commander.take, self.heard.set)
        delivery = DeliverySettings(require_ack=mqtt.require_ack, resend_after_s=mqtt.resend_after)
        who, now = run.identity, run.clock.now
        return Courier(
            outbox=self.outbox,
            broker=PahoBroker(mqtt_settings(self._config), run.clock),
            clock=run.clock,
            state=StateMessages(
                online=lambda: state_message(facts.now, who, status="online", since=run.started.utc),
                offline=lambda: state_message(facts.now, who, status="offline", since=now().utc),
                will=lambda: will_message(facts.now, who),
            ),
            jitter=run.jitter,
            settings=CourierSettings(drain_s=DRAIN_S, goodbye_s=GOODBYE_S, delivery=delivery),
            listen=inbox.topics,
            inbox=inbox.take,
            replies=replies,
            pictures=picture_mail(self._config, self.parcels, evidence, facts.now),
        )

    def _made_uploader(self, evidence: EvidenceFolder) -> Uploader | None:
        """Carries the pictures that do not go over MQTT."""
        store = object_store(self._config, self._facts.now)
        if store is None:
            return None
        run = self._run
        return Uploader(parcels=self.parcels, read=evidence.read, store=store, clock=run.clock, jitter=run.jitter)
