"""The centre asks, the agent as a process carries it out: over a real broker, on a real stream."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.e2e.agent_process import AgentProcess, cityeye, stored_incidents, wait_until
from tests.e2e.asker import Asker
from tests.e2e.centre import parsed
from tests.e2e.street import file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto

pytestmark = pytest.mark.server

BOX = "cityeye/v1/gongshu/box-7"


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
            again = parsed(centre.wait_for(8, "/event"))[6:]
            assert sorted(e["data"]["previous_incident"] for e in again) == sorted([first, second])
            wait_until(lambda: len(stored_incidents(config)) == 6, "six incidents in the store")
            assert third in {i["incident_id"] for i in stored_incidents(config) if i["phase"] != "closed"}
            assert agent.stop() == 0
    sequences = [int(event["sequence"]) for event in opened + closed + again]
    assert sequences == list(range(1, 9)), "no gap, none doubled"
