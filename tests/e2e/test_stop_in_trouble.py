"""SIGTERM ends the agent within five seconds (its exit code is not 0 otherwise), whatever it is stuck in."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import termios
from contextlib import closing
from pathlib import Path

import pytest

from tests.cameras import MAIN, SUB, simulated_camera, tapped
from tests.e2e.agent_process import STOP_S, AgentProcess, wait_until
from tests.e2e.faults import (
    black_hole,
    check_log,
    silent_server,
    wait_for_caller,
    wait_for_parked_cars,
    wait_for_unanswered_caller,
)
from tests.e2e.street import PARKED, camera, clip, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.server

CUT_SHORT = 70
LONGEST_LINE_BYTES = 500
"""Of the log, about a camera that is not there; such a line is written whole or waited with."""
WELL_OPEN_BYTES = 200_000
"""More than FFmpeg looks at before a stream counts as open: a second of this clip, which has 0.8 Mbit/s."""


def check_goodbye(centre: Listener) -> None:
    """The last word is the box's own: it was stopped, not lost."""
    centre.wait_for_goodbye()
    assert centre.on("")[-1].topic.endswith("/state")


def test_camera_down_and_broker_away(tmp_path: Path) -> None:
    down = camera("down", url=f"rtsp://127.0.0.1:{free_port()}{SUB}")
    config = write_street(tmp_path, cameras=[down, file_camera()], mqtt={"port": free_port()})
    with AgentProcess(config) as agent:
        agent.wait_for_log("down: nobody is looking: offline")
        agent.wait_for_log("mqtt://127.0.0.1")
        assert agent.stop() == 0
    check_log(agent.log)


def test_stream_stalled_and_broker_silent(tmp_path: Path) -> None:
    with (
        simulated_camera(clip(), "--auth", "none") as real,
        tapped(real.port) as wire,
        silent_server() as (server, port),
    ):
        # A longer time-out than a stop may take: the stop must not wait for it.
        stalled = camera("stalled", url=wire.url(MAIN), read_timeout="10s")
        config = write_street(tmp_path, cameras=[stalled, file_camera()], mqtt={"port": port})
        with AgentProcess(config) as agent:
            wait_for_caller(server)
            wait_until(lambda: wire.received_bytes > WELL_OPEN_BYTES, "the stream to flow")
            real.freeze()
            assert agent.stop() == 0
    check_log(agent.log)


def test_connecting_to_a_camera_and_a_broker_that_never_answer(tmp_path: Path) -> None:
    with black_hole() as camera_port, black_hole() as broker_port:
        lost = camera("lost", url=f"rtsp://127.0.0.1:{camera_port}{SUB}", open_timeout="60s")
        config = write_street(tmp_path, cameras=[lost, file_camera()], mqtt={"port": broker_port})
        with AgentProcess(config) as agent:
            wait_for_unanswered_caller(camera_port)
            wait_for_unanswered_caller(broker_port)
            assert agent.stop() == 0
    check_log(agent.log)


def test_a_camera_that_takes_the_call_and_says_nothing(tmp_path: Path) -> None:
    with silent_server() as (server, port), Mosquitto(tmp_path / "broker") as broker:
        mute = camera("mute", url=f"rtsp://127.0.0.1:{port}{SUB}", open_timeout="60s")
        config = write_street(tmp_path, cameras=[mute, file_camera()], mqtt={"port": broker.port})
        with AgentProcess(config) as agent:
            wait_for_caller(server)
            agent.wait_for_log("connected to the broker")
            assert agent.stop() == 0
    check_log(agent.log)


def test_all_cameras_hang_each_in_its_own_way(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)  # FFmpeg waits for a writer, and nothing can wake it
    with (
        simulated_camera(clip(), "--auth", "none") as real,
        tapped(real.port) as wire,
        silent_server() as (server, mute_port),
        black_hole() as lost_port,
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker.port) as centre,
    ):
        cameras = [
            camera("stalled", url=wire.url(MAIN), read_timeout="10s"),
            camera("mute", url=f"rtsp://127.0.0.1:{mute_port}{SUB}", open_timeout="60s"),
            camera("lost", url=f"rtsp://127.0.0.1:{lost_port}{SUB}", open_timeout="60s"),
            camera("pipe", url=f"file:{pipe}"),
        ]
        config = write_street(tmp_path, cameras=cameras, mqtt={"port": broker.port})
        with AgentProcess(config) as agent:
            wait_for_caller(server)
            wait_for_unanswered_caller(lost_port)
            wait_until(lambda: wire.received_bytes > WELL_OPEN_BYTES, "the stream to flow")
            centre.wait_for(1, "/state")
            real.freeze()
            assert agent.stop() == 0
            check_goodbye(centre)
    check_log(agent.log)


def test_another_program_holds_the_database(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_street(tmp_path, cameras=[file_camera(), file_camera("too")], mqtt={"port": broker.port})
        with AgentProcess(config) as agent:
            agent.wait_for_log("cameras: 2")
            centre.wait_for(1, "/state")
            with closing(sqlite3.connect(data / "cityeye.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                agent.wait_for_log("another program holds the database", count=2)
                assert agent.stop() == 0
            check_goodbye(centre)
            assert "its scene or view is kept as of its last saving only" in agent.log
            agent.start()
            wait_for_parked_cars(data)
            assert agent.stop() == 0
    check_log(agent.log)


def test_what_is_due_leaves_before_the_goodbye(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port})
        centre.expect_reconnect()
        broker.stop()
        with AgentProcess(config) as agent:
            wait_for_parked_cars(tmp_path / "data")
            broker.start()
            centre.wait_until_subscribed_again()
            agent.wait_for_log("connected to the broker")
            assert agent.stop() == 0
            check_goodbye(centre)
        assert len(centre.on("/event")) >= len(PARKED)
        with closing(sqlite3.connect(tmp_path / "data" / "cityeye.db")) as kept:
            assert kept.execute("SELECT count(*) FROM outbox WHERE state = 0").fetchone() == (0,)
    check_log(agent.log)


def test_nobody_takes_the_log(tmp_path: Path) -> None:
    """A log that blocks holds up every thread that says something, the one that would stop in order as well."""
    with silent_server() as (_, port):
        url = f"rtsp://127.0.0.1:{port}{SUB}"
        mute = [camera(f"mute-{number}", url=url, zones=False, open_timeout="3s") for number in range(40)]
        config = write_street(tmp_path, cameras=mute, mqtt={"port": free_port()})
        command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, bufsize=0) as agent:
            assert agent.stderr is not None
            pipe = agent.stderr.fileno()
            room = fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
            while b"cameras: 40" not in agent.stderr.readline():
                pass
            wait_until(lambda: waiting_bytes(pipe) > room - LONGEST_LINE_BYTES, "a full pipe")
            agent.terminate()
            assert agent.wait(STOP_S) == CUT_SHORT


def waiting_bytes(pipe: int) -> int:
    """How much lies in a pipe."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
