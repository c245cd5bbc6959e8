"""Illegal parking: a vehicle that stands on forbidden ground longer than allowed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from agent.core.quantities import Seconds
from agent.core.rules.base import Rule, RuleSettings

Vehicle = Literal["car", "bus", "truck", "bicycle", "motorcycle"]


class IllegalParkingSettings(RuleSettings):
    """Which vehicles may not stand in the zone, and for how long some of them may."""

    classes: tuple[Vehicle, ...] = Field(
        ("car", "bus", "truck"), min_length=1, description="Vehicles concerned; bicycle and motorcycle are the others."
    )
    grace: dict[Vehicle, Seconds] = Field(
        {}, description="A longer dwell for some of the classes, such as {truck: 15m} where loading is tolerated."
    )

    @model_validator(mode="after")
    def _grace_has_an_effect(self) -> IllegalParkingSettings:
        unlisted = [name for name in self.grace if name not in self.classes]
        short = [name for name, limit in self.grace.items() if name in self.classes and limit < self.dwell]
        if unlisted or short:
            raise PydanticCustomError(
                "grace",
                "grace of no class of the rule, or shorter than dwell: {names}",
                {"names": ", ".join(unlisted + short), "unlisted": unlisted, "short": short, "dwell": self.dwell},
            )
        return self


class IllegalParking(Rule[IllegalParkingSettings]):
    """A vehicle's ground footprint in the zone, standing still for the dwell time."""

    name = "illegal_parking"
    Settings = IllegalParkingSettings
    needs_plates = True

    @classmethod
    def classes(cls, settings: IllegalParkingSettings) -> Collection[str]:
        """The vehicles that the zone forbids."""
        return settings.classes

    @classmethod
    def limit_s(cls, settings: IllegalParkingSettings, class_name: str) -> float:
        """The dwell, or the longer grace of the class."""
        return next((limit for name, limit in settings.grace.items() if name == class_name), settings.dwell)
