"""Trying another configuration on what the cameras showed in the last days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

Shown = Mapping[str, Any]
"""JSON for the page."""


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
        quick: a look each ten seconds is enough.
    """

    cameras: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    draft: str | None = None
    edits: tuple[Edit, ...] = ()
    quick: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The newest run. `progress`: 0..1. `result`: once it is done, see docs/what-if.md. `error`: why it failed."""

    phase: RunPhase
    progress: float = 0.0
    result: Shown | None = None
    error: str = ""


class Tries(Protocol):
    """One run at a time, beside the agent, which it does not disturb."""

    def form(self) -> Shown:
        """What can be tried: cameras, what is kept of them, and the present values of their zones."""

    def start(self, wish: Wish) -> None:
        """Begin. Raises CommandRejected: `busy` while one runs, `invalid` for what cannot be a configuration."""

    def run(self) -> Run:
        """How it is going."""

    def cancel(self) -> None:
        """End the run, if there is one."""
