"""For which zones a named calendar holds."""

from __future__ import annotations

from agent.config import Config
from agent.ports.console.zones import UseShown


def uses_of(config: Config) -> dict[str, list[UseShown]]:
    """The rules that refer to each named calendar, in the order of the document."""
    uses: dict[str, list[UseShown]] = {name: [] for name in config.calendars}
    for camera in config.cameras:
        for zone in camera.zones:
            for rule, settings in zone.rules.items():
                if isinstance(settings.calendar, str):
                    use = UseShown(
                        camera=camera.id,
                        camera_name=camera.name or camera.id,
                        zone_name=zone.name or zone.id,
                        rule=rule,
                    )
                    uses[settings.calendar].append(use)
    return uses
