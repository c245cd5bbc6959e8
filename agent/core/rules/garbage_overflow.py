"""Garbage overflow: a bin that overflows, or rubbish on ground where none may lie."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from agent.core.quantities import Seconds
from agent.core.rules.base import Rule, RuleSettings
from agent.core.taxonomy import OBJECT
from agent.core.types import Channel


class GarbageOverflowSettings(RuleSettings):
    """Whether the zone is a bin or free ground, and which ways of seeing count."""

    place: Literal["ground", "bin"] = Field(
        "ground",
        description="ground: every heap that lies here is an incident. bin: the zone is drawn around a bin and what is "
        "piled on and beside it; the zone itself is the incident.",
    )
    channels: tuple[Literal["model", "scene_change", "zone_state"], ...] = Field(
        ("model", "scene_change", "zone_state"),
        min_length=1,
        description="What counts: garbage that the model names, things left standing, and what the zone was taught "
        "(cityeye teach; only where place is bin).",
    )
    dwell: Seconds = Field(300.0, gt=0, description="How long it must lie, in sight, before an incident opens.")
    clear_after: Seconds = Field(
        60.0, gt=0, description="How long the place must be seen clean before the incident closes."
    )
    overlap: float = Field(0.3, gt=0, le=1, description="Share of the heap that must lie in the zone.")
    min_score: float = Field(0.45, gt=0, lt=1, description="Detector score at which garbage is first believed.")


class GarbageOverflow(Rule[GarbageOverflowSettings]):
    """Rubbish that lies in the zone, or a bin that overflows, for the dwell time."""

    name = "garbage_overflow"
    Settings = GarbageOverflowSettings

    @classmethod
    def classes(cls, settings: GarbageOverflowSettings) -> Collection[str]:
        """Garbage, and with the scene-change channel whatever was left standing."""
        named = ("garbage",) if "model" in settings.channels else ()
        return (*named, OBJECT) if "scene_change" in settings.channels else named

    @classmethod
    def channels(cls, settings: GarbageOverflowSettings) -> Collection[Channel]:
        """As set."""
        return tuple(Channel(name) for name in settings.channels)

    @classmethod
    def whole_zone(cls, settings: GarbageOverflowSettings) -> bool:
        """A bin zone is one thing, which overflows or does not."""
        return settings.place == "bin"

    @classmethod
    def kind(cls, settings: GarbageOverflowSettings, class_name: str, attended: float) -> str | None:  # noqa: ARG003
        """A bin, or a heap."""
        return "bin" if settings.place == "bin" else "heap"
