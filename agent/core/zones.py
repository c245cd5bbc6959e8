"""Where the rules apply: polygons in picture coordinates, and who stands in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shapely import LineString, MultiPolygon, Point, Polygon, box, prepare
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from agent.core.geometry import area_within
from agent.core.types import Box, Points

FOOTPRINT_SHARE = 0.35
"""Lower share of a box that is taken for the ground it stands on. A camera looks down at a slant, so a vehicle's
upper part covers ground BEHIND it; the lower third is about the wheel base for the usual 10 to 35 degrees."""


def footprint(box_n: Box) -> Box:
    """The part of a box that touches the ground, as a box in the same coordinates."""
    x1, y1, x2, y2 = box_n
    return x1, y2 - (y2 - y1) * FOOTPRINT_SHARE, x2, y2


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon in 0..1 picture coordinates. Validated by the configuration (simple, inside, some area).

    Attributes:
        polygon: as drawn. ground: the part of it in which something counts.
    """

    zone_id: str
    polygon: Polygon
    ground: BaseGeometry
    _around: Box = field(init=False, repr=False, compare=False)
    _rings: tuple[Points, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = self.ground.geoms if isinstance(self.ground, MultiPolygon) else [self.ground]
        rings = (part.exterior.coords[:-1] for part in parts if isinstance(part, Polygon) and not part.is_empty)
        object.__setattr__(self, "_around", self.ground.bounds)
        object.__setattr__(self, "_rings", tuple(tuple((x, y) for x, y, *_ in ring) for ring in rings))

    @staticmethod
    def of(zone_id: str, points_n: Points) -> Zone:
        """A zone from its corner points."""
        polygon = Polygon(points_n)
        prepare(polygon)
        return Zone(zone_id, polygon, polygon)

    @property
    def outline_n(self) -> list[tuple[float, float]]:
        """Its corners, the first not repeated."""
        return [(x, y) for x, y, *_ in self.polygon.exterior.coords[:-1]]

    @property
    def bounds_n(self) -> Box:
        """The box around it."""
        x1, y1, x2, y2 = self.polygon.bounds
        return x1, y1, x2, y2

    def beyond(self, line_n: Points, free_n: tuple[float, float]) -> Zone:
        """The same zone, but only what lies beyond a line counts: not the side of `free_n`.

        The line is prolonged beyond both its ends. If it does not cross the zone, all or nothing of that counts.
        """
        line = LineString(_prolonged(line_n))
        if line.is_empty or not line.is_simple:
            raise ValueError("expected a line that does not cross itself")
        frame = box(-1.0, -1.0, 2.0, 2.0)
        free = [side for side in split(frame, line).geoms if side.covers(Point(free_n))]
        ground = self.polygon.difference(free[0]) if free else self.polygon
        return replace(self, ground=ground if isinstance(ground, Polygon | MultiPolygon) else Polygon())

    def overlap(self, box_n: Box) -> float:
        """Share (0..1) of the box's footprint that lies inside the zone."""
        return self._share(footprint(box_n))

    def cover(self, box_n: Box) -> float:
        """Share (0..1) of the whole box that lies inside the zone."""
        return self._share(box_n)

    def is_near(self, box_n: Box) -> bool:
        """Whether a box may overlap it at all; most things of a picture are nowhere near."""
        left, top, right, bottom = self._around
        return box_n[2] > left and box_n[0] < right and box_n[3] > top and box_n[1] < bottom

    def _share(self, part: Box) -> float:
        if not self.is_near(part):
            return 0.0
        area = (part[2] - part[0]) * (part[3] - part[1])
        if area <= 0.0:
            return 0.0
        if len(self._rings) == 1:
            return area_within(self._rings[0], part) / area
        return sum(area_within(ring, part) for ring in self._rings) / area


def _prolonged(points: Points) -> list[tuple[float, float]]:
    """The line with both ends moved outwards by three picture widths, so that it divides the whole plane around it."""
    return [_away(points[1], points[0]), *points, _away(points[-2], points[-1])]


def _away(inner: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    dx, dy = end[0] - inner[0], end[1] - inner[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    return end[0] + dx / length * 5.0, end[1] + dy / length * 5.0
