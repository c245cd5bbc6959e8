"""Stall encroachment: a stall, or a shop's goods, standing on a pavement."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.core.quantities import Seconds
from agent.core.rules.base import Rule, RuleSettings
from agent.core.taxonomy import OBJECT
from agent.core.types import Channel
from agent.core.zones import Zone

Fixture = Literal["stall", "goods", "umbrella", "table", "chair", "cart"]
MANNED = frozenset({"stall", "cart"})
"""Classes that are a stall whether or not somebody stands beside them now."""
ATTENDED_SHARE = 0.3
"""Share of its time from which a thing that has a person beside it is a manned stall. Passers-by on a busy pavement
are beside a place in about every tenth picture; a seller leaves it only for moments."""

Share = Annotated[float, Field(ge=0, le=1)]


class GoodsLine(BaseModel):
    """How far from the shop goods may stand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[tuple[Share, Share], ...] = Field(
        min_length=2,
        max_length=20,
        description="The line that goods may reach, drawn across the zone: two or more points in 0..1 of the picture.",
        examples=[[[0.1, 0.7], [0.9, 0.75]]],
    )
    shop: tuple[Share, Share] = Field(description="Any point on the shop's side of the line.", examples=[[0.5, 0.5]])


class StallEncroachmentSettings(RuleSettings):
    """What may not stand on the pavement, and how far a shop may reach out."""

    classes: tuple[Fixture, ...] = Field(
        ("stall", "goods", "umbrella", "table", "chair", "cart"),
        description="What the model may name that does not belong on the pavement.",
    )
    channels: tuple[Literal["model", "scene_change"], ...] = Field(
        ("model", "scene_change"),
        min_length=1,
        description="What counts: things that the model names, and things left standing that it cannot name.",
    )
    goods_line: GoodsLine | None = Field(
        None, description="How far from the shop goods may stand; without it, nowhere in the zone."
    )
    dwell: Seconds = Field(300.0, gt=0, description="How long it must stand, in sight, before an incident opens.")
    clear_after: Seconds = Field(
        60.0, gt=0, description="How long the place must be seen empty before the incident closes."
    )
    overlap: float = Field(0.3, gt=0, le=1, description="Share of its footprint that must stand where it may not.")
    min_score: float = Field(0.45, gt=0, lt=1, description="Detector score at which an object is first believed.")


class StallEncroachment(Rule[StallEncroachmentSettings]):
    """A stall or a shop's goods that stand on the pavement for the dwell time."""

    name = "stall_encroachment"
    Settings = StallEncroachmentSettings
    minds_people = True

    @classmethod
    def classes(cls, settings: StallEncroachmentSettings) -> Collection[str]:
        """The things that the zone forbids, and with the scene-change channel whatever was left standing."""
        named = settings.classes if "model" in settings.channels else ()
        return (*named, OBJECT) if "scene_change" in settings.channels else named

    @classmethod
    def channels(cls, settings: StallEncroachmentSettings) -> Collection[Channel]:
        """As set."""
        return tuple(Channel(name) for name in settings.channels)

    @classmethod
    def ground(cls, settings: StallEncroachmentSettings, zone: Zone) -> Zone:
        """The zone without the strip in which the shop's goods may stand."""
        line = settings.goods_line
        return zone if line is None else zone.beyond(line.points, line.shop)

    @classmethod
    def kind(cls, settings: StallEncroachmentSettings, class_name: str, attended: float) -> str | None:  # noqa: ARG003
        """A manned stall, or goods put out."""
        return "stall" if class_name in MANNED or attended >= ATTENDED_SHARE else "shop_goods"
