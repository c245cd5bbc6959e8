"""Runs the agent's loops in threads, and starts a loop again when it dies.

Holds the only broad `except` that goes on as if nothing had been: a loop that dies with nobody watching, while the
health page stays green, is the worst thing that can happen to a box on a street.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
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


@dataclass(slots=True, eq=False)
class _Running:
    """One loop and its thread. `started`: since when it runs now; None between two tries."""

    state: LoopState
    loop: Loop
    wake: Callable[[], None] | None
    stop: Event
    thread: Thread | None = None
    started: Stamp | None = None


class Supervisor:
    """Starts named loops, keeps them running, ends one of them, and stops them all."""

    def __init__(self, clock: Clock, jitter: Jitter) -> None:
        self._clock = clock
        self._jitter = jitter
        self._stopping = False
        self._lock = Lock()
        self._loops: dict[str, _Running] = {}
        self._left: list[_Running] = []
        """Loops that were told to end and had not in time."""

    def start(self, name: str, loop: Loop, wake: Callable[[], None] | None = None) -> None:
        """Run the loop in a daemon thread of that name, until it returns, or `end` or `stop` is called.

        Args:
            wake: called once the stop event is set, for a loop that waits for something else than that event.
        """
        with self._lock:
            if name in self._loops:
                raise ValueError(f"{name}: a loop of this name was started already")
            state = LoopState(name=name, phase=LoopPhase.RUNNING, since=self._clock.now())
            running = _Running(state=state, loop=loop, wake=wake, stop=Event())
            if self._stopping:
                running.stop.set()
            # Daemon: a loop stuck in a driver must not keep a stopped agent from ending.
            running.thread = Thread(target=self._keep_running, args=(running,), name=name, daemon=True)
            self._loops[name] = running
        running.thread.start()

    def states(self) -> list[LoopState]:
        """A snapshot of all loops, in the order of their start. A loop that was ended is not among them."""
        now = self._clock.now()
        with self._lock:
            return [_proved(running, now) for running in self._loops.values()]

    def end(self, names: Collection[str], timeout_s: float) -> list[str]:
        """End these loops and forget them. Returns the names of those that did not end in time."""
        with self._lock:
            ended = [running for name in names if (running := self._loops.pop(name, None))]
        late = self._wait(ended, timeout_s)
        self._left += late
        return [running.state.name for running in late]

    def stop(self, timeout_s: float) -> list[str]:
        """Set every loop's event, then wait. Returns the names of the loops that did not end in time."""
        with self._lock:
            self._stopping = True
            running = [*self._left, *self._loops.values()]
        return [late.state.name for late in self._wait(running, timeout_s)]

    def _wait(self, loops: Sequence[_Running], timeout_s: float) -> list[_Running]:
        """Tell loops to stop and wait; returns those that did not end in time."""
        for running in loops:
            running.stop.set()
        deadline_s = self._clock.now().mono_s + timeout_s
        for running in loops:
            if running.wake is not None:
                running.wake()
        for running in loops:
            if running.thread is not None:
                running.thread.join(max(0.0, deadline_s - self._clock.now().mono_s))
        return [running for running in loops if running.thread is not None and running.thread.is_alive()]

    def _keep_running(self, running: _Running) -> None:
        backoff = Backoff(self._jitter, base_s=RETRY_BASE_S, cap_s=RETRY_CAP_S)
        failures = 0
        while not running.stop.is_set():
            started = self._clock.now()
            with self._lock:
                running.started = started
            try:
                running.loop(running.stop)
            except Exception as error:  # noqa: BLE001 - whatever kills a loop, it has to be seen and started again
                with self._lock:
                    running.started = None
                if self._clock.now().mono_s - started.mono_s >= GOOD_RUN_S:
                    failures = 0
                    backoff.reset()
                failures += 1
                self._died(running, error, failures)
            else:
                self._set(running, LoopPhase.ENDED)
                return
            if not running.stop.wait(backoff.next_s()):
                self._restarted(running)
        self._set(running, LoopPhase.ENDED)

    def _died(self, running: _Running, error: Exception, failures: int) -> None:
        message = str(error) if isinstance(error, CityEyeError) else f"{type(error).__name__}: {error}"
        name, before = running.state.name, running.state
        phase = LoopPhase.FAILED if failures >= FAILED_AFTER else LoopPhase.RESTARTING
        self._set(running, phase, message)
        if failures == 1 or message != before.message:
            # A traceback only for what nobody foresaw; our own errors say all there is to know.
            log.error("%s: died, is started again: %s", name, message, exc_info=not isinstance(error, CityEyeError))
        elif phase is LoopPhase.FAILED and failures == FAILED_AFTER:
            log.error("%s: failed %d times in a row, is tried again at least every %g s", name, failures, RETRY_CAP_S)

    def _restarted(self, running: _Running) -> None:
        with self._lock:
            before = running.state
            running.state = replace(before, restarts=before.restarts + 1)
        # A failed loop stays failed until it has proved itself, or health would flicker with each try.
        if before.phase is not LoopPhase.FAILED:
            self._set(running, LoopPhase.RUNNING)

    def _set(self, running: _Running, phase: LoopPhase, message: str | None = None) -> None:
        with self._lock:
            before = running.state
            since = before.since if phase is before.phase else self._clock.now()
            text = before.message if message is None else message
            running.state = replace(before, phase=phase, since=since, message=text)


def _proved(running: _Running, now: Stamp) -> LoopState:
    """The state, but running again when a failed loop has been running well for long enough."""
    state, started = running.state, running.started
    if state.phase is LoopPhase.FAILED and started is not None and now.mono_s - started.mono_s >= GOOD_RUN_S:
        return replace(state, phase=LoopPhase.RUNNING, since=started)
    return state
