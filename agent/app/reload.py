"""The configuration by command: given out without secrets, put in force, watched, and taken back by itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from agent.app.crew import Crew
from agent.app.proposal import check_model, proposed, told_in_lines
from agent.app.site import Fate, Site, Trial
from agent.config import Config, inspect_text
from agent.config.difference import difference
from agent.config.document import remembering
from agent.config.masking import masked, secrets_of
from agent.core.errors import CommandRejected, RejectCode, StoreFull, StoreUnusable
from agent.core.wire import Command, ConfigPut, ConfigResult, Result
from agent.ports import Clock
from agent.runtime.commander import Answer, Handler
from agent.runtime.probation import Probation, Signs, Watched

log = logging.getLogger(__name__)

CLOSE_S = 0.5
"""How long a stop waits for a change to be through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the reloader asks of the running agent.

    Attributes:
        signs: how the box is. again: ends this run in order and starts the agent anew.
        answer_late: answers the `config.put` of that id that came in an earlier run; None: all that are left of those.
        secret: takes what the log must never show, before it is put to use.
    """

    clock: Clock
    signs: Callable[[], Signs]
    again: Callable[[], None]
    answer_late: Callable[[str | None, Result | CommandRejected], None]
    secret: Callable[[Iterable[str]], None] = lambda _: None


class Reloader:
    """Handles `config.get`, `config.put` and `restart`; for the commander's thread, which also calls `tick`.

    One change at a time, from whichever thread: the console puts documents too.
    """

    def __init__(self, site: Site, text: str, crew: Crew, around: Around) -> None:
        """`text`: the document in force."""
        self._site = site
        self._text = text
        self._crew = crew
        self._around = around
        self._lock = Lock()
        self._trial: Trial | None = None
        self._probation: Probation | None = None
        self._former: tuple[Config, str] | None = None
        """What to go back to without a new start; None where it takes one."""
        self._answer: Answer | None = None
        self._fault: str | None = None
        """Why the document is to be taken back, until that is done."""
        self._said = ""
        self.ended: Callable[[Fate], None] = lambda _: None
        """Told what became of a document; from the commander's thread, which waits for it. Must not raise."""

    def handlers(self) -> Mapping[str, Handler]:
        """What it carries out."""
        return {"config.get": self.get, "config.put": self.put, "restart": self.restart}

    def in_force(self) -> tuple[str, Config]:
        """The document in force, with its secrets, and what it says. From any thread."""
        with self._lock:
            return self._text, self._crew.config

    @property
    def trial(self) -> Trial | None:
        """The document on probation, or None. From any thread, and without waiting for a change."""
        return self._trial

    @property
    def fate(self) -> Fate | None:
        """What became of the last document, in whichever run of the agent that was; None: not known."""
        return self._site.fate()

    def awaits(self, command_id: str) -> bool:
        """Whether the document of that `config.put` is on probation, whichever run of the agent put it in force."""
        with self._lock:
            return self._trial is not None and self._trial.command_id == command_id

    def get(self, _command: Command, answer: Answer) -> None:
        """The document in force, without its secrets."""
        with self._lock:
            config = self._crew.config
            document = masked(self._text, list(secrets_of(config)))
            answer(ConfigResult(config_version=config.version_hash(), document=document))

    def put(self, command: Command, answer: Answer) -> None:
        """Put a document in force. Raises CommandRejected, StoreFull, StoreUnusable."""
        assert isinstance(command, ConfigPut)
        with self._lock, remembering():
            self._check_turn(command)
            text, config = self._proposed(command.document)
            if text == self._text:
                answer(ConfigResult(config_version=config.version_hash()))
                return
            self._put_in_force(command, text, config)
            self._answer = answer

    def restart(self, _command: Command, _answer: Answer) -> None:
        """Start the agent anew, in order; the next run answers. Raises CommandRejected, StoreUnusable."""
        report = inspect_text(self._site.file.text(), file=str(self._site.file.path), home=self._site.home)
        if report.config is None:
            raise CommandRejected(
                RejectCode.FAILED, f"the agent would not start again:\n{told_in_lines(report.problems)}"
            )
        self._around.again()

    def resume(self) -> None:
        """Go on where an earlier run of the agent stopped: with its probation, or with the answers that it owes."""
        with self._lock:
            trial = self._trial = self._site.trial()
            if trial is not None and trial.fault is None:
                log.info("config %s is on probation for %g s", trial.version, trial.probation_s)
                if trial.centre is not None:
                    log.info("until then the centre has to be heard at %s: an ack or a command", trial.centre)
                self._watch(trial)
                return
            if trial is not None:
                self._finish(_failed(trial.fault or ""))
            cut_off = "the agent ended before the document was put in force; nothing was changed: send it once more"
            self._around.answer_late(None, CommandRejected(RejectCode.FAILED, cut_off))

    def tick(self) -> None:
        """Look how the box is; to be called about once a second."""
        with self._lock:
            self._site.keep()
            if self._trial is None or self._probation is None:
                return
            signs = self._around.signs()
            self._fault = self._fault or self._probation.fault(signs)
            if self._fault is not None:
                self._take_back(self._trial, self._fault)
            elif self._probation.is_over(signs):
                log.info("config %s has proved itself", self._trial.version)
                self._finish(ConfigResult(config_version=self._trial.version))

    def close(self) -> None:
        """The agent stops in order: that is no crash, and the next run goes on with the probation. From any thread."""
        if not self._lock.acquire(timeout=CLOSE_S):
            log.error("stopped in the middle of a change: the next start takes it back")
            return
        try:
            self._probation = None
            if self._trial is not None and self._trial.fault is None and self._trial.starts == 0:
                awaited = None if self._around.signs().centre else self._trial.centre  # once heard is enough
                self._site.note(replace(self._trial, starts=1, centre=awaited))
        except (StoreFull, StoreUnusable) as error:
            log.error("the next start will take the configuration back: %s", error)
        finally:
            self._lock.release()

    def _check_turn(self, command: ConfigPut) -> None:
        version = self._crew.config.version_hash()
        if command.if_version is not None and command.if_version != version:  # that no waiting mends
            raise CommandRejected(
                RejectCode.CONFLICT, f"if_version: expected the version in force, {version}; get it and change that"
            )
        if self._trial is not None:
            raise CommandRejected(
                RejectCode.BUSY, f"config {self._trial.version} is on probation; send the next one when it is answered"
            )
        if self._site.file.text() != self._text:
            raise CommandRejected(
                RejectCode.CONFLICT,
                f"{self._site.file.path}: expected the document in force, found one that was edited at the box since; "
                "restart the box to put that in force, then get it and change that",
            )

    def _proposed(self, document: str) -> tuple[str, Config]:
        text, config = proposed(document, self._text, self._crew.config, self._site.home)
        self._around.secret(secrets_of(config))
        return text, config

    def _put_in_force(self, command: ConfigPut, text: str, config: Config) -> None:
        before, signs = self._crew.config, self._around.signs()
        change = difference(before, config)
        if "model" in change.elsewhere:
            check_model(config)
        touched = [camera.id for camera in config.cameras] if change.elsewhere else change.touched
        trial = Trial(
            command_id=command.id,
            former=0,
            version=config.version_hash(),
            sha256="",
            probation_s=before.commands.probation,
            starts=1 if change.elsewhere else 0,
            cameras=tuple(camera for camera in touched if camera in signs.online),
            broker="mqtt" in change.elsewhere and signs.broker,
            centre=f"{config.mqtt.host}:{config.mqtt.port}" if change.reconnected else None,
            by=command.by,
            at=self._around.clock.now().utc.isoformat(timespec="seconds"),
        )
        former = self._text
        trial = self._site.begin(trial, former, text)
        self._trial = trial
        if change.elsewhere:
            log.info("config %s needs a new start: %s", trial.version, ", ".join(change.elsewhere))
            self._around.again()
            return
        try:
            self._crew.change(config)
        except (StoreFull, StoreUnusable, TimeoutError) as error:
            self._put_back(trial, (before, former), f"{error}; nothing was changed, try again later")
            return
        except BaseException:  # nobody knows how far it came
            self._give_up(trial, (before, former), "a fault of the agent")
            raise
        self._text, self._former = text, (before, former)
        log.info("config %s is in force, on probation for %g s", trial.version, trial.probation_s)
        self._watch(trial)

    def _put_back(self, trial: Trial, former: tuple[Config, str], fault: str) -> None:
        """The crew did not change: neither may the file. Raises CommandRejected, unless that has to wait for a tick."""
        try:
            self._site.file.replace(former[1])
            self._site.end()
        except (StoreFull, StoreUnusable) as error:
            log.error("the former document is not in its file yet: %s", error)
            self._give_up(trial, former, fault)
            return
        self._trial = None
        raise CommandRejected(RejectCode.FAILED, fault)

    def _give_up(self, trial: Trial, former: tuple[Config, str], fault: str) -> None:
        """Have the next tick take the document back, and those after it until that is done; then it is answered."""
        self._former = former
        self._watch(trial)
        self._fault = fault

    def _watch(self, trial: Trial) -> None:
        signs = self._around.signs()
        self._fault, self._said = None, ""
        self._probation = Probation(
            began_s=signs.at_s,
            probation_s=trial.probation_s,
            watched=Watched(cameras=trial.cameras, broker=trial.broker, centre=trial.centre),
            failed_before=frozenset(name for name, _ in signs.failed) | signs.stuck,
        )

    def _take_back(self, trial: Trial, fault: str) -> None:
        """Go back to the former document; what does not work now is tried again at the next tick."""
        try:
            if trial.fault is None:
                trial = self._trial = self._site.take_back(trial, fault)
            if self._former is not None:
                config, text = self._former
                self._crew.change(config)
                self._text = text
                self._finish(_failed(trial.fault or fault))
            elif (
                inspect_text(self._site.file.text(), file=str(self._site.file.path), home=self._site.home).config
                is not None
            ):
                self._probation = None
                self._around.again()  # the next run answers
            else:  # somebody is editing the file: what is in force is better than nothing
                self._finish(_failed(trial.fault or fault))
        except (StoreFull, StoreUnusable, TimeoutError) as error:
            if str(error) != self._said:
                log.error("the former configuration is not in force yet: %s", error)
            self._said = str(error)

    def _finish(self, outcome: Result | CommandRejected) -> None:
        trial, answer = self._trial, self._answer
        if trial is not None:
            fault = outcome.message if isinstance(outcome, CommandRejected) else None
            fate = Fate(version=trial.version, by=trial.by, at=trial.at, fault=fault)
            self._site.remember(fate)
            self.ended(fate)
        self._trial = self._probation = self._former = self._answer = self._fault = None
        if answer is not None:
            answer(outcome)
        elif trial is not None:
            self._around.answer_late(trial.command_id, outcome)
        try:
            self._site.end()
        except StoreUnusable as error:
            log.error("the next start will look at this probation again: %s", error)


def _failed(fault: str) -> CommandRejected:
    return CommandRejected(RejectCode.FAILED, fault)
