"""Runs the agent's loops in threads, and starts a loop again when it dies.

Holds the only broad `except` that goes on as if nothing had been: a loop that dies with nobody watching, while the
health page stays green, is the worst thing that can happen to a box on a street.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Event, Lock, Thread

from agent.core.errors import CityEyeError
from agent.core.types import Stamp
from agent.ports import Clock
from agent.runtime.backoff import Backoff, Jitter

log = logging.getLogger(__name__)

Loop = Callable[[Event], None]
"""Runs until the event is set; returns early only when its work is over for good."""

RETRY_BASE_S = 0.5
RETRY_CAP_S = 30.0
GOOD_RUN_S = 60.0
"""A run of this length ends a series of failures."""
FAILED_AFTER = 5
"""Failures in a row after which a loop counts as failed. It is still tried again: the cause may go away."""


class LoopPhase(StrEnum):
    """How a loop is."""

    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """One loop, for health: since when it is in this phase, how often it was started again, and what was wrong last."""

    name: str
    phase: LoopPhase
    since: Stamp
    restarts: int = 0
    message: str = ""


class Supervisor:
    """Starts named loops, keeps them running, and stops them all."""

    def __init__(self, clock: Clock, jitter: Jitter) -> None:
        self._clock = clock
        self._jitter = jitter
        self._stop = Event()
        self._lock = Lock()
        self._states: dict[str, LoopState] = {}
        self._started: dict[str, Stamp] = {}
        """Loops that are running now, and since when."""
        self._threads: dict[str, Thread] = {}
        self._wakes: list[Callable[[], None]] = []

    def start(self, name: str, loop: Loop, wake: Callable[[], None] | None = None) -> None:
        """Run the loop in a daemon thread of that name, until it returns or `stop` is called.

        Args:
            wake: called once the stop event is set, for a loop that waits for something else than that event.
        """
        with self._lock:
            if name in self._threads:
                raise ValueError(f"{name}: a loop of this name was started already")
            self._states[name] = LoopState(name=name, phase=LoopPhase.RUNNING, since=self._clock.now())
            # Daemon: a loop stuck in a driver must not keep a stopped agent from ending.
            thread = Thread(target=self._keep_running, args=(name, loop), name=name, daemon=True)
            self._threads[name] = thread
            if wake is not None:
                self._wakes.append(wake)
        thread.start()

    def states(self) -> list[LoopState]:
        """A snapshot of all loops, in the order of their start."""
        now = self._clock.now()
        with self._lock:
            return [self._proved(state, now) for state in self._states.values()]

    def stop(self, timeout_s: float) -> list[str]:
        """Set every loop's event, then wait. Returns the names of the loops that did not end in time."""
        self._stop.set()
        deadline_s = self._clock.now().mono_s + timeout_s
        with self._lock:
            threads, wakes = dict(self._threads), list(self._wakes)
        for wake in wakes:
            wake()
        for thread in threads.values():
            thread.join(max(0.0, deadline_s - self._clock.now().mono_s))
        return [name for name, thread in threads.items() if thread.is_alive()]

    def _keep_running(self, name: str, loop: Loop) -> None:
        backoff = Backoff(self._jitter, base_s=RETRY_BASE_S, cap_s=RETRY_CAP_S)
        failures = 0
        while not self._stop.is_set():
            started = self._clock.now()
            with self._lock:
                self._started[name] = started
            try:
                loop(self._stop)
            except Exception as error:  # noqa: BLE001 - whatever kills a loop, it has to be seen and started again
                with self._lock:
                    del self._started[name]
                if self._clock.now().mono_s - started.mono_s >= GOOD_RUN_S:
                    failures = 0
                    backoff.reset()
                failures += 1
                self._died(name, error, failures)
            else:
                self._set(name, LoopPhase.ENDED)
                return
            if not self._stop.wait(backoff.next_s()):
                self._restarted(name)
        self._set(name, LoopPhase.ENDED)

    def _died(self, name: str, error: Exception, failures: int) -> None:
        message = str(error) if isinstance(error, CityEyeError) else f"{type(error).__name__}: {error}"
        before = self._state(name)
        phase = LoopPhase.FAILED if failures >= FAILED_AFTER else LoopPhase.RESTARTING
        self._set(name, phase, message)
        if failures == 1 or message != before.message:
            # A traceback only for what nobody foresaw; our own errors say all there is to know.
            log.error("%s: died, is started again: %s", name, message, exc_info=not isinstance(error, CityEyeError))
        elif phase is LoopPhase.FAILED and failures == FAILED_AFTER:
            log.error("%s: failed %d times in a row, is tried again at least every %g s", name, failures, RETRY_CAP_S)

    def _restarted(self, name: str) -> None:
        before = self._state(name)
        with self._lock:
            self._states[name] = replace(before, restarts=before.restarts + 1)
        # A failed loop stays failed until it has proved itself, or health would flicker with each try.
        if before.phase is not LoopPhase.FAILED:
            self._set(name, LoopPhase.RUNNING)

    def _proved(self, state: LoopState, now: Stamp) -> LoopState:
        """The state, but running again when a failed loop has been running well for long enough."""
        started = self._started.get(state.name)
        if state.phase is LoopPhase.FAILED and started is not None and now.mono_s - started.mono_s >= GOOD_RUN_S:
            return replace(state, phase=LoopPhase.RUNNING, since=started)
        return state

    def _set(self, name: str, phase: LoopPhase, message: str | None = None) -> None:
        with self._lock:
            before = self._states[name]
            since = before.since if phase is before.phase else self._clock.now()
            text = before.message if message is None else message
            self._states[name] = replace(before, phase=phase, since=since, message=text)

    def _state(self, name: str) -> LoopState:
        with self._lock:
            return self._states[name]
