"""One endurance run: disturb, wait until all is well again, count what the agent holds; again and again."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Final

from scripts.capacity.process import Footprint, footprint
from scripts.endurance.street import Journal, Street, running
from scripts.endurance.verdict import Allowance, Sample, Settled, count_breaches, memory_breach

TICK_S: Final = 0.25
SAMPLE_S: Final = 5.0
AWAY_S: Final = 2.0
CALM_S: Final = 4.0
"""All must have been connected for so long; of what is held meanwhile the least counts."""
BACK_S: Final = 120.0
"""Longer than the longest backoff of camera (30 s) and broker (60 s) together with their time-outs."""
START_S: Final = 90.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long, how often something is disturbed, and what the cameras do. Each disturbance comes once at least."""

    length_s: float
    every_s: float = 60.0
    cameras: int = 4
    end_after_s: float = 40.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What was seen, and what of it is wrong."""

    samples: list[Sample]
    settled: list[Settled]
    reconnections: int
    breaches: list[str]


@dataclass
class _Watch:
    """Looks at the agent while the course goes on."""

    street: Street
    journal: Journal
    begun_s: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)

    def now_s(self) -> float:
        return time.monotonic() - self.begun_s

    def sample(self) -> None:
        """Memory, every `SAMPLE_S`."""
        if not self.samples or self.now_s() - self.samples[-1].at_s >= SAMPLE_S:
            self.samples.append(Sample(at_s=self.now_s(), rss_mib=footprint(self.street.agent.pid).rss_mib))

    def rest(self, until_s: float) -> None:
        """Let the street go on until then."""
        while self.now_s() < until_s:
            self.sample()
            time.sleep(TICK_S)

    def settle(self, back: Callable[[], bool]) -> Footprint | None:
        """Wait until all has been connected for `CALM_S`; the least that was held in this time. None: it was not."""
        until_s = self.now_s() + BACK_S
        seen: list[Footprint] = []
        while self.now_s() < until_s:
            self.sample()
            self.journal.read_on()
            seen = [*seen, footprint(self.street.agent.pid)] if back() and not self.journal.lost else []
            if len(seen) * TICK_S >= CALM_S:
                return least(seen)
            time.sleep(TICK_S)
        return None


def least(seen: list[Footprint]) -> Footprint:
    """Of each figure the least: what comes and goes is not what is held."""
    return Footprint(
        rss_mib=min(each.rss_mib for each in seen),
        pss_mib=min(each.pss_mib for each in seen),
        threads=min(each.threads for each in seen),
        descriptors=min(each.descriptors for each in seen),
        databases=min(each.databases for each in seen),
    )


def run(film: Path, model: str, plan: Plan, allowance: Allowance, tell: Callable[[Settled], None]) -> Outcome:
    """The whole run. `tell` is called after each disturbance that was survived."""
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        running(Path(folder), film, model=model, cameras=plan.cameras, end_after_s=plan.end_after_s) as street,
    ):
        _wait_for_start(street)
        watch = _Watch(street, Journal(street.agent.lines))
        settled, breaches = _course(watch, plan, tell)
        try:
            if code := street.agent.stop():
                breaches.append(f"the agent ended with {code}")
        except TimeoutExpired:
            breaches.append("the agent did not stop within five seconds")
        watch.journal.read_on()
        if tracebacks := street.agent.log.count("Traceback"):
            breaches.append(f"{tracebacks} tracebacks in the log:\n{street.agent.log}")
    breaches += count_breaches(settled)
    if found := memory_breach(watch.samples, allowance):
        breaches.append(found)
    return Outcome(samples=watch.samples, settled=settled, reconnections=watch.journal.back.total(), breaches=breaches)


def _course(watch: _Watch, plan: Plan, tell: Callable[[Settled], None]) -> tuple[list[Settled], list[str]]:
    settled: list[Settled] = []
    disturbances = (_restart_server, _restart_broker, _restart_both)
    number = 0
    while watch.now_s() < plan.length_s or number < len(disturbances):
        started_s = watch.now_s()
        name, back = disturbances[number % len(disturbances)](watch)
        holds = watch.settle(back)
        if holds is None:
            return settled, [f"not all was connected {BACK_S:.0f} s after: {name}; lost: {sorted(watch.journal.lost)}"]
        back_s = watch.now_s() - started_s
        settled.append(Settled(at_s=watch.now_s(), after=name, back_s=back_s, holds=holds))
        tell(settled[-1])
        watch.rest(min(started_s + plan.every_s, plan.length_s))
        number += 1
    return settled, []


Disturbed = tuple[str, Callable[[], bool]]
"""What was done, and whether the agent has noticed it and mended it."""


def _restart_server(watch: _Watch) -> Disturbed:
    back = _all_return(watch)
    watch.street.server.stop()
    watch.rest(watch.now_s() + AWAY_S)
    watch.street.server.start()
    return "the cameras' server was restarted", back


def _restart_broker(watch: _Watch) -> Disturbed:
    back = _broker_returns(watch)
    watch.street.broker.stop()
    watch.rest(watch.now_s() + AWAY_S)
    watch.street.broker.start()
    return "the broker was restarted", back


def _restart_both(watch: _Watch) -> Disturbed:
    cameras, broker = _all_return(watch), _broker_returns(watch)
    watch.street.broker.stop()
    watch.street.server.stop()
    watch.rest(watch.now_s() + AWAY_S)
    watch.street.server.start()
    watch.rest(watch.now_s() + AWAY_S)
    watch.street.broker.start()
    return "broker and cameras were away together", lambda: cameras() and broker()


def _all_return(watch: _Watch) -> Callable[[], bool]:
    watch.journal.read_on()
    journal, steady = watch.journal, watch.street.steady
    before = {name: journal.back[name] for name in steady}
    return lambda: all(journal.back[name] > before[name] for name in steady)


def _broker_returns(watch: _Watch) -> Callable[[], bool]:
    watch.journal.read_on()
    journal, before = watch.journal, watch.journal.connected
    return lambda: journal.connected > before


def _wait_for_start(street: Street) -> None:
    """Until a heartbeat says that all cameras and the broker are connected. Raises TimeoutError."""
    until_s = time.monotonic() + START_S
    while time.monotonic() < until_s:
        if street.heartbeat.exists():
            beat = json.loads(street.heartbeat.read_text(encoding="ascii"))
            if beat["looking"] == len(street.cameras) and beat["broker_connected"]:
                return
        time.sleep(TICK_S)
    raise TimeoutError(f"not all cameras were connected within {START_S:.0f} s; the log:\n{street.agent.log}")
