"""What the agent does about what it knew: a memory that cannot be read, and a camera that is no longer configured."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.agent_process import AgentProcess, wait_until
from tests.e2e.centre import parsed
from tests.e2e.faults import incidents_of
from tests.e2e.street import camera, clip, write_config, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto

pytestmark = pytest.mark.server


def change(data: Path, statement: str) -> None:
    with closing(sqlite3.connect(data / "cityeye.db")) as connection, connection:
        connection.execute(statement)


def test_incidents_end_when_their_memory_or_their_camera_is_gone(tmp_path: Path) -> None:
    data, url = tmp_path / "data", f"file:{clip()}"
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        mqtt = {"port": broker.port}
        with AgentProcess(write_config(tmp_path, url=url, mqtt=mqtt)) as agent:
            opened = parsed(centre.wait_for(4, "/event"))
            assert agent.stop() == 0

            change(data, "UPDATE scenes SET state = 'nonsense'")
            agent.start()
            forgotten = parsed(centre.wait_for(8, "/event"))[4:8]
            wait_until(lambda: incidents_of(data) == 8, "the cars to be found anew")
            assert agent.stop() == 0

            write_street(tmp_path, cameras=[camera("other", url=url, zones=False)], mqtt=mqtt)
            agent.start()
            removed = parsed(centre.wait_for(16, "/event"))[12:]
            assert agent.stop() == 0
            agent.start()
            agent.wait_for_log("watching", count=4)
            assert agent.stop() == 0
            centre.wait_for_goodbye(4)
    assert {e["subject"] for e in forgotten} == {e["subject"] for e in opened}
    assert {(e["data"]["close_reason"], e["data"]["revision"]) for e in forgotten} == {("forgotten", 2)}
    assert {e["data"]["close_reason"] for e in removed} == {"rule_removed"}
    with closing(sqlite3.connect(data / "cityeye.db")) as connection:
        assert connection.execute("SELECT camera FROM scenes").fetchall() == [("other",)]
        assert connection.execute("SELECT count(*) FROM incidents WHERE closed_at IS NULL").fetchone() == (0,)
    assert "Traceback" not in agent.log
