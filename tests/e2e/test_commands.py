"""The centre asks, the agent as a process carries it out: over a real broker, on a real stream."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from agent.core.wire import parse_evidence
from tests.cameras import PASSWORD, SUB, USER, simulated_camera
from tests.e2e.agent_process import AgentProcess, cityeye, stored_incidents, wait_until
from tests.e2e.asker import Asker
from tests.e2e.centre import parsed
from tests.e2e.street import clip, file_camera, write_config, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto

pytestmark = pytest.mark.server

BOX = "cityeye/v1/gongshu/box-7"
EVIDENCE_SCHEMA = json.loads((Path(__file__).parents[2] / "docs/contract/evidence.schema.json").read_text())


def test_small_commands_on_a_street_with_four_parked_cars(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port})
        asker = Asker(centre, BOX)
        with AgentProcess(config) as agent:
            opened = parsed(centre.wait_for(4, "/event"))
            first, second, third, _ = [event["subject"] for event in opened]

            pong = asker.ask("ping")
            state = json.loads(centre.on("/state")[-1].payload)
            assert (pong["boot_id"], pong["config_version"]) == (
                state["boot_id"],
                opened[0]["data"]["config_version"],
            )
            taken = asker.ask("acknowledge", id="a-1", incident=first, by="李", note="队员已出发")
            assert asker.ask("acknowledge", id="a-2", incident=first) == taken, "the first one counts"
            assert asker.refused("acknowledge", incident="01981a2b-0000-7000-8000-000000001001") == "unknown_incident"
            assert asker.refused("ping", id="a-1") == "id_reused"
            assert asker.refused("ping", expires_at=(datetime.now(UTC) - timedelta(seconds=1)).isoformat()) == "expired"

            until = datetime.now(UTC) + timedelta(hours=1)
            asker.ask("dismiss", incident=first, reason="tolerated", until=until.isoformat(), by="李")
            asker.ask("dismiss", incident=second, reason="false_report")
            samples = tmp_path / "data" / "dismissed" / "images"
            wait_until(lambda: len(list(samples.glob("*.jpg"))) == 2, "two labelled samples")
            closed = parsed(centre.wait_for(6, "/event"))[4:]
            assert [(e["subject"], e["data"]["close_reason"]) for e in closed] == [
                (first, "dismissed"),
                (second, "dismissed"),
            ]
            # The box loses its power: what was dismissed stays silent, the other two go on.
            agent.kill()
            agent.start()
            agent.wait_for_log("nobody is looking: restart", count=2)
            listed = cityeye("dismissals", "list", "--config", str(config), "--json")
            assert [(d["incident_id"], d["by"]) for d in map(json.loads, listed.stdout.splitlines())] == [
                (first, "李"),
                (second, None),
            ]
            asker.ask("rules.pause", camera="file", seconds=600)
            assert asker.ask("dismiss", incident=first, undo=True)["undone"]
            undone = cityeye("dismissals", "undo", second, "--config", str(config))
            assert undone.returncode == 0, undone.stderr
            asker.ask("rules.pause", camera="file", seconds=0)
            noted, *again = sorted(parsed(centre.wait_for(9, "/event"))[6:], key=lambda event: str(event["sequence"]))
            # What the centre took back itself it has its answer to; of what was undone at the shell it is told.
            assert (noted["subject"], noted["data"]["said"]) == (second, "dismissal_withdrawn")
            assert sorted(e["data"]["previous_incident"] for e in again) == sorted([first, second])
            wait_until(lambda: len(stored_incidents(config)) == 6, "six incidents in the store")
            assert third in {i["incident_id"] for i in stored_incidents(config) if i["phase"] != "closed"}
            assert agent.stop() == 0
    sequences = [int(event["sequence"]) for event in [*opened, *closed, noted, *again]]
    assert sequences == list(range(1, 10)), "no gap, none doubled"


def pictures_of(centre: Listener) -> dict[str, tuple[dict[str, Any], bytes]]:
    """Evidence id to its message and picture, of all that came; each is checked against the contract."""
    found = {}
    for message in centre.on("/evidence"):
        body = json.loads(message.payload)
        jsonschema.validate(body, EVIDENCE_SCHEMA, format_checker=jsonschema.FormatChecker())
        found[body["id"]] = (body, parse_evidence(message.payload).picture())
    return found


def updates_of(centre: Listener) -> list[dict[str, Any]]:
    return [event for event in parsed(centre.on("/event")) if event["type"].endswith("updated")]


def size_of(jpeg: bytes) -> tuple[int, int]:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.shape[1], image.shape[0]


def test_the_box_looks_again_and_sends_what_it_saw(tmp_path: Path) -> None:
    """On a stream that goes dark in the end: a case must not be closed by a camera that sees nothing."""
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker.port) as centre,
        simulated_camera(clip(), "--loop") as camera,
    ):
        login: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
        config = write_config(tmp_path, url=camera.url(SUB), mqtt={"port": broker.port}, **login)
        asker = Asker(centre, BOX)
        with AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD}) as agent:
            opened = parsed(centre.wait_for(4, "/event"))
            incident = opened[0]["subject"]
            seen = asker.ask("verify", incident=incident)
            assert (seen["verdict"], seen["reason"]) == ("still_present", None)
            assert seen["before"]["id"] in {item["id"] for item in opened[0]["data"]["evidence"]}
            centre.wait_until(lambda: {seen["before"]["id"], seen["after"]["id"]} <= set(pictures_of(centre)))
            centre.wait_until(lambda: len(updates_of(centre)) == 1)  # an answer and its pictures overtake events
            pictures = pictures_of(centre)
            before, after = pictures[seen["before"]["id"]], pictures[seen["after"]["id"]]
            assert size_of(before[1]) == size_of(after[1]), "the same crop"
            [update] = updates_of(centre)
            assert (update["subject"], update["data"]["update_reason"]) == (incident, "evidence")
            assert [item["id"] for item in update["data"]["evidence"]] == [seen["after"]["id"]]

            shot = asker.ask("snapshot", id="shot-1", camera="fall")["picture"]
            centre.wait_until(lambda: shot["id"] in pictures_of(centre))
            message, jpeg = pictures_of(centre)[shot["id"]]
            assert (message["commandid"], message["subject"], message["camera"]) == ("shot-1", None, "fall")
            assert size_of(jpeg)[0] >= 720
            assert asker.refused("snapshot", camera="moon") == "unknown_camera"
            assert asker.refused("verify", incident="01981a2b-0000-7000-8000-000000001001") == "unknown_incident"

            camera.stop()
            agent.wait_for_log("nobody is looking: offline")
            nothing = asker.ask("verify", incident=incident)
            assert (nothing["verdict"], nothing["reason"]) == ("cannot_see", "offline")
            named = {item["id"] for event in opened for item in event["data"]["evidence"]}
            centre.wait_until(lambda: named <= set(pictures_of(centre)))
            assert agent.stop() == 0
