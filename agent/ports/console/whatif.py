"""Trying another configuration on what the cameras showed in the last days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Protocol, TypedDict

from agent.core.errors import CommandRejected, RejectCode

Shown = Mapping[str, Any]
"""JSON for the page."""
Lang = Literal["en", "zh-CN"]


class RunPhase(StrEnum):
    """How far the one run of the box is."""

    IDLE = "idle"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One value of a rule as it would be; `value` None: its default."""

    camera: str
    zone: str
    rule: str
    key: str
    value: str | float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be tried.

    Attributes:
        cameras: none means all. since, until: aware; None: all that is kept.
        draft: a document of which zones, health and calendars are taken; None: those in force. edits: come on top.
        quick: a look each ten seconds is enough. lang: of what is wrong with it.
    """

    cameras: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    draft: str | None = None
    edits: tuple[Edit, ...] = ()
    quick: bool = False
    lang: Lang = "en"


class WishProblem(TypedDict):
    """What is wrong with a wish.

    Attributes:
        camera, zone, rule: ids; empty for something elsewhere. key: value of the rule, or where it is within the zone.
    """

    camera: str
    zone: str
    rule: str
    key: str
    expected: str
    found: str
    mend: str


class WishRefused(CommandRejected):
    """What cannot be a configuration. `problems`: the first of them, in the language of the wish."""

    def __init__(self, problems: Sequence[WishProblem], message: str) -> None:
        super().__init__(RejectCode.INVALID, message)
        self.problems = list(problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The newest run.

    Attributes:
        progress: 0..1. result: once it is done, see docs/what-if.md. error: why it failed.
        tried: cameras, since, until, draft, quick and edits of its wish, each edit with the value before (`was`).
    """

    phase: RunPhase
    progress: float = 0.0
    result: Shown | None = None
    error: str = ""
    tried: Shown | None = None


class Tries(Protocol):
    """One run at a time, beside the agent, which it does not disturb."""

    def form(self) -> Shown:
        """What can be tried: cameras, what is kept of them, and the present values of their zones."""

    def start(self, wish: Wish) -> None:
        """Begin. Raises CommandRejected: `busy` while one runs, WishRefused."""

    def run(self) -> Run:
        """How it is going."""

    def cancel(self) -> None:
        """End the run, if there is one."""
