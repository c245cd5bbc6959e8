"""What becomes of a camera's own incident when the configuration no longer asks for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.sqlite import Database, SqliteStore
from agent.app.recall import begin, recalled_desk, take_leave
from agent.core.scene import Scene
from agent.core.types import CloseReason, Event, Message, PictureFault
from tests.fakes import FakeClock, FakeViews
from tests.unit.config.samples import config_of, good
from tests.unit.core.world import look
from tests.unit.runtime.desks import NoCamera


def encode(event: Event, sequence: int) -> Message:
    return Message(topic="t/event", payload=f"{sequence}:{event.event_id}".encode(), content_type="text/plain")


def without_the_camera(text: dict[str, Any]) -> None:
    text["cameras"][0]["id"] = "yard"


def without_the_fault(text: dict[str, Any]) -> None:
    text["cameras"][0]["health"] = {"faults": ["offline"]}


@pytest.mark.parametrize("change", [without_the_camera, without_the_fault])
def test_the_incident_of_a_camera_that_nobody_asks_for_is_closed_at_the_start(change: Any, tmp_path: Path) -> None:
    text = {**good(), "storage": {"folder": str(tmp_path)}}
    scene = Scene(config_of(text).plans()["gate"])
    opened = [e for t in range(0, 70, 2) for e in scene.step(replace(look(t), fault=PictureFault.DARK))]
    change(text)
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        store = SqliteStore(database, encode, lambda: None)
        store.record("gate", opened, scene.keep())
        config, now = config_of(text), FakeClock().now()
        plans = config.plans()
        take_leave(set(store.cameras()) - set(plans), config, store, FakeViews(), now)
        for camera_plan in plans.values():
            desk, closings = recalled_desk(camera_plan, store, NoCamera(), now)
            begin(desk, closings, camera_plan.camera, now)
        [row] = store.incidents(limit=10)
    assert row.closed_at is not None
    assert (row.incident_id, row.close_reason) == (opened[0].incident_id, CloseReason.RULE_REMOVED)
