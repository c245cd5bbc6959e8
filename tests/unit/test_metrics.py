"""What /metrics, /healthz and /readyz say, and that nobody who asks can hold anybody up."""

from __future__ import annotations

import http.client
import json
import logging
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics

from agent.adapters.metrics import Page, StatusPages, StatusServer
from agent.adapters.metrics import pages as pages_module
from agent.adapters.metrics import server as server_module
from agent.adapters.metrics.families import Figures
from agent.core.errors import StoreUnusable
from agent.core.types import PictureFault
from agent.core.wire import CameraReport, HealthReport
from agent.core.wire.status import Fact
from agent.ports import Clock
from agent.runtime.tally import IncidentCount
from agent.runtime.wellness import Reason
from scripts.messages.examples import sent_by_the_box
from tests.e2e.agent_process import wait_until
from tests.events import T0
from tests.fakes_delivery import FakeClock, WallClock
from tests.mosquitto import free_port
from tests.watching import WAIT_S, Scrape, get, reasons, scrape

ROOT = Path(__file__).parents[2]
FACTS: dict[str, Fact] = json.loads(sent_by_the_box()["health"].payload)["facts"]
SEEN = CameraReport(
    camera="gate", state="online", blind_s=3.2, drops=7, looks=298, interval_s=2.0, interval_p99_s=2.04, last_picture=T0
)
LOST = CameraReport(camera="yard", state="offline", blind_s=60.0, drops=0)
DARK = SEEN.model_copy(update={"camera": "lane", "fault": PictureFault.DARK})


def report(**facts: Fact) -> HealthReport:
    cameras = (SEEN, LOST, DARK)
    return HealthReport(at=T0, cameras=cameras, outbox_depth=2, outbox_set_aside=1, facts={**FACTS, **facts})


def figures(**facts: Fact) -> Figures:
    counts = [
        IncidentCount(rule="illegal_parking", kind="motor_vehicle", opened=4, closed=1),
        IncidentCount(rule="illegal_parking", kind="cycle", opened=0, closed=0),
    ]
    build = {"version": "0.1.0", "python": "3.11.2", "model": "street-nano", "config_version": "3f6c1a90"}
    return Figures(report=report(**facts), counts=counts, open_now={"illegal_parking": 3}, build=build)


def pages(told: Figures, *against: Reason) -> StatusPages:
    return StatusPages(figures=lambda: told, not_alive=lambda: (), not_ready=lambda: against)


def read(told: Figures) -> Scrape:
    page = pages(told).page("/metrics", "")
    assert page.status == 200
    return Scrape(page.body.decode())


@pytest.mark.parametrize(
    ("name", "labels", "value"),
    [
        ("camera_up", {"camera": "gate"}, 1),
        ("camera_up", {"camera": "yard"}, 0),
        ("camera_state", {"camera": "yard", "state": "offline"}, 1),
        ("camera_state", {"camera": "yard", "state": "online"}, None),
        ("camera_picture_good", {"camera": "gate"}, 1),
        ("camera_picture_good", {"camera": "lane"}, 0),
        ("camera_picture_good", {"camera": "yard"}, None),
        ("camera_interval_seconds", {"camera": "gate"}, 2.0),
        ("camera_interval_seconds", {"camera": "yard"}, None),
        ("camera_interval_p99_seconds", {"camera": "gate"}, 2.04),
        ("camera_last_picture_timestamp_seconds", {"camera": "gate"}, T0.timestamp()),
        ("camera_looks_total", {"camera": "gate"}, 298),
        ("camera_drops_total", {"camera": "gate"}, 7),
        ("camera_blind_seconds_total", {"camera": "yard"}, 60.0),
        ("incidents_opened_total", {"rule": "illegal_parking", "kind": "motor_vehicle"}, 4),
        ("incidents_closed_total", {"rule": "illegal_parking", "kind": "motor_vehicle"}, 1),
        ("incidents_opened_total", {"rule": "illegal_parking", "kind": "cycle"}, 0),
        ("incidents_open", {"rule": "illegal_parking"}, 3),
        ("outbox_depth", {}, 2),
        ("outbox_set_aside", {}, 1),
        ("outbox_oldest_age_seconds", {}, 14.2),
        ("inference_seconds", {}, 0.0214),
        ("detector_rests_total", {}, 5120),
        ("broker_connected", {}, 1),
        ("store_writable", {}, 1),
        ("disk_free_bytes", {}, 21_474_836_480),
        ("temperature_celsius", {}, 52.5),
    ],
)
def test_each_figure_is_told_by_its_name(name: str, labels: dict[str, str], value: float | None) -> None:
    found = read(figures()).value(f"cityeye_{name}", **labels)
    assert found is None if value is None else found == pytest.approx(value)


