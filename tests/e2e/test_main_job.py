"""The main job on a real stream: RTSP camera, the agent as its own process, a real broker, and much going wrong."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from agent.core.types import Image
from agent.core.wire import parse_evidence
from tests.cameras import PASSWORD, SUB, USER, simulated_camera
from tests.e2e.agent_process import AgentProcess, cityeye, stored_incidents, wait_until
from tests.e2e.centre import box_of, cars_of, parsed
from tests.e2e.faults import incidents_of
from tests.e2e.street import DWELL_S, PARKED, car_in, clip, truth, write_config
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.proxy import Proxy

pytestmark = pytest.mark.server

EVIDENCE_SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/contract/evidence.schema.json").read_text())
OUTAGE_S = 12.0
"""Longer than the zone's clear_after (8 s): if blindness could close anything, it would by then."""


def now() -> datetime:
    return datetime.now(UTC)


def scene_stamp(data: Path) -> datetime:
    """Up to when the kept scene of the camera knows the street."""
    with closing(sqlite3.connect(f"file:{data}/cityeye.db?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT state FROM scenes WHERE camera = 'fall'").fetchall()
    return datetime.fromisoformat(json.loads(rows[0][0])["stamp"]["utc"]) if rows else datetime.min.replace(tzinfo=UTC)


def wait_for_state(centre: Listener, status: str) -> dict[str, Any]:
    """The newest state, once the box says this; what the broker kept of an earlier run does not count."""

    def newest() -> dict[str, Any]:
        said = [json.loads(message.payload) for message in centre.on("/state") if not message.retain]
        return dict(said[-1]) if said else {}

    centre.wait_until(lambda: newest().get("status") == status)
    return newest()


def reference(name: str) -> Image:
    """The car as it is in the clip's first picture."""
    capture = cv2.VideoCapture(str(clip()))
    ok, image = capture.read()
    capture.release()
    assert ok
    height, width = image.shape[:2]
    x1, y1, x2, y2 = truth()[name]
    return np.asarray(image[round(y1 * height) : round(y2 * height), round(x1 * width) : round(x2 * width)], np.uint8)


def shown_in(close_up: Path, event: dict[str, Any]) -> str:
    """Which of the parked cars a close-up shows best."""
    picture = np.asarray(cv2.imread(str(close_up)), np.uint8)
    _, y1, _, y2 = box_of(event)
    zoom = picture.shape[0] / ((y2 - y1) * 480 * 1.6)  # 30 % of margin above and below
    scores = {}
    for name in PARKED:
        car = np.asarray(cv2.resize(reference(name), None, fx=zoom, fy=zoom), np.uint8)
        car = car[: picture.shape[0], : picture.shape[1]]
        scores[name] = float(cv2.matchTemplate(picture, car, cv2.TM_CCOEFF_NORMED).max())
    return max(scores, key=lambda name: scores[name])


def check_pictures(data: Path, event: dict[str, Any]) -> None:
    """All pictures are there, are what the event says, and the close-up shows the car of the event."""
    pictures = {item["kind"]: item for item in event["data"]["evidence"]}
    assert set(pictures) - {"first_sight_wide", "first_sight_close_up"} == {"wide", "close_up"}
    for kind, item in pictures.items():
        [path] = data.glob(f"evidence/*/{event['data']['incident']}/{event['data']['revision']}-{kind}.jpg")
        content = path.read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (item["sha256"], item["bytes"])
        if kind == "close_up":
            assert shown_in(path, event) == car_in(box_of(event))


def check_sent(centre: Listener, events: list[dict[str, Any]]) -> None:
    """The centre gets every picture that these events name, whole and valid, and no other."""
    named = {item["id"]: (event, item) for event in events for item in event["data"]["evidence"]}
    arrived = centre.wait_for(len(named), "/evidence")
    for message in arrived:
        jsonschema.validate(json.loads(message.payload), EVIDENCE_SCHEMA, format_checker=jsonschema.FormatChecker())
        told = parse_evidence(message.payload)
        event, item = named[str(told.id)]
        assert hashlib.sha256(told.picture()).hexdigest() == item["sha256"]
        assert (str(told.subject), told.eventsequence, told.kind) == (event["subject"], event["sequence"], item["kind"])
    assert {str(parse_evidence(message.payload).id) for message in arrived} == set(named)


def test_four_parked_cars_are_four_incidents_through_every_outage(tmp_path: Path) -> None:
    """The box finds the way to the broker when the centre listens there."""
    data, way = tmp_path / "data", free_port()
    broker = Mosquitto(tmp_path / "broker")
    with simulated_camera(clip(), "--loop") as camera:
        login: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
        config = write_config(tmp_path, url=camera.url(SUB), mqtt={"port": way}, **login)
        with AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD}) as agent:
            # The broker is away at the start: the incidents are kept.
            wait_until(lambda: incidents_of(data) == 4, "four incidents in the store")
            with broker, Listener(broker.port) as centre, Proxy(broker.port, port=way):
                opened = parsed(centre.wait_for(4, "/event"))
                assert [e["type"] for e in opened] == ["cityeye.illegal_parking.opened"] * 4
                assert cars_of(opened) == sorted(PARKED), "each parked car once, none of the traffic"
                for event in opened:
                    assert event["data"]["dwell_s"] >= DWELL_S
                    check_pictures(data, event)
                check_sent(centre, opened)
                wait_for_state(centre, "online")

            # The broker is away again; the camera loses its power for longer than it takes to close an incident.
            camera.stop()
            lost_at = now()
            agent.wait_for_log("nobody is looking: offline")
            wait_until(lambda: scene_stamp(data) >= lost_at + timedelta(seconds=OUTAGE_S), "the outage to be noticed")
            assert [i["phase"] for i in stored_incidents(config)] == ["opened"] * 4, "an outage closes nothing"

            # The box loses its power, too. Then both are back: the same incidents go on.
            agent.kill()
            camera.start()
            agent.start()
            agent.wait_for_log("nobody is looking: restart", count=2)
            back_at = now()
            wait_until(lambda: scene_stamp(data) >= back_at + timedelta(seconds=OUTAGE_S), "the camera to be back")
            known = {e["data"]["incident"] for e in opened}
            assert {i["incident_id"] for i in stored_incidents(config)} == known

            # The broker is back, and the zone is given up: four closings, with the outage as blind time.
            with broker, Listener(broker.port) as centre, Proxy(broker.port, port=way):
                wait_for_state(centre, "online")
                assert agent.stop() == 0
                assert wait_for_state(centre, "offline")["reason"] == "stopped"
                write_config(tmp_path, url=camera.url(SUB), mqtt={"port": way}, zones=False, **login)
                agent.start()
                closed = parsed(centre.wait_for(4, "/event"))
                assert agent.stop() == 0

    assert {e["data"]["incident"] for e in closed} == known
    assert [int(e["sequence"]) for e in opened + closed] == list(range(1, 9)), "no gap, none doubled"
    for event in closed:
        [before] = [e for e in opened if e["subject"] == event["subject"]]
        assert (event["type"], event["data"]["close_reason"]) == ("cityeye.illegal_parking.closed", "rule_removed")
        assert event["data"]["times"]["first_seen"] == before["data"]["times"]["first_seen"]
        assert event["data"]["blind_s"] >= OUTAGE_S
        assert event["data"]["dwell_s"] > before["data"]["dwell_s"]
    assert PASSWORD not in agent.log
    assert "Traceback" not in agent.log


def test_a_replay_of_the_clip_gives_the_same_four_incidents(tmp_path: Path) -> None:
    config = write_config(tmp_path, url="rtsp://192.0.2.1/Streaming/Channels/102", mqtt={"port": 1})
    runs = [
        cityeye("replay", str(clip()), "--config", str(config), "--evidence", str(tmp_path / str(i))) for i in (1, 2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr
    events = [json.loads(line) for line in runs[0].stdout.splitlines()]
    assert [e["type"] for e in events] == ["cityeye.illegal_parking.opened"] * 4
    assert cars_of(events) == sorted(PARKED)
    clockless = [[{**json.loads(line), "data": None} for line in run.stdout.splitlines()] for run in runs]
    assert clockless[0] == clockless[1], "the same ids and times every time"
    assert "Illegal parking" in runs[0].stderr
