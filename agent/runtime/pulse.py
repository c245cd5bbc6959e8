"""The sign of life of a loop: it gets on as long as it asks whether it is to stop."""

from __future__ import annotations

from threading import Event

from agent.core.types import Stamp
from agent.ports import Clock


class Pulse(Event):
    """The stop event of one loop. Each look at it, and each wait on it, is a sign of life of the loop that has it.

    Every loop asks once in each turn whether it is to stop, so that there is nothing it could forget to call. A wait on
    purpose is silence that was announced; whatever else a turn does has to be over within `silence_s`.
    """

    def __init__(self, clock: Clock, silence_s: float) -> None:
        super().__init__()
        self._clock = clock
        self.silence_s = silence_s
        self._last_s = clock.now().mono_s
        self._due_s = self._last_s + silence_s

    def is_set(self) -> bool:
        """Whether the loop is to stop."""
        self._renew(0.0)
        return super().is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the stop; without a `timeout` nothing is expected of the loop until it comes."""
        self._renew(float("inf") if timeout is None else timeout)
        told = super().wait(timeout)
        self._renew(0.0)
        return told

    def silent_s(self, now: Stamp) -> float:
        """Seconds since the last sign of life. From any thread, as is `overdue`."""
        return max(0.0, now.mono_s - self._last_s)

    def overdue(self, now: Stamp) -> bool:
        """Whether the loop hangs: the next sign should have come."""
        return now.mono_s > self._due_s

    def _renew(self, announced_s: float) -> None:
        self._last_s = self._clock.now().mono_s
        self._due_s = self._last_s + announced_s + self.silence_s
