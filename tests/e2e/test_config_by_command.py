"""The configuration over MQTT: put in force without a restart, watched, and taken back by itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
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
from tests.simulator import Simulator

pytestmark = pytest.mark.server

BOX = "cityeye/v1/gongshu/box-7"
LOGIN: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
QUICK = {"commands": {"probation": "10s"}}
ACK = b'{"sequence": "00000000000000000001"}'


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

            def the_last_word(settings: dict[str, Any]) -> None:
                settings["commands"]["refuse"] = ["config.put"]

            outcome = asker.outcome(asker.send("config.put", document=changed(text, the_last_word)))
            assert (outcome["code"], "change it at the box" in outcome["message"]) == ("not_allowed", True)
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
                nobody = "rtsp://127.0.0.1:9/Streaming/Channels/102"
                settings["cameras"][0].update(url=nobody, password="anew: a reference does not go to another host")

            outcome = asker.outcome(asker.send("config.put", document=changed(before["document"], nowhere)))
            assert outcome["code"] == "failed"
            assert "camera fall delivered pictures before" in outcome["message"]
            assert asker.ask("config.get")["config_version"] == before["config_version"]
            seen = asker.ask("verify", incident=next(iter(incidents)))
            assert seen["verdict"] == "still_present", "the camera is back, and knows its incidents"
            told = parsed(centre.wait_for(5, "/event"))  # an answer overtakes events
            assert len(told) == 5, "four openings and the new picture of one of them"
            assert agent.stop() == 0


def test_a_box_that_loses_its_power_on_probation_starts_with_the_former_document(tmp_path: Path) -> None:
    """In MQTT 3.1.1, where the body of a command says all."""
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        old = {"port": broker.port, "protocol": "3.1.1"}
        config = write_street(tmp_path, cameras=[file_camera()], mqtt=old, commands={"probation": "1h"})
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


def test_a_broker_where_nobody_of_the_centre_is_takes_the_change_back(tmp_path: Path) -> None:
    """Somebody has left an ack and a command there, retained: neither is a sign that the centre is there now."""
    with (
        Mosquitto(tmp_path / "old") as old,
        Mosquitto(tmp_path / "new") as new,
        Listener(old.port) as centre,
        Listener(new.port) as stranger,
    ):
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": old.port}, **QUICK)
        text, asker = config.read_text(), Asker(centre, BOX)
        with AgentProcess(config) as agent:
            centre.wait_for(4, "/event")
            ping = {"id": "left", "command": "ping", "issued_at": "2026-01-01T00:00:00Z"}
            stranger.publish(f"{BOX}/cmd", json.dumps(ping).encode(), retain=True)
            stranger.publish(f"{BOX}/ack", ACK, retain=True)
            before = asker.ask("config.get")
            put = asker.send("config.put", document=changed(text, to(new)), if_version=before["config_version"])
            stranger.wait_until(lambda: states(stranger) == ["online"])
            outcome = asker.outcome(put)
            told = f"nobody of the centre was heard at 127.0.0.1:{new.port}: no ack or command within 10 s"
            assert (outcome["status"], outcome["code"]) == ("rejected", "failed")
            assert outcome["message"] == f"{told}; the former document was put back"
            assert asker.ask("ping")["config_version"] == before["config_version"]
            assert config.read_text() == text
            stranger.wait_until(lambda: states(stranger) == ["online", "offline"])
            assert agent.stop() == 0


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
@pytest.mark.parametrize("sign", ["ack", "ping"])
def test_a_broker_where_the_centre_says_something_is_kept_and_the_answer_comes_there(
    sign: str, protocol: str, tmp_path: Path
) -> None:
    with (
        Mosquitto(tmp_path / "old") as old,
        Mosquitto(tmp_path / "new") as new,
        Listener(old.port) as centre,
        Listener(new.port) as moved,
    ):
        mqtt = {"port": old.port, "protocol": protocol}
        config = write_street(tmp_path, cameras=[file_camera()], mqtt=mqtt, **QUICK)
        with AgentProcess(config) as agent:
            centre.wait_for(4, "/event")
            put = Asker(centre, BOX).send("config.put", document=changed(config.read_text(), to(new)))
            moved.wait_until(lambda: states(moved) == ["online"])
            agent.wait_for_log(f"the centre has to be heard at 127.0.0.1:{new.port}")
            there = Asker(moved, BOX)
            if sign == "ack":
                moved.publish(f"{BOX}/ack", ACK)
            else:
                there.ask("ping", id="are-you-there")
            done = there.outcome(put)
            assert done["status"] == "done", done
            assert there.ask("ping", id="which-one")["config_version"] == done["result"]["config_version"]
            centre.wait_until(lambda: states(centre) == ["online", "offline"])
            assert yaml.safe_load(config.read_text())["mqtt"]["port"] == new.port
            assert agent.stop() == 0


def test_the_closure_simulator_finds_a_box_that_was_sent_to_its_broker(tmp_path: Path) -> None:
    """It sends no acks, and comes when the box is there already; it has to be there before the probation is over."""
    with Mosquitto(tmp_path / "old") as old, Mosquitto(tmp_path / "new") as new, Listener(old.port) as centre:
        long_enough = {"probation": "30s"}
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": old.port}, commands=long_enough)
        with AgentProcess(config) as agent:
            centre.wait_for(4, "/event")
            put = Asker(centre, BOX).send("config.put", document=changed(config.read_text(), to(new)))
            agent.wait_for_log("the centre has to be heard")
            with Simulator(tmp_path, new.port, "--no-ack", tenant="gongshu") as simulator:
                simulator.wait_until(lambda: bool(simulator.told(kind="rsp", id=put, status="done")))
                assert simulator.stop() == 0
            assert agent.stop() == 0


def to(broker: Mosquitto) -> Callable[[dict[str, Any]], None]:
    """Changes a document so that the box connects to this broker."""

    def change(settings: dict[str, Any]) -> None:
        settings["mqtt"]["port"] = broker.port

    return change


def states(listener: Listener) -> list[str]:
    return [json.loads(state.payload)["status"] for state in listener.on("/state")]
