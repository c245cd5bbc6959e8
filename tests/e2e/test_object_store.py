"""The agent puts its pictures to an object store that is down, busy and cut off, while events go their own way."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.bucket import Bucket, storing
from tests.e2e.agent_process import AgentProcess
from tests.e2e.centre import parsed
from tests.e2e.street import file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto

pytestmark = pytest.mark.server


def address(event: dict[str, Any], item: dict[str, Any]) -> str:
    """Where the platform looks for a picture that an event names."""
    day = item["captured_at"].partition("T")[0]
    return f"/b/gongshu/box-7/{day}/{event['data']['incident']}/{item['kind']}-{item['id']}.jpg?sig=s3cr3t"


def test_pictures_lie_where_the_events_say_whatever_the_store_does_meanwhile(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker, Listener(broker.port) as centre:
        with storing(Bucket(answers=["cut", 503, "swallow", 500])) as bucket:
            pattern = f"{bucket.url}/b/{{tenant}}/{{box}}/{{date}}/{{incident}}/{{kind}}-{{id}}.jpg?sig=s3cr3t"
            config = write_street(
                tmp_path,
                cameras=[file_camera()],
                mqtt={"port": broker.port},
                evidence={"send": "put", "put_url": {"env": "PUT_URL"}},
            )
            with AgentProcess(config, {"PUT_URL": pattern}) as agent:
                opened = parsed(centre.wait_for(4, "/event"))
                bucket.wait_for(16)
                assert agent.stop() == 0
        named = {address(event, item): item for event in opened for item in event["data"]["evidence"]}
        assert set(bucket.stored) == set(named)
        for path, body in bucket.stored.items():
            assert hashlib.sha256(body).hexdigest() == named[path]["sha256"]
        assert len(bucket.paths) == 20, "each of the four failures was one attempt more"
        centre.wait_for_goodbye()
        assert centre.on("/evidence") == []
    assert "s3cr3t" not in agent.log
    assert "Traceback" not in agent.log
