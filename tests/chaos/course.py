"""The course of a run: lives of the agent and faults, drawn from a seed, and calm stretches in which all is checked."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from random import Random

from tests.chaos.faults import FAULTS, NOT_TOGETHER, World

EARLY_SHARE = 0.5
"""Of the kills, how many come while the agent is starting."""
WATCHED_S = 10.0
"""The longest time between the beginning of the watch and a late kill."""
FAULTS_PER_LIFE = 0.6
AT_EVENT_SHARE = 0.5
"""Of the late kills, how many come as soon as an event arrives: between sending it, the broker's word, the centre's
word and the commit that says so."""
AT_EVENT_S = 0.05
"""The longest time between the arrival and the kill."""
RESTART_S = 0.3
"""An init system's pause before it starts again what ended by itself."""
TICK_S = 0.1


@dataclass
class Tally:
    """What was done so far."""

    kills: int = 0
    kills_at_event: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    steps: list[tuple[float, float]] = field(default_factory=list)
    """When the clock was set, by the true clock, and its offset from then on."""


@dataclass(order=True)
class _Due:
    at_s: float
    number: int
    act: Callable[[], None] = field(compare=False)


class Course:
    """Lives and faults in the order in which a seeded random draws them."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._rng = Random(seed)
        self._agenda: list[_Due] = []
        self._numbers = count()
        self._active: set[str] = set()
        self._pause = threading.Event()
        self.tally = Tally()

    def kill(self, kills: int) -> None:
        """So many lives, each ended by SIGKILL; faults come and go meanwhile."""
        goal = self.tally.kills + kills
        while self.tally.kills < goal:
            self._live()

    def calm_down(self) -> None:
        """End every fault and start the agent, if need be."""
        self._agenda.clear()
        for kind in sorted(self._active):
            self._end(kind)
        if not self._world.box.alive:
            self._world.box.bury()
            self._world.box.begin()

    def wait(self, seconds: float, news: threading.Event | None = None) -> None:
        """Let time pass, until `news` at most; starts the agent again when it ends by itself."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            while self._agenda and self._agenda[0].at_s <= time.monotonic():
                heapq.heappop(self._agenda).act()
            if not self._world.box.alive:
                self._world.box.bury()
                self._pause.wait(RESTART_S)
                self._world.box.begin()
            if (news or self._pause).wait(min(left_s, TICK_S)):
                return

    def _live(self) -> None:
        early, share, boot_s = self._rng.random() < EARLY_SHARE, self._rng.random(), self._world.box.boot_s
        at_event = not early and self._rng.random() < AT_EVENT_SHARE
        life_s = share * boot_s if early else boot_s + share * WATCHED_S
        if self._rng.random() < FAULTS_PER_LIFE:
            self._at(self._rng.uniform(0.0, life_s), self._begin_some)
        if not self._world.box.alive:
            self._world.box.bury()
            self._world.box.begin()
        after_s = self._rng.uniform(0.0, AT_EVENT_S)
        came = self._wait_for_event(boot_s + WATCHED_S) if at_event else False
        self.wait(after_s if came else 0.0 if at_event else life_s)
        if self._world.box.cut_power():
            self.tally.kills += 1
            self.tally.kills_at_event += came

    def _wait_for_event(self, longest_s: float) -> bool:
        """Let time pass until an event arrives. Returns whether one did."""
        news, until_s = self._world.centre.news, time.monotonic() + longest_s
        news.clear()
        while not news.is_set() and (left_s := until_s - time.monotonic()) > 0:
            self.wait(min(left_s, TICK_S), news)
        return news.is_set()

    def _begin_some(self) -> None:
        excluded = set(self._active).union(*(group for group in NOT_TOGETHER if group & self._active))
        kind = self._rng.choice([kind for kind in FAULTS if kind not in excluded])
        fault = FAULTS[kind]
        fault.begin(self._world, self._rng)
        self.tally.faults[kind] += 1
        if kind.startswith("clock"):
            self.tally.steps.append((time.time(), self._world.clock.offset_s))
        if fault.end is not None:
            self._active.add(kind)
            self._at(self._rng.uniform(*fault.lasts_s), lambda: self._end(kind))

    def _end(self, kind: str) -> None:
        end = FAULTS[kind].end
        if kind in self._active and end is not None:
            self._active.discard(kind)
            end(self._world)

    def _at(self, in_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, _Due(time.monotonic() + in_s, next(self._numbers), act))


def wait_for(true: Callable[[], bool], course: Course, timeout_s: float) -> bool:
    """Wait for something while the agent is kept running. Returns whether it came."""
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        with suppress(OSError):
            if true():
                return True
        course.wait(0.5)
    return False
