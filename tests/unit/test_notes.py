"""What people at the box say: its message, and that it is told exactly where it is noted, once, and in order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.sqlite import Database, Remarks, SqliteOutbox, SqliteSilences, SqliteStore, Visitor
from agent.adapters.sqlite.cases import SqliteCases
from agent.adapters.sqlite.migrations import MIGRATIONS
from agent.app.console.incidents import CaseDesk
from agent.app.console.naming import Naming
from agent.core.notes import BoxNote, Said
from agent.core.silence import Dismissal
from agent.core.types import Message, Phase
from agent.core.wire import (
    MAX_PACKET_BYTES,
    event_message,
    event_schema,
    note_message,
    note_schema,
    packet_bytes,
    parse_event,
    parse_note,
)
from agent.ports.console.incidents import IncidentPage
from agent.runtime.courier import CourierSettings
from agent.runtime.delivery import DeliverySettings
from tests.courier_rig import Rig
from tests.events import CLOCK, FACTS, T0, closed, make_event, make_note
from tests.fakes_delivery import FakeClock
from tests.unit.config.samples import config_of, good

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = {
    "acknowledged": make_note(),
    "dismissed": make_note(
        said=Said.DISMISSED, reason="tolerated", until=T0 + timedelta(days=30), note="施工许可", by="li"
    ),
    "dismissal_withdrawn": make_note(said=Said.DISMISSAL_WITHDRAWN, by=None),
}
AT = T0 + timedelta(minutes=12)


# --- the message ---


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    body = json.loads(note_message(CASES[name], 43, FACTS, CLOCK).payload)
    pretty = json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    assert pretty == (GOLDEN / f"note.{name}.json").read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(note_schema()).validate(body)


def test_there_is_a_golden_file_of_each_word() -> None:
    found = {p.stem.removeprefix("note.") for p in GOLDEN.glob("note.*.json")}
    assert found == set(CASES) == set(Said)


def test_it_is_an_event_of_its_incident_that_changes_nothing_of_it() -> None:
    message = note_message(make_note(), 7, FACTS, CLOCK)
    other = event_message(make_event(), 7, FACTS, CLOCK)
    assert (message.topic, message.qos, message.retain, message.content_type) == (
        (other.topic, other.qos, other.retain, other.content_type)
    )
    body, event = json.loads(message.payload), json.loads(other.payload)
    assert list(body) == list(event)
    assert (body["type"], body["subject"]) == ("cityeye.illegal_parking.noted", event["subject"])
    assert "revision" not in body["data"]
    assert {"incident", "camera", "zone", "rule"} <= set(event["data"]) & set(body["data"])


def test_who_reads_incidents_only_cannot_take_it_for_one() -> None:
    payload = note_message(make_note(), 7, FACTS, CLOCK).payload
    with pytest.raises(ValidationError, match="type"):
        parse_event(payload)
    assert list(jsonschema.Draft202012Validator(event_schema()).iter_errors(json.loads(payload)))
    assert parse_note(payload).data.said is Said.ACKNOWLEDGED


def test_titles_are_told_apart_in_both_languages() -> None:
    titles = {said: parse_note(note_message(make_note(said=said), 1, FACTS, CLOCK).payload).data.title for said in Said}
    assert titles[Said.ACKNOWLEDGED].zh == "机动车乱停放：现场人员已知悉 · 东门 · 消防通道"
    assert titles[Said.DISMISSED].en == "Illegal parking: dismissed at the box · 东门 · 消防通道"
    assert len({title.zh for title in titles.values()}) == len({title.en for title in titles.values()}) == len(Said)


def test_the_same_note_has_the_same_bytes_and_no_other_its_id() -> None:
    first, again = (note_message(make_note(), 7, FACTS, CLOCK) for _ in range(2))
    assert first == again
    others = [make_note(), make_note(2), make_note(said=Said.DISMISSED), make_note(at=AT + timedelta(seconds=1))]
    ids = {parse_note(note_message(note, n, FACTS, CLOCK).payload).id for note in others for n in (7, 8)}
    assert len(ids) == 2 * len(others)


@settings(deadline=None)
@given(by=st.none() | st.text(max_size=300), note=st.none() | st.text(max_size=3000), zone=st.text(max_size=60))
def test_whatever_is_said_it_fits_and_can_be_read_back(by: str | None, note: str | None, zone: str) -> None:
    message = note_message(make_note(by=by, note=note, zone=zone), 1, FACTS, CLOCK)
    assert packet_bytes(message) <= MAX_PACKET_BYTES
    said = parse_note(message.payload).data
    jsonschema.Draft202012Validator(note_schema()).validate(json.loads(message.payload))
    assert (said.by is None, said.note is None) == (by is None, note is None)


# --- in the store ---


def encode(note: BoxNote, sequence: int) -> Message:
    return note_message(note, sequence, FACTS, CLOCK)


@dataclass
class Memory:
    """The memory of a box whose operators are told of to the centre."""

    database: Database
    wakes: list[None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FakeClock(T0 + timedelta(hours=1))
        remarks = Remarks(encode, lambda: self.wakes.append(None))
        self.store = SqliteStore(self.database, lambda e, n: event_message(e, n, FACTS, CLOCK), remarks=remarks)
        self.silences = SqliteSilences(self.database, remarks)
        self.outbox = SqliteOutbox(self.database, clock=self.clock)
        self.cases = SqliteCases(self.database.path)

    def acknowledge(self, incident: int = 1, *, at_box: bool | None = True) -> None:
        self.store.acknowledge(make_event(incident).incident_id, AT, "王芳", "看到", at_box=at_box)

    def dismiss(self, incident: int = 1, *, at_box: bool | None = True) -> None:
        self.silences.dismiss(dismissal(incident, at_box=at_box))

    def take_back(self, incident: int = 1, *, at_box: bool | None = True) -> None:
        self.silences.take_back(make_event(incident).incident_id, AT, "li", at_box=at_box)

    def waiting(self) -> list[tuple[int, str, str]]:
        """Sequence, what it is and whose incident it is about, of all rows that wait."""
        rows = self.outbox.due(self.clock.now(), 1000)
        bodies = [json.loads(row.message.payload) for row in rows]
        assert [row.sequence for row in rows] == [int(body["sequence"]) for body in bodies]
        assert [row.order_key for row in rows] == [body["subject"] for body in bodies]
        told = [body["data"].get("said") or body["type"].rpartition(".")[2] for body in bodies]
        return [(row.sequence, what, row.order_key) for row, what in zip(rows, told, strict=True)]

    def page(self, incident: int = 1) -> IncidentPage:
        desk = CaseDesk(
            cases=self.cases,
            evidence=EvidenceFolder(self.database.path.parent, quota_bytes=1, keep_free_bytes=0),
            naming=Naming(lambda: config_of(good())),
            intend=lambda command, answer: None,
            clock=self.clock,
        )
        page = desk.page(make_event(incident).incident_id)
        assert page is not None
        return page


def dismissal(incident: int = 1, *, at_box: bool | None = True) -> Dismissal:
    event = make_event(incident)
    return Dismissal(
        incident_id=event.incident_id,
        camera="gate",
        rule=event.rule,
        zone=event.zone,
        class_name="car",
        track_id=1,
        box_n=event.objects[0].box_n,
        look=np.zeros(0, np.float32),
        reason="tolerated",
        at=AT,
        until=AT + timedelta(days=1),
        by="li",
        note="施工许可",
        at_box=at_box,
    )


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        yield Memory(database)


def identity(number: int = 1) -> str:
    return str(make_event(number).incident_id)


def test_what_is_said_here_waits_behind_the_events_of_its_incident(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.acknowledge()
    memory.store.record("gate", [closed(make_event(1), 2)], "s")
    memory.dismiss()  # of one that has ended
    memory.take_back()
    whole = [(1, "opened"), (2, "acknowledged"), (3, "closed"), (4, "dismissed"), (5, "dismissal_withdrawn")]
    assert memory.waiting() == [(sequence, what, identity()) for sequence, what in whole]
    assert len(memory.wakes) == 3
    said = [
        parse_note(row.message.payload) for row in memory.outbox.due(memory.clock.now(), 9) if row.sequence in (2, 4, 5)
    ]
    assert [(it.time, it.data.by, it.data.note) for it in said] == [
        (AT, "王芳", "看到"),
        (AT, "li", "施工许可"),
        (AT, "li", None),
    ]
    assert (said[1].data.reason, said[1].data.until) == ("tolerated", AT + timedelta(days=1))
    assert (said[2].data.reason, said[2].data.until) == (None, None)


@pytest.mark.parametrize("at_box", [False, None])
def test_what_the_centre_said_is_not_told_to_it(memory: Memory, at_box: bool | None) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.acknowledge(at_box=at_box)
    memory.dismiss(at_box=at_box)
    memory.take_back(at_box=at_box)
    assert [what for _, what, _ in memory.waiting()] == ["opened"]
    assert [(it["kind"], it["sequence"]) for it in memory.page()["remarks"]] == [
        ("acknowledged", None),
        ("dismissed", None),
        ("restored", None),
    ]


def test_what_changes_nothing_is_not_told(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.acknowledge(at_box=False)
    memory.acknowledge()  # the centre was first
    memory.acknowledge(2)  # nobody knows it
    memory.take_back()  # it was never dismissed
    assert [what for _, what, _ in memory.waiting()] == ["opened"]


def test_a_dismissal_of_the_centre_that_is_taken_back_here_is_told(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.dismiss(at_box=False)
    memory.take_back()
    assert [what for _, what, _ in memory.waiting()] == ["opened", "dismissal_withdrawn"]


class Stumbles(Exception):
    """A fault in the middle of a transaction."""


def test_there_is_never_one_without_the_other(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.dismiss(at_box=False)

    def fails(note: BoxNote, sequence: int) -> Message:
        raise Stumbles

    clumsy = Remarks(fails)
    store = SqliteStore(memory.database, lambda e, n: event_message(e, n, FACTS, CLOCK), remarks=clumsy)
    silences = SqliteSilences(memory.database, clumsy)
    with pytest.raises(Stumbles):
        store.acknowledge(make_event(1).incident_id, AT, "li", None, at_box=True)
    with pytest.raises(Stumbles):
        silences.dismiss(dismissal())
    with pytest.raises(Stumbles):
        silences.take_back(make_event(1).incident_id, AT, at_box=True)
    page = memory.page()
    assert [it["kind"] for it in page["remarks"]] == ["dismissed"]
    assert page["incident"]["acknowledged"] is None
    assert [it.at_box for it in silences.dismissals()] == [False]
    memory.acknowledge()
    assert memory.waiting() == [(1, "opened", identity()), (2, "acknowledged", identity())], "no number is lost"


def test_another_process_tells_it_too(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.dismiss()
    visitor = SqliteSilences(Visitor(memory.database.path), Remarks(encode))
    visitor.take_back(make_event(1).incident_id, AT, at_box=True)
    memory.store.record("gate", [closed(make_event(1), 2)], "s")
    assert [what for _, what, _ in memory.waiting()] == ["opened", "dismissed", "dismissal_withdrawn", "closed"]


def test_it_is_told_of_an_incident_that_the_book_has_forgotten(memory: Memory) -> None:
    memory.store.record("gate", [closed(make_event(1), 2)], "s")
    memory.dismiss(at_box=False)
    memory.database.write(lambda connection: connection.execute("DELETE FROM incidents"))
    memory.take_back()
    [_, row] = memory.outbox.due(memory.clock.now(), 9)
    note = parse_note(row.message.payload)
    assert (note.type, note.data.camera, note.data.zone) == ("cityeye.illegal_parking.noted", "gate", "fire-lane")


def test_the_page_says_how_far_the_centre_has_it(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.acknowledge()
    memory.dismiss()

    def far() -> list[tuple[bool, bool, str | None]]:
        return [(it["taken"] is not None, it["acked"] is not None, it["set_aside"]) for it in memory.page()["remarks"]]

    assert [it["sequence"] for it in memory.page()["remarks"]] == [2, 3]
    seen = [(memory.cases.version(), far())]
    memory.outbox.sent([1, 2], 0.0, 60.0)
    seen.append((memory.cases.version(), far()))
    memory.outbox.acked(2)
    seen.append((memory.cases.version(), far()))
    memory.outbox.set_aside(3, "too large")
    seen.append((memory.cases.version(), far()))
    assert [told for _, told in seen] == [
        [(False, False, None), (False, False, None)],
        [(True, False, None), (False, False, None)],
        [(True, True, None), (False, False, None)],
        [(True, True, None), (False, False, "too large")],
    ]
    assert len({version for version, _ in seen}) == len(seen), "pages that are open are told each time"
    memory.outbox.acked(3, [(2, 2)])
    assert far()[0] == (True, False, None), "the platform misses it after all"


def test_notes_are_never_given_up_for_others(tmp_path: Path) -> None:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        memory = Memory(database)
        store = SqliteStore(database, lambda e, n: event_message(e, n, FACTS, CLOCK), backlog=10)
        store.record("gate", [make_event(1)], "s")
        memory.acknowledge()
        for number in range(2, 40):
            beat = make_event(number, incident=1, revision=number, phase=Phase.UPDATED)
            store.record("gate", [beat], "s")
        told = [what for _, what, _ in memory.waiting()]
        assert told[:2] == ["opened", "acknowledged"]
        assert len(told) < 25


def test_an_upgraded_box_says_of_what_was_said_before_that_nobody_was_told(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    with Database(path, reserve_bytes=0).open() as database:
        Memory(database).store.record("gate", [make_event(1)], "s")

        def back(connection: object) -> None:
            for index in ("remarks_by_sequence", "remarks_unacked"):
                connection.execute(f"DROP INDEX {index}")  # type: ignore[attr-defined]
            for column in ("sequence", "taken_at", "acked_at"):
                connection.execute(f"ALTER TABLE remarks DROP COLUMN {column}")  # type: ignore[attr-defined]
            connection.execute(  # type: ignore[attr-defined]
                "INSERT INTO remarks (incident_id, kind, at, by, details) VALUES (?, 'acknowledged', ?, 'li', ?)",
                (identity(), AT.isoformat(), '{"at_box": true}'),
            )
            [before] = [i for i, step in enumerate(MIGRATIONS) if step.name.startswith("what people say")]
            connection.execute(f"PRAGMA user_version={before}")  # type: ignore[attr-defined]

        database.write(back)
    with Database(path, reserve_bytes=0).open() as database:
        memory = Memory(database)
        [remark] = memory.page()["remarks"]
        assert (remark["sequence"], remark["taken"], remark["details"]) == (None, None, {"at_box": True})
        assert [what for _, what, _ in memory.waiting()] == ["opened"]


# --- in any order ---

STEPS = st.lists(
    st.tuples(st.sampled_from(["event", "acknowledge", "dismiss", "take_back"]), st.integers(1, 3), st.booleans()),
    min_size=1,
    max_size=30,
)
ANSWERS = st.lists(
    st.sampled_from(["accept", "accept", "accept", "refuse", "ignore", "lose", "lose after"]), max_size=40
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, answers=ANSWERS, window=st.integers(1, 20))
def test_each_note_arrives_once_in_the_order_of_its_incident(
    steps: list[tuple[str, int, bool]], answers: list[str], window: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is said where about which incident, and however often the broker refuses, keeps silent or hangs up."""
    with Database(tmp_path_factory.mktemp("notes") / "cityeye.db", reserve_bytes=0).open() as database:
        memory = Memory(database)
        revisions = dict.fromkeys((1, 2, 3), 0)
        for number, (what, incident, at_box) in enumerate(steps, 1):
            if what == "event":
                revisions[incident] += 1
                event = make_event(100 + number, incident=incident, revision=revisions[incident])
                memory.store.record("gate", [event], "s")
            else:
                getattr(memory, what)(incident, at_box=at_box)
        written = memory.waiting()
        rig = Rig(CourierSettings(delivery=DeliverySettings(attempts=1000)), outbox=memory.outbox)
        rig.broker.window, script = window, iter(answers)

        def answer(message: Message) -> str:
            verdict = next(script, "accept")
            if verdict == "lose after":
                rig.broker.received.append(message)
                return "lose"
            return verdict

        rig.broker.answer = answer
        rig.run(lambda: memory.outbox.depth() == 0)
        bodies = [json.loads(m.payload) for m in rig.broker.received if m.topic.endswith("/event")]
        arrived = list(dict.fromkeys((int(body["sequence"]), body["id"], body["subject"]) for body in bodies))
        assert sorted(n for n, _, _ in arrived) == [n for n, _, _ in written] == list(range(1, len(written) + 1))
        for key in {subject for _, _, subject in arrived}:
            mine = [n for n, _, subject in arrived if subject == key]
            assert mine == sorted(mine)
        told = {n for n, what, _ in written if what in set(Said)}
        kept = database.read("SELECT sequence, taken_at IS NOT NULL, details FROM remarks")
        assert {sequence for sequence, _, _ in kept if sequence is not None} == told
        for sequence, taken, details in kept:
            assert (sequence is not None, bool(taken)) == (json.loads(details).get("at_box", False),) * 2


def test_ids_sort_by_time() -> None:
    first, later = make_note().minted(9), make_note(at=AT + timedelta(seconds=1)).minted(1)
    assert first < later
    assert {it.version for it in (first, later)} == {7}
    assert isinstance(first, UUID)
