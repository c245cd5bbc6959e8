"""Who may use the console, and the record of what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Role(StrEnum):
    """What somebody may do: look, or change things too."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with a password. `stamp` is another one once his password or role is another."""

    name: str
    role: Role
    stamp: str


class Users(Protocol):
    """The people with a password. Another process may change them while the agent runs. Raises StoreUnusable."""

    def known(self) -> Mapping[str, User]:
        """All of them, by name."""

    def check(self, name: str, password: str) -> User | None:
        """The user whose password this is. Takes as long for a name that nobody has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """Somebody did something, or tried to.

    Attributes:
        at: aware. who: name of the user; none where the box did it by itself. address: where from.
        action: such as `incident.dismiss`.
        subject: what it was done to. outcome: `done`, `accepted` (it goes on by itself), or the code of what was in
            the way; `begun`: written before it was done, and nothing since (or not yet); `unknown`: the agent ended
            before it was written down how it ended. detail: further facts.
        id: of what is told twice, as begun and how it ended; else empty.
    """

    at: datetime
    who: str
    address: str
    action: str
    subject: str = ""
    outcome: str = "done"
    detail: str = ""
    id: str = ""


class Audit(Protocol):
    """The record of what people did at this box."""

    def write(self, entry: AuditEntry) -> None:
        """Keep it. Raises StoreFull, StoreUnusable; then nothing was written."""

    def note(self, entry: AuditEntry) -> None:
        """Keep it as soon as that is possible, and until then in memory."""

    def complete(self, at: datetime) -> None:
        """At the start of a run: note of all that an earlier one began, and of which no end is known, that it is so."""

    def knows(self, entry_id: str) -> bool:
        """Whether something with this `id` was noted, as far back as the record goes; no, where it cannot be read."""

    def newest(self, limit: int) -> Sequence[AuditEntry]:
        """The last ones, newest first, each as it ended. Raises StoreUnusable."""
