"""Dismissals and pauses from the command to the desk, with a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Thread
from typing import Any
from uuid import UUID

import pytest

from agent.adapters.sqlite import Database, SqliteSilences, Visitor
from agent.core.errors import CommandRejected
from agent.core.scene import Scene
from agent.core.silence import Dismissal
from agent.core.types import CloseReason, Event
from agent.core.wire import Dismiss, DismissReason, RulesPause, event_message
from agent.ports import WatchHour
from agent.runtime.desk import Desk
from agent.runtime.silencer import Silencer
from agent.runtime.wishes import MOST_WISHES
from tests.events import CLOCK, FACTS
from tests.fakes import FakeClock
from tests.held import held
from tests.unit.core.world import car, every, plan, stamp
from tests.unit.runtime.desks import MemoryStore, NoCamera
from tests.unit.runtime.test_desk_and_watch import serve


@dataclass
class SlowStore(MemoryStore):
    """A store that takes its time once it is `slow`: it is `busy` until it is `free`."""

    slow: bool = False
    busy: Signal = field(default_factory=Signal)
    free: Signal = field(default_factory=Signal)

    def save_state(self, camera: str, state: str, hours: Sequence[WatchHour] = ()) -> None:
        if self.slow:
            self.busy.set()
            assert self.free.wait(30)
        super().save_state(camera, state, hours)


class Asked(SqliteSilences):
    """The real ones; it can be seen that something is on its way to them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.asked = Signal()

    def dismiss(self, dismissal: Dismissal) -> None:
        self.asked.set()
        super().dismiss(dismissal)


class Street:
    """One camera at its desk, and a silencer with the memory it shares with other processes."""

    def __init__(self, database: Database) -> None:
        self.clock = FakeClock()
        self.clock.set_utc(datetime.fromisoformat("2026-11-02T08:01:02+00:00"))  # of tests.unit.core.world
        self.database = database
        self.store = SlowStore()
        self.desk = Desk("gate", scene=Scene(plan()), store=self.store, photographer=NoCamera())
        self.silences = Asked(database)
        self.visitor = SqliteSilences(Visitor(database.path))
        zones = {"gate": frozenset({"kerb"}), "yard": frozenset[str]()}
        self.silencer = Silencer(clock=self.clock, store=self.silences, desks={"gate": self.desk}, zones=zones)

    def dismiss(self, incident: UUID, **more: Any) -> None:
        more.setdefault("reason", DismissReason.TOLERATED)
        self.silencer.dismiss(
            Dismiss(command="dismiss", id="1", issued_at=self.clock.now().utc, incident=incident, by="li", **more)
        )

    def pause(self, **more: Any) -> datetime | None:
        command = RulesPause(command="rules.pause", id="1", issued_at=self.clock.now().utc, **more)
        return self.silencer.pause(command).paused_until

    def opened(self) -> Event:
        serve(self.desk, every(2, 0, 62, car()))
        return self.store.events[-1]


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        yield Street(database)


def test_a_dismissal_is_kept_closes_the_incident_and_keeps_the_spot_silent(street: Street) -> None:
    incident = street.opened().incident_id
    street.dismiss(incident, note="施工许可")
    [dismissal] = street.visitor.dismissals()
    assert (dismissal.incident_id, dismissal.camera, dismissal.by, dismissal.note) == (
        incident,
        "gate",
        "li",
        "施工许可",
    )
    assert street.store.events[-1].close_reason is CloseReason.DISMISSED
    serve(street.desk, every(2, 64, 300, car()))
    assert len(street.store.events) == 2


