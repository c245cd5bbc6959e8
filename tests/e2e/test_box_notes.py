"""What is said at the console of a running agent reaches the centre: once, in order, also when the broker was away."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from agent.cli.recorded import who
from agent.core.wire import note_schema
from tests.e2e.agent_process import AgentProcess, cityeye, wait_until
from tests.e2e.faults import check_log
from tests.e2e.operators import Operator, employ
from tests.e2e.street import file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.watching import listening

pytestmark = pytest.mark.server

NAME = "王芳"
TOPIC = "cityeye/v1/gongshu/box-7"


def said(events: Iterable[dict[str, Any]], incident: str) -> list[str]:
    """What became of an incident, in the order in which it came; of updates nothing."""
    mine = [event for event in events if event["subject"] == incident]
    words = [event["data"].get("said") or event["type"].rpartition(".")[2] for event in mine]
    return [word for word in words if word != "updated"]


def arrived(centre: Listener) -> list[dict[str, Any]]:
    """All that came on `event`, in that order."""
    return [json.loads(message.payload) for message in centre.on("/event")]


def say(operator: Operator, incident: str, what: str, **body: Any) -> None:
    answer = operator.post(f"/api/incidents/{incident}/{what}", **body)
    assert answer.status_code == 200, answer.text


def test_what_is_said_at_the_box_reaches_the_centre_once_and_in_order(tmp_path: Path) -> None:
    port = free_port()
    employ(tmp_path / "data", [NAME])
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port, "cityeye/#") as centre:
        config = write_street(
            tmp_path,
            cameras=[file_camera()],
            mqtt={"port": broker.port},
            console={"listen": f"127.0.0.1:{port}"},
        )
        with AgentProcess(config) as agent:
            wait_until(lambda: listening(port), "the console")
            centre.wait_until(lambda: len({event["subject"] for event in arrived(centre)}) >= 3)
            seen, other, third = list(dict.fromkeys(event["subject"] for event in arrived(centre)))[:3]
            by_command(centre, third)

            broker.stop()
            operator = Operator(port, NAME)
            say(operator, seen, "acknowledge")
            say(operator, seen, "acknowledge")  # the first one counts
            say(operator, third, "acknowledge")  # the centre was first
            say(operator, other, "dismiss", reason="false_report", note="送货")
            wait_until(lambda: bool(operator.get(f"/api/incidents/{other}")["incident"]["closed"]), "it to end")
            say(operator, other, "dismiss", reason="tolerated", until="2099-12-31T16:00:00Z")
            say(operator, other, "restore")
            assert {it["taken"] for it in operator.get(f"/api/incidents/{other}")["remarks"]} == {None}
            agent.kill()
            agent.start()
            wait_until(lambda: listening(port), "the console")
            broker.start()

            centre.wait_until(lambda: "acknowledged" in said(arrived(centre), seen))
            centre.wait_until(lambda: "dismissal_withdrawn" in said(arrived(centre), other))
            whole = ["opened", "dismissed", "closed", "dismissed", "dismissal_withdrawn"]
            assert said(arrived(centre), other) == whole
            operator = Operator(port, NAME)

            def told() -> list[str | None]:
                return [it["taken"] for it in operator.get(f"/api/incidents/{other}")["remarks"]]

            wait_until(lambda: len(told()) == 3 and None not in told(), "the page to say that the broker has it")

            say(operator, other, "dismiss", reason="tolerated")
            undone = cityeye("dismissals", "undo", other, "--config", str(config))
            assert undone.returncode == 0, undone.stderr
            whole += ["dismissed", "dismissal_withdrawn"]
            centre.wait_until(lambda: len(said(arrived(centre), other)) >= len(whole))
            assert said(arrived(centre), other) == whole
            assert agent.stop() == 0
        events = arrived(centre)
    notes = [event for event in events if event["type"].endswith(".noted")]
    notes.sort(key=lambda note: str(note["sequence"]))  # of different incidents they may overtake each other
    for note in notes:
        jsonschema.Draft202012Validator(note_schema()).validate(note)
    assert len({note["id"] for note in notes}) == len(notes) == 6
    assert said(events, seen).count("acknowledged") == 1
    assert "acknowledged" not in said(events, third), "it is not told what it said itself"
    assert [(it["data"]["by"], it["data"]["note"], it["data"]["reason"], it["data"]["until"]) for it in notes] == [
        (NAME, None, None, None),
        (NAME, "送货", "false_report", None),
        (NAME, None, "tolerated", "2099-12-31T16:00:00.000Z"),
        (NAME, None, None, None),
        (NAME, None, "tolerated", None),
        (who(), None, None, None),
    ]
    numbers = sorted({int(event["sequence"]) for event in events})
    assert numbers == list(range(1, len(numbers) + 1)), "no gap"
    check_log(agent.log)


def by_command(centre: Listener, incident: str) -> None:
    """The centre acknowledges an incident itself, and has its answer."""
    body = {"id": "cmd-1", "command": "acknowledge", "issued_at": datetime.now(UTC).isoformat(), "incident": incident}
    centre.publish(f"{TOPIC}/cmd", json.dumps(body).encode())
    [answer] = centre.wait_for(1, "/rsp")
    assert json.loads(answer.payload)["status"] == "done"
