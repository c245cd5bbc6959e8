"""A disk that fills up or may not be written: events go out all the same, and pictures come back with the room."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cameras import MAIN, SimulatedCamera, need_simulated_camera
from tests.e2e.agent_process import AgentProcess
from tests.e2e.centre import cars_of
from tests.e2e.faults import check_log, events_of, told
from tests.e2e.street import PARKED, camera, clip, file_camera, write_street
from tests.listener import Listener
from tests.memory_disk import fill, memory_disk
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.server

KEEP_FREE = "9MB"
"""More than the reserve of 8 MiB: what is released for the database is not spent on pictures."""


def notes_of(events: list[dict[str, Any]]) -> set[tuple[str | None, int]]:
    """Note and number of pictures of its own moment, as found among the events."""
    return {
        (event["data"].get("evidence_note"), sum(not e["kind"].startswith("first_") for e in event["data"]["evidence"]))
        for event in events
    }


def arrived(centre: Listener, cameras: int = 1) -> list[dict[str, Any]]:
    """The events of so many cameras on this street."""
    return events_of([message.payload for message in centre.wait_for(cameras * len(PARKED), "/event")])


def test_events_leave_without_pictures_while_the_disk_is_full_and_pictures_come_back(tmp_path: Path) -> None:
    need_simulated_camera()
    late = SimulatedCamera(clip(), "--auth", "none", "--loop")
    late.port = free_port()
    data = tmp_path / "data"
    with memory_disk(data, "size=32m"), Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        storage = {"folder": str(data), "keep_free": KEEP_FREE}
        cameras = [file_camera(), camera("late", url=late.url(MAIN))]
        config = write_street(tmp_path, cameras=cameras, mqtt={"port": broker.port}, storage=storage)
        with AgentProcess(config) as agent:
            agent.wait_for_log("cameras: 2")
            filler = fill(data)
            full = arrived(centre)
            assert cars_of(full) == sorted(PARKED)
            assert notes_of(full) == {("disk_full", 0)}
            filler.unlink()
            late.start()  # only now, so that all of its events are about a time with room
            try:
                roomy = [event for event in arrived(centre, cameras=2) if event not in full]
            finally:
                late.stop()
            assert cars_of(roomy) == sorted(PARKED)
            assert notes_of(roomy) == {(None, 2)}
            assert agent.stop() == 0
    told(agent.log, "disk full: released the reserve")
    told(agent.log, "evidence pictures are not kept (disk_full)")
    told(agent.log, "evidence pictures are kept again")
    check_log(agent.log)


def test_events_wait_in_memory_when_the_disk_was_too_small_for_a_reserve(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with memory_disk(data, "size=16m"), Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        storage = {"folder": str(data), "keep_free": KEEP_FREE}
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port}, storage=storage)
        with AgentProcess(config) as agent:
            agent.wait_for_log("cameras: 1")
            filler = fill(data)
            agent.wait_for_log("file: incident", count=len(PARKED))
            agent.wait_for_log("events wait in memory")
            assert centre.on("/event") == [], "nothing leaves that is not kept"
            filler.unlink()
            assert cars_of(arrived(centre)) == sorted(PARKED)
            assert agent.stop() == 0
    told(agent.log, "events wait in memory")
    told(agent.log, "that waited in memory are kept again")
    check_log(agent.log)


def test_an_evidence_folder_that_may_not_be_written_costs_the_pictures_only(tmp_path: Path) -> None:
    evidence = tmp_path / "data" / "evidence"
    with memory_disk(evidence, "ro"):
        check_events_without_pictures(tmp_path, "read_only")


def test_a_file_in_place_of_the_evidence_folder_costs_the_pictures_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "evidence").write_text("a file")
    check_events_without_pictures(tmp_path, "io_error")


def check_events_without_pictures(folder: Path, note: str) -> None:
    with Mosquitto(folder / "broker") as broker, Listener(broker.port) as centre:
        storage = {"folder": str(folder / "data"), "keep_free": "0MB"}
        config = write_street(folder, cameras=[file_camera()], mqtt={"port": broker.port}, storage=storage)
        with AgentProcess(config) as agent:
            events = arrived(centre)
            assert agent.stop() == 0
    assert cars_of(events) == sorted(PARKED)
    assert notes_of(events) == {(note, 0)}
    line = told(agent.log, f"evidence pictures are not kept ({note})")
    assert str(folder / "data" / "evidence") in line
    check_log(agent.log)
