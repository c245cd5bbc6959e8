"""What SQLite must survive: restarts, foreign files, two agents, full disks, being killed."""

from __future__ import annotations

import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.adapters.sqlite import Database, SqliteOutbox, SqliteStore, read_incidents
from agent.adapters.sqlite.migrations import MIGRATIONS
from agent.core.errors import StoreFull, StoreUnusable
from agent.core.ids import uuid7_from
from agent.core.types import Event, Message, Phase
from tests.events import closed, make_event
from tests.fakes_delivery import FakeClock
from tests.memory_disk import fill, memory_disk

NOW = FakeClock().now()
ROOT = Path(__file__).parents[2]


def encode(event: Event, sequence: int) -> Message:
    return Message(topic="t", payload=b"x" * 4000, content_type="text/plain")


def opened(folder: Path, reserve_bytes: int = 0) -> Database:
    return Database(folder / "cityeye.db", reserve_bytes=reserve_bytes).open()


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        SqliteStore(database, encode).record("gate", [make_event(1), make_event(2)], "state")
        SqliteOutbox(database).done([1])
    with opened(tmp_path) as database:
        store = SqliteStore(database, encode)
        assert store.load_state("gate") == "state"
        assert [r.delivered for r in store.incidents(limit=9)] == [False, True]
        store.record("gate", [make_event(3)], "state")
        assert [e.sequence for e in SqliteOutbox(database).due(NOW, 9)] == [2, 3]


