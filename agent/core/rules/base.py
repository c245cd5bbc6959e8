"""What every rule has in common: its settings, and the questions the scene asks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from itertools import pairwise
from typing import Annotated, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from agent.core.calendar import ALWAYS, Calendar
from agent.core.quantities import Seconds, format_duration
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
    escalate: dict[Severity, Seconds] = Field(
        {}, description="Dwell from which it is more severe, such as {high: 30m}; the centre is told at that moment."
    )
    update_every: Seconds = Field(
        600.0, ge=10, description="How often an incident that goes on is reported again, while somebody can look."
    )
    reoccur_within: Seconds = Field(
        1800.0, ge=0, description="An incident at the place of one that ended so recently names that one; 0s: never."
    )
    calendar: CalendarOrName = Field(ALWAYS, description="When the rule is in force; default: always.")

    @model_validator(mode="after")
    def _escalates(self) -> RuleSettings:
        order = list(Severity)
        steps = sorted(self.escalate, key=order.index)
        limits = [self.dwell, *(self.escalate[step] for step in steps)]
        rises = all(earlier < later for earlier, later in pairwise(limits))
        if steps and (order.index(steps[0]) <= order.index(self.severity) or not rises):
            raise PydanticCustomError(
                "escalate",
                "severities not above {severity}, or not each after a longer dwell than the one before, {dwell} first",
                {"severity": self.severity.value, "dwell": format_duration(self.dwell)},
            )
        return self

    def severity_at(self, dwell_s: float) -> Severity:
        """How severe it is after so many seconds."""
        if not self.escalate:
            return self.severity
        reached = [step for step, limit_s in self.escalate.items() if dwell_s >= limit_s]
        return max([self.severity, *reached], key=list(Severity).index)


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
