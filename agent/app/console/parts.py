"""What the running agent gives to the console."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.sqlite import Database, SqliteStore
from agent.app.centre import Centre
from agent.app.crew import Crew, Facts
from agent.app.reload import Reloader
from agent.app.site import Site
from agent.config import Config
from agent.console.feed import Feed
from agent.ports import Clock, Detector


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts that a slice of the console may need; `feed` is what browsers listen to."""

    config: Config
    clock: Clock
    facts: Facts
    crew: Crew
    centre: Centre
    database: Database
    store: SqliteStore
    evidence: EvidenceFolder
    reloader: Reloader
    site: Site
    detector: Detector
    feed: Feed = field(default_factory=Feed)
