"""The whole loop, both parts real: the agent reports, the simulated centre dispatches, verifies, dismisses, closes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.closure.cli import DONE, REJECTED, main
from tests.e2e.agent_process import AgentProcess
from tests.e2e.faults import check_log
from tests.e2e.street import PARKED, file_camera, write_street
from tests.mosquitto import Mosquitto
from tests.simulator import Simulator

pytestmark = pytest.mark.server

QUICK = ("--ack-every", "0.5", "--acknowledge-after", "0.5", "--verify-after", "1")
MISCHIEF = ("--misbehave", "duplicates,bad-json,late-acks,wrong-acks,reboots", "--misbehave-every", "2")


def test_incidents_become_cases_that_are_verified_dismissed_and_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The centre misbehaves all the time, and the box waits for its acks. Some commands come over MQTT 3.1.1."""
    with Mosquitto(tmp_path / "broker") as broker:
        config = write_street(tmp_path, cameras=[file_camera()], mqtt={"port": broker.port, "require_ack": True})
        centre = Simulator(tmp_path, broker.port, *QUICK, *MISCHIEF, tenant="gongshu")
        with centre, AgentProcess(config) as agent:
            verified = [("dispatched", "still_present")] * len(PARKED)
            centre.wait_until(lambda: bool(centre.told(kind="connected")))  # so that there are books
            centre.wait_until(lambda: centre.rows("SELECT stage, outcome FROM cases") == verified)
            cases = [subject for (subject,) in centre.rows("SELECT subject FROM cases")]
            asked = ["--port", str(broker.port), "--tenant", "gongshu", "--db", str(centre.db), "--mqtt", "3.1.1"]
            for subject in cases:
                assert main([*asked, "dismiss", subject, "--reason", "tolerated", "--by", "李"]) == DONE
            capsys.readouterr()
            assert main([*asked, "snapshot", "moon", "--box", "box-7"]) == REJECTED
            assert json.loads(capsys.readouterr().out)["code"] == "unknown_camera"
            centre.wait_until(lambda: len(centre.told(kind="event", close_reason="dismissed")) >= len(PARKED))
            centre.wait_until(lambda: named(centre) <= stored(centre))
            assert main([*asked, "ping", "--box", "box-7"]) == DONE
            assert agent.stop() == 0
            assert centre.stop() == 0
    assert centre.rows("SELECT stage, outcome, count(*) FROM cases GROUP BY 1, 2") == [("closed", "dismissed", 4)]
    sequences = [number for (number,) in centre.rows("SELECT sequence FROM events ORDER BY sequence")]
    assert sequences == list(range(1, len(sequences) + 1)), "no gap, none doubled"
    unusable = centre.rows("SELECT what, reason FROM defects WHERE what <> 'answer to nothing'")
    assert unusable == [], "all that the box says follows the contract"
    check_log(agent.log)


def named(centre: Simulator) -> set[str]:
    """All pictures that events name."""
    events = [json.loads(payload) for (payload,) in centre.rows("SELECT payload FROM events")]
    return {picture["id"] for event in events for picture in event["data"]["evidence"]}


def stored(centre: Simulator) -> set[str]:
    """All pictures that came; answers name some more than events do."""
    return {identity for (identity,) in centre.rows("SELECT id FROM pictures")}
