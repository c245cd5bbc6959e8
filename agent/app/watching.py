"""What is told about the box itself: figures of the machine for health, and the pages for whoever may ask."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping, Sequence

from agent import __version__
from agent.adapters.evidence import EvidenceFolder
from agent.adapters.machine_facts import machine_facts
from agent.adapters.metrics import StatusPages, StatusServer
from agent.adapters.metrics.families import Figures
from agent.adapters.observations import ObservationWriter
from agent.adapters.sqlite import SqliteOutbox, SqliteStore
from agent.app.crew import Crew, Facts
from agent.app.patience import METRICS_S
from agent.config import Config
from agent.config.listen import split_listen
from agent.core.types import Event
from agent.core.wire.status import Fact
from agent.ports import Clock, ServiceManager
from agent.runtime.capture import CapturePhase
from agent.runtime.health import Health
from agent.runtime.supervisor import Supervisor
from agent.runtime.tally import Tally
from agent.runtime.warden import Warden
from agent.runtime.wellness import not_alive, not_ready


class Watching:
    """Tally, further facts, and the server where there is to be one. `serve` last."""

    def __init__(
        self,
        config: Config,
        facts: Facts,
        clock: Clock,
        evidence: EvidenceFolder,
        observations: ObservationWriter | None = None,
    ) -> None:
        self._config = config
        self._facts = facts
        self._clock = clock
        self._evidence = evidence
        self._observations = observations
        self._server: StatusServer | None = None
        known = [(violation.rule, violation.kind) for violation in facts.now.taxonomy.violations]
        self.tally = Tally(known, self._kind_of)

    def further(self, outbox: SqliteOutbox) -> Callable[[], Mapping[str, Fact]]:
        """What health tells beside the agent's loops."""

        def measured() -> Mapping[str, Fact]:
            oldest = outbox.oldest()
            waited_s = 0.0 if oldest is None else (self._clock.now().utc - oldest).total_seconds()
            return {
                "oldest_event_s": round(max(0.0, waited_s), 1),
                **machine_facts(self._config.storage.folder),
                "evidence_bytes": self._evidence.used_bytes,
                **self._kept(),
                "metrics_error": self._server.fault if self._server else None,
            }

        return measured

    def serve(self, delivery: Supervisor, health: Health, store: SqliteStore) -> None:
        """Answer whoever asks, where the configuration says so."""
        place = split_listen(self._config.metrics.listen)
        if place is None:
            return
        pages = StatusPages(
            figures=lambda: Figures(
                report=health.report(),
                counts=self.tally.counts(),
                open_now=store.open_by_rule(),
                build=self._build(),
            ),
            not_alive=lambda: not_alive(health.loops()),
            not_ready=lambda: not_ready(health.report()),
        )
        self._server = StatusServer(place, pages.page, self._clock)
        delivery.start("metrics", self._server.run, silence_s=METRICS_S)

    def warden(
        self,
        supervisors: Sequence[Supervisor],
        crew: Crew,
        health: Health,
        service: ServiceManager,
        give_up: Callable[[str], None],
    ) -> Warden:
        """Who sees to it that no loop hangs; `give_up` as there."""

        def status() -> str:
            looking = sum(capture.state().phase is CapturePhase.ONLINE for capture in crew.captures.values())
            incidents = sum(desk.state.open_incidents for desk in crew.desks.values())
            told = f"cameras looking: {looking} of {len(crew.captures)}; incidents open: {incidents}"
            return told if health.last is None else f"{told}; events to deliver: {health.last.outbox_depth}"

        return Warden(
            clock=self._clock,
            supervisors=supervisors,
            relieve=crew.relieve,
            give_up=give_up,
            service=service,
            status=status,
        )

    def _kept(self) -> Mapping[str, Fact]:
        kept = self._observations
        if kept is None:
            return {}
        told = {"observations_bytes": kept.bytes, "observations_dropped": kept.dropped}
        return {**told, "observations_error": kept.fault}

    def _build(self) -> dict[str, str]:
        now = self._facts.now
        return {
            "version": __version__,
            "python": platform.python_version(),
            "model": now.model.name if now.model else "",
            "config_version": now.config_version,
        }

    def _kind_of(self, event: Event) -> str:
        classes = [seen.class_name for seen in event.objects]
        return self._facts.now.taxonomy.classify(event.rule, classes, event.channel, event.kind).kind
