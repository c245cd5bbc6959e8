"""Durable memory in one SQLite file: `Database` opens it; the store, outbox and login ledger share it."""

from __future__ import annotations

from agent.adapters.sqlite.connection import Database
from agent.adapters.sqlite.ledger import SqliteLedger
from agent.adapters.sqlite.outbox import SqliteOutbox
from agent.adapters.sqlite.store import SqliteStore, read_incidents

__all__ = ["Database", "SqliteLedger", "SqliteOutbox", "SqliteStore", "read_incidents"]
