"""Pictures that wait for the centre: the contract of the port, the tables, and their way in with the event."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.adapters.pictures import MAX_JPEG_BYTES
from agent.adapters.sqlite import Database, SqliteOutbox, SqliteParcels, SqliteStore
from agent.adapters.sqlite import parcels as module
from agent.core.types import Event, Message, Phase
from agent.core.wire import BoxFacts, EvidenceOf, largest_picture_bytes
from agent.ports import Parcels
from tests.contracts.parcels import ASKED, GATE, ParcelsContract, picture
from tests.events import FACTS, make_event
from tests.fakes_delivery import FakeClock, FakeParcels


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as opened:
        yield opened


class TestFake(ParcelsContract):
    @pytest.fixture
    def parcels(self) -> Parcels:
        return FakeParcels()


class TestSqlite(ParcelsContract):
    @pytest.fixture
    def parcels(self, database: Database) -> Parcels:
        return SqliteParcels(database)


def encode(event: Event, sequence: int) -> Message:
    return Message(topic="t/event", payload=str(sequence).encode(), content_type="text/plain")


def test_pictures_come_in_with_the_event_that_names_them_first(database: Database) -> None:
    store, parcels = SqliteStore(database, encode, parcels=True), SqliteParcels(database)
    opened = make_event(1, evidence=(picture(1), picture(2)))
    store.record("gate", [opened], "s")
    store.record("gate", [opened], "s")
    later = make_event(2, incident=1, revision=2, phase=Phase.UPDATED, evidence=(picture(2), picture(3)))
    store.record("gate", [later], "s")
    found = parcels.due(FakeClock().now(), 10)
    assert [parcel.picture for parcel in found] == [picture(1), picture(2), picture(3)]
    assert [parcel.about.sequence for parcel in found] == [1, 1, 2]
    assert {(parcel.about.camera, parcel.about.incident) for parcel in found} == {("gate", opened.incident_id)}


def test_without_a_way_to_the_centre_no_picture_waits(database: Database) -> None:
    parcels = SqliteParcels(database)
    SqliteStore(database, encode).record("gate", [make_event(1, evidence=(picture(1),))], "s")
    assert parcels.waiting() == 0
    parcels.add([picture(2)], ASKED)
    assert (parcels.clear(), parcels.clear(), parcels.waiting(), parcels.dropped()) == (1, 0, 0, 0)


def test_they_survive_a_restart_and_adding_wakes(tmp_path: Path) -> None:
    woken: list[None] = []
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        SqliteParcels(database, lambda: woken.append(None)).add([picture(1)], ASKED)
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        assert SqliteParcels(database).due(FakeClock().now(), 10)[0].picture == picture(1)
    assert woken == [None]


def test_too_many_push_out_the_oldest_which_are_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 150)
    parcels = SqliteParcels(database)
    parcels.add([picture(n) for n in range(1, 301)], GATE)
    assert (parcels.waiting(), parcels.dropped()) == (150, 150)
    assert parcels.due(FakeClock().now(), 1)[0].picture == picture(151)


def test_every_picture_that_is_kept_fits_into_a_packet() -> None:
    longest = "x" * 63
    facts = BoxFacts(
        tenant=longest,
        box=longest,
        code_system=FACTS.code_system,
        config_version=FACTS.config_version,
        model=FACTS.model,
        cameras={},
    )
    about = EvidenceOf(camera=longest, incident=GATE.incident, sequence=10**19, command_id="c" * 256)
    assert largest_picture_bytes(picture(1), about, facts) >= MAX_JPEG_BYTES


def test_an_update_that_was_given_up_in_flight_and_arrived_is_not_counted(database: Database) -> None:
    store, outbox = SqliteStore(database, encode, backlog=10), SqliteOutbox(database)
    for number in range(1, 11):
        store.record("gate", [make_event(number, phase=Phase.UPDATED)], "s")
    in_flight = [envelope.row for envelope in outbox.due(FakeClock().now(), 4)]
    for number in range(11, 21):
        store.record("gate", [make_event(number, phase=Phase.UPDATED)], "s")
    assert outbox.dropped() == 10
    outbox.done(in_flight)
    assert (outbox.dropped(), outbox.depth()) == (6, 10)
