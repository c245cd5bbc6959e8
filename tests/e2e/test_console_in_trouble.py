"""Many operators at once, a full disk, and a new start, while the agent watches: no change is lost, none half made."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from agent.console.doorway import MOST_CONNECTIONS
from tests.e2e.agent_process import AgentProcess, wait_until
from tests.e2e.faults import check_log
from tests.e2e.operators import Operator, at_once, employ
from tests.e2e.street import file_camera, write_street
from tests.memory_disk import fill, memory_disk
from tests.mosquitto import Mosquitto, free_port
from tests.watching import listening

pytestmark = pytest.mark.server

MANY = [f"operator-{number}" for number in range(20)]
QUICK = {"commands": {"probation": "10s"}}


@contextmanager
def agent_with_console(folder: Path, names: list[str], **storage: Any) -> Iterator[tuple[AgentProcess, Path, int]]:
    """An agent that watches the street, its file, and the port of its console."""
    port = free_port()
    employ(folder / "data", names)
    with Mosquitto(folder / "broker") as broker:
        config = write_street(
            folder,
            cameras=[file_camera()],
            mqtt={"port": broker.port},
            storage={"folder": str(folder / "data"), **storage},
            console={"listen": f"127.0.0.1:{port}"},
            **QUICK,
        )
        with AgentProcess(config) as agent:
            wait_until(lambda: listening(port), "the console")
            yield agent, config, port


def save(operator: Operator, zone: str, base: dict[str, Any]) -> httpx.Response:
    """Add a zone, named after him too, to those that he has seen."""
    added = {
        "id": f"{operator.name}-{zone}",
        "polygon": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]],
        "rules": {"illegal_parking": {}},
    }
    kept = [{"was": known["id"], "zone": known} for known in base["zones"]]
    return operator.post("/api/zones/file/save", version=base["version"], zones=[*kept, {"was": None, "zone": added}])


def recorded(operator: Operator) -> Counter[tuple[str, str, str]]:
    """How often who did what with which outcome, but for logins."""
    entries = operator.get("/api/audit")["entries"]
    return Counter((e["who"], e["action"], e["outcome"]) for e in entries if e["action"] != "login")


def look(operator: Operator) -> str:
    """Which picture was looked at last."""
    return operator.tag("/api/cameras/file/picture")


def is_in_force(operator: Operator) -> bool:
    return bool(operator.get("/api/config/status")["state"] == "in_force")


def test_twenty_operators_at_once_lose_nothing(tmp_path: Path) -> None:
    with agent_with_console(tmp_path, MANY) as (agent, config, port):
        operators = [Operator(port, name) for name in MANY]
        one = operators[0]
        wait_until(lambda: len(one.get("/api/incidents")["incidents"]) >= 2, "incidents")
        incidents = [incident["id"] for incident in one.get("/api/incidents")["incidents"]][:2]
        before = look(one)

        def dismiss(operator: Operator) -> httpx.Response:
            mine = incidents[MANY.index(operator.name) % len(incidents)]
            return operator.post(f"/api/incidents/{mine}/dismiss", reason="false_report")

        answers = at_once(operators, dismiss)
        assert [answer.text for answer in answers.values() if answer.status_code != 200] == []
        assert recorded(one) == {(name, "incident.dismiss", "done"): 1 for name in MANY}
        for incident in incidents:
            assert one.get(f"/api/incidents/{incident}")["incident"]["disposition"] == "false_report"

        winners = []
        for round_ in ("a", "b"):
            answers = at_once(operators, partial(save, zone=round_, base=one.get("/api/zones/file")))
            told = {name: (it.status_code, it.json().get("error", {}).get("code")) for name, it in answers.items()}
            assert Counter(told.values()) == {(200, None): 1, (409, "conflict"): len(MANY) - 1}
            winners += [f"{name}-{round_}" for name, (status, _) in told.items() if status == 200]
            wait_until(lambda: look(one) not in ("", before), "the agent to look on")
            wait_until(lambda: is_in_force(one), "the change to prove itself")
        zones = yaml.safe_load(config.read_text())["cameras"][0]["zones"]
        assert [zone["id"] for zone in zones] == ["kerb", *winners]
        saved = [(who, outcome) for who, action, outcome in recorded(one).elements() if action == "zones.save"]
        assert Counter(who for who, _ in saved) == dict.fromkeys(MANY, 2)
        assert Counter(outcome for _, outcome in saved) == {"done": 2, "conflict": 2 * len(MANY) - 2}
        assert agent.stop() == 0
    check_log(agent.log)


def test_who_only_holds_connections_takes_nothing_from_the_agent(tmp_path: Path) -> None:
    with agent_with_console(tmp_path, MANY[:1]) as (agent, _, port), ExitStack() as stack:
        operator, files = Operator(port, MANY[0]), Path(f"/proc/{agent.pid}/fd")
        wait_until(lambda: look(operator) != "", "the first picture, with which all that the agent needs is open")
        before, open_before = look(operator), len(list(files.iterdir()))
        for number in range(300):
            idle = stack.enter_context(socket.create_connection(("127.0.0.1", port), 60))
            idle.sendall(b"GET / HTTP/1.1\r\n"[: number % 17])
        assert operator.get("/api/cameras/file")["phase"] == "online"
        assert len(list(files.iterdir())) < open_before + 1.5 * MOST_CONNECTIONS
        wait_until(lambda: look(operator) not in ("", before), "the agent to look on")
        assert agent.stop() == 0
    check_log(agent.log)


def test_a_full_disk_refuses_what_it_cannot_keep_and_says_so(tmp_path: Path) -> None:
    with (
        memory_disk(tmp_path / "data", "size=24m"),
        agent_with_console(tmp_path, MANY[:1], keep_free="9MB") as (agent, config, port),
    ):
        operator = Operator(port, MANY[0])
        wait_until(lambda: len(operator.get("/api/incidents")["incidents"]) >= 2, "incidents")
        one, other = [incident["id"] for incident in operator.get("/api/incidents")["incidents"]][:2]
        assert operator.post(f"/api/incidents/{one}/dismiss", reason="false_report").status_code == 200
        text, base = config.read_text(), operator.get("/api/zones/file")
        with (tmp_path / "data" / "audit.jsonl").open("ab") as stream:
            stream.write(b"x" * (-stream.tell() % 4096 - 1) + b"\n")  # no room in its last page either
        filler = fill(tmp_path / "data")
        for refused in (
            operator.post(f"/api/incidents/{other}/dismiss", reason="false_report"),
            save(operator, "new", base),
        ):
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unrecorded")
        assert config.read_text() == text
        assert operator.get(f"/api/incidents/{other}")["incident"]["disposition"] is None
        assert operator.get("/api/config/status")["state"] == "none"
        filler.unlink()
        assert operator.post(f"/api/incidents/{other}/dismiss", reason="false_report").status_code == 200
        assert save(operator, "new", base).status_code == 200
        assert agent.stop() == 0
    check_log(agent.log)


def test_a_new_start_in_the_middle_of_a_probation_is_told_and_survived(tmp_path: Path) -> None:
    with agent_with_console(tmp_path, MANY[:1]) as (agent, config, port):
        operator = Operator(port, MANY[0])
        saved = save(operator, "new", operator.get("/api/zones/file")).json()
        assert (saved["state"], saved["by"]) == ("probation", MANY[0])
        assert agent.stop() == 0
        agent.start()
        wait_until(lambda: listening(port), "the console")
        refused = operator.post("/api/zones/file/save", version=saved["version"], zones=[])
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "login")
        operator = Operator(port, MANY[0])
        wait_until(lambda: is_in_force(operator), "the change to prove itself")
        assert agent.stop() == 0
        agent.start()
        wait_until(lambda: listening(port), "the console")
        operator = Operator(port, MANY[0])
        assert operator.get("/api/config/status") == {**saved, "state": "in_force", "probation_s": 0.0}
        assert save(operator, "another", operator.get("/api/zones/file")).status_code == 200
        agent.kill()
        agent.start()
        wait_until(lambda: listening(port), "the console")
        operator = Operator(port, MANY[0])
        status = operator.get("/api/config/status")
        assert (status["state"], status["by"]) == ("taken_back", MANY[0])
        assert [zone["id"] for zone in operator.get("/api/zones/file")["zones"]] == ["kerb", f"{MANY[0]}-new"]
        told = {(MANY[0], "zones.save", "done"): 2, ("", "config.taken_back", "done"): 1}
        assert recorded(operator) == told, "outlives a kill"
        assert agent.stop() == 0
    assert [zone["id"] for zone in yaml.safe_load(config.read_text())["cameras"][0]["zones"]] == [
        "kerb",
        f"{MANY[0]}-new",
    ]
