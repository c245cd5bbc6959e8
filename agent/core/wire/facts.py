"""What a message says about the box itself, resolved once from the configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from agent.core.taxonomy import TAXONOMY, Taxonomy

_LEVEL = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a camera stands. `crs` names the coordinates (WGS84, GCJ02, CGCS2000); `grid_code` is the city's cell."""

    lon: float
    lat: float
    crs: str
    grid_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraFacts:
    """How people call a camera and its zones (`zones`: zone id -> display name), and where it stands."""

    name: str
    location: Location | None = None
    zones: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """Which model looks at the pictures."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockInfo:
    """How far the box's clock can be trusted at the moment an event is recorded.

    Attributes:
        source: `ntp`, `ptp`, `gnss`, `rtc` or `unknown`.
        uncertainty_ms: largest believed error, or None when nobody knows.
    """

    synced: bool
    source: str
    uncertainty_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """One run of the agent: `boot_id` is new at every start."""

    boot_id: UUID
    agent_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxFacts:
    """Everything an event says that the event itself does not know.

    Raises:
        ValueError: `tenant` or `box` cannot be one level of a topic, or the code system is unknown.
    """

    tenant: str
    box: str
    code_system: str
    config_version: str
    model: ModelFacts | None
    cameras: Mapping[str, CameraFacts]
    taxonomy: Taxonomy = TAXONOMY

    def __post_init__(self) -> None:
        for what, value in (("tenant", self.tenant), ("box", self.box)):
            if not _LEVEL.fullmatch(value):
                raise ValueError(f"{what}: expected 1 to 64 of letters, digits, '.', '_' or '-', found {value!r}")
        if self.code_system not in self.taxonomy.code_systems:
            known = ", ".join(self.taxonomy.code_systems)
            raise ValueError(f"code_system: expected one of {known}, found {self.code_system!r}")
