"""Which part of the agent carries out which command of the centre."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from agent.config import Config
from agent.core.types import Stamp
from agent.core.wire import (
    Acknowledge,
    AcknowledgeResult,
    Command,
    Dismiss,
    Ping,
    PingResult,
    Result,
    RulesPause,
    RunFacts,
    Snapshot,
    Verify,
)
from agent.ports import Clock, Outbox, Store
from agent.runtime.commander import Answer, CommandRules, Handler
from agent.runtime.second_looks import SecondLooks
from agent.runtime.silencer import Silencer, unknown_incident

C = TypeVar("C", bound=Any)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errands:
    """What the small commands need to know."""

    clock: Clock
    identity: RunFacts
    started: Stamp
    config_version: Callable[[], str]
    outbox: Outbox
    store: Store

    def ping(self, _command: Ping) -> PingResult:
        """Which run of which version answers, and how much it still has to send."""
        return PingResult(
            boot_id=self.identity.boot_id,
            agent_version=self.identity.agent_version,
            config_version=self.config_version(),
            uptime_s=self.clock.now().mono_s - self.started.mono_s,
            outbox_depth=self.outbox.depth(),
        )

    def acknowledge(self, command: Acknowledge) -> AcknowledgeResult:
        """Note down that a person has taken notice. Raises CommandRejected, StoreFull, StoreUnusable."""
        now = self.clock.now().utc
        since = self.store.acknowledge(command.incident, now, command.by, command.note, at_box=command.at_box)
        if since is None:
            raise unknown_incident(command.incident)
        return AcknowledgeResult(incident=command.incident, acknowledged_at=since)


def small_handlers(errands: Errands, silencer: Silencer, looks: SecondLooks) -> Mapping[str, Handler]:
    """Those of commands that change nothing about the box itself."""
    return {
        "ping": _at_once(Ping, errands.ping),
        "acknowledge": _at_once(Acknowledge, errands.acknowledge),
        "dismiss": _at_once(Dismiss, silencer.dismiss),
        "rules.pause": _at_once(RulesPause, silencer.pause),
        "verify": _later(Verify, looks.verify),
        "snapshot": _later(Snapshot, looks.snapshot),
    }


def command_rules(config: Config) -> CommandRules:
    """What the site lets the centre do."""
    commands = config.commands
    return CommandRules(response_topics=commands.response_topics, refused=frozenset(commands.refuse))


def _at_once(kind: type[C], carry_out: Callable[[C], Result]) -> Handler:
    def handle(command: Command, answer: Answer) -> None:
        assert isinstance(command, kind)
        answer(carry_out(command))

    return handle


def _later(kind: type[C], begin: Callable[[C, Answer], None]) -> Handler:
    def handle(command: Command, answer: Answer) -> None:
        assert isinstance(command, kind)
        begin(command, answer)

    return handle
