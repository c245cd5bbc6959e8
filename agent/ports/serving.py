"""Whoever started the agent as a service, and restarts it."""

from __future__ import annotations

from typing import Protocol

from agent.core.types import Stamp


class ServiceManager(Protocol):
    """Is told how the service is. Never raises, and never takes longer than a second or two."""

    @property
    def watchdog_s(self) -> float | None:
        """It ends the agent when it is not fed for so long; None: it does not watch."""

    def starting(self, within_s: float) -> None:
        """The agent starts, for the first time or anew, and may take so long before `ready`."""

    def ready(self) -> None:
        """The agent is up."""

    def feed(self) -> None:
        """The agent is alive."""

    def status(self, text: str) -> None:
        """A short line for people."""

    def stopping(self) -> None:
        """The agent is about to end."""

    def reloading(self, now: Stamp) -> None:
        """The agent starts itself anew, in the same process; `ready` follows."""
