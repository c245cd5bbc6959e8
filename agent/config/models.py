"""The configuration file as a whole; its sections are in `sections`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, PrivateAttr

from agent.config.sections.box import (
    BoxConfig,
    EvidenceConfig,
    LocationConfig,
    MetricsConfig,
    StorageConfig,
    TaxonomyConfig,
)
from agent.config.sections.broker import CommandsConfig, MqttConfig
from agent.config.sections.cameras import CameraConfig
from agent.config.sections.console import ConsoleConfig
from agent.config.sections.model import ModelConfig
from agent.config.sections.section import Section, Text
from agent.core.calendar import Calendar
from agent.core.plan import CameraPlan, Duty
from agent.core.rules import RULES
from agent.core.taxonomy import TAXONOMY, Taxonomy
from agent.core.zones import Zone


def _unwritten() -> Any:
    """A section left out: all its defaults, with paths that start where this file's paths start."""
    return {}


class Config(Section):
    """The whole file, checked: names resolve, ids are unique, outlines are simple, secrets are at hand."""

    version: Literal[1] = Field(1, description="Version of this file format.")
    box: BoxConfig = Field(BoxConfig(), description="This box.")
    mqtt: MqttConfig = Field(description="The broker that takes the events.", examples=[{"host": "192.168.1.10"}])
    commands: CommandsConfig = Field(CommandsConfig(), description="What the box does when the centre asks.")
    model: ModelConfig = Field(default_factory=_unwritten, validate_default=True, description="The detector.")
    storage: StorageConfig = Field(default_factory=_unwritten, validate_default=True, description="What the box keeps.")
    evidence: EvidenceConfig = Field(
        EvidenceConfig(), description="What evidence pictures show, and how they reach the centre."
    )
    metrics: MetricsConfig = Field(MetricsConfig(), description="What other programs may ask this box about itself.")
    console: ConsoleConfig = Field(ConsoleConfig(), description="The web page on which people watch and tune this box.")
    taxonomy: TaxonomyConfig = Field(TaxonomyConfig(), description="How violations are named on the wire.")
    calendars: dict[Text, Calendar] = Field(
        {}, description="Named calendars that rules refer to.", examples=[{"workday": {"active": [{"days": ["mon"]}]}}]
    )
    cameras: tuple[CameraConfig, ...] = Field((), description="The cameras.")

    _home: Path = PrivateAttr(default=Path())
    _table: Taxonomy = PrivateAttr(default=TAXONOMY)

    @property
    def taxonomy_table(self) -> Taxonomy:
        """The crosswalk in use: that of `taxonomy.file`, else the agent's own."""
        return self._table

    @property
    def client_id(self) -> str:
        """The MQTT client id: as given, or made of tenant and box."""
        return self.mqtt.client_id or f"cityeye-{self.box.tenant}-{self.box.id}"

    def camera(self, camera_id: str) -> CameraConfig:
        """The camera of that id. Raises KeyError."""
        return {camera.id: camera for camera in self.cameras}[camera_id]

    def location_of(self, camera_id: str) -> LocationConfig | None:
        """Where a camera stands: its own location, else the box's."""
        return self.camera(camera_id).location or self.box.location

    def plans(self) -> dict[str, CameraPlan]:
        """What each camera is to be watched for, by camera id, with calendars resolved."""
        time_zone = ZoneInfo(self.box.time_zone)
        return {
            camera.id: CameraPlan(
                box_id=self.box.id,
                camera=camera.id,
                duties=tuple(self._duties(camera)),
                time_zone=time_zone,
                health=camera.health,
                recheck_s=self.model.recheck,
            )
            for camera in self.cameras
        }

    def _duties(self, camera: CameraConfig) -> Iterator[Duty]:
        for area in camera.zones:
            zone = Zone.of(area.id, area.polygon)
            for name, settings in area.rules.items():
                named = settings.calendar
                calendar = self.calendars[named] if isinstance(named, str) else named
                ground = RULES[name].ground(settings, zone)
                yield Duty(zone=ground, rule=name, settings=settings, calendar=calendar)

    def version_hash(self) -> str:
        """Twelve hexadecimal digits that change whenever the content does, wherever the file lies; without secrets."""
        written = _portable(self.model_dump(mode="json", by_alias=True), self._home)
        content = {**written, "taxonomy_table": self._table.model_dump(mode="json")}
        canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def _portable(value: Any, home: Path) -> Any:
    """The same content with paths below the home folder made relative to it. Secrets are already masked."""
    if isinstance(value, dict):
        return {key: _portable(inner, home) for key, inner in value.items()}
    if isinstance(value, list):
        return [_portable(inner, home) for inner in value]
    if isinstance(value, str) and value.startswith(prefixes := (f"{home}/", f"file:{home}/")):
        return value.removeprefix(prefixes[0]).removeprefix(prefixes[1])
    return value
