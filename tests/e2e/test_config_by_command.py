"""The configuration over MQTT: put in force without a restart, watched, and taken back by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cameras import PASSWORD, SUB, USER, simulated_camera
from tests.e2e.agent_process import AgentProcess, wait_until
from tests.e2e.asker import Asker
from tests.e2e.centre import parsed
from tests.e2e.street import camera, clip, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto

pytestmark = pytest.mark.server

BOX = "cityeye/v1/gongshu/box-7"
LOGIN: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
QUICK = {"commands": {"probation": "10s"}}


def changed(document: str, change: Any) -> str:
    """The document, after `change` was let loose on its content."""
    settings = yaml.safe_load(document)
    change(settings)
    return yaml.safe_dump(settings, allow_unicode=True)


def test_a_change_comes_into_force_for_one_camera_while_the_other_goes_on(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker.port) as centre,
        simulated_camera(clip(), "--loop") as stream,
    ):
        cameras = [camera("fall", url=stream.url(SUB), **LOGIN), file_camera("file")]
        config = write_street(tmp_path, cameras=cameras, mqtt={"port": broker.port}, **QUICK)
        asker = Asker(centre, BOX)
        with AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD}) as agent:
            opened = parsed(centre.wait_for(8, "/event"))
            before = asker.ask("config.get")
            assert PASSWORD not in before["document"]

            def no_zones(settings: dict[str, Any]) -> None:
                settings["cameras"][1]["zones"] = []

            new = changed(before["document"], no_zones)
            assert asker.refused("config.put", document=new, if_version="not-this-one") == "conflict"
            put = asker.send("config.put", document=new, if_version=before["config_version"])
            closed = parsed(centre.wait_for(12, "/event"))[8:]
            assert {(e["data"]["camera"], e["data"]["close_reason"]) for e in closed} == {("file", "rule_removed")}
            assert asker.refused("config.put", document=before["document"]) == "busy"
            done = asker.outcome(put)
            assert (done["status"], done["result"]["config_version"]) != ("done", before["config_version"])
            assert done["status"] == "done", done
            assert asker.ask("config.get")["config_version"] == done["result"]["config_version"]
            assert yaml.safe_load(config.read_text())["cameras"][1]["zones"] == []
            fall = [e for e in opened if e["data"]["camera"] == "fall"]
            seen = asker.ask("verify", incident=fall[0]["subject"])
            assert seen["verdict"] == "still_present", "the other camera's incident goes on"
            update = parsed(centre.wait_for(13, "/event"))[-1]
            assert update["data"]["config_version"] == done["result"]["config_version"]
            assert update["data"]["blind_s"] == fall[0]["data"]["blind_s"], "nobody was blind there"
            assert agent.log.count("nobody is looking") == 2, "once for each camera, at the start"
            assert agent.stop() == 0


def test_what_is_wrong_is_told_line_by_line_and_changes_nothing(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port}, **QUICK)
        text = config.read_text()
        asker = Asker(centre, BOX)
        with AgentProcess(config) as agent:
            centre.wait_for(1, "/state")
            outcome = asker.outcome(asker.send("config.put", document="version: 1\nmqtt: {}\ncamras: []\n"))
            assert outcome["code"] == "invalid"
            assert "mqtt.host" in outcome["message"]
            assert "camras" in outcome["message"]

            def another_box(settings: dict[str, Any]) -> None:
                settings["box"]["id"] = "box-8"

            assert asker.refused("config.put", document=changed(text, another_box)) == "not_allowed"
            assert config.read_text() == text
            assert agent.stop() == 0


def test_a_camera_that_does_not_come_back_takes_the_change_back(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "broker") as broker,
        Listener(broker.port) as centre,
        simulated_camera(clip(), "--loop") as stream,
    ):
        cameras = [camera("fall", url=stream.url(SUB), **LOGIN)]
        config = write_street(tmp_path, cameras=cameras, mqtt={"port": broker.port}, commands={"probation": "60s"})
        asker = Asker(centre, BOX)
        with AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD}) as agent:
            incidents = {e["subject"] for e in parsed(centre.wait_for(4, "/event"))}
            before = asker.ask("config.get")

            def nowhere(settings: dict[str, Any]) -> None:
                settings["cameras"][0]["url"] = "rtsp://127.0.0.1:9/Streaming/Channels/102"

            outcome = asker.outcome(asker.send("config.put", document=changed(before["document"], nowhere)))
            assert outcome["code"] == "failed"
            assert "camera fall delivered pictures before" in outcome["message"]
            assert asker.ask("config.get")["config_version"] == before["config_version"]
            seen = asker.ask("verify", incident=next(iter(incidents)))
            assert seen["verdict"] == "still_present", "the camera is back, and knows its incidents"
            assert len(parsed(centre.on("/event"))) == 5, "four openings and the new picture of one of them"
            assert agent.stop() == 0


def test_a_box_that_loses_its_power_on_probation_starts_with_the_former_document(tmp_path: Path) -> None:
    """In MQTT 3.1.1, where the body of a command says all."""
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        old = {"port": broker.port, "protocol": "3.1.1"}
        config = write_street(tmp_path, cameras=[file_camera()], mqtt=old, **QUICK)
        asker = Asker(centre, BOX)
        with AgentProcess(config) as agent:
            centre.wait_for(4, "/event")
            before = asker.ask("config.get")

            def no_zones(settings: dict[str, Any]) -> None:
                settings["cameras"][0]["zones"] = []

            put = asker.send("config.put", document=changed(before["document"], no_zones))
            centre.wait_for(8, "/event")
            agent.kill()
            agent.start()
            outcome = asker.outcome(put)
            assert outcome["code"] == "failed"
            assert "put back" in outcome["message"]
            assert asker.ask("config.get")["config_version"] == before["config_version"]
            assert yaml.safe_load(config.read_text())["cameras"][0]["zones"] != []
            assert agent.stop() == 0


def test_a_restart_is_a_new_run_in_the_same_process(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port}, **QUICK)
        asker = Asker(centre, BOX)
        with AgentProcess(config) as agent:
            opened = parsed(centre.wait_for(4, "/event"))
            boot, pid = asker.ask("ping")["boot_id"], agent.pid
            restart = asker.send("restart")
            outcome = asker.outcome(restart)
            assert [a["status"] for a in asker.answers(restart)] == ["accepted", "done"]
            assert outcome["result"]["restarted_as"] == asker.ask("ping")["boot_id"] != boot
            assert agent.pid == pid
            os.kill(pid, 0)

            def another_model(settings: dict[str, Any]) -> None:
                settings["model"]["min_score"] = 0.12

            document = asker.ask("config.get")["document"]
            put = asker.outcome(asker.send("config.put", document=changed(document, another_model)))
            assert put["status"] == "done", put
            seen = asker.ask("verify", incident=opened[0]["subject"])
            assert seen["verdict"] == "still_present"
            wait_until(lambda: len(parsed(centre.on("/event"))) == 5, "the update that goes with it")
            assert agent.stop() == 0
