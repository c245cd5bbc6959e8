"""The box's configuration file, and what is remembered of a document that was put there by command.

A document is on probation from the moment it is written until the box has proved itself with it. Whoever is started
meanwhile without having been told so (a crash, a power cut) puts the former one back before anything else.
"""

from __future__ import annotations

import hashlib
import logging
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from agent.adapters.config_file import ConfigFile, History, Kept, Note
from agent.adapters.sqlite import folder_to_itself
from agent.app.places import CONFIG_FATE, CONFIG_HISTORY, DATABASE, PROBATION
from agent.config import folder_named, home_of
from agent.core.errors import StoreFull, StoreUnusable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A document that was put in force and has not proved itself yet.

    Attributes:
        command_id: of the command that brought it. former: number of the document before, in the history.
        version: its configuration version. sha256: of its text.
        probation_s: how long it is watched, from the start of the agent or from the change.
        starts: how often the agent may still be started without that being a crash.
        cameras, broker: what worked before and has to work again.
        centre: HOST:PORT of another way to the broker, where the centre has to be heard; None: the way is the same.
        fault: why it was taken back, or None while it is watched.
        by: who sent it, where that is known. at: RFC 3339, when it was put in force.
    """

    command_id: str
    former: int
    version: str
    sha256: str
    probation_s: float
    starts: int
    cameras: tuple[str, ...]
    broker: bool
    centre: str | None = None
    fault: str | None = None
    by: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What became of the last document that was put in force. `fault`: why it was taken back, None: it stayed."""

    version: str
    by: str | None
    at: str | None
    fault: str | None


_TRIAL: TypeAdapter[Trial] = TypeAdapter(Trial)
_FATE: TypeAdapter[Fate] = TypeAdapter(Fate)


class Site:
    """The file that `--config` names, and its history and trial in the data folder."""

    def __init__(self, path: Path) -> None:
        self.file = ConfigFile(path)
        self.home = home_of(path)
        self._owed: Fate | None = None
        self._named: tuple[str, Path] | None = None
        """The data folder, and the text that was read for it: asked often, and a large text takes half a second."""

    def trial(self) -> Trial | None:
        """The document on probation, or one that was taken back and whose command was not answered yet."""
        try:
            self.file.text()
        except StoreUnusable:  # whoever loads it tells of it
            return None
        try:
            text = self._note().read()
            return None if text is None else _TRIAL.validate_json(text)
        except StoreUnusable as error:
            log.error("%s", error)
        except ValidationError as error:
            log.error("the note about a configuration on probation cannot be read (%d faults)", error.error_count())
        return None

    def begin(self, trial: Trial, former: str, text: str) -> Trial:
        """Put a text into the file, with all that is needed to take it back; returns the trial as it is kept.

        Raises: StoreFull, StoreUnusable; then nothing was changed.
        """
        kept = replace(trial, former=self._history().keep(former, trial.by), sha256=sha256_of(text))
        try:
            self.note(kept)
            self.file.replace(text)
        except (StoreFull, StoreUnusable):
            self._history().drop(kept.former)
            self.end()
            raise
        return kept

    def note(self, trial: Trial) -> None:
        """Remember it as it is now. Raises StoreFull, StoreUnusable."""
        self._note().write(_TRIAL.dump_json(trial).decode())

    def end(self) -> None:
        """The trial is over, and its command was answered. Raises StoreUnusable."""
        self._note().clear()

    def fate(self) -> Fate | None:
        """What became of the last document; None where none was put, or that is not known any more."""
        try:
            text = self._fate().read()
            return self._owed or (None if text is None else _FATE.validate_json(text))
        except StoreUnusable as error:
            log.error("%s", error)
        except ValidationError as error:
            log.error("the note about the last configuration cannot be read (%d faults)", error.error_count())
        return self._owed

    def remember(self, fate: Fate) -> None:
        """Keep what became of a document: now, or at one of the next calls of `keep`."""
        self._owed = fate
        try:
            self._fate().clear()  # rather none than the one before
        except StoreUnusable as error:
            log.error("%s", error)
        self.keep()

    def keep(self) -> None:
        """Write down what the disk did not take so far; quick when there is nothing."""
        if self._owed is not None:
            with suppress(StoreFull, StoreUnusable):  # there is a next time
                self._fate().write(_FATE.dump_json(self._owed).decode())
                self._owed = None

    def take_back(self, trial: Trial, fault: str) -> Trial:
        """Put the former text back, unless somebody has changed the file meanwhile; returns the trial with its fault.

        Raises: StoreFull, StoreUnusable.
        """
        former, now = self._history().text(trial.former), self.file.text()
        if sha256_of(now) == trial.sha256:
            self.file.replace(former)
        if now == former or sha256_of(now) == trial.sha256:
            fault += "; the former document was put back"
        else:
            fault += "; the file was edited at the box meanwhile and is left as it is"
        log.error("config %s failed: %s", trial.version, fault)
        ended = replace(trial, fault=fault)
        self.note(ended)
        return ended

    def earlier(self) -> list[Kept]:
        """The documents that were in force before, newest first. Raises StoreUnusable."""
        return self._history().all()

    def earlier_text(self, number: int) -> str:
        """One of them. Raises StoreUnusable."""
        return self._history().text(number)

    def settle(self) -> None:
        """To be called before the file is used: take back what the agent did not survive."""
        trial = self.trial()
        if trial is None or trial.fault is not None:
            return
        try:
            with self._alone():
                if trial.starts > 0 and sha256_of(self.file.text()) == trial.sha256:
                    self.note(replace(trial, starts=trial.starts - 1))
                else:
                    self.take_back(trial, "the agent ended in the middle of the probation (a crash, or a power cut)")
        except (StoreFull, StoreUnusable) as error:
            log.error("a configuration on probation cannot be settled: %s", error)

    def recovered(self, fault: str) -> bool:
        """Take back a document that the agent cannot be started with. Returns whether there was one to take back."""
        trial = self.trial()
        if trial is None or trial.fault is not None:
            return False
        try:
            with self._alone():
                self.take_back(trial, fault)
        except (StoreFull, StoreUnusable) as error:
            log.error("a configuration that does not work cannot be taken back: %s", error)
            return False
        return True

    def _alone(self) -> AbstractContextManager[None]:
        """Another agent may be running with this very document; a second one that cannot start proves nothing."""
        return folder_to_itself(self._folder() / DATABASE)

    def _folder(self) -> Path:
        """The data folder; the same before and after: no command may change it."""
        text = self.file.text()
        if self._named is None or self._named[0] != text:
            self._named = text, folder_named(text, self.home)
        return self._named[1]

    def _history(self) -> History:
        return History(self._folder() / CONFIG_HISTORY)

    def _note(self) -> Note:
        return Note(self._folder() / PROBATION)

    def _fate(self) -> Note:
        return Note(self._folder() / CONFIG_FATE)


def sha256_of(text: str) -> str:
    """Tells two texts apart."""
    return hashlib.sha256(text.encode()).hexdigest()
