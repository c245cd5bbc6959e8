"""More cameras than one worker can look at: all are looked at less often, none starves, and dwell stays what it is."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from agent.app.places import HEARTBEAT
from tests.e2e.agent_process import AgentProcess, wait_until
from tests.e2e.centre import cars_of, parsed
from tests.e2e.street import DWELL_S, PARKED, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto
from tests.shared_data import shared

pytestmark = pytest.mark.server

CAMERAS = 16

WANTED_S = 0.1
"""Each camera asks for ten looks a second, 160 in all: several times what one worker can do with this model."""


FULL_LOOKS = 10
"""As many looks of a camera tell how it is served, whenever it came online."""


def watched(config: Path) -> list[dict[str, Any]]:
    """The cameras as the running agent's heartbeat tells them, once each was looked at often."""
    path = config.parent / "data" / HEARTBEAT
    if not path.is_file():
        return []
    cameras: list[dict[str, Any]] = json.loads(path.read_text())["watched"]
    return cameras if all(camera["looks"] >= FULL_LOOKS for camera in cameras) else []


def test_overload_is_shared_evenly_told_and_changes_no_dwell(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        cameras = [{**file_camera(f"c{n}"), "decode": "all", "sample_every": f"{WANTED_S}s"} for n in range(CAMERAS)]
        config = write_street(
            tmp_path, cameras=cameras, mqtt={"port": broker.port}, evidence={"send": "off"}, model=one_worker()
        )
        with AgentProcess(config) as agent:
            centre.wait_until(lambda: len(opened(centre)) >= CAMERAS * len(PARKED))
            openings = opened(centre)
            wait_until(lambda: bool(watched(config)), "a heartbeat with all cameras' intervals")
            told = watched(config)
            assert agent.stop() == 0
    intervals = [camera["interval_s"] for camera in told]
    assert min(camera["drops"] for camera in told) > 0, "the worker is overloaded"
    assert min(intervals) > 1.5 * WANTED_S, "and says so for every camera"
    assert max(intervals) <= 2 * min(intervals), f"evenly: {sorted(intervals)}"
    looks = [camera["looks"] for camera in told]
    assert max(looks) <= 2 * min(looks), f"evenly: {sorted(looks)}"
    for camera in cameras:
        assert cars_of([e for e in openings if e["data"]["camera"] == camera["id"]]) == sorted(PARKED)
    for data in (event["data"] for event in openings):
        # Attested by two looks, however many the worker had time for between them.
        first, last = (datetime.fromisoformat(data["times"][name]) for name in ("first_seen", "last_seen"))
        assert data["dwell_s"] >= DWELL_S
        assert data["dwell_s"] + data["blind_s"] == pytest.approx((last - first).total_seconds(), abs=0.2)
    assert "Traceback" not in agent.log


def opened(centre: Listener) -> list[dict[str, Any]]:
    """What was opened so far; on a slow machine some of it may be over before the rest is."""
    return [event for event in parsed(centre.on("/event")) if event["type"].endswith("illegal_parking.opened")]


def one_worker() -> dict[str, Any]:
    """The street's model, which may not rest, in one thread."""
    return {"file": str(shared("models", "yolox_nano.onnx")), "workers": 1, "recheck": "0s"}
