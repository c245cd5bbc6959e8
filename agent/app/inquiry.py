"""What another process may ask about the agent that runs, or ran, with a configuration."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from agent.adapters.clock import SystemClock, clock_info
from agent.adapters.heartbeat import last_heartbeat
from agent.adapters.sqlite import Remarks, SqliteSilences, SqliteViews, Visitor, read_incidents
from agent.app.facts import box_facts
from agent.app.places import DATABASE, HEARTBEAT
from agent.config import Config
from agent.core.silence import Dismissal
from agent.core.wire import note_message
from agent.ports import IncidentRow


def stored_incidents(config: Config, *, limit: int, camera: str | None) -> list[IncidentRow]:
    """What the store knows, newest first, also while an agent uses it. Raises StoreUnusable."""
    return read_incidents(config.storage.folder / DATABASE, limit=limit, camera=camera)


def reset_reference(config: Config, camera: str, zone: str | None) -> None:
    """Ask the agent to take what stands in a zone, or anywhere in a camera's view, for normal. Raises StoreUnusable."""
    SqliteViews(Visitor(config.storage.folder / DATABASE)).request(camera, zone)


def dismissals(config: Config) -> list[Dismissal]:
    """Spots that the centre dismissed, in order; those that are over stay a month. Raises StoreUnusable."""
    return SqliteSilences(Visitor(config.storage.folder / DATABASE)).dismissals()


def take_back(config: Config, incident: UUID, by: str) -> None:
    """Let a dismissed spot be reported again, and have the centre told.

    A running agent learns of it at once; else the next one tells the centre. Raises StoreFull, StoreUnusable.
    """
    facts = box_facts(config)
    remarks = Remarks(lambda note, sequence: note_message(note, sequence, facts, clock_info()))
    SqliteSilences(Visitor(config.storage.folder / DATABASE), remarks).take_back(incident, now(), by, at_box=True)


def now() -> datetime:
    """The box's time, UTC."""
    return SystemClock().now().utc


def missing_database(config: Config) -> Path | None:
    """Where the database would be, when there is none: no agent has run with this configuration. Otherwise None."""
    database = config.storage.folder / DATABASE
    try:
        database.stat()
    except FileNotFoundError:
        return database
    except OSError:
        pass  # something is there that cannot be looked at; reading it says what
    return None


def heartbeat(config: Config) -> dict[str, Any] | str:
    """What the agent that runs with this configuration last said about itself, or why it cannot be well."""
    return last_heartbeat(config.storage.folder / HEARTBEAT, SystemClock().now().utc)
