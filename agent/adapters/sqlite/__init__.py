"""Durable memory in one SQLite file: `Database` opens it; the store, outbox and login ledger share it."""

from __future__ import annotations

from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.ledger import SqliteLedger
from agent.adapters.sqlite.outbox import SqliteOutbox
from agent.adapters.sqlite.store import SqliteStore, read_incidents
from agent.adapters.sqlite.views import SqliteViews, request_reset

__all__ = [
    "Database",
    "SqliteLedger",
    "SqliteOutbox",
    "SqliteStore",
    "SqliteViews",
    "read_incidents",
    "request_reset",
]
