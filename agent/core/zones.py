"""Where the rules apply: polygons in picture coordinates, and who stands in them."""

from __future__ import annotations

from dataclasses import dataclass

from shapely import Polygon, box, prepare

from agent.core.types import Box

FOOTPRINT_SHARE = 0.35
"""Lower share of a box that is taken for the ground it stands on. A camera looks down at a slant, so a vehicle's
upper part covers ground BEHIND it; the lower third is about the wheel base for the usual 10 to 35 degrees."""


def footprint(box_n: Box) -> Box:
    """The part of a box that touches the ground, as a box in the same coordinates."""
    x1, y1, x2, y2 = box_n
    return x1, y2 - (y2 - y1) * FOOTPRINT_SHARE, x2, y2


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon in 0..1 picture coordinates. Validated by the configuration (simple, inside, some area)."""

    zone_id: str
    polygon: Polygon

    @staticmethod
    def of(zone_id: str, points_n: tuple[tuple[float, float], ...]) -> Zone:
        """A zone from its corner points."""
        polygon = Polygon(points_n)
        prepare(polygon)
        return Zone(zone_id, polygon)

    def overlap(self, box_n: Box) -> float:
        """Share (0..1) of the box's footprint that lies inside the zone."""
        ground = box(*footprint(box_n))
        if ground.area <= 0.0:
            return 0.0
        return float(self.polygon.intersection(ground).area / ground.area)
