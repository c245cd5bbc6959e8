"""What the zone editor asks of the agent: the zones in force, what an edit would say, and to save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict

from agent.core.errors import CommandRejected, RejectCode

Lang = Literal["en", "zh-CN"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A zone as it is to be, in the form of the configuration file; `was`: its id in force, None for a new one."""

    was: str | None
    zone: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What is to be changed at once: all zones of a camera, and those of the named calendars that are to be others."""

    zones: Sequence[Edit]
    calendars: Mapping[str, dict[str, Any]] = field(default_factory=dict)


class FieldShown(TypedDict):
    """A setting of a rule.

    Attributes:
        kind: `duration`, `number`, `choice`, `several` (of `options`), `durations` (one for each of `options`),
            `calendar` (a name of `calendars`, or one written in place), `line` (drawn on the picture, with the point
            `shop` on one side of it), `other` (kept as it is).
        default: as it would be written; None for none. told: what it means, in English.
    """

    key: str
    kind: str
    options: list[str]
    default: Any
    told: str


class StatusShown(TypedDict):
    """How the last document fares. `at`: RFC 3339, when it was put.

    Attributes:
        state: `none` where no document was put yet, `probation`, `in_force`, or `taken_back`, with `why`; also what
            became of it in an earlier run of the agent.
    """

    state: str
    version: str
    by: str
    at: str | None
    why: str
    probation_s: float


class UseShown(TypedDict):
    """A rule of a zone that refers to a named calendar. The names are ids where nothing else is written."""

    camera: str
    camera_name: str
    zone_name: str
    rule: str


class ZonesShown(TypedDict):
    """A camera's zones as they stand in the document in force, whose `version` an edit names.

    Attributes:
        calendars: those with a name that rules may refer to, as they are written. uses: of each, on all cameras.
    """

    version: str
    camera: str
    name: str
    zones: list[dict[str, Any]]
    rules: dict[str, list[FieldShown]]
    calendars: dict[str, dict[str, Any]]
    uses: dict[str, list[UseShown]]
    status: StatusShown


class ProblemShown(TypedDict):
    """What is wrong, or makes one wonder, about an edit.

    Attributes:
        camera: whether it is about all zones of the camera that is edited. zone: number of the edit, from 0; None for
            something elsewhere. calendar: name of a calendar, where it is about that. field: key within the zone, the
            calendar or the camera, with dots.
        point: number of the corner, from 0, where it is about one.
    """

    camera: bool
    zone: int | None
    calendar: str | None
    field: str
    point: int | None
    expected: str
    found: str
    mend: str
    warning: bool


class DraftShown(TypedDict):
    """What an edit comes to. `diff`: unified; `document`: the edited text. No secret is in either.

    Attributes:
        problems: the first 300.
    """

    problems: list[ProblemShown]
    diff: str
    document: str


class EditRefused(CommandRejected):
    """An edit that is wrong: nothing of it was put in force. `problems`: all of them, none a mere warning."""

    def __init__(self, problems: Sequence[ProblemShown], message: str) -> None:
        super().__init__(RejectCode.INVALID, message)
        self.problems = list(problems)


class Overtaken(CommandRejected):
    """An edit of a version that is not in force (`conflict`): nothing of it was put in force.

    Attributes:
        how: `saved` by somebody; `taken_back`: that version was, by the box; `edited`: the file, at the box, and it is
            not in force yet; `unknown`.
        by, at: who put the document of `how` there, and when (RFC 3339); None where that is not known.
    """

    def __init__(self, how: str, message: str, *, by: str | None = None, at: str | None = None) -> None:
        super().__init__(RejectCode.CONFLICT, message)
        self.how = how
        self.by = by
        self.at = at


class VersionShown(TypedDict):
    """A document that was in force until `until`, when one of `by` replaced it. `size`: bytes."""

    number: int
    until: str
    by: str
    size: int


class ZoneEditor(Protocol):
    """Blocks for up to some seconds; safe from any thread. Raises CommandRejected, StoreFull, StoreUnusable."""

    def zones(self, camera: str) -> ZonesShown:
        """Those in force."""

    def draft(self, camera: str, edits: Edits, version: str, lang: Lang, *, whole: bool) -> DraftShown:
        """What the edits would say. Raises Overtaken: another version is in force.

        Args:
            whole: with `diff` and `document`, which take much longer than all else; else they are empty, and also
                where what is wrong cannot even be written.
        """

    def save(self, camera: str, edits: Edits, version: str, by: str, lang: Lang = "en") -> StatusShown:
        """Put the edits in force, on probation. Raises EditRefused, its problems in that language; Overtaken."""

    def versions(self) -> list[VersionShown]:
        """Earlier documents, newest first."""

    def changes_since(self, number: int) -> str:
        """What going back to a version would change; unified diff without secrets."""

    def roll_back(self, number: int, version: str, by: str) -> StatusShown:
        """Put an earlier document in force again, on probation. Raises Overtaken."""

    def status(self) -> StatusShown:
        """How the last document fares."""
