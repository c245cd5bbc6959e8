"""What cameras, zones and kinds of incidents are called, by the configuration in force."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent.config import Config
from agent.core.camera_health import RULE as HEALTH_RULE
from agent.core.rules import RULES
from agent.core.types import Channel
from agent.ports.console.incidents import Named


class Naming:
    """Names for what the database calls by its id. What is not configured any more is called by its id."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config

    @property
    def time_zone(self) -> str:
        """The site's."""
        return self._config().box.time_zone

    def camera(self, camera: str) -> str:
        """The name of a camera."""
        return next((c.name or c.id for c in self._config().cameras if c.id == camera), camera)

    def zone(self, camera: str, zone: str) -> str:
        """The name of a zone of a camera; empty for an incident of the camera itself."""
        zones = (z for c in self._config().cameras if c.id == camera for z in c.zones)
        return next((z.name or z.id for z in zones if z.id == zone), zone)

    def kind(self, rule: str, class_name: str | None, channel: str | None, kind: str | None) -> Named:
        """What the city calls it: the row of the taxonomy."""
        seen = [] if class_name is None else [class_name]
        row = self._config().taxonomy_table.classify(rule, seen, Channel(channel or Channel.MODEL), kind)
        return {"id": row.kind, "zh": row.zh, "en": row.en}

    def choices(self) -> dict[str, list[dict[str, str]]]:
        """What can be chosen from."""
        cameras = self._config().cameras
        return {
            "cameras": [{"id": c.id, "name": c.name or c.id} for c in cameras],
            "zones": [{"camera": c.id, "id": z.id, "name": z.name or z.id} for c in cameras for z in c.zones],
            "rules": [{"id": rule, "name": rule} for rule in (*RULES, HEALTH_RULE)],
        }

    def of(self, row: dict[str, Any]) -> Named:
        """The kind of an incident's row."""
        return self.kind(row["rule"], row["class_name"], row["channel"], row["kind"])
