"""One contract suite for Store, Outbox and LoginLedger, run against the fakes and SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.adapters.sqlite import Database, SqliteLedger, SqliteOutbox, SqliteStore
from agent.core.types import Event, Message, Phase
from agent.ports import LoginLedger, Outbox, Store
from tests.events import T0, closed, make_event
from tests.fakes_delivery import FakeClock, FakeLedger, FakeOutbox, FakeStore

CLOCK = FakeClock()
NOW_S = CLOCK.now().utc.timestamp()


def encode(event: Event, sequence: int) -> Message:
    return Message(topic="t/event", payload=f"{sequence}:{event.event_id}".encode(), content_type="text/plain")


@dataclass
class Memory:
    """The three ports over one memory, and how often `recorded` was called."""

    store: Store
    outbox: Outbox
    ledger: LoginLedger
    wakes: list[None]

    def due(self, limit: int = 1000, after_s: float = 0.0) -> list[int]:
        clock = FakeClock(CLOCK.now().utc + timedelta(seconds=after_s))
        return [envelope.sequence for envelope in self.outbox.due(clock.now(), limit)]

    def rows(self) -> list[int]:
        return [envelope.row for envelope in self.outbox.due(CLOCK.now(), 1000)]


def fake_memory() -> Memory:
    outbox = FakeOutbox()
    wakes: list[None] = []
    return Memory(FakeStore(outbox, encode, lambda: wakes.append(None)), outbox, FakeLedger(), wakes)


def sqlite_memory(database: Database) -> Memory:
    wakes: list[None] = []
    store = SqliteStore(database, encode, lambda: wakes.append(None))
    return Memory(store, SqliteOutbox(database), SqliteLedger(database), wakes)


@pytest.fixture(params=["fake", "sqlite"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    if request.param == "fake":
        yield fake_memory()
        return
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        yield sqlite_memory(database)


def test_events_become_rows_in_order_with_their_sequence(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1), make_event(2)], "s1")
    memory.store.record("yard", [make_event(3, camera="yard")], "s2")
    envelopes = memory.outbox.due(CLOCK.now(), 10)
    assert [e.sequence for e in envelopes] == [1, 2, 3]
    assert [e.message for e in envelopes] == [encode(make_event(n), n) for n in (1, 2, 3)]
    assert [e.order_key for e in envelopes] == [str(make_event(n).incident_id) for n in (1, 2, 3)]
    assert {(e.attempts, e.due_at_utc_s) for e in envelopes} == {(0, 0.0)}
    assert memory.due(limit=2) == [1, 2]
    assert memory.outbox.depth() == 3
    assert len(memory.wakes) == 2


def test_state_is_kept_with_the_events_and_alone(memory: Memory) -> None:
    assert memory.store.load_state("gate") is None
    memory.store.record("gate", [make_event()], "with event")
    assert memory.store.load_state("gate") == "with event"
    memory.store.save_state("gate", "alone")
    memory.store.save_state("yard", "other")
    assert (memory.store.load_state("gate"), memory.store.load_state("yard")) == ("alone", "other")
    assert len(memory.wakes) == 1


def test_the_same_event_is_recorded_once(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "a")
    memory.store.record("gate", [make_event(1), make_event(2)], "b")
    memory.outbox.done(memory.rows())
    memory.store.record("gate", [make_event(1)], "c")
    memory.store.record("gate", [make_event(3)], "d")
    assert memory.due() == [3]
    assert memory.store.load_state("gate") == "d"


def test_an_event_that_cannot_be_encoded_leaves_nothing(tmp_path: Path, memory: Memory) -> None:
    def strict(event: Event, sequence: int) -> Message:
        if event.zone == "bad":
            raise ValueError("bad zone")
        return encode(event, sequence)

    memory.store._encode = strict  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="bad zone"):
        memory.store.record("gate", [make_event(1), make_event(2, zone="bad")], "x")
    assert (memory.due(), memory.store.load_state("gate"), memory.store.incidents(limit=9)) == ([], None, [])
    memory.store.record("gate", [make_event(3)], "y")
    assert memory.due() == [1]


def test_incidents_newest_first_with_their_delivery(memory: Memory) -> None:
    first, second = make_event(1), make_event(2, camera="yard", opened_at=T0 + timedelta(hours=1))
    memory.store.record("gate", [first], "s")
    memory.store.record("yard", [second], "s")
    memory.store.record("gate", [closed(first, 3)], "s")
    memory.outbox.done(memory.rows()[:2])
    rows = memory.store.incidents(limit=10)
    assert [r.incident_id for r in rows] == [second.incident_id, first.incident_id]
    assert [(r.phase, r.delivered, r.revision) for r in rows] == [("opened", True, 1), ("closed", False, 2)]
    assert (rows[1].closed_at, rows[1].close_reason, rows[1].dwell_s) == (T0 + timedelta(minutes=9), "cleared", 510.0)
    assert (rows[1].opened_at, rows[1].blind_s, rows[1].zone) == (first.opened_at, 12.5, "fire-lane")
    assert [r.camera for r in memory.store.incidents(limit=10, camera="yard")] == ["yard"]
    assert len(memory.store.incidents(limit=1)) == 1
    memory.outbox.done(memory.rows())
    assert memory.store.incidents(limit=10)[1].delivered


def test_an_older_revision_does_not_reopen_an_incident(memory: Memory) -> None:
    first = make_event(1)
    memory.store.record("gate", [first, closed(first, 2)], "s")
    memory.store.record("gate", [make_event(3, incident=1)], "s")
    assert memory.store.incidents(limit=1)[0].phase == "closed"
    assert memory.due() == [1, 2, 3]


def test_done_rows_do_not_come_back(memory: Memory) -> None:
    memory.store.record("gate", [make_event(n) for n in range(1, 5)], "s")
    rows = memory.rows()
    memory.outbox.done([rows[0], rows[2]])
    memory.outbox.done([rows[0]])
    memory.outbox.done([])
    assert memory.due() == [2, 4]
    assert memory.outbox.depth() == 2


def test_a_postponed_row_comes_back_in_time_with_its_attempts(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1), make_event(2)], "s")
    memory.outbox.postpone(memory.rows()[0], NOW_S + 5)
    assert memory.due() == [2]
    assert memory.due(after_s=4.9) == [2]
    assert memory.due(after_s=5.0) == [1, 2]
    later = FakeClock(CLOCK.now().utc + timedelta(seconds=5))
    assert memory.outbox.due(later.now(), 1)[0].attempts == 1
    assert memory.outbox.depth() == 2


def test_rows_of_one_incident_wait_for_a_postponed_one(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1, incident=1), make_event(2, incident=2)], "s")
    memory.store.record("gate", [make_event(3, incident=1), make_event(4, incident=2)], "s")
    memory.outbox.postpone(memory.rows()[0], NOW_S + 5)
    assert memory.due() == [2, 4]
    assert memory.due(after_s=6) == [1, 2, 3, 4]


def test_a_row_postponed_before_the_clock_was_set_back_is_due(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    memory.outbox.postpone(memory.rows()[0], NOW_S + 4 * 365 * 86_400)
    assert memory.due() == [1]


def test_rows_set_aside_wait_for_a_person(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1, incident=1), make_event(2, incident=1), make_event(3)], "s")
    memory.outbox.postpone(memory.rows()[0], NOW_S)
    memory.outbox.set_aside(memory.rows()[0], "Not authorized")
    assert memory.due() == [2, 3], "it does not hold up the rest of its incident"
    assert (memory.outbox.depth(), memory.outbox.set_aside_count()) == (2, 1)
    memory.outbox.done(memory.rows())
    assert [r.delivered for r in memory.store.incidents(limit=9)] == [True, False]
    assert memory.outbox.requeue() == 1
    assert memory.outbox.requeue() == 0
    envelope = memory.outbox.due(CLOCK.now(), 9)[0]
    assert (envelope.sequence, envelope.attempts) == (1, 0)
    assert memory.outbox.set_aside_count() == 0


def test_a_sent_row_comes_back_unless_the_platform_has_it(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1), make_event(2), make_event(3)], "s")
    first, second, _ = memory.rows()
    memory.outbox.sent([first, second], NOW_S, 60.0)
    assert memory.due() == [3]
    assert (memory.outbox.depth(), memory.outbox.unacked()) == (3, 2)
    assert memory.outbox.acked(1) == 1
    assert memory.due(after_s=59) == [3]
    assert memory.due(after_s=60) == [2, 3]
    assert (memory.outbox.depth(), memory.outbox.unacked()) == (2, 1)
    assert [r.delivered for r in memory.store.incidents(limit=9)] == [False, False, True]


def test_each_time_it_waits_twice_as_long_up_to_ten_minutes(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1)], "s")
    [row] = memory.rows()
    waits = []
    for _ in range(12):
        memory.outbox.sent([row], NOW_S, 60.0)
        later = FakeClock(CLOCK.now().utc + timedelta(seconds=700))
        waits.append(memory.outbox.due(later.now(), 9)[0].due_at_utc_s - NOW_S)
    assert waits == [60, 120, 240, 480, *[600] * 8]


def test_an_ack_covers_nothing_that_was_never_sent(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1), make_event(2)], "s")
    memory.outbox.sent(memory.rows()[1:], NOW_S, 60.0)
    assert memory.outbox.acked(2) == 1
    assert memory.due(after_s=700) == [1]
    with pytest.raises(ValueError):
        memory.outbox.acked(3)


def test_what_the_platform_misses_is_sent_again_though_it_was_done(memory: Memory) -> None:
    memory.store.record("gate", [make_event(n) for n in range(1, 7)], "s")
    rows = memory.rows()
    memory.outbox.done(rows[:2])
    memory.outbox.sent(rows[2:5], NOW_S, 60.0)
    assert memory.outbox.acked(5, [(2, 3)]) == 2
    assert memory.due() == [2, 3, 6]
    assert memory.outbox.depth() == 3
    memory.outbox.set_aside(rows[5], "no")
    memory.outbox.acked(6, [(6, 6)])
    assert memory.due() == [2, 3], "what waits for a person is left to that person"


def test_a_sent_row_does_not_hold_up_its_incident(memory: Memory) -> None:
    memory.store.record("gate", [make_event(1, incident=1), make_event(2, incident=1)], "s")
    memory.outbox.sent(memory.rows()[:1], NOW_S, 60.0)
    assert memory.due() == [2]


def test_a_full_backlog_gives_up_the_oldest_updates_only(tmp_path: Path) -> None:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as database:
        store, outbox = SqliteStore(database, encode, backlog=10), SqliteOutbox(database)
        phases = [Phase.OPENED, Phase.UPDATED, Phase.UPDATED, Phase.CLOSED]
        for n in range(1, 41):
            store.record("gate", [replace(make_event(n), phase=phases[n % 4])], "s")
        kept = [e.sequence for e in outbox.due(CLOCK.now(), 100)]
        assert {n for n in range(1, 41) if phases[n % 4] is not Phase.UPDATED} <= set(kept)
        assert outbox.dropped() == 20
        assert len(kept) == 20
        store.record("gate", [make_event(41)], "s")
        assert outbox.due(CLOCK.now(), 100)[-1].sequence == 41, "numbers are never used again"


def test_ledger_counts_per_camera_and_credential(memory: Memory) -> None:
    assert memory.ledger.refusals("gate", "f1") == (0, 0.0)
    memory.ledger.refused("gate", "f1", 10.0)
    memory.ledger.refused("gate", "f1", 12.5)
    memory.ledger.refused("gate", "f2", 11.0)
    memory.ledger.refused("yard", "f1", 9.0)
    assert memory.ledger.refusals("gate", "f1") == (2, 12.5)
    assert memory.ledger.refusals("gate", "f2") == (1, 11.0)
    memory.ledger.clear("gate")
    assert memory.ledger.refusals("gate", "f1") == memory.ledger.refusals("gate", "f2") == (0, 0.0)
    assert memory.ledger.refusals("yard", "f1") == (1, 9.0)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.lists(st.tuples(st.integers(1, 30), st.integers(1, 4)), max_size=3)),
        st.tuples(st.just("done"), st.integers(0, 5)),
        st.tuples(st.just("postpone"), st.integers(0, 5), st.integers(-5, 30)),
        st.tuples(st.just("aside"), st.integers(0, 5)),
        st.tuples(st.just("sent"), st.integers(0, 5), st.integers(0, 30)),
        st.tuples(st.just("acked"), st.integers(0, 8), st.integers(0, 8)),
        st.tuples(st.just("requeue")),
        st.tuples(st.just("later"), st.integers(1, 20)),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_sqlite_does_what_the_fake_does(steps: list[tuple[Any, ...]], database: Database) -> None:
    _empty(database)
    memories = (fake_memory(), sqlite_memory(database))
    clock = FakeClock()
    for step in steps:
        if step[0] == "later":
            clock.advance(step[1])
        for memory in memories:
            _apply(memory, step, clock)
        fake, real = (m.outbox.due(clock.now(), 100) for m in memories)
        assert [(e.sequence, e.attempts, e.due_at_utc_s) for e in fake] == [
            (e.sequence, e.attempts, e.due_at_utc_s) for e in real
        ]
        counts = {(m.outbox.depth(), m.outbox.set_aside_count(), m.outbox.unacked()) for m in memories}
        assert len(counts) == 1
        assert memories[0].store.incidents(limit=99) == memories[1].store.incidents(limit=99)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as opened:
        yield opened


def _empty(database: Database) -> None:
    for sql in ("DELETE FROM outbox", "DELETE FROM incidents", "DELETE FROM scenes", "UPDATE meta SET value = 0"):
        database.write(lambda connection, sql=sql: connection.execute(sql))  # type: ignore[misc]


def _apply(memory: Memory, step: tuple[Any, ...], clock: FakeClock) -> None:
    rows = [e.row for e in memory.outbox.due(clock.now(), 100)]
    if step[0] == "record":
        memory.store.record("gate", [make_event(n, incident=i) for n, i in step[1]], "s")
    elif step[0] == "requeue":
        memory.outbox.requeue()
    elif step[0] == "acked":
        with suppress(ValueError):
            memory.outbox.acked(step[1], [(step[2], step[1])])
    elif rows and step[0] != "later":
        row = rows[step[1] % len(rows)]
        if step[0] == "done":
            memory.outbox.done([row])
        elif step[0] == "sent":
            memory.outbox.sent([row], clock.now().utc.timestamp(), float(step[2]))
        elif step[0] == "postpone":
            memory.outbox.postpone(row, clock.now().utc.timestamp() + step[2])
        else:
            memory.outbox.set_aside(row, "no")


def test_the_first_acknowledgement_of_an_incident_counts(memory: Memory) -> None:
    event, later = make_event(1), T0 + timedelta(minutes=5)
    assert memory.store.acknowledge(event.incident_id, T0, "a", None) is None
    memory.store.record("gate", [event], "s1")
    assert memory.store.acknowledge(event.incident_id, T0, "a", "on our way") == T0
    assert memory.store.acknowledge(event.incident_id, later, "b", None) == T0
    memory.store.record("gate", [closed(event, 2)], "s2")
    assert memory.store.acknowledge(event.incident_id, later, "b", None) == T0
