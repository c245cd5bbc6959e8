"""Illegal parking: a vehicle that stands on forbidden ground longer than allowed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from agent.core.quantities import Seconds
from agent.core.rules.base import Rule, RuleSettings

Vehicle = Literal["car", "bus", "truck", "bicycle", "motorcycle"]


class IllegalParkingSettings(RuleSettings):
    """Which vehicles may not stand in the zone, and for how long some of them may."""

    classes: tuple[Vehicle, ...] = Field(
        ("car", "bus", "truck"), min_length=1, description="Vehicles concerned; bicycle and motorcycle are the others."
    )
    grace: dict[Vehicle, Seconds] = Field(
        {}, description="A longer dwell for some classes, such as {truck: 15m} where loading is tolerated."
    )


class IllegalParking(Rule[IllegalParkingSettings]):
    """A vehicle's ground footprint in the zone, standing still for the dwell time."""

    name = "illegal_parking"
    Settings = IllegalParkingSettings

    @classmethod
    def classes(cls, settings: IllegalParkingSettings) -> Collection[str]:
        """The vehicles that the zone forbids."""
        return settings.classes

    @classmethod
    def limit_s(cls, settings: IllegalParkingSettings, class_name: str) -> float:
        """The dwell, or the longer grace of the class."""
        return next((limit for name, limit in settings.grace.items() if name == class_name), settings.dwell)
