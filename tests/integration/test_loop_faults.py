"""Whatever loop of the agent dies or hangs: it is noticed, told, and recovered from. None is left out."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.runtime.supervisor import LoopPhase
from agent.runtime.warden import GIVE_UP_AFTER_S
from agent.runtime.wellness import not_alive
from tests.bucket import Bucket, storing
from tests.e2e.agent_process import wait_until
from tests.e2e.faults import silent_server, wait_for_caller
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.running_app import Running, Strike, StrikingClock, running_app, write_everything
from tests.watching import get, listening, reasons

pytestmark = pytest.mark.server

CAMERA = "camera-street"
LOOPS = (
    CAMERA,
    "watch-1",
    "courier",
    "uploader",
    "commander",
    "health",
    "housekeeping",
    "observations",
    "metrics",
    "console",
    "warden",
)
"""Of every kind one. Whoever adds a loop adds it here, and so sees what becomes of it."""


@dataclass
class Scene:
    """An agent, one of whose loops is struck, and those whom it tells of it."""

    running: Running
    centre: Listener
    port: int
    caplog: pytest.LogCaptureFixture

    def wait_for_log(self, text: str) -> None:
        wait_until(lambda: text in self.caplog.text, f"{text!r} in the log")


@contextmanager
def struck(victim: str, strike: Strike, folder: Path, caplog: pytest.LogCaptureFixture) -> Iterator[Scene]:
    caplog.set_level(logging.INFO)
    port = free_port()
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        centre = stack.enter_context(Listener(broker.port))
        bucket = stack.enter_context(storing(Bucket()))
        path = write_everything(folder, broker_port=broker.port, store_url=bucket.url, metrics_port=port)
        clock = StrikingClock(victim, strike)
        running = stack.enter_context(running_app(path, clock))
        assert clock.struck.wait(60), f"{victim} never asks for the time"
        if victim != "metrics":
            wait_until(lambda: listening(port), "the server")
        yield Scene(running, centre, port, caplog)


def test_every_loop_of_the_agent_is_struck_here(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with struck("health", "exception", tmp_path, caplog) as scene:
        running = scene.running
        assert {loop.name for loop in running.app.loops()} == set(LOOPS)
        threads = {thread.name for thread in set(threading.enumerate()) - running.others - {running.thread}}
        helpers = {name for name in threads if name == "still" or "process_request_thread" in name}
        assert threads - helpers == set(LOOPS), "each other thread of the agent has a supervisor"
        assert scene.running.end() == []


@pytest.mark.parametrize("victim", LOOPS)
def test_a_loop_that_dies_is_told_and_started_again(
    victim: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with struck(victim, "exception", tmp_path, caplog) as scene:
        running = scene.running
        wait_until(lambda: running.loop(victim).restarts == 1, f"{victim} to be started again")
        assert f"{victim}: died, is started again: Injected: {victim}" in caplog.text
        wait_until(lambda: running.loop(victim).phase is LoopPhase.RUNNING, f"{victim} to run")
        wait_until(lambda: get(scene.port, "/healthz")[0] == 200, "the box to be well")
        assert "cityeye_loop_restarts_total 1.0" in get(scene.port, "/metrics")[2]
        assert (running.end(), running.app.hung) == ([], None)
        scene.centre.wait_for_goodbye()


@pytest.mark.parametrize("victim", [loop for loop in LOOPS if loop != CAMERA])
def test_a_loop_that_hangs_is_told_and_the_agent_ends_to_be_started_again(
    victim: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with struck(victim, "hang", tmp_path, caplog) as scene:
        running = scene.running
        if victim != "warden":  # which feeds
            running.service.wait_for("feed")
        running.clock.advance(running.loop(victim).silence_s + 1)
        assert [reason.what for reason in not_alive(running.app.loops()) if reason.what == victim] == [victim]
        if victim != "metrics":
            assert ("loop_stuck", victim) in reasons(scene.port, "/healthz")
        if victim != "warden":
            scene.wait_for_log(f"{victim}: hangs, no sign of life for")
            wait_until(lambda: f"NOT WELL: loop_stuck {victim};" in " ".join(running.service.told), "the others")
            running.clock.advance(GIVE_UP_AFTER_S)
        late = running.ended()
        assert (running.app.hung, late) == (victim, [victim])
        assert f"{victim}: does not come back; the agent keeps what it can and ends" in caplog.text
        told = running.service.told
        assert "stopping" in told
        well_until = next((i for i, it in enumerate(told) if it.startswith("NOT WELL")), len(told))
        assert "feed" not in told[well_until:], "an agent that hangs is not fed"
        if victim != "courier":
            scene.centre.wait_for_goodbye()


def test_a_capture_that_hangs_is_told_and_another_one_takes_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with struck(CAMERA, "hang", tmp_path, caplog) as scene:
        running = scene.running
        running.service.wait_for("feed")
        running.clock.advance(running.loop(CAMERA).silence_s + 1)
        assert ("loop_stuck", CAMERA) in reasons(scene.port, "/healthz")
        scene.wait_for_log(f"{CAMERA}: hangs, no sign of life for")
        scene.wait_for_log(f"{CAMERA}: given up, another one has taken its place; threads that hang: 1")
        wait_until(lambda: reasons(scene.port, "/healthz") == set(), "the box to be well again")
        wait_until(lambda: "cityeye_camera_looks_total" in get(scene.port, "/metrics")[2], "the street to be looked at")
        assert "cityeye_loops_abandoned 1.0" in get(scene.port, "/metrics")[2]
        scene.wait_for_log("street: looking")
        assert (running.end(), running.app.hung) == ([CAMERA], None)


def test_while_everything_around_it_is_silent_every_loop_gets_on(tmp_path: Path) -> None:
    """Camera, broker and object store take the call and say nothing, and another program holds the database."""
    with ExitStack() as stack:
        caller, store_port = stack.enter_context(silent_server())
        broker_port, camera_port = (stack.enter_context(silent_server())[1] for _ in range(2))
        path = write_everything(
            tmp_path,
            broker_port=broker_port,
            store_url=f"http://127.0.0.1:{store_port}",
            metrics_port=free_port(),
            mute=f"rtsp://127.0.0.1:{camera_port}/live",
        )
        running = stack.enter_context(running_app(path, StrikingClock()))
        wait_for_caller(caller)
        other = stack.enter_context(closing(sqlite3.connect(tmp_path / "data" / "cityeye.db", isolation_level=None)))
        other.execute("BEGIN IMMEDIATE")
        expected = {*LOOPS, "camera-mute"} - {"housekeeping"}  # which waits on purpose, for ten minutes
        got_on: set[str] = set()
        before = {loop.name: loop.silent_s for loop in running.app.loops()}

        def all_got_on() -> bool:
            loops = running.app.loops()
            assert not_alive(loops) == []
            got_on.update(loop.name for loop in loops if loop.silent_s < before[loop.name])
            before.update({loop.name: loop.silent_s for loop in loops})
            return got_on >= expected

        wait_until(all_got_on, "a sign of life of each loop")
        other.execute("ROLLBACK")
        assert set(running.end()) <= {"courier"}, "who may be waiting for the broker's answer"
        assert running.app.hung is None
