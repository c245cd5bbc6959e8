"""Where taught heads are kept: the contract, and two processes on one file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.adapters.sqlite import Database, SqliteHeads, Visitor
from agent.adapters.sqlite.migrations import MIGRATIONS
from agent.core.errors import StoreUnusable
from agent.ports import Heads
from tests.contracts.heads import HeadsContract, make_head
from tests.fakes import MemoryHeads


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as opened:
        yield opened


class TestMemoryHeads(HeadsContract):
    @pytest.fixture
    def heads(self) -> Heads:
        return MemoryHeads()


class TestSqliteHeads(HeadsContract):
    @pytest.fixture
    def heads(self, database: Database) -> Heads:
        return SqliteHeads(database)


class TestVisitedHeads(HeadsContract):
    @pytest.fixture
    def heads(self, database: Database) -> Heads:
        return SqliteHeads(Visitor(database.path))


def test_a_running_agent_sees_what_a_command_taught(database: Database) -> None:
    running, command = SqliteHeads(database), SqliteHeads(Visitor(database.path))
    before = running.version()
    command.save_head("gate", "bins", make_head())
    assert running.version() != before
    assert running.heads() == {("gate", "bins"): make_head()}


def test_one_that_cannot_be_read_is_left_out_and_told(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    heads = SqliteHeads(database)
    heads.save_head("gate", "heap", make_head())
    database.write(lambda connection: connection.execute("INSERT INTO zone_heads VALUES ('gate', 'bins', '{}')"))
    assert list(heads.heads()) == [("gate", "heap")]
    assert "gate, zone bins: what was taught cannot be read, teach it again" in caplog.text


def test_a_visitor_makes_no_database(tmp_path: Path) -> None:
    heads = SqliteHeads(Visitor(tmp_path / "cityeye.db"))
    with pytest.raises(StoreUnusable, match=r"cityeye\.db: expected a database"):
        heads.save_head("gate", "bins", make_head())
    assert list(tmp_path.iterdir()) == []


def test_a_visitor_keeps_out_of_an_older_agents_file(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    Database(path, reserve_bytes=0).open().close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=1")
    with pytest.raises(StoreUnusable, match=f"version {len(MIGRATIONS)}, found 1, of an older agent; start the agent"):
        SqliteHeads(Visitor(path)).heads()


def test_the_file_of_an_older_agent_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    with closing(sqlite3.connect(path)) as connection:
        for statement in MIGRATIONS[0].statements:
            connection.execute(statement)
        connection.execute("INSERT INTO scenes VALUES ('gate', 'kept')")
        connection.execute(f"PRAGMA application_id={0x43455945}")
        connection.execute("PRAGMA user_version=1")
        connection.commit()
    with Database(path, reserve_bytes=0).open() as database:
        SqliteHeads(database).save_head("gate", "bins", make_head())
        assert database.read("SELECT state FROM scenes") == [("kept",)]
