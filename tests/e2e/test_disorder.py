"""Stalls, garbage and camera faults on real streams: RTSP camera, the agent as its own process, a real broker.

No clip of a bin that fills was to be had. So a real street photo with cardboard beside a container is shown as a
stream, before and after with the cardboard filled in from its surroundings.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from agent.core.geometry import iou
from agent.core.tracking.sighted import BRIDGE_S
from agent.core.types import Box
from tests.cameras import PASSWORD, SUB, USER, SimulatedCamera, need_simulated_camera
from tests.e2e.agent_process import AgentProcess, cityeye, wait_until
from tests.e2e.centre import box_of, parsed
from tests.e2e.faults import incidents_of
from tests.films import excerpt, standing, without, write_film
from tests.listener import Listener
from tests.mosquitto import Mosquitto
from tests.shared_data import shared

pytestmark = pytest.mark.server

EVERYWHERE = [[0, 0], [1, 0], [1, 1], [0, 1]]
BAG: Box = (450 / 720, 369 / 480, 508 / 720, 413 / 480)
PHOTO = "mdc_photo_cdv_photo_006_1468168008532.jpg"
BOXES: Box = (0.30, 0.33, 0.70, 0.70)
BIN_ZONE = [[0.25, 0.1], [0.95, 0.1], [0.95, 0.75], [0.25, 0.75]]


def write_config(folder: Path, camera: SimulatedCamera, broker: Mosquitto, **keys: Any) -> Path:
    settings = {
        "mqtt": {"host": "127.0.0.1", "port": broker.port},
        "model": {"id": "street-nano"},
        "storage": {"folder": str(folder / "data")},
        "cameras": [
            {
                "id": "corner",
                "url": camera.url(SUB),
                "username": USER,
                "password": {"env": "CAMERA_PASSWORD"},
                "read_timeout": "3s",
                **keys,
            }
        ],
    }
    path = folder / "corner.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return path


def agent_of(config: Path) -> AgentProcess:
    return AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD})


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, str, str | None]]:
    return [(e["type"], e["data"]["kind"], e["data"]["channel"], e["data"]["close_reason"]) for e in events]


def test_a_bag_left_on_a_pavement_survives_a_power_cut_until_it_is_accepted(tmp_path: Path) -> None:
    need_simulated_camera()
    video = shared("video", "aboda_video4.avi")
    clean, left = (0.0, 9.5), (20.7, 29.7)
    first = [*excerpt(video, *clean, times=2), *excerpt(video, *left, times=5)]
    before = write_film(tmp_path / "before.mp4", first, (720, 480))
    after = write_film(tmp_path / "after.mp4", excerpt(video, *left, times=8), (720, 480))
    rules = {"stall_encroachment": {"dwell": "8s", "clear_after": "8s"}}
    zone = {"id": "pavement", "polygon": EVERYWHERE, "rules": rules}
    camera = SimulatedCamera(before)
    camera.start()
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_config(tmp_path, camera, broker, zones=[zone])
        try:
            with agent_of(config) as agent:
                (opened,) = parsed(centre.wait_for(1, "/event"))
                agent.kill()
                wait_until(lambda: unseen_s(tmp_path / "data") > BRIDGE_S, "the outage to be one")
                camera.stop()
                camera = SimulatedCamera(after)
                camera.start()
                write_config(tmp_path, camera, broker, zones=[zone])
                agent.start()
                agent.wait_for_log("watching with", count=2)
                # It is seen again, and known: nothing new is told, though the dwell passes twice.
                wait_until(lambda: seen_again(tmp_path / "data"), "the bag to be seen again", 90.0)
                done = cityeye("reference", "reset", "corner", "pavement", "--config", str(config))
                assert done.returncode == 0, done.stderr
                events = parsed(centre.wait_for(2, "/event"))
                assert agent.stop() == 0
        finally:
            camera.stop()
    assert iou(box_of(opened), BAG) >= 0.4
    assert told(events) == [
        ("cityeye.stall_encroachment.opened", "shop_goods", "scene_change", None),
        ("cityeye.stall_encroachment.closed", "shop_goods", "scene_change", "accepted"),
    ]
    assert events[1]["subject"] == events[0]["subject"]
    assert events[1]["data"]["blind_s"] > 0


def kept_scene(data: Path) -> dict[str, Any]:
    with closing(sqlite3.connect(f"file:{data}/cityeye.db?mode=ro", uri=True)) as connection:
        (state,) = connection.execute("SELECT state FROM scenes").fetchone()
    scene: dict[str, Any] = json.loads(state)
    return scene


def unseen_s(data: Path) -> float:
    """How long ago the last look of the kept scene is. Looks that are close together count as sight in between."""
    return (datetime.now(UTC) - datetime.fromisoformat(kept_scene(data)["stamp"]["utc"])).total_seconds()


def seen_again(data: Path) -> bool:
    """Whether the kept scene saw its incident after a gap."""
    (presence,) = [p for p in kept_scene(data)["presences"] if p["state"] == "open"]
    return bool(presence["blind_s"] > 0)


def test_cardboard_beside_a_container_come_and_go_and_then_the_camera_does(tmp_path: Path) -> None:
    need_simulated_camera()
    photo = cv2.imread(str(shared("garbage", "amsterdam_unlabelled", PHOTO)))
    assert photo is not None
    full = np.asarray(cv2.resize(photo, (640, 480), interpolation=cv2.INTER_AREA), np.uint8)
    clean = without(full, BOXES)
    scenes = [standing(clean, 18, 1), standing(full, 24, 2), standing(clean, 40, 3)]
    film = write_film(tmp_path / "boxes.mp4", (picture for scene in scenes for picture in scene), (640, 480))
    rule = {"place": "bin", "dwell": "8s", "clear_after": "8s"}
    zone = {"id": "container", "polygon": BIN_ZONE, "rules": {"garbage_overflow": rule}}
    camera = SimulatedCamera(film)
    camera.start()
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        health = {"dwell": "8s", "clear_after": "5s"}
        config = write_config(tmp_path, camera, broker, zones=[zone], health=health)
        try:
            with agent_of(config) as agent:
                parsed(centre.wait_for(2, "/event"))
                camera.stop()
                parsed(centre.wait_for(3, "/event"))
                camera.start()
                events = parsed(centre.wait_for(4, "/event"))
                assert agent.stop() == 0
        finally:
            camera.stop()
    kinds = [(e["type"], e["data"]["kind"], e["data"]["close_reason"]) for e in events]
    assert kinds == [
        ("cityeye.garbage_overflow.opened", "bin", None),
        ("cityeye.garbage_overflow.closed", "bin", "cleared"),
        ("cityeye.camera_health.opened", "offline", None),
        ("cityeye.camera_health.closed", "offline", "cleared"),
    ]
    assert incidents_of(tmp_path / "data") == 2
