"""What one camera is to be watched for: the configuration as the core needs it, names resolved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from agent.core.calendar import Calendar
from agent.core.camera_health import CameraHealthSettings
from agent.core.rules import RULES, RuleSettings
from agent.core.types import Channel, Limits
from agent.core.zones import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One rule in one zone.

    Attributes:
        calendar: `settings.calendar` with its name resolved.
        classes, channels, whole_zone: what the rule says of these settings. group: the family that a whole zone is.
    """

    zone: Zone
    rule: str
    settings: RuleSettings
    calendar: Calendar
    classes: frozenset[str] = field(init=False, repr=False, compare=False)
    channels: tuple[Channel, ...] = field(init=False, repr=False, compare=False)
    whole_zone: bool = field(init=False, repr=False, compare=False)
    group: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Ask the rule once: a scene wants to know at each look at each thing."""
        rule = RULES[self.rule]
        object.__setattr__(self, "classes", frozenset(rule.classes(self.settings)))
        object.__setattr__(self, "channels", tuple(rule.channels(self.settings)))
        object.__setattr__(self, "whole_zone", rule.whole_zone(self.settings))
        object.__setattr__(self, "group", f"{self.rule}@{self.zone.zone_id}")

    def limits(self, class_name: str) -> Limits:
        """What a thing of this class is measured against."""
        settings = self.settings
        return Limits(
            dwell_s=RULES[self.rule].limit_s(settings, class_name),
            clear_after_s=settings.clear_after,
            min_score=settings.min_score,
            overlap=settings.overlap,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InForce:
    """The duties that hold during one minute, by which calendars go; in the order of the configuration."""

    minute: datetime
    duties: tuple[Duty, ...]
    _by_rule: dict[str, list[Duty]] = field(init=False, default_factory=dict)
    _by_place: dict[tuple[str, str], Duty] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort them."""
        for duty in self.duties:
            self._by_rule.setdefault(duty.rule, []).append(duty)
            self._by_place[duty.rule, duty.zone.zone_id] = duty

    def of_rule(self, rule: str) -> Sequence[Duty]:
        """Those of one rule."""
        return self._by_rule.get(rule, ())

    def duty(self, rule: str, zone: str) -> Duty | None:
        """The one of a rule in a zone, if that holds."""
        return self._by_place.get((rule, zone))


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlan:
    """What one camera is watched for.

    Attributes:
        duties: in the order of the configuration. health: when its own faults count.
        recheck_s: how long the detector may rest while all zones look the same, in seconds; 0: not at all.
    """

    box_id: str
    camera: str
    duties: tuple[Duty, ...]
    time_zone: ZoneInfo
    health: CameraHealthSettings = field(default_factory=CameraHealthSettings)
    recheck_s: float = 0.0

    def asks_for(self, channel: Channel) -> bool:
        """Whether any rule listens to this way of seeing."""
        return any(channel in duty.channels for duty in self.duties)

    def in_force(self, minute: datetime) -> InForce:
        """What holds at this minute, in UTC."""
        return InForce(
            minute=minute, duties=tuple(d for d in self.duties if d.calendar.in_force(minute, self.time_zone))
        )

    @property
    def outlines_n(self) -> dict[str, list[tuple[float, float]]]:
        """Zone id to corners, in 0..1 of the picture."""
        return {duty.zone.zone_id: duty.zone.outline_n for duty in self.duties}
