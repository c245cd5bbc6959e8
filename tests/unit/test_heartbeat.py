"""The heartbeat file: what another process may conclude from it."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest

from agent.adapters.heartbeat import STALE_S, Heartbeat, last_heartbeat
from agent.core.wire import CameraReport, HealthReport
from tests.fakes import START


def report(**facts: int | bool | str | None) -> HealthReport:
    cameras = tuple(
        CameraReport(camera=state, state=state, blind_s=0.0, drops=0) for state in ("online", "offline", "stalled")
    )
    known: dict[str, int | bool | str | None] = {"not_alive": None, "broker_connected": True, "broker_error": None}
    return HealthReport(at=START, cameras=cameras, outbox_depth=0, outbox_set_aside=0, facts={**known, **facts})


def test_a_fresh_heartbeat_tells_how_the_agent_is(tmp_path: Path) -> None:
    path = tmp_path / "alive.json"
    Heartbeat(path).beat(report(broker_error="挂断"))
    found = last_heartbeat(path, START + timedelta(seconds=STALE_S))
    assert isinstance(found, dict)
    assert (found["looking"], found["cameras"], found["broker_error"]) == (1, 3, "挂断")
    assert [(camera["camera"], camera["looks"]) for camera in found["watched"]] == [
        ("online", 0),
        ("offline", 0),
        ("stalled", 0),
    ]


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"at": "yesterday", "not_alive": null}', "\x00"])
def test_without_a_readable_heartbeat_it_is_not_well(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "alive.json"
    if content is not None:
        path.write_text(content)
    assert "expected the heartbeat of a running agent" in str(last_heartbeat(path, START))


@pytest.mark.parametrize("age_s", [STALE_S + 1, -STALE_S - 1])
def test_an_old_heartbeat_or_one_from_the_future_is_none(age_s: float, tmp_path: Path) -> None:
    path = tmp_path / "alive.json"
    Heartbeat(path).beat(report())
    assert "expected a heartbeat younger than 60 s" in str(last_heartbeat(path, START + timedelta(seconds=age_s)))


def test_loops_that_fail_and_a_stop_on_purpose_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "alive.json"
    heartbeat = Heartbeat(path)
    heartbeat.beat(report(not_alive="loop_stuck courier"))
    assert "fail again and again, or hang: loop_stuck courier" in str(last_heartbeat(path, START))
    heartbeat.end()
    heartbeat.end()
    assert "found none" in str(last_heartbeat(path, START))


def test_a_folder_that_takes_no_file_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heartbeat = Heartbeat(tmp_path / "missing" / "alive.json")
    with caplog.at_level(logging.ERROR):
        heartbeat.beat(report())
        heartbeat.beat(report())
    assert len(caplog.records) == 1
