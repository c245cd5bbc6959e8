"""Durable memory in one SQLite file: `Database` opens it; the store, outbox, parcels and all others share it."""

from __future__ import annotations

from agent.adapters.sqlite.answers import SqliteAnswers
from agent.adapters.sqlite.connection import Database, folder_to_itself
from agent.adapters.sqlite.heads import SqliteHeads
from agent.adapters.sqlite.ledger import SqliteLedger
from agent.adapters.sqlite.outbox import SqliteOutbox
from agent.adapters.sqlite.parcels import SqliteParcels
from agent.adapters.sqlite.remarks import Remarks, SqliteCaseNotes
from agent.adapters.sqlite.silences import SqliteSilences
from agent.adapters.sqlite.store import SqliteStore, read_incidents
from agent.adapters.sqlite.views import SqliteViews
from agent.adapters.sqlite.visitor import Visitor, agent_in

__all__ = [
    "Database",
    "Remarks",
    "SqliteAnswers",
    "SqliteCaseNotes",
    "SqliteHeads",
    "SqliteLedger",
    "SqliteOutbox",
    "SqliteParcels",
    "SqliteSilences",
    "SqliteStore",
    "SqliteViews",
    "Visitor",
    "agent_in",
    "folder_to_itself",
    "read_incidents",
]