def test_sequence_goes_on_after_all_delivered_rows_were_pruned(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        outbox = SqliteOutbox(database, keep_delivered=2)
        SqliteStore(database, encode).record("gate", [make_event(n) for n in range(1, 8)], "s")
        outbox.done([e.row for e in outbox.due(NOW, 9)])
        assert database.read("SELECT sequence FROM outbox ORDER BY row") == [(6,), (7,)]
        database.write(lambda connection: connection.execute("DELETE FROM outbox"))
    with opened(tmp_path) as database:
        SqliteStore(database, encode).record("gate", [make_event(8)], "s")
        envelope = SqliteOutbox(database).due(NOW, 9)[0]
        assert (envelope.sequence, envelope.row) == (8, 8)


def test_pruning_never_takes_rows_that_did_not_arrive(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        outbox = SqliteOutbox(database, keep_delivered=0)
        SqliteStore(database, encode).record("gate", [make_event(n) for n in range(1, 6)], "s")
        outbox.set_aside(1, "no")
        outbox.done([2, 4])
        assert [e.sequence for e in outbox.due(NOW, 9)] == [3, 5]
        assert outbox.set_aside_count() == 1


def test_the_file_is_opened_for_power_cuts(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        assert database.read("PRAGMA journal_mode") == [("wal",)]
        assert database.read("PRAGMA synchronous") == [(2,)]
        assert database.read("PRAGMA foreign_keys") == [(1,)]
        assert database.read("PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_due_uses_its_indexes(tmp_path: Path) -> None:
    from agent.adapters.sqlite.outbox import _DUE

    with opened(tmp_path) as database:
        plan = database.read("EXPLAIN QUERY PLAN " + _DUE, {"now": 0, "horizon": 1, "limit": 1})
        steps = " ".join(str(step[3]) for step in plan)
        assert "outbox_pending" in steps
        assert "outbox_open_by_key" in steps
        assert "TEMP B-TREE" not in steps


def test_threads_share_it_without_gaps(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        store = SqliteStore(database, encode)

        def work(first: int) -> None:
            for number in range(first, first + 25):
                store.record(f"camera{first}", [make_event(number)], str(number))

        threads = [threading.Thread(target=work, args=(n * 100,)) for n in range(1, 5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [e.sequence for e in SqliteOutbox(database).due(NOW, 1000)] == list(range(1, 101))


def test_incidents_can_be_read_while_an_agent_runs(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        SqliteStore(database, encode).record("gate", [make_event(1)], "s")
        rows = read_incidents(tmp_path / "cityeye.db", limit=5, camera="gate")
        assert [r.incident_id for r in rows] == [make_event(1).incident_id]
    with pytest.raises(StoreUnusable, match=r"none\.db: expected a database of City Eye"):
        read_incidents(tmp_path / "none.db", limit=5)


# --- files that cannot be used ---


def test_two_agents_never_share_a_folder(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StoreUnusable, match=f"in use by process {os.getpid()}; stop that agent"):
        opened(tmp_path)
    opened(tmp_path).close()


def test_not_a_database(tmp_path: Path) -> None:
    (tmp_path / "cityeye.db").write_bytes(b"this is a letter, not a database" * 40)
    with pytest.raises(StoreUnusable, match=r"cityeye\.db: expected a database of City Eye, found: .*not a database"):
        opened(tmp_path)
    (tmp_path / "cityeye.db").unlink()
    opened(tmp_path).close()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StoreUnusable, match="found one of another program"):
        opened(tmp_path)
    assert path.read_bytes() == before


def test_a_database_of_a_newer_agent(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        database.write(lambda connection: connection.execute("PRAGMA user_version=99"))
    with pytest.raises(StoreUnusable, match=f"version {len(MIGRATIONS)} or older, found 99, written by a newer agent"):
        opened(tmp_path)


def test_a_damaged_database_says_so(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        SqliteStore(database, encode).record("gate", [make_event(n) for n in range(1, 30)], "s")
    path = tmp_path / "cityeye.db"
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xaa" * (len(content) - 8192)
    path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"malformed.*\.recover"), opened(tmp_path) as database:
        SqliteStore(database, encode).incidents(limit=99)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(StoreUnusable, match="expected a folder the agent may write to, found: "):
        opened(tmp_path / "data")


def test_a_closed_database_says_so(tmp_path: Path) -> None:
    database = opened(tmp_path)
    database.close()
    database.close()
    with pytest.raises(StoreUnusable, match="is not open"):
        SqliteStore(database, encode).record("gate", [make_event(1)], "s")


def test_a_lock_held_by_a_tool_can_be_waited_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.adapters.sqlite.connection.BUSY_S", 0.01)
    with opened(tmp_path) as database, closing(sqlite3.connect(tmp_path / "cityeye.db")) as tool:
        store = SqliteStore(database, encode)
        tool.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFull, match="another program holds the database"):
            store.record("gate", [make_event(1)], "s")
        tool.rollback()
        store.record("gate", [make_event(1)], "s")
        assert [e.sequence for e in SqliteOutbox(database).due(NOW, 9)] == [1]


def test_while_a_tool_holds_it_others_read_and_a_stop_waits_no_longer(tmp_path: Path) -> None:
    with opened(tmp_path) as database, closing(sqlite3.connect(tmp_path / "cityeye.db")) as tool:
        tool.execute("BEGIN IMMEDIATE")
        trying, faults = threading.Event(), list[StoreFull]()

        def write() -> None:
            try:
                database.write(lambda connection: connection.execute("PRAGMA user_version=0"))
            except StoreFull as error:
                faults.append(error)
            trying.set()

        thread = threading.Thread(target=write)
        thread.start()
        while not trying.is_set():  # each one gets through between two tries
            assert database.read("SELECT 1") == [(1,)]
            database.hurry()
        thread.join()
        assert [str(error).partition(": ")[2] for error in faults] == [
            "nothing was kept: another program holds the database; end it (sqlite3 shell?)"
        ]


# --- full disks ---


def test_a_full_database_keeps_nothing_and_works_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        store, outbox = SqliteStore(database, encode), SqliteOutbox(database)
        store.record("gate", [make_event(1)], "one")
        pages = database.read("PRAGMA page_count")[0][0]
        database.read(f"PRAGMA max_page_count={pages + 4}")
        many = [make_event(n) for n in range(2, 40)]
        for _ in range(3):
            with pytest.raises(StoreFull, match=r"cityeye\.db: expected room for a commit, found a full disk"):
                store.record("gate", many, "two")
        assert store.load_state("gate") == "one"
        assert [e.sequence for e in outbox.due(NOW, 99)] == [1]
        database.read("PRAGMA max_page_count=1000000")
        store.record("gate", many, "two")
        assert [e.sequence for e in outbox.due(NOW, 99)] == list(range(1, 40))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB of its own."""
    with memory_disk(tmp_path / "disk", "size=2m") as folder:
        yield folder


def test_the_reserve_takes_events_when_the_disk_is_full(tiny_disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    with opened(tiny_disk, reserve_bytes=256 * 1024) as database:
        store, outbox = SqliteStore(database, encode), SqliteOutbox(database)
        store.record("gate", [make_event(1)], "1")
        reserve = tiny_disk / "reserve.bin"
        assert reserve.stat().st_size == 256 * 1024
        waste = fill(tiny_disk)
        kept = 1
        with caplog.at_level(logging.ERROR), pytest.raises(StoreFull):
            while True:
                store.record("gate", [make_event(kept + 1)], str(kept + 1))
                kept += 1
        assert caplog.text.count("released the reserve") == 1
        assert kept >= 20, "the reserve gave room for some events"
        assert store.load_state("gate") == str(kept)
        waste.unlink()
        outbox.done([1])
        store.record("gate", [make_event(kept + 1)], "again")
        assert reserve.exists(), "the reserve is taken back when there is room"
        assert [e.sequence for e in outbox.due(NOW, 9999)] == list(range(2, kept + 2))
    with opened(tiny_disk) as database:
        assert database.read("PRAGMA integrity_check") == [("ok",)]
        assert len(SqliteOutbox(database).due(NOW, 9999)) == kept


def test_starting_on_a_full_disk_uses_the_reserve(tiny_disk: Path) -> None:
    with opened(tiny_disk, reserve_bytes=256 * 1024) as database:
        SqliteStore(database, encode).record("gate", [make_event(1)], "1")
    fill(tiny_disk)
    with opened(tiny_disk, reserve_bytes=256 * 1024) as database:
        store = SqliteStore(database, encode)
        store.record("gate", [closed(make_event(1), 2)], "2")
        assert [e.sequence for e in SqliteOutbox(database).due(NOW, 9)] == [1, 2]


def test_starting_on_a_full_disk_without_anything(tiny_disk: Path) -> None:
    waste = fill(tiny_disk)
    with pytest.raises(StoreFull, match="full disk"):
        opened(tiny_disk)
    waste.unlink()
    opened(tiny_disk).close()


def test_a_read_only_disk(tiny_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(tiny_disk)], check=True)
    with pytest.raises(StoreUnusable, match="may write to, found: Read-only file system; mend its owner"):
        opened(tiny_disk)


# --- kill -9 ---

KILLS = 20


def test_being_killed_loses_and_doubles_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    rng = random.Random(7)
    command = [sys.executable, "-m", "tests.recorder", str(path)]
    last = 0
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdin is not None
        assert recorder.stdout is not None
        for _ in range(KILLS):
            recorder.stdin.write("go\n")
            recorder.stdin.flush()
            said = _kill_somewhere(iter(recorder.stdout.readline, ""), rng)
            returned = max([last, *(int(line[1:]) for line in said if line.startswith("="))])
            begun = max([last, *(int(line[1:]) for line in said if line.startswith("+"))])
            with Database(path, reserve_bytes=0).open() as database:
                state = int(SqliteStore(database, encode).load_state("gate") or 0)
                rows = database.read("SELECT sequence, event_id FROM outbox ORDER BY row")
                incidents = database.read("SELECT count(*) FROM incidents")[0][0]
            assert returned <= state <= begun
            assert rows == [(n, str(make_event(n).event_id)) for n in range(1, state + 1)]
            assert incidents == state
            last = state
        recorder.stdin.close()
    assert last > KILLS


def _kill_somewhere(lines: Iterator[str], rng: random.Random) -> list[str]:
    """Let the child begin some records, kill it at a random moment of the next, and return all it said."""
    pid = 0
    begun = 0
    said: list[str] = []
    enough = rng.randint(1, 8)
    for line in lines:
        said.append(line)
        if line.startswith("pid"):
            pid = int(line.split()[1])
        begun += line.startswith("+")
        if pid and begun >= enough:
            break
    for _ in range(rng.randrange(20_000)):  # a moment of random length, within one commit or a few
        pass
    os.kill(pid, signal.SIGKILL)
    for line in lines:
        if line.startswith("gone"):
            return said
        said.append(line)
    raise AssertionError(f"the recorder ended: {said}")


def test_the_oldest_waiting_event_and_what_is_open_are_told(tmp_path: Path) -> None:
    counted: list[Event] = []
    at_ms = 1_782_893_000_250
    first = make_event(1, event_id=uuid7_from(at_ms, b"first"))
    with opened(tmp_path) as database:
        store, outbox = SqliteStore(database, encode, counted=counted.extend), SqliteOutbox(database)
        assert (outbox.oldest(), store.open_by_rule()) == (None, {})
        store.record("gate", [first, make_event(2)], "s")
        store.record("gate", [first, closed(make_event(2), 3)], "s")
        assert outbox.oldest() == datetime.fromtimestamp(at_ms / 1000, UTC)
        assert store.open_by_rule() == {"illegal_parking": 1}
        assert [event.phase for event in counted] == [Phase.OPENED, Phase.OPENED, Phase.CLOSED]
        outbox.done([1, 2, 3])
        assert outbox.oldest() is None