def test_what_is_not_known_is_absent_and_not_zero() -> None:
    told = read(figures(temperature_c=None, inference_ms=None))
    assert {"cityeye_temperature_celsius", "cityeye_inference_seconds"} <= set(told.families)
    assert not {"cityeye_temperature_celsius", "cityeye_inference_seconds"} & told.names


def test_texts_of_others_are_no_labels() -> None:
    fault = "rtsp://admin:hunter2@10.0.0.1 said no"
    told = read(figures(broker_error=fault, pictures_error=fault, metrics_error=fault))
    assert not any("hunter2" in label or "rtsp" in label for label in told.labels)


def test_open_metrics_for_who_asks_for_it() -> None:
    page = pages(figures()).page("/metrics", "application/openmetrics-text; version=1.0.0")
    assert page.content_type.startswith("application/openmetrics-text")
    names = {family.name for family in open_metrics(page.body.decode())}  # type: ignore[no-untyped-call]
    assert {"cityeye_camera_up", "cityeye_incidents_opened"} <= names


def test_a_probe_says_what_is_the_matter() -> None:
    well, ill = pages(figures()), pages(figures(), Reason(code="camera_offline", what="yard"))
    assert (well.page("/readyz", "").status, well.page("/healthz", "").status) == (200, 200)
    page = ill.page("/readyz", "")
    assert page.status == 503
    assert json.loads(page.body) == {
        "status": "unavailable",
        "reasons": [{"code": "camera_offline", "what": "yard"}],
    }
    assert ill.page("/healthz", "").status == 200
    assert ill.page("/etc/passwd", "").status == 404


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_a_store_that_cannot_be_read_is_an_answer_too(path: str) -> None:
    def broken() -> Any:
        raise StoreUnusable("damaged")

    page = StatusPages(figures=broken, not_alive=broken, not_ready=broken).page(path, "")
    assert (page.status, b"store_unusable" in page.body) == (503, True)


def test_a_measuring_that_hangs_holds_up_no_probe_of_life_and_gathers_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "TURN_S", 0.01)
    measuring, goes_on = threading.Event(), threading.Event()

    def hangs() -> Figures:
        measuring.set()
        assert goes_on.wait(WAIT_S)
        return figures()

    asked = StatusPages(figures=hangs, not_alive=lambda: (), not_ready=lambda: ())
    first = threading.Thread(target=asked.page, args=("/metrics", ""))
    first.start()
    assert measuring.wait(WAIT_S)
    for path in ("/metrics", "/readyz"):
        page = asked.page(path, "")
        assert (page.status, b'"busy"' in page.body) == (503, True)
    assert asked.page("/healthz", "").status == 200
    goes_on.set()
    first.join(WAIT_S)
    assert asked.page("/metrics", "").status == 200


def test_more_callers_than_there_may_be_threads_are_hung_up_on_until_some_have_ended() -> None:
    goes_on, port, stop = threading.Event(), free_port(), threading.Event()

    def waits(path: str, accept: str) -> Page:
        assert goes_on.wait(WAIT_S)
        return Page(status=200, content_type="text/plain", body=b"fine")

    made = StatusServer(("127.0.0.1", port), waits, WallClock())
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    until_it_answers(port)
    with ExitStack() as stack:
        for _ in range(server_module.MOST_THREADS + 1):
            peer = stack.enter_context(socket.create_connection(("127.0.0.1", port), WAIT_S))
            peer.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert hung_up(peer)
        goes_on.set()
        wait_until(lambda: answered(port), "an answer")
    stop.set()
    thread.join(WAIT_S)


def answered(port: int) -> bool:
    try:
        return get(port, "/metrics")[2] == "fine"
    except (OSError, http.client.HTTPException):
        return False


@contextmanager
def serving(clock: Clock | None = None) -> Iterator[int]:
    """A server in a thread of its own; the port that answers."""
    port, stop = free_port(), threading.Event()
    made = StatusServer(("127.0.0.1", port), pages(figures()).page, clock or WallClock())
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    try:
        until_it_answers(port)
        yield port
    finally:
        stop.set()
        thread.join(WAIT_S)
        assert not thread.is_alive()


def until_it_answers(port: int) -> None:
    tick = threading.Event()
    for _ in range(1000):
        try:
            socket.create_connection(("127.0.0.1", port), WAIT_S).close()
        except ConnectionRefusedError:
            tick.wait(0.02)
        else:
            return
    raise AssertionError(f"nobody listens at {port}")


