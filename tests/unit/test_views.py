"""Views of the cameras and requests to reset them: the fake and SQLite pass the same contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.adapters.sqlite import Database, SqliteViews, Visitor
from agent.core.errors import StoreUnusable
from tests.contracts.views import check_views
from tests.fakes import FakeViews


def test_fake() -> None:
    views = FakeViews()
    check_views(views, views)


def test_sqlite(tmp_path: Path) -> None:
    """The requests come from another connection while the agent's own is open."""
    path = tmp_path / "cityeye.db"
    with Database(path, reserve_bytes=0).open() as database:
        check_views(SqliteViews(database), SqliteViews(Visitor(path)))


def test_a_request_waits_for_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "cityeye.db"
    Database(path, reserve_bytes=0).open().close()
    SqliteViews(Visitor(path)).request("gate", "bins")
    with Database(path, reserve_bytes=0).open() as database:
        assert [request.zone for request in SqliteViews(database).resets("gate")] == ["bins"]


@pytest.mark.parametrize("content", [None, b"", b"no database" * 100])
def test_a_request_to_no_database_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "cityeye.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreUnusable, match=r"cityeye\.db: expected "):
        SqliteViews(Visitor(path)).request("gate", None)
    assert path.exists() is (content is not None)