@pytest.mark.parametrize(("at_box", "where"), [(True, "at the box"), (False, "by the centre")])
def test_the_centre_is_told_where_it_was_dismissed(street: Street, at_box: bool, where: str) -> None:
    asked = Dismiss(
        command="dismiss",
        id="1",
        issued_at=street.clock.now().utc,
        incident=street.opened().incident_id,
        reason=DismissReason.FALSE_REPORT,
    )
    street.silencer.dismiss(asked.asked_here() if at_box else asked)
    [dismissal] = street.visitor.dismissals()
    assert dismissal.at_box is at_box
    message = event_message(street.store.events[-1], 1, FACTS, CLOCK)
    assert f"ended: dismissed {where}" in json.loads(message.payload)["data"]["title"]["en"]


def test_that_nobody_can_learn_from_it_does_not_make_it_fail(street: Street) -> None:
    incident = street.opened().incident_id
    for _ in range(MOST_WISHES + 1):  # a crowd dismisses it, while the camera gives no picture
        street.dismiss(incident)
    assert street.store.events[-1].close_reason is CloseReason.DISMISSED


def test_it_is_kept_before_the_incident_is_closed(street: Street, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = street.opened().incident_id

    def dies(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(street.silences, "dismiss", dies)
    with pytest.raises(KeyboardInterrupt):
        street.dismiss(incident)
    assert len(street.store.events) == 1


def test_it_is_taken_back_by_command_and_by_another_process(street: Street) -> None:
    incident = street.opened().incident_id
    street.dismiss(incident)
    street.dismiss(incident, undo=True, reason=None)
    assert street.visitor.dismissals() == []
    serve(street.desk, every(2, 64, 130, car()))
    again = street.store.events[-1]
    assert again.previous_incident == incident
    street.dismiss(again.incident_id)
    assert street.visitor.take_back(again.incident_id, street.clock.now().utc) is not None
    street.silencer.refresh()
    serve(street.desk, every(2, 132, 200, car()))
    assert len({event.incident_id for event in street.store.events}) == 3


def test_what_was_never_dismissed_cannot_be_taken_back(street: Street) -> None:
    with pytest.raises(CommandRejected, match="was not dismissed at this box") as caught:
        street.dismiss(street.opened().incident_id, undo=True, reason=None)
    assert caught.value.code == "unknown_incident"


def test_an_incident_of_another_box_is_not_known(street: Street) -> None:
    with pytest.raises(CommandRejected, match="is not known to this box"):
        street.dismiss(UUID(int=3))


def test_a_toleration_that_is_over_already_is_refused(street: Street) -> None:
    incident = street.opened().incident_id
    with pytest.raises(CommandRejected, match="until: expected later than"):
        street.dismiss(incident, until=street.clock.now().utc)


def test_a_pause_is_told_to_every_desk_and_ends_by_itself_or_by_command(street: Street) -> None:
    now = street.clock.now().utc
    assert street.pause(seconds=3600, camera="gate") == now + timedelta(hours=1)
    serve(street.desk, every(2, 0, 100, car()))
    assert street.store.events == []
    assert street.pause(seconds=0, camera="gate") is None
    serve(street.desk, every(2, 100, 110, car()))
    assert len(street.store.events) == 1


def test_a_pause_of_more_than_a_week_is_refused_however_it_is_said(street: Street) -> None:
    with pytest.raises(CommandRejected, match="until: expected at most 7 days from now"):
        street.pause(until=street.clock.now().utc + timedelta(days=8))


def test_it_is_kept_though_its_desk_is_changing_hands_and_closed_once_that_is_over(street: Street) -> None:
    incident = street.opened().incident_id
    street.desk.close(1.0)
    street.dismiss(incident)
    assert [it.incident_id for it in street.visitor.dismissals()] == [incident]
    assert len(street.store.events) == 1
    street.desk.go_on()
    street.silencer.refresh()
    assert street.store.events[-1].close_reason is CloseReason.DISMISSED


def test_one_that_is_kept_is_never_told_as_busy_though_a_worker_holds_the_desk(street: Street) -> None:
    """Another process holds the database; once it lets go, the dismissal is kept while a worker is at the desk."""
    incident = street.opened().incident_id
    answers: list[str] = []

    def asks() -> None:
        street.dismiss(incident)
        answers.append("done")

    with held(street.database.path) as let_go:
        asking = Thread(target=asks)
        asking.start()
        assert street.silences.asked.wait(10)
        working = Thread(target=serve, args=(street.desk, every(2, 64, 80, car())))
        street.store.slow = True
        working.start()
        assert street.store.busy.wait(10)
        let_go()
        asking.join()
    assert answers == ["done"]
    assert [it.incident_id for it in street.visitor.dismissals()] == [incident]
    assert len(street.store.events) == 1
    street.store.free.set()
    working.join()
    street.silencer.refresh()
    assert street.store.events[-1].close_reason is CloseReason.DISMISSED


def test_what_was_dismissed_is_closed_though_the_agent_ended_in_between(street: Street) -> None:
    incident = street.opened().incident_id
    street.desk.close(1.0)
    street.dismiss(incident)
    memory, _ = street.desk.memory
    scene = Scene(plan())
    scene.recall(memory, stamp(64))
    desk = Desk("gate", scene=scene, store=street.store, photographer=NoCamera())
    Silencer(clock=street.clock, store=street.visitor, desks={"gate": desk}, zones={}).refresh()
    assert [it.close_reason for it in street.store.events] == [None, CloseReason.DISMISSED]
    serve(desk, every(2, 66, 300, car()))
    assert len(street.store.events) == 2


def test_resuming_a_part_tells_that_a_wider_pause_still_holds(street: Street) -> None:
    until = street.pause(seconds=3600)
    assert street.pause(seconds=0, camera="gate") == until
    assert street.pause(seconds=0) is None
    assert street.visitor.pauses() == []


def test_a_wider_pause_takes_the_place_of_narrower_ones(street: Street) -> None:
    street.pause(seconds=60, camera="gate", zone="kerb")
    street.pause(seconds=60, rule="illegal_parking")
    street.pause(seconds=600, camera="gate")
    assert [(p.camera, p.rule) for p in street.silences.pauses()] == [(None, "illegal_parking"), ("gate", None)]


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ({"camera": "moon"}, "unknown_camera"),
        ({"camera": "yard", "zone": "kerb"}, "unknown_zone"),
        ({"rule": "jaywalking"}, "unknown_rule"),
    ],
)
def test_places_that_do_not_exist_are_told(street: Street, place: dict[str, str], code: str) -> None:
    with pytest.raises(CommandRejected) as caught:
        street.pause(seconds=60, **place)
    assert caught.value.code == code


