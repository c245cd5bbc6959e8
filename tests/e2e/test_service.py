"""The agent as a service of systemd (`Type=notify`, `WatchdogSec=`), with a socket in systemd's place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest

from tests.e2e.agent_process import AgentProcess, cityeye, wait_until
from tests.e2e.asker import Asker
from tests.e2e.centre import parsed
from tests.e2e.faults import check_log, told
from tests.e2e.street import camera, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.notify import NotifySocket, notify_socket
from tests.watching import reasons

pytestmark = pytest.mark.server

WATCHDOG_S = 20.0
HUNG = 70
TIME_TO_START = "EXTEND_TIMEOUT_USEC=300000000"


@contextmanager
def service(config: Path, watchdog_s: float = WATCHDOG_S) -> Iterator[tuple[AgentProcess, NotifySocket]]:
    """The agent, started as systemd would."""
    with notify_socket(f"@cityeye-{uuid4()}") as heard:
        environment = {"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": str(round(watchdog_s * 1e6))}
        with AgentProcess(config, environment) as agent:
            yield agent, heard


def test_systemd_is_told_of_start_life_and_stop(tmp_path: Path) -> None:
    config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": free_port()})
    with service(config) as (agent, heard):
        heard.wait_for("READY=1")
        heard.wait_for("STATUS=cameras looking: 1 of 1; incidents open: 4; events to deliver: 4")
        fed = heard.wait_for("WATCHDOG=1", 4)
        assert agent.stop() == 0
    ready = [it.text for it in heard.told].index("READY=1")
    assert heard.told[0].text == TIME_TO_START, "before anything that takes time"
    assert [it.text for it in heard.told[1:ready] if not it.text.startswith(("STATUS=", "WATCHDOG="))] == []
    assert [it.text for it in heard.told].count("READY=1") == 1
    between_s = [after.at_s - before.at_s for before, after in pairwise(fed)]
    assert max(between_s) < WATCHDOG_S / 2, "systemd advises half of the interval"
    assert len(heard.on("STOPPING=1")) == 1
    check_log(agent.log)


def test_a_new_start_by_command_is_a_reload_of_the_same_process(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port})
        with service(config) as (agent, heard):
            heard.wait_for("READY=1")
            centre.wait_for(1, "/state")
            pid = agent.pid
            Asker(centre, "cityeye/v1/gongshu/box-7").ask("restart")
            heard.wait_for("READY=1", 2)
            assert agent.pid == pid
            assert agent.stop() == 0
    kinds = [it.text.split("=")[0] for it in heard.told if not it.text.startswith(("STATUS=", "WATCHDOG="))]
    start = ["EXTEND_TIMEOUT_USEC", "READY"]
    assert kinds == [*start, "RELOADING", *start, "STOPPING"]
    [reloading] = heard.on("RELOADING=1")
    assert "\nMONOTONIC_USEC=" in reloading.text
    assert "WATCHDOG=1" in reloading.text.splitlines(), "it goes on counting, from here"
    first = next(it.text for it in heard.told[heard.told.index(reloading) + 1 :] if it.text != "WATCHDOG=1")
    assert first == TIME_TO_START, "the first word of the new run, which puts the watchdog off"


def test_a_loop_that_hangs_starves_the_watchdog_and_ends_the_agent_and_a_capture_that_hangs_does_neither(
    tmp_path: Path,
) -> None:
    """Nobody reads from a pipe that stands in the way of the heartbeat, and nobody writes to one that is a video."""
    pipe, port, data = tmp_path / "pipe.mp4", free_port(), tmp_path / "data"
    os.mkfifo(pipe)
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        cameras = [file_camera(), camera("pipe", url=f"file:{pipe}", zones=False)]
        config = write_street(
            tmp_path, cameras=cameras, mqtt={"port": broker.port}, metrics={"listen": f"127.0.0.1:{port}"}
        )
        with service(config) as (agent, heard):
            heard.wait_for("WATCHDOG=1")
            wait_until(lambda: (data / "alive.json").exists(), "the first heartbeat")
            os.mkfifo(data / "alive.new")
            agent.wait_for_log("camera-pipe: given up, another one has taken its place; threads that hang: 1")
            wait_until(lambda: reasons(port, "/healthz") == set(), "the box to be well with a hung thread")
            agent.wait_for_log("health: hangs, no sign of life for", timeout_s=120)
            assert ("loop_stuck", "health") in reasons(port, "/healthz")
            heard.wait_for("STATUS=NOT WELL: loop_stuck health")
            assert cityeye("alive", "--config", str(config)).returncode == 1
            assert agent.exit_code() == HUNG
            assert "offline" in centre.wait_for(2, "/state")[-1].payload.decode()
            opened = parsed(centre.on("/event"))
    starved = next(it for it in heard.told if "loop_stuck health" in it.text)
    assert [it for it in heard.on("WATCHDOG=1") if it.at_s > starved.at_s] == []
    assert heard.told[-1].text.startswith(("STOPPING=1", "STATUS="))
    assert "agent.adapters.heartbeat" in told(agent.log, "health: hangs, no sign of life for")
    told(agent.log, "health: does not come back; the agent keeps what it can and ends, to be started again")
    assert len(opened) >= 4, "the other camera was looked at all the time"
    check_log(agent.log)
