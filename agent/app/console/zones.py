"""The zone editor: edits of the document in force, and the way that `config.put` takes to put them there.

A browser sees no secret: it sends zones, not the document, and what it is shown of the text is masked.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from threading import Lock
from uuid import uuid4

from agent.app.console.zone_conflict import check_version, overtaken_by
from agent.app.console.zone_fields import rule_fields
from agent.app.console.zone_problems import Places, is_here, told_in_lines
from agent.app.console.zone_uses import uses_of
from agent.app.reload import Reloader
from agent.app.site import Site
from agent.config import Config, document, inspect_data, inspect_text
from agent.config.calendar_editing import calendars_of, data_with_calendars, with_calendars
from agent.config.editing import EditFault, ZoneEdit, data_with_zones, ordered, with_zones, zones_of
from agent.config.masking import masked, secrets_of
from agent.config.words import looks_secret
from agent.core.errors import CommandRejected, RejectCode
from agent.core.wire import ConfigPut
from agent.ports import Clock
from agent.ports.console.zones import (
    DraftShown,
    EditRefused,
    Edits,
    Lang,
    ProblemShown,
    StatusShown,
    VersionShown,
    ZonesShown,
)

_CONTEXT_LINES = 3
MOST_PROBLEMS = 300
"""That an answer tells; nobody mends as many at once."""


class ZoneDesk:
    """See `ports.console.zones.ZoneEditor`."""

    def __init__(self, reloader: Reloader, site: Site, clock: Clock) -> None:
        self._reloader = reloader
        self._site = site
        self._clock = clock
        self._working = Lock()
        """One at a time of what takes seconds of a small box; nobody who only looks waits for it."""
        self._read: tuple[str, object] = ("", None)

    def zones(self, camera: str) -> ZonesShown:
        """See the port."""
        text, config = self._reloader.in_force()
        known = _known(config, camera)
        data = self._data(text)
        return ZonesShown(
            version=config.version_hash(),
            camera=camera,
            name=known or camera,
            zones=zones_of(data, camera),
            rules=rule_fields(),
            calendars=calendars_of(data),
            uses=uses_of(config),
            status=self.status(),
        )

    def draft(self, camera: str, edits: Edits, version: str, lang: Lang, *, whole: bool) -> DraftShown:
        """See the port."""
        text, config = self._reloader.in_force()
        check_version(self._reloader, version)
        with self._working, document.remembering():
            problems = self._problems(text, config, camera, edits, lang)
            after = ""
            if whole:
                try:
                    after = _edited(text, camera, edits)
                except EditFault as fault:
                    if not _faults(problems):
                        raise _refused(fault, lang) from fault
            secrets = {*secrets_of(config)}
            shown = masked(after, secrets) if after else ""
            diff = _difference(text, after, secrets, shown) if after else ""
            return DraftShown(problems=problems, diff=diff, document=shown)

    def save(self, camera: str, edits: Edits, version: str, by: str, lang: Lang = "en") -> StatusShown:
        """See the port."""
        text, config = self._reloader.in_force()
        check_version(self._reloader, version)
        with document.remembering():
            with self._working:
                if faults := _faults(self._problems(text, config, camera, edits, lang)):
                    raise EditRefused(faults, told_in_lines(faults, edits.zones))
                try:
                    after = _edited(text, camera, edits)
                except EditFault as fault:
                    raise _refused(fault, lang) from fault
            return self._put(after, version, by)

    def versions(self) -> list[VersionShown]:
        """See the port."""
        return [
            VersionShown(number=kept.number, until=kept.until.isoformat(), by=kept.by, size=kept.size)
            for kept in self._site.earlier()
        ]

    def changes_since(self, number: int) -> str:
        """See the port."""
        text, config = self._reloader.in_force()
        former = self._earlier(number)
        with self._working, document.remembering():
            report = inspect_text(former, file="", home=self._site.home)
            secrets = {*secrets_of(config), *(secrets_of(report.config) if report.config else ())}
            return _difference(text, former, secrets, masked(former, secrets))

    def roll_back(self, number: int, version: str, by: str) -> StatusShown:
        """See the port."""
        return self._put(self._earlier(number), version, by)

    def status(self) -> StatusShown:
        """See the port."""
        trial, fate = self._reloader.trial, self._reloader.fate
        if trial is not None:
            return _status("probation", trial.version, trial.by, trial.at, probation_s=trial.probation_s)
        if fate is None:
            return _status("none", "", None, None)
        state = "in_force" if fate.fault is None else "taken_back"
        return _status(state, fate.version, fate.by, fate.at, why=fate.fault or "")

    def _put(self, document: str, version: str, by: str) -> StatusShown:
        """By the way of `config.put`, but in this thread; what becomes of it the reloader knows, whoever asks."""
        command = ConfigPut(
            id=f"console-{uuid4()}",
            command="config.put",
            issued_at=self._clock.now().utc,
            document=document,
            if_version=version,
            by=by,
        )
        try:
            self._reloader.put(command, lambda _: None)
        except CommandRejected as refusal:
            if refusal.code is not RejectCode.CONFLICT:
                raise
            raise overtaken_by(self._reloader, version, refusal) from refusal
        return self.status()

    def _earlier(self, number: int) -> str:
        if number not in {kept.number for kept in self._site.earlier()}:
            raise CommandRejected(RejectCode.INVALID, f"version {number} is not kept any more")
        return self._site.earlier_text(number)

    def _data(self, text: str) -> object:
        """What a document says, which is not to be changed. That in force is read once."""
        read, data = self._read
        if read != text:
            data = document.read(text).data
            self._read = text, data
        return data

    def _problems(self, text: str, config: Config, camera: str, edits: Edits, lang: Lang) -> list[ProblemShown]:
        """What `cityeye check` would say of the document with these edits: of them, and what is wrong elsewhere."""
        _known(config, camera)
        data, zone_edits = self._data(text), _zone_edits(edits)
        try:
            part = data_with_calendars(data, edits.calendars)
            whole = data_with_zones(part.data, camera, zone_edits)
            whole.findings += part.findings
            report = inspect_data(whole, home=self._site.home, lang=lang)
            order = [zone_edits.index(edit) for edit in ordered(zones_of(data, camera), zone_edits)]
        except EditFault as fault:
            raise _refused(fault, lang) from fault
        number = [known.id for known in config.cameras].index(camera)
        told = [(problem, False) for problem in report.problems] + [(one, True) for one in report.warnings]
        ids = [edit.zone.get("id") for edit in zone_edits]
        places = Places(camera=number, order=order, calendars=list(calendars_of(data)), ids=ids, lang=lang)
        problems = [places.shown(problem, warning=warning) for problem, warning in told]
        return [one for one in problems if not one["warning"] or is_here(one)][:MOST_PROBLEMS]


def _known(config: Config, camera: str) -> str | None:
    """The name of a camera. Raises CommandRejected."""
    found = next((known for known in config.cameras if known.id == camera), None)
    if found is None:
        raise CommandRejected(RejectCode.UNKNOWN_CAMERA, f"camera {camera!a} is not in the configuration in force")
    return found.name


def _status(
    state: str, version: str, by: str | None, at: str | None, *, why: str = "", probation_s: float = 0.0
) -> StatusShown:
    return StatusShown(state=state, version=version, by=by or "", at=at, why=why, probation_s=probation_s)


def _zone_edits(edits: Edits) -> list[ZoneEdit]:
    return [ZoneEdit(was=edit.was, zone=edit.zone) for edit in edits.zones]


def _edited(text: str, camera: str, edits: Edits) -> str:
    """Raises EditFault."""
    return with_zones(with_calendars(text, edits.calendars), camera, _zone_edits(edits))


def _faults(problems: Sequence[ProblemShown]) -> list[ProblemShown]:
    return [problem for problem in problems if not problem["warning"]]


def _refused(fault: EditFault, lang: Lang) -> CommandRejected:
    code = RejectCode.NOT_SUPPORTED if fault.by_file else RejectCode.INVALID
    return CommandRejected(code, fault.words.of(lang))


def _difference(before: str, after: str, secrets: set[str], shown: str) -> str:
    """A unified diff. Of the masked texts, `shown` for that after, where the plain one may show a secret."""
    plain = _unified(before, after)
    if not any(looks_secret(line) for line in plain.splitlines()) and not any(
        len(secret) >= 4 and secret in plain for secret in secrets
    ):
        return plain
    return _unified(masked(before, secrets), shown)


def _unified(before: str, after: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=_CONTEXT_LINES)
    return "\n".join(list(lines)[2:])
