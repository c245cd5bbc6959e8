"""One run: builds the world, kills, calms down, checks, and keeps the figures."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.cameras import MAIN, SimulatedCamera, need_simulated_camera
from tests.chaos.box import BOX, DISK, WATCHES, Box, Disk, write_config
from tests.chaos.centre import Centre
from tests.chaos.checks import check_answers, check_delivery, check_dwell, check_lives, check_log
from tests.chaos.clock import SteppedClock
from tests.chaos.compare import Span, compare
from tests.chaos.course import Course, wait_for
from tests.chaos.faults import World
from tests.chaos.result import Result
from tests.chaos.scene import film
from tests.chaos.told import Stored, Told, read_store, told
from tests.e2e.agent_process import AgentProcess
from tests.memory_disk import memory_disk
from tests.mosquitto import Mosquitto
from tests.proxy import Proxy

DRAIN_S = 240.0
"""Longer than the courier's backoff (60 s) and a resend or two."""
CALM_S = 15.0
"""Undisturbed time before each check, so that what was seen in passing is told."""
DATABASE = "cityeye.db"
CHECKPOINT = "result.json"
KEPT_EVERY = 10
"""Kills after which the tally is written down."""
NO_BROKER = 1
"""A port that nobody listens on: the undisturbed agent's events stay in its database."""


@dataclass
class Scenario:
    """The disturbed agent's world, and the undisturbed one beside it."""

    world: World
    calm: AgentProcess
    box_database: Path
    calm_database: Path


@contextmanager
def scenario(folder: Path) -> Iterator[Scenario]:
    """Everything running: camera, broker, centre, both agents."""
    need_simulated_camera()
    camera = SimulatedCamera(film(folder / "street.mp4"), "--auth", "none", "--loop", "--shared")
    camera.start()
    clock = SteppedClock(folder / "clock")
    data, calm_data = folder / "data", folder / "calm" / "data"
    try:
        with (
            memory_disk(data, DISK),
            Mosquitto(folder / "broker") as broker,
            Proxy(broker.port) as proxy,
            Centre(broker.port, BOX, folder / "arrivals.jsonl") as centre,
            # Its connection keeps the camera's playback going: the street's time passes while the other agent is dead.
            AgentProcess(write_config(folder / "calm", camera.url(MAIN), NO_BROKER, calm_data)) as calm,
        ):
            calm.wait_for_log(WATCHES)
            box = Box(write_config(folder / "box", camera.url(MAIN), proxy.port, data), clock.environment)
            disk = Disk(data)
            world = World(box, disk, clock, proxy, broker, centre, count(1))
            try:
                box.begin()
                box.wait_for_log(WATCHES)
                box.cut_power()  # from here on it is known how long a start takes
                yield Scenario(world, calm, data / DATABASE, calm_data / DATABASE)
            finally:
                disk.unlock()
                if box.alive:
                    box.kill()
    finally:
        camera.stop()


def run(folder: Path, *, seed: int, kills: int, check_every: int) -> Result:
    """Kill so often, checking after each `check_every` kills and at the end; the figures so far lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    result = Result(seed=seed, kills_wanted=kills)
    began_s = time.monotonic()
    with scenario(folder) as scene:
        result.boot_s = scene.world.box.boot_s
        course = Course(scene.world, seed)
        while result.kills < kills:
            goal = min(kills, result.kills + check_every)
            while result.kills < goal:
                course.kill(min(KEPT_EVERY, goal - result.kills))
                result.kills = course.tally.kills
                result.wall_s = time.monotonic() - began_s
                result.save(folder / CHECKPOINT)
            check(scene, course, result)
            result.wall_s = time.monotonic() - began_s
            result.save(folder / CHECKPOINT)
            (folder / "agent.log").write_text(scene.world.box.log, encoding="utf-8")
            print(f"{result.kills} kills, {result.events} events, wrong: {len(result.wrong)}", flush=True)
    return result


def check(scene: Scenario, course: Course, result: Result) -> None:
    """Calm down, drain, stop the agent, and look at everything that was told since the beginning."""
    world, wrong = scene.world, list[str]()
    course.calm_down()
    course.wait(CALM_S)
    if not wait_for(lambda: world.box.watches and _drained(scene), course, DRAIN_S):
        wrong.append(f"after {course.tally.kills} kills: not drained in {DRAIN_S:.0f} s; {_waiting(scene)}")
    if (code := world.box.ask_to_stop()) != 0:
        wrong.append(f"after {course.tally.kills} kills: expected exit code 0 after SIGTERM, found {code}")
    now_s = time.time()
    store = read_store(scene.box_database)
    truth = _events_of(read_store(scene.calm_database), now_s)
    delivery = check_delivery(world.centre.arrivals, store)
    dwell = check_dwell(delivery.events, truth, [at_s for at_s, _ in course.tally.steps], now_s)
    comparison = compare(delivery.events, truth, _watched(world.box), now_s)
    answers = world.centre.answers
    for texts in (delivery.lost, delivery.gaps, delivery.doubled, check_lives(delivery.events, store), dwell.wrong):
        wrong += texts
    wrong += comparison.wrong + check_log(world.box.log) + check_answers(answers)
    result.wrong += [text for text in wrong if text not in result.wrong]
    result.kills_checked, result.checks = course.tally.kills, result.checks + 1
    result.faults, result.kills_at_event = dict(course.tally.faults), course.tally.kills_at_event
    result.events, result.incidents = len(delivery.events), len({event.incident for event in delivery.events})
    result.repeated, result.lost = delivery.repeated, len(delivery.lost)
    result.gaps, result.doubled = len(delivery.gaps), len(delivery.doubled)
    result.dwell_over_s, result.blind_error_s = dwell.over_s, dwell.blind_s
    result.blind_error_stepped_s = dwell.stepped_s
    result.stays, result.stays_seen = comparison.stays, comparison.seen
    result.stays_unseen, result.stays_merged = comparison.unseen, comparison.merged
    result.pictures, result.answers, result.slow_stops = world.centre.pictures, len(answers), world.box.slow_stops
    _count_lives(world.box, result)


def _count_lives(box: Box, result: Result) -> None:
    watches = box.watching_since()
    killed = [life for life in box.lives if life.code == -9]
    result.kills_starting = sum(not any(life.from_s <= at_s <= life.to_s for at_s in watches) for life in killed)
    result.ended_by_itself = sum(life.code not in (-9, 0) for life in box.lives)


def _drained(scene: Scenario) -> bool:
    store = read_store(scene.box_database)
    return not store.waiting and scene.world.centre.mark == store.last_sequence


def _waiting(scene: Scenario) -> str:
    store = read_store(scene.box_database)
    return f"sequences {sorted(store.waiting)[:20]} wait, the centre has 1..{scene.world.centre.mark}"


def _watched(box: Box) -> list[Span]:
    watches = box.watching_since()
    return [(at_s, life.to_s) for life in box.lives for at_s in watches if life.from_s <= at_s <= life.to_s]


def _events_of(store: Stored, now_s: float) -> list[Told]:
    return [told(payload, now_s) for payload in store.payloads.values()]
