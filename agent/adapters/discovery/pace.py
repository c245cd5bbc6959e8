"""Keeps what several threads do together below a rate."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

from agent.ports import Clock


class Pace:
    """Hands out turns, evenly."""

    def __init__(self, clock: Clock, *, per_s: float, wait: Callable[[float], object] | None = None) -> None:
        """`wait`: how to let seconds pass; for tests."""
        self._clock = clock
        self._step_s = 1 / per_s
        self._wait = wait or Event().wait
        self._lock = Lock()
        self._next_s = clock.now().mono_s

    def turn(self) -> None:
        """Return when it is the caller's turn."""
        with self._lock:
            now_s = self._clock.now().mono_s
            mine_s = max(self._next_s, now_s)
            self._next_s = mine_s + self._step_s
        if mine_s > now_s:
            self._wait(mine_s - now_s)