def test_the_cameras_own_rule_can_be_paused(street: Street) -> None:
    assert street.pause(seconds=60, rule="camera_health") is not None


def test_what_holds_outlives_a_restart(street: Street) -> None:
    street.pause(seconds=3600, camera="gate")
    desk = Desk("gate", scene=Scene(plan()), store=street.store, photographer=NoCamera())
    zones = {"gate": frozenset({"kerb"})}
    Silencer(clock=street.clock, store=street.visitor, desks={"gate": desk}, zones=zones).refresh()
    serve(desk, every(2, 0, 100, car()))
    assert street.store.events == []


def test_one_that_cannot_be_read_holds_no_mouth_shut(
    street: Street, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    visitor = Visitor(tmp_path / "cityeye.db")
    row = "INSERT INTO dismissals (incident_id, camera, dismissal) VALUES ('x', 'gate', '{}')"
    visitor.write(lambda connection: connection.execute(row))
    assert street.silences.dismissals() == []
    assert "does not hold any more" in caplog.text


def test_those_long_over_are_forgotten(street: Street) -> None:
    street.pause(seconds=60, camera="gate")
    street.clock.advance(40 * 24 * 3600)
    street.pause(seconds=60, camera="yard")
    assert [pause.camera for pause in street.silences.pauses()] == ["yard"]
