"""What one camera is to be watched for: the configuration as the core needs it, names resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from agent.core.calendar import Calendar
from agent.core.camera_health import CameraHealthSettings
from agent.core.rules import RULES, RuleSettings
from agent.core.types import Channel, Limits
from agent.core.zones import Zone


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One rule in one zone. `calendar` is `settings.calendar` with its name resolved."""

    zone: Zone
    rule: str
    settings: RuleSettings
    calendar: Calendar

    def limits(self, class_name: str) -> Limits:
        """What a thing of this class is measured against."""
        settings = self.settings
        return Limits(
            dwell_s=RULES[self.rule].limit_s(settings, class_name),
            clear_after_s=settings.clear_after,
            min_score=settings.min_score,
            overlap=settings.overlap,
        )


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
        return any(channel in RULES[duty.rule].channels(duty.settings) for duty in self.duties)

    @property
    def outlines_n(self) -> dict[str, list[tuple[float, float]]]:
        """Zone id to corners, in 0..1 of the picture."""
        return {duty.zone.zone_id: duty.zone.outline_n for duty in self.duties}
