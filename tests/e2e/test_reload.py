"""Another configuration by command, while cameras are watched: put in force, proved, or taken back by itself."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.app.site import Site
from tests.cameras import PASSWORD, SUB, USER, SimulatedCamera, Wire, simulated_camera, tapped
from tests.e2e.agent_process import AgentProcess, cityeye, stored_incidents, wait_until
from tests.e2e.asker import Asker
from tests.e2e.centre import parsed
from tests.e2e.faults import check_log, wait_for_parked_cars
from tests.e2e.street import camera, clip, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port

pytestmark = pytest.mark.server

BOX = "cityeye/v1/gongshu/box-7"
COMMANDS = {"probation": "10s"}


@dataclass(frozen=True)
class Street:
    """A broker, a centre, and one agent that has reported four parked cars on each of its cameras."""

    agent: AgentProcess
    asker: Asker
    centre: Listener
    config: Path
    wires: dict[str, Wire]
    cameras: dict[str, SimulatedCamera]

    @property
    def data(self) -> Path:
        return self.config.parent / "data"

    def open_incidents(self, of: str) -> set[str]:
        rows = stored_incidents(self.config)
        return {row["incident_id"] for row in rows if row["camera"] == of and row["phase"] != "closed"}

    def document(self) -> dict[str, Any]:
        """What the centre is told of the configuration."""
        return dict(yaml.safe_load(self.asker.ask("config.get")["document"]))

    def put(self, document: dict[str, Any]) -> str:
        return self.asker.send("config.put", document=yaml.safe_dump(document))

    def ask_about(self, incident: str) -> str:
        """Have an incident verified; returns when that is under way."""
        asked = self.asker.send("verify", incident=incident)
        self.centre.wait_until(lambda: bool(self.asker.answers(asked)))
        return asked

    def version(self) -> str:
        return str(self.asker.ask("ping")["config_version"])


@contextmanager
def street(folder: Path, *names: str) -> Iterator[Street]:
    with ExitStack() as stack:
        broker = stack.enter_context(Mosquitto(folder / "broker"))
        centre = stack.enter_context(Listener(broker.port))
        wires, real = {}, {}
        cameras = []
        for name in names:
            real[name] = stack.enter_context(simulated_camera(clip(), "--loop"))
            wires[name] = stack.enter_context(tapped(real[name].port))
            login: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}, "main_stream": "off"}
            cameras.append(camera(name, url=wires[name].url(SUB), **login))
        config = write_street(folder, cameras=cameras or [file_camera()], mqtt={"port": broker.port}, commands=COMMANDS)
        agent = stack.enter_context(AgentProcess(config, {"CAMERA_PASSWORD": PASSWORD}))
        for known in [entry["id"] for entry in yaml.safe_load(config.read_text())["cameras"]]:
            wait_for_parked_cars(folder / "data", known)
        yield Street(agent, Asker(centre, BOX), centre, config, wires, real)


def test_a_zone_changes_while_all_cameras_go_on_and_a_bad_address_is_taken_back(tmp_path: Path) -> None:
    with street(tmp_path, "fall", "yard") as it:
        calls = {name: wire.connections for name, wire in it.wires.items()}
        fall, yard, before = it.open_incidents("fall"), it.open_incidents("yard"), it.version()
        document = it.document()
        assert document["cameras"][0]["password"] == {"env": "CAMERA_PASSWORD"}
        document["cameras"][1]["zones"][0]["id"] = "lane"

        put = it.asker.send("config.put", document=yaml.safe_dump(document), if_version=before)
        closed = parsed(it.centre.wait_for(12, "/event"))[8:]
        assert it.asker.refused("config.put", document="x: 1") == "busy"
        done = it.asker.outcome(put)
        assert [answer["status"] for answer in it.asker.answers(put)] == ["accepted", "done"]
        after = done["result"]["config_version"]
        assert (after != before, it.version()) == (True, after)
        assert {event["subject"] for event in closed} == yard
        assert {(e["data"]["close_reason"], e["data"]["config_version"]) for e in closed} == {("rule_removed", after)}
        assert it.asker.refused("config.put", document=yaml.safe_dump(document), if_version=before) == "conflict"

        # What nobody touched went on: the same incidents, no second of it blind, no new connection.
        assert it.open_incidents("fall") == fall
        assert {name: wire.connections for name, wire in it.wires.items()} == calls
        it.asker.ask("dismiss", incident=min(fall), reason="false_report")
        [ended] = [e for e in parsed(it.centre.wait_for(17, "/event")) if e["data"]["close_reason"] == "dismissed"]
        assert (ended["subject"], ended["data"]["config_version"]) == (min(fall), after)
        assert ended["data"]["blind_s"] == 0
        assert ended["data"]["dwell_s"] > 15

        # A camera that cannot be reached any more: the former document comes back, and with it the pictures.
        wires_of_yard = it.wires["yard"].connections
        document["cameras"][0].update(url=f"rtsp://127.0.0.1:{free_port()}{SUB}", password="anew")
        outcome = it.asker.outcome(it.asker.send("config.put", document=yaml.safe_dump(document)))
        assert (outcome["status"], outcome["code"]) == ("rejected", "failed")
        assert re.search("camera fall delivered pictures before.*former document was put back", outcome["message"])
        assert it.version() == after
        wait_until(lambda: it.wires["fall"].connections > calls["fall"], "the camera to be called at its old address")
        assert it.open_incidents("fall") == fall - {min(fall)}
        assert it.wires["yard"].connections == wires_of_yard
        assert yaml.safe_load(it.config.read_text())["cameras"][0]["url"] == it.wires["fall"].url(SUB)

        bad = "mqtt: {host: broker}\ncameras:\n  - id: gate\n    url: http://x\n  - {id: UPPER}\n"
        refused = it.asker.outcome(it.asker.send("config.put", document=bad))
        assert refused["code"] == "invalid"
        assert "document:4: cameras[0].url" in refused["message"]
        assert "document:5: cameras[1].id" in refused["message"]
        document["box"]["id"] = "box-8"
        assert it.asker.refused("config.put", document=yaml.safe_dump(document)) == "not_allowed"
        assert it.agent.stop() == 0
    check_log(it.agent.log, PASSWORD)


def test_verifications_go_on_under_another_configuration_or_are_told_what_became_of_their_incident(
    tmp_path: Path,
) -> None:
    with street(tmp_path, "fall") as it:
        one, other, *_ = sorted(it.open_incidents("fall"))
        document = it.document()
        zone = document["cameras"][0]["zones"][0]

        # Nobody can see it while the rule changes, so that the question waits; then the camera is back.
        it.cameras["fall"].stop()
        it.agent.wait_for_log("fall: nobody is looking: offline")
        asked = it.ask_about(one)
        zone["rules"]["illegal_parking"]["dwell"] = "7s"
        put = it.put(document)
        it.agent.wait_for_log("is in force, on probation")
        assert [answer["status"] for answer in it.asker.answers(asked)] == ["accepted"]
        it.cameras["fall"].start()
        found = it.asker.outcome(asked)
        assert (found["status"], found["result"]["verdict"]) == ("done", "still_present")
        assert it.asker.outcome(put)["status"] == "done"

        # The zone is taken away while the question waits.
        it.cameras["fall"].stop()
        it.agent.wait_for_log("fall: nobody is looking: offline", count=2)
        asked = it.ask_about(other)
        zone["id"] = "lane"
        put = it.put(document)
        told = it.asker.outcome(asked)["result"]
        assert (told["verdict"], told["reason"], told["after"]) == ("cannot_see", "rule_removed", None)
        assert it.asker.outcome(put)["status"] == "done"
        closings = [e for e in parsed(it.centre.on("/event")) if e["data"]["close_reason"] == "rule_removed"]
        assert other in {event["subject"] for event in closings}
        assert it.agent.stop() == 0
    check_log(it.agent.log, PASSWORD)


def test_what_the_store_does_not_take_changes_nothing_and_can_be_sent_again(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        known, before, text = it.open_incidents("file"), it.version(), it.config.read_text()
        document = it.document()
        document["cameras"][0]["zones"][0]["id"] = "lane"
        with closing(sqlite3.connect(it.data / "cityeye.db", isolation_level=None)) as shell:
            shell.execute("BEGIN IMMEDIATE")
            failed = it.asker.outcome(it.put(document))
            shell.execute("ROLLBACK")
        assert (failed["status"], failed["code"]) == ("rejected", "failed")
        assert re.search(
            "another program holds the database.*; nothing was changed, try again later", failed["message"]
        )
        assert (it.version(), it.config.read_text(), Site(it.config).trial()) == (before, text, None)
        assert it.open_incidents("file") == known
        verified = it.asker.ask("verify", incident=min(known))
        assert verified["verdict"] == "still_present", "it is watched as before"
        done = it.asker.outcome(it.put(document))
        assert (done["status"], it.open_incidents("file") & known) == ("done", set())
        assert it.agent.stop() == 0
    check_log(it.agent.log)


def test_restarts_keep_the_process_and_what_does_not_survive_is_taken_back(tmp_path: Path) -> None:
    with street(tmp_path) as it:
        agent, known, pid, before = it.agent, it.open_incidents("file"), it.agent.pid, it.version()
        boot = it.asker.ask("ping")["boot_id"]
        again = it.asker.send("restart")
        outcome = it.asker.outcome(again)
        assert [answer["status"] for answer in it.asker.answers(again)] == ["accepted", "done"]
        pong = it.asker.ask("ping")
        assert (outcome["result"]["restarted_as"], pong["boot_id"] != boot, agent.pid) == (pong["boot_id"], True, pid)
        assert cityeye("alive", "--config", str(it.config)).returncode == 0

        # What takes a new start: the same process proves it and answers.
        document = it.document()
        document["model"]["workers"] = 2
        done = it.asker.outcome(it.asker.send("config.put", document=yaml.safe_dump(document)))
        assert (done["status"], agent.pid) == ("done", pid)
        workers = done["result"]["config_version"]
        assert it.version() == workers != before

        # A model that is none: the agent cannot be started with it, and comes back with the former one by itself.
        broken = tmp_path / "broken.onnx"
        broken.write_text("no model")
        document["model"]["file"] = str(broken)
        failed = it.asker.outcome(it.asker.send("config.put", document=yaml.safe_dump(document)))
        assert (failed["status"], failed["code"], agent.pid) == ("rejected", "failed", pid)
        assert "broken.onnx" in failed["message"]
        assert it.version() == workers

        # Killed in the middle of a probation: the next start takes it back, and says so.
        document["model"].pop("file")
        document["model"]["file"] = yaml.safe_load(it.config.read_text())["model"]["file"]
        document["cameras"][0]["zones"][0]["rules"]["illegal_parking"]["dwell"] = "7s"
        put = it.asker.send("config.put", document=yaml.safe_dump(document))
        agent.wait_for_log("is in force, on probation")
        agent.kill()
        agent.start()
        cut = it.asker.outcome(put)
        assert (cut["code"], it.version()) == ("failed", workers)
        assert "the agent ended in the middle of the probation" in cut["message"]
        assert it.open_incidents("file") == known
        assert agent.stop() == 0
    sequences = [int(event["sequence"]) for event in parsed(it.centre.on("/event"))]
    assert sequences == list(range(1, len(sequences) + 1)), "no gap, none doubled"
    check_log(agent.log)


def test_a_document_that_can_no_longer_be_read_at_the_start_is_taken_back(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.write_text("no certificate")
    with street(tmp_path) as it:
        document = it.document()
        document["mqtt"]["tls"] = {"ca_file": str(authority)}
        put = it.asker.send("config.put", document=yaml.safe_dump(document))
        it.agent.wait_for_log("is on probation for 10 s")
        it.agent.kill()
        authority.unlink()
        note = Site(it.config).trial()
        assert note is not None
        Site(it.config).note(replace(note, starts=1))  # as if the start had been announced
        it.agent.start()
        failed = it.asker.outcome(put)
        assert failed["code"] == "failed"
        assert re.search("mqtt.tls.ca_file: .*No such file.*the former document was put back", failed["message"])
        assert it.agent.stop() == 0
    assert "tls" not in yaml.safe_load(it.config.read_text())["mqtt"]
