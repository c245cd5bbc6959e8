"""The agent is watched over HTTP and by its log while a camera and the broker go and come; no secret is ever told."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.cameras import PASSWORD, SUB, USER, simulated_camera
from tests.e2e.agent_process import AgentProcess, cityeye, wait_until
from tests.e2e.faults import check_log, told, wait_for_parked_cars
from tests.e2e.street import PARKED, camera, clip, file_camera, write_street
from tests.listener import Listener
from tests.mosquitto import Mosquitto, free_port
from tests.watching import Scrape, get, listening, reasons, scrape

pytestmark = pytest.mark.server

BROKER_PASSWORD = "br@ker/pass-3%"
TOKEN = "s3cret-token-of-a-camera"
PUT_SIGNATURE = "0a1b2c3d4e5f-signature"
SECRETS = (PASSWORD, BROKER_PASSWORD, TOKEN, PUT_SIGNATURE)


def holds(port: int, name: str, value: float, **labels: str) -> None:
    """Wait until a metric has a value."""
    wait_until(lambda: scrape(port).value(f"cityeye_{name}", **labels) == value, f"{name} {labels} = {value}")


def check_told(text: str) -> None:
    for secret in SECRETS:
        for written in {secret, quote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            assert written not in text


def test_a_camera_and_the_broker_go_and_come_and_no_secret_is_told(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        broker = Mosquitto(tmp_path / "broker", users={"box": BROKER_PASSWORD, "centre": "c"})
        stack.enter_context(broker)
        real = stack.enter_context(simulated_camera(clip()))
        login: dict[str, Any] = {"username": USER, "password": {"env": "CAMERA_PASSWORD"}}
        config = write_street(
            tmp_path,
            cameras=[
                file_camera(),
                camera("real", url=real.url(SUB), zones=False, **login),
                camera("dead", url=f"rtsp://127.0.0.1:{free_port()}/live?token={TOKEN}", zones=False),
            ],
            mqtt={"port": broker.port, "username": "box", "password": {"env": "BROKER_PASSWORD"}},
            metrics={"listen": f"127.0.0.1:{port}"},
            evidence={"send": "put", "put_url": {"env": "PUT_URL"}},
        )
        secrets = {
            "CAMERA_PASSWORD": PASSWORD,
            "BROKER_PASSWORD": BROKER_PASSWORD,
            "PUT_URL": f"http://127.0.0.1:{free_port()}/{{id}}.jpg?X-Sig={PUT_SIGNATURE}",
        }
        centre = stack.enter_context(Listener(broker.port, username="centre", password="c"))
        options = ("--log-format", "json", "--log-level", "debug")
        agent = stack.enter_context(AgentProcess(config, environment=secrets, options=options))
        wait_until(lambda: listening(port), "the server")

        holds(port, "camera_up", 1, camera="real")
        holds(port, "broker_connected", 1)
        wait_for_parked_cars(tmp_path / "data")
        holds(port, "incidents_opened_total", len(PARKED), rule="illegal_parking", kind="motor_vehicle")
        wait_until(lambda: reasons(port) == {("camera_offline", "dead")}, "only the dead camera to be missing")
        assert reasons(port, "/healthz") == set()
        first = scrape(port)
        check_well(first)

        real.stop()
        holds(port, "camera_up", 0, camera="real")
        assert ("camera_offline", "real") in reasons(port)
        assert scrape(port).value("cityeye_camera_up", camera="file") == 1
        centre.expect_reconnect()
        broker.stop()
        holds(port, "broker_connected", 0)
        assert ("broker_not_connected", "mqtt") in reasons(port)
        assert reasons(port, "/healthz") == set()

        with ExitStack() as slow:
            for _ in range(20):
                peer = slow.enter_context(socket.create_connection(("127.0.0.1", port), 10))
                peer.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
            assert scrape(port).value("cityeye_broker_connected") == 0

        real.start()
        broker.start()
        holds(port, "camera_up", 1, camera="real")
        holds(port, "broker_connected", 1)
        holds(port, "outbox_depth", 0)
        last = scrape(port)
        blind = [page.value("cityeye_camera_blind_seconds_total", camera="real") or 0.0 for page in (first, last)]
        looks = [page.value("cityeye_camera_looks_total", camera="file") or 0.0 for page in (first, last)]
        assert blind[0] < blind[1] and looks[0] < looks[1]
        told_to_all = "".join(get(port, path)[2] for path in ("/metrics", "/readyz", "/healthz"))

        [health, *_] = centre.wait_for(1, "/box-7/health")
        facts = json.loads(health.payload)["facts"]
        assert facts["disk_free_bytes"] > 0 and facts["metrics_error"] is None and "temperature_c" in facts
        assert agent.stop() == 0
    check_told(agent.log)
    check_told(told_to_all)
    check_told("".join(message.payload.decode("utf-8", "replace") for message in centre.on("")))
    lines = [json.loads(line) for line in agent.lines]
    assert {"at", "level", "thread", "logger", "message"} <= set(lines[0])
    assert lines[-1]["message"] == "stopped"
    check_log(agent.log, *SECRETS)


def check_well(page: Scrape) -> None:
    """Values that are known while all but one camera work."""
    for name, labels, value in (
        ("camera_up", {"camera": "file"}, 1.0),
        ("camera_up", {"camera": "dead"}, 0.0),
        ("camera_state", {"camera": "dead", "state": "offline"}, 1.0),
        ("camera_looks_total", {"camera": "dead"}, 0.0),
        ("incidents_open", {"rule": "illegal_parking"}, float(len(PARKED))),
        ("incidents_closed_total", {"rule": "illegal_parking", "kind": "motor_vehicle"}, 0.0),
        ("store_writable", {}, 1.0),
        ("loops_failed", {}, 0.0),
        ("loops_stuck", {}, 0.0),
        ("events_dropped_total", {}, 0.0),
    ):
        assert page.value(f"cityeye_{name}", **labels) == value, name
    for name in ("memory_bytes", "threads", "open_files", "disk_free_bytes", "evidence_bytes", "inference_seconds"):
        assert (page.value(f"cityeye_{name}") or 0) > 0, name
    assert not any("://" in label or "@" in label for label in page.labels)


def test_a_port_that_is_taken_is_told_and_the_agent_works_on_and_logs_into_its_files(tmp_path: Path) -> None:
    log_file = tmp_path / "agent.log"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        config = write_street(
            tmp_path,
            cameras=[file_camera()],
            mqtt={"port": free_port()},
            metrics={"listen": f"127.0.0.1:{port}"},
        )
        with AgentProcess(config, options=("--log-file", str(log_file), "--log-file-size", "100KB")) as agent:
            wait_for_parked_cars(tmp_path / "data")
            fault = f"metrics.listen: 127.0.0.1:{port}: Address already in use"

            def said() -> bool:
                return bool(json.loads((tmp_path / "data" / "alive.json").read_text()).get("metrics_error") == fault)

            wait_until(said, "the heartbeat to tell of the port")
            assert cityeye("alive", "--config", str(config)).returncode == 0
            assert agent.stop() == 0
    assert agent.log == ""
    log = log_file.read_text(encoding="utf-8")
    assert "all else goes on" in told(log, "a free port")
    check_log(log)
