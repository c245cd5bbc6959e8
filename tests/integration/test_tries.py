"""Comparisons as processes of their own: what they are given, and that none outlives those who wait for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from agent.app.console.whatif import ProcessTries
from agent.app.site import Site
from agent.core.errors import CommandRejected
from agent.ports.console.whatif import Edit, RunPhase, Wish
from tests.e2e.agent_process import wait_until
from tests.kept_days import afternoon, keep

CANARY = "correcthorsebatterystaple"
BEGIN = datetime(2026, 11, 2, 8, tzinfo=UTC)
MANY = 40
"""Cameras, so that a run lasts until somebody ends it."""
SLOWER = Edit(camera="gate-0", zone="kerb", rule="illegal_parking", key="dwell", value="15m")


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an afternoon of each camera."""
    data = tmp_path_factory.mktemp("observed")
    kept = data / "observations"
    keep(kept, afternoon("gate-0", BEGIN), BEGIN + timedelta(hours=3))
    for number in range(1, MANY):
        shutil.copytree(kept / "gate-0", kept / f"gate-{number}")
    return data


def configured(folder: Path, cameras: int) -> Path:
    """A document whose broker's password lies in the environment."""
    zone = {"id": "kerb", "polygon": [[0, 0.6], [1, 0.6], [1, 1], [0, 1]], "rules": {"illegal_parking": {}}}
    written = {
        "mqtt": {"host": "localhost", "username": "box", "password": {"env": "BROKER_PASSWORD"}},
        "storage": {"folder": str(folder / "data")},
        "cameras": [{"id": f"gate-{n}", "url": f"rtsp://192.0.2.{n}/live", "zones": [zone]} for n in range(cameras)],
    }
    path = folder / "box.yaml"
    path.write_text(yaml.safe_dump(written))
    return path


@pytest.fixture
def tries(tmp_path: Path, observed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessTries]:
    monkeypatch.setenv("BROKER_PASSWORD", CANARY)
    (tmp_path / "data").symlink_to(observed)
    chosen = ProcessTries(Site(configured(tmp_path, MANY)), tmp_path / "data")
    yield chosen
    chosen.cancel()
    wait_until(lambda: not runs(os.getpid()), "what was begun to end")
    chosen.run()  # its last words


def children(pid: int) -> set[int]:
    """Of all threads of a process; none when it is gone."""
    try:
        told = [(task / "children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    except (FileNotFoundError, ProcessLookupError):
        return set()
    return {int(child) for line in told for child in line.split()}


def runs(agent: int) -> set[int]:
    """Those that an agent started."""
    return {pid for pid in children(agent) if b"agent.app.what_if" in read(pid, "cmdline")}


def family(agent: int) -> set[int]:
    """The run that an agent started, and the processes of that; once both are there."""
    wait_until(lambda: any(children(pid) for pid in runs(agent)), "the run and its processes")
    found = runs(agent)
    return found.union(*(children(pid) for pid in found))


def read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def gone(pids: set[int]) -> bool:
    """Whether none of them runs; what only waits to be told of as ended has ended."""
    states = [read(pid, "stat").rpartition(b")")[2].split() for pid in pids]
    return all(not state or state[0] in (b"Z", b"X") for state in states)


def test_a_run_and_its_processes_are_gone_when_it_is_cancelled(tries: ProcessTries) -> None:
    tries.start(Wish(edits=(SLOWER,)))
    processes = family(os.getpid())
    assert len(processes) >= 2
    assert tries.run().phase is RunPhase.RUNNING
    with pytest.raises(CommandRejected, match="running"):
        tries.start(Wish())
    tries.cancel()
    wait_until(lambda: gone(processes), "all to have ended")
    assert tries.run().phase is RunPhase.CANCELLED
    tries.start(Wish(cameras=("gate-0",), edits=(SLOWER,), quick=True))
    wait_until(lambda: tries.run().phase is RunPhase.DONE, "the next one")


def test_a_run_that_no_page_waits_for_ends(tmp_path: Path, tries: ProcessTries) -> None:
    left = ProcessTries(Site(tmp_path / "box.yaml"), tmp_path / "data", patience_s=0.5)
    left.start(Wish())
    processes = family(os.getpid())
    wait_until(lambda: gone(processes), "all to have ended")
    assert left.run().phase is RunPhase.FAILED
    assert "no page waited" in left.run().error


def test_a_run_and_its_processes_end_with_an_agent_that_is_killed(tmp_path: Path, tries: ProcessTries) -> None:
    command = [sys.executable, "-m", "tests.tries_child", str(tmp_path / "box.yaml"), str(tmp_path / "data")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as agent:
        processes = family(agent.pid)
        agent.kill()
    wait_until(lambda: gone(processes), "all to have ended")


def test_a_run_is_given_no_secret_of_the_environment(tries: ProcessTries) -> None:
    tries.start(Wish(edits=(SLOWER,)))
    environments = [read(pid, "environ") for pid in family(os.getpid())]
    assert all(b"PATH=" in environment for environment in environments)
    assert not any(CANARY.encode() in environment for environment in environments)