def test_it_answers_over_http() -> None:
    with serving() as port:
        assert scrape(port).value("cityeye_outbox_depth") == 2
        assert reasons(port) == set()
        assert get(port, "/metrics?name[]=up")[0] == 200
        assert get(port, "/readyz", method="HEAD") == (200, "application/json", "")
        assert get(port, "/")[0] == 404
        assert get(port, "/metrics", method="POST")[0] == 501


def test_whoever_keeps_connections_open_shuts_nobody_out() -> None:
    with serving() as port, ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), WAIT_S))
            for _ in range(3 * server_module.MOST_CONNECTIONS)
        ]
        for peer in slow:
            peer.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        assert scrape(port).value("cityeye_outbox_depth") == 2
        assert hung_up(slow[0])


def test_a_connection_that_goes_on_for_ever_is_ended() -> None:
    clock = FakeClock()
    with serving(clock) as port, socket.create_connection(("127.0.0.1", port), WAIT_S) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\nX-Slow: ")
        assert get(port, "/healthz")[0] == 200  # so that the slow one was accepted before the clock moves
        clock.advance(server_module.DEADLINE_S + 1)
        assert hung_up(slow)


def hung_up(peer: socket.socket) -> bool:
    """Whether the other side ends the connection."""
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("request_line", [b"\x00" * 1000 + b"\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET\r\n\r\n", b""])
def test_nonsense_does_no_harm(request_line: bytes) -> None:
    with serving() as port:
        with socket.create_connection(("127.0.0.1", port), WAIT_S) as peer:
            peer.sendall(request_line)
        assert reasons(port) == set()


def test_a_port_that_somebody_else_has_is_said_once_and_taken_when_it_is_free(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_module, "RETRY_S", 0.01)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = int(other.getsockname()[1])
        taken = StatusServer(("127.0.0.1", port), pages(figures()).page, WallClock())
        thread = threading.Thread(target=taken.run, args=(stop,))
        with caplog.at_level(logging.ERROR):
            thread.start()
            wait_until(lambda: taken.fault is not None, "a fault")
        assert taken.fault == f"metrics.listen: 127.0.0.1:{port}: Address already in use"
    until_it_answers(port)
    wait_until(lambda: taken.fault is None, "the end of the fault")
    stop.set()
    thread.join(WAIT_S)
    [record] = caplog.records
    assert "end the program that has the port, or name another one" in record.getMessage()


def test_an_error_of_ours_is_logged_and_the_next_one_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    calls = iter([ValueError("oops"), None])

    def answer(path: str, accept: str) -> Page:
        if error := next(calls):
            raise error
        return Page(status=200, content_type="text/plain", body=b"fine")

    port, stop = free_port(), threading.Event()
    made = StatusServer(("127.0.0.1", port), answer, WallClock())
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    until_it_answers(port)
    with socket.create_connection(("127.0.0.1", port), WAIT_S) as peer:
        peer.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        assert hung_up(peer)
    assert get(port, "/metrics")[2] == "fine"
    stop.set()
    thread.join(WAIT_S)
    assert "ValueError: oops" in caplog.text


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bcityeye_[a-z0-9_]+", text))


@pytest.mark.parametrize("file", ["configs/grafana/cityeye.json", "configs/cityeye-alerts.yml", "docs/watching.md"])
def test_every_metric_that_is_named_is_there_and_has_the_labels_that_are_asked_for(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    there = read(figures())
    assert names_in(text) - there.names == set()


def test_the_dashboard_and_the_page_show_every_metric() -> None:
    there = read(figures()).names
    for file in ("configs/grafana/cityeye.json", "docs/watching.md"):
        assert there - names_in((ROOT / file).read_text(encoding="utf-8")) == set(), file


def test_the_dashboard_asks_only_for_labels_that_are_there() -> None:
    board = json.loads((ROOT / "configs/grafana/cityeye.json").read_text(encoding="utf-8"))
    targets = [target for panel in board["panels"] for target in panel.get("targets", ())]
    legends = {name for target in targets for name in re.findall(r"{{(\w+)}}", target["legendFormat"])}
    families = read(figures()).families.values()
    known = {label for family in families for sample in family.samples for label in sample.labels}
    assert legends - known <= {"instance"}
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_scrape_example_names_the_port_of_the_example_configuration() -> None:
    scraped = yaml.safe_load((ROOT / "configs/prometheus.yml").read_text(encoding="utf-8"))
    [job] = scraped["scrape_configs"]
    [target] = job["static_configs"][0]["targets"]
    assert target in (ROOT / "configs/example.yaml").read_text(encoding="utf-8")
    assert [(ROOT / "configs" / file).is_file() for file in scraped["rule_files"]] == [True]
