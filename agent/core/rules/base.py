"""What every rule has in common: its settings, and the questions the scene asks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Annotated, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from agent.core.calendar import ALWAYS, Calendar
from agent.core.quantities import Seconds
from agent.core.types import Channel, Severity
from agent.core.zones import Zone


def _calendar_form(value: object) -> str:
    """Text names a calendar, anything else is one written in place; so an error is told about that form only."""
    return "name" if isinstance(value, str) else "calendar"


CalendarOrName = Annotated[
    Annotated[Calendar, Tag("calendar")] | Annotated[str, Tag("name")], Discriminator(_calendar_form)
]


class RuleSettings(BaseModel):
    """Settings that every rule of a zone has. `calendar`: a name from `calendars:`, or a calendar written in place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dwell: Seconds = Field(180.0, gt=0, description="How long it must stand, in sight, before an incident opens.")
    clear_after: Seconds = Field(
        30.0, gt=0, description="How long the place must be seen empty before the incident closes."
    )
    overlap: float = Field(0.5, gt=0, le=1, description="Share of the object's footprint that must lie in the zone.")
    min_score: float = Field(0.35, gt=0, lt=1, description="Detector score at which an object is first believed.")
    severity: Severity = Field(Severity.MEDIUM, description="low, medium or high.")
    calendar: CalendarOrName = Field(ALWAYS, description="When the rule is in force; default: always.")


S = TypeVar("S", bound=RuleSettings)


class Rule(ABC, Generic[S]):
    """One kind of street disorder. Stateless: the scene keeps all state, a rule only answers."""

    name: ClassVar[str]
    Settings: ClassVar[type[RuleSettings]]
    minds_people: ClassVar[bool] = False
    """Whether it matters to the rule how long persons stood beside the thing."""
    needs_plates: ClassVar[bool] = False
    """Whether its incidents are about whose vehicle it is; otherwise no licence plate is shown in their pictures."""

    @classmethod
    @abstractmethod
    def classes(cls, settings: S) -> Collection[str]:
        """The names of `taxonomy.CLASSES` that can violate this rule; with `taxonomy.OBJECT`, unnamed things too."""

    @classmethod
    def channels(cls, settings: S) -> Collection[Channel]:  # noqa: ARG003 - rules with more channels use it
        """The ways of seeing that the rule listens to."""
        return (Channel.MODEL,)

    @classmethod
    def limit_s(cls, settings: S, class_name: str) -> float:  # noqa: ARG003 - rules with a grace per class use it
        """Seconds that a thing of this class may stand."""
        return settings.dwell

    @classmethod
    def ground(cls, settings: S, zone: Zone) -> Zone:  # noqa: ARG003 - rules with a free strip use it
        """The part of the zone in which the rule holds."""
        return zone

    @classmethod
    def whole_zone(cls, settings: S) -> bool:  # noqa: ARG003 - rules about the state of a place use it
        """Whether the zone itself is the thing that violates: one incident per zone, whatever lies in it."""
        return False

    @classmethod
    def kind(cls, settings: S, class_name: str, attended: float) -> str | None:  # noqa: ARG003 - see taxonomy
        """Which row of the taxonomy it is, or None: the row of its class.

        Args:
            class_name: what stands there. attended: share (0..1) of its time in which a person stood beside it.
        """
        return None
