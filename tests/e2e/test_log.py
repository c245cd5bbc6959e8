"""The log of a run that nothing troubles."""

from __future__ import annotations

import re
from pathlib import Path

from tests.e2e.agent_process import AgentProcess
from tests.e2e.faults import check_log
from tests.e2e.street import file_camera, write_street
from tests.mosquitto import free_port

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:45 [A-Z]+ +\S+ agent\S*: \S.*")


def test_lines_carry_the_sites_time_and_the_last_one_says_that_it_stopped(tmp_path: Path) -> None:
    config = write_street(
        tmp_path, cameras=[file_camera()], mqtt={"port": free_port()}, box={"time_zone": "Asia/Kathmandu"}
    )
    with AgentProcess(config) as agent:
        agent.wait_for_log("watching ")
        assert agent.stop() == 0
    lines = agent.log.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert lines[-1].endswith(" agent: stopped")
    check_log(agent.log)
