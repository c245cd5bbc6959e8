"""One camera's days under one plan, each in a process of its own, to use all CPUs and to be ended at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from agent.adapters.observations import ObservationReader
from agent.core.errors import RecordingError
from agent.core.plan import CameraPlan
from agent.core.rehearsal import Rehearsal
from agent.core.silence import Dismissal
from agent.core.stays import Stay

NICE = 15
"""Whoever watches the street goes first."""
_TELL_EVERY = 500
"""Steps between two words about how far it is."""
_LOOK_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one process does: `folder` of the observations, and the period, before which the scene warms up.

    `pace_s`: as `Rehearsal` has it.
    """

    folder: Path
    plan: CameraPlan
    dismissals: tuple[Dismissal, ...]
    warm_from: datetime
    since: datetime
    until: datetime
    pace_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of a task. `steps`: those that were kept of the period; `looks`: those that the scene was given."""

    stays: list[Stay]
    steps: int
    looks: int


def carry_out(task: Task, progress: Callable[[float], None] = lambda _: None) -> Done:
    """Do it here. `progress`: takes the share (0..1) that is done."""
    rehearsal, steps = Rehearsal(task.plan, task.dismissals, pace_s=task.pace_s), 0
    span_s = max(1.0, (task.until - task.warm_from).total_seconds())
    for step in ObservationReader(task.folder).sealed(task.plan.camera, task.warm_from, task.until):
        rehearsal.offer(step)
        steps += 1
        if steps % _TELL_EVERY == 0:
            progress(min(1.0, (step.stamp.utc - task.warm_from).total_seconds() / span_s))
    return Done(stays=rehearsal.end(task.since, task.until), steps=steps, looks=rehearsal.looks)


def carry_out_apart(
    tasks: Sequence[Task],
    *,
    jobs: int,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Done]:
    """Do all, up to `jobs` at a time, at low priority. To be called where no other thread holds a lock: it forks.

    Raises: RecordingError: a process ended without a result, or somebody cancelled.
    """
    results: list[Done | None] = [None] * len(tasks)
    shares = [0.0] * len(tasks)
    with _Processes() as processes:
        coming = iter(enumerate(tasks))
        for number, task in _first(coming, jobs):
            processes.start(number, task)
        while processes.running:
            if cancelled():
                raise RecordingError("cancelled")
            for number, told in processes.heard(_LOOK_S):
                if isinstance(told, Done):
                    results[number], shares[number] = told, 1.0
                    for following, task in _first(coming, 1):
                        processes.start(following, task)
                else:
                    shares[number] = told
                progress(sum(shares) / len(tasks))
    return [done for done in results if done is not None]


def _first(coming: Iterator[tuple[int, Task]], count: int) -> list[tuple[int, Task]]:
    return [entry for _, entry in zip(range(count), coming, strict=False)]


class _Processes:
    """Those that run; whatever happens, none is left behind."""

    def __init__(self) -> None:
        self.running: dict[Connection, tuple[int, BaseProcess]] = {}

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        for _number, process in self.running.values():
            process.terminate()
        for _number, process in self.running.values():
            process.join()

    def start(self, number: int, task: Task) -> None:
        context = get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_apart, args=(task, theirs), daemon=True)
        process.start()
        theirs.close()
        self.running[ours] = number, process

    def heard(self, timeout_s: float) -> Iterator[tuple[int, float | Done]]:
        """What those that run say within a while. Raises RecordingError for one that ended without a result."""
        for connection in wait(list(self.running), timeout_s):
            assert isinstance(connection, Connection)
            number, process = self.running[connection]
            try:
                told = connection.recv()
            except EOFError as error:
                process.join()
                raise RecordingError(f"a part of the comparison ended with code {process.exitcode}") from error
            if isinstance(told, Done):
                process.join()
                del self.running[connection]
            elif isinstance(told, Exception):
                raise RecordingError(str(told)) from told
            yield number, told


def _apart(task: Task, told: Connection) -> None:
    with suppress(OSError):
        os.nice(NICE)
    try:
        told.send(carry_out(task, told.send))
    except (OSError, ValueError) as error:
        told.send(error)
