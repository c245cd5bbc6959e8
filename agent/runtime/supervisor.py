"""Runs the agent's loops in threads, starts a loop again when it dies, and tells of one that hangs.

Holds the only broad `except` that goes on as if nothing had been: a loop that dies with nobody watching, while the
health page stays green, is the worst thing that can happen to a box on a street. A thread cannot be ended from outside,
so that what to do about a loop that hangs is decided elsewhere (`warden`).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from threading import Event, Lock, Thread

from agent.core.errors import CityEyeError
from agent.core.types import Stamp
from agent.ports import Clock
from agent.runtime.backoff import Backoff, Jitter
from agent.runtime.pulse import Pulse

log = logging.getLogger(__name__)

Loop = Callable[[Event], None]
"""Runs until the event is set; returns early only when its work is over for good."""

RETRY_BASE_S = 0.5
RETRY_CAP_S = 30.0
GOOD_RUN_S = 60.0
"""A run of this length ends a series of failures."""
FAILED_AFTER = 5
"""Failures in a row after which a loop counts as failed. It is still tried again: the cause may go away."""
SILENCE_S = 180.0
"""How long a loop may give no sign of life before it counts as hanging, where nothing else is said."""


class LoopPhase(StrEnum):
    """How a loop is."""

    RUNNING = "running"
    RESTARTING = "restarting"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """One loop, for health: since when it is in this phase, how often it was started again, and what was wrong last.

    Attributes:
        foreseen: what was wrong last was an error of ours, which tells of something outside, such as the disk.
        vital: the box is of no use without it; one camera's loop is not.
        silent_s: seconds since its last sign of life. silence_s: how long work may take. stuck: it is overdue.
    """

    name: str
    phase: LoopPhase
    since: Stamp
    restarts: int = 0
    message: str = ""
    foreseen: bool = True
    vital: bool = True
    silent_s: float = 0.0
    silence_s: float = SILENCE_S
    stuck: bool = False


@dataclass(slots=True, eq=False)
class _Running:
    """One loop and its thread. `started`: since when it runs now; None between two tries."""

    state: LoopState
    loop: Loop
    wake: Callable[[], None] | None
    stop: Pulse
    thread: Thread | None = None
    started: Stamp | None = None


class Supervisor:
    """Starts named loops, keeps them running, ends one of them, and stops them all."""

    def __init__(self, clock: Clock, jitter: Jitter, *, vital: bool = True) -> None:
        """`vital`: see `LoopState`."""
        self._clock = clock
        self._jitter = jitter
        self._vital = vital
        self._stopping = False
        self._lock = Lock()
        self._loops: dict[str, _Running] = {}
        self._left: list[_Running] = []
        """Loops that were told to end and had not in time."""
        self._past_restarts = 0

    def start(
        self, name: str, loop: Loop, wake: Callable[[], None] | None = None, *, silence_s: float = SILENCE_S
    ) -> None:
        """Run the loop in a daemon thread of that name, until it returns, or `end` or `stop` is called.

        Args:
            wake: called once the stop event is set, for a loop that waits for something else than that event.
            silence_s: the longest that it may take without looking at the event, or waiting on it.
        """
        with self._lock:
            if name in self._loops:
                raise ValueError(f"{name}: a loop of this name was started already")
            state = LoopState(
                name=name, phase=LoopPhase.RUNNING, since=self._clock.now(), vital=self._vital, silence_s=silence_s
            )
            running = _Running(state=state, loop=loop, wake=wake, stop=Pulse(self._clock, silence_s))
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
            return [_told(running, now) for running in self._loops.values()]

    @property
    def restarts(self) -> int:
        """How often loops were started again so far, also those that are gone."""
        with self._lock:
            return self._past_restarts + sum(running.state.restarts for running in self._loops.values())

    def left(self) -> list[str]:
        """Names of loops that were told to end and whose threads still hang, one for each thread."""
        with self._lock:
            self._left = [running for running in self._left if running.thread and running.thread.is_alive()]
            return [running.state.name for running in self._left]

    def where(self, name: str) -> str:
        """Where a loop is in its code, innermost last, for a person; empty when it is not known.

        Reads no source lines: the disk may be what hangs.
        """
        with self._lock:
            running = self._loops.get(name)
            ident = running.thread.ident if running and running.thread else None
        return " > ".join(reversed(list(_places(ident))))

    def end(self, names: Collection[str], timeout_s: float) -> list[str]:
        """End these loops and forget them. Returns the names of those that did not end in time."""
        with self._lock:
            ended = [running for name in names if (running := self._loops.pop(name, None))]
            self._past_restarts += sum(running.state.restarts for running in ended)
        late = self._wait(ended, timeout_s)
        with self._lock:
            self._left += late
        return [running.state.name for running in late]

    def abandon(self, name: str) -> None:
        """Leave a loop that hangs to itself: it is told to end, and its name is free for one that takes its place."""
        self.end([name], 0.0)
        with self._lock:
            self._past_restarts += 1

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
        self._set(running, phase, message, foreseen=isinstance(error, CityEyeError))
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

    def _set(
        self, running: _Running, phase: LoopPhase, message: str | None = None, *, foreseen: bool | None = None
    ) -> None:
        with self._lock:
            before = running.state
            running.state = replace(
                before,
                phase=phase,
                since=before.since if phase is before.phase else self._clock.now(),
                message=before.message if message is None else message,
                foreseen=before.foreseen if foreseen is None else foreseen,
            )


def _told(running: _Running, now: Stamp) -> LoopState:
    """The state as of now: with its silence, and running again when a failed loop has been well for long enough."""
    state, started, pulse = running.state, running.started, running.stop
    if state.phase is LoopPhase.ENDED:
        return state
    if state.phase is LoopPhase.FAILED and started is not None and now.mono_s - started.mono_s >= GOOD_RUN_S:
        state = replace(state, phase=LoopPhase.RUNNING, since=started)
    return replace(state, silent_s=pulse.silent_s(now), stuck=pulse.overdue(now))


def _places(ident: int | None) -> Iterator[str]:
    """Innermost first."""
    frame = None if ident is None else sys._current_frames().get(ident)
    while frame is not None:
        code = frame.f_code
        module = frame.f_globals.get("__name__", code.co_filename)
        if module not in {"threading", __name__}:
            yield f"{module}:{frame.f_lineno} {code.co_name}"
        frame = frame.f_back
