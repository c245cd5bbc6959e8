"""A broker that refuses the login, or denies publishing: nothing is lost, and the agent lives on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent_process import AgentProcess, stored_incidents
from tests.e2e.centre import cars_of
from tests.e2e.faults import check_log, check_message, events_of, told, wait_for_parked_cars
from tests.e2e.street import PARKED, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.proxy import Proxy

pytestmark = pytest.mark.server

RIGHT = "r1ght@bx/ #4%"
WRONG = "wr0ng@bx/ #5%"
"""Without the colon that parts the fields of Mosquitto's password file."""
CENTRE = {"username": "centre", "password": "centre"}
USERS = {"box": RIGHT, "centre": "centre"}
MAY_READ = "user centre\ntopic readwrite #\n"
MAY_NOT_PUBLISH_EVENTS = MAY_READ + "user box\ntopic write cityeye/v1/gongshu/box-7/state\n"
MAY_PUBLISH = MAY_READ + "user box\ntopic write cityeye/v1/gongshu/box-7/#\n"


def street(folder: Path, port: int) -> Path:
    mqtt: dict[str, Any] = {"port": port, "username": "box", "password": {"env": "BROKER_PASSWORD"}}
    return write_street(folder, cameras=[file_camera()], mqtt=mqtt)


def check_four_arrive(centre: Listener) -> list[int]:
    """Each parked car once; returns their numbers as they came."""
    events = events_of([message.payload for message in centre.wait_for(len(PARKED), "/event")])
    assert cars_of(events) == sorted(PARKED)
    return [int(event["sequence"]) for event in events]


def test_events_wait_for_the_right_password(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker", users=USERS) as broker, Listener(broker.port, **CENTRE) as centre:
        config = street(tmp_path, broker.port)
        with AgentProcess(config, {"BROKER_PASSWORD": WRONG}) as refused:
            wait_for_parked_cars(tmp_path / "data")
            assert [row["delivered"] for row in stored_incidents(config)] == [False] * len(PARKED)
            assert refused.stop() == 0
        assert centre.on("/event") == []
        line = told(refused.log, "does not allow this login")
        where, expected = f"mqtt://127.0.0.1:{broker.port}", "the broker to let this box in"
        check_message(line, where=where, expected=expected, found="not allow", mend="check user name, password")
        with AgentProcess(config, {"BROKER_PASSWORD": RIGHT}) as corrected:
            assert check_four_arrive(centre) == [1, 2, 3, 4]
            assert corrected.stop() == 0
        assert [row["delivered"] for row in stored_incidents(config)] == [True] * len(PARKED)
    check_log(refused.log + corrected.log, WRONG, RIGHT)


def test_events_that_may_not_be_published_wait_for_the_access_list(tmp_path: Path) -> None:
    """The box finds the way to a broker when the centre listens there."""
    way = free_port()
    denying = Mosquitto(tmp_path / "denying", users=USERS, acl=MAY_NOT_PUBLISH_EVENTS)
    config = street(tmp_path, way)
    with AgentProcess(config, {"BROKER_PASSWORD": RIGHT}) as agent:
        with denying, Listener(denying.port, **CENTRE) as centre, Proxy(denying.port, port=way):
            for number in range(1, len(PARKED) + 1):  # the first may be refused again before the last is there
                agent.wait_for_log(f"event {number} was refused, trying again later: Not authorized")
            assert centre.on("/event") == []
            assert centre.wait_for(1, "/state"), "the agent lives, and says so where it may"
        allowing = Mosquitto(tmp_path / "allowing", users=USERS, acl=MAY_PUBLISH)
        with allowing, Listener(allowing.port, **CENTRE) as centre, Proxy(allowing.port, port=way):
            assert sorted(check_four_arrive(centre)) == [1, 2, 3, 4], "each when its next try is due"
            assert agent.stop() == 0
    check_log(agent.log, RIGHT)
