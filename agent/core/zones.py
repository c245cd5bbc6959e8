"""Where the rules apply: polygons in picture coordinates, and who stands in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from shapely import LineString, MultiPolygon, Point, Polygon, box, prepare
from shapely.geometry.base import BaseGeometry
from shapely.ops import split

from agent.core.types import Box

FOOTPRINT_SHARE = 0.35
"""Lower share of a box that is taken for the ground it stands on. A camera looks down at a slant, so a vehicle's
upper part covers ground BEHIND it; the lower third is about the wheel base for the usual 10 to 35 degrees."""

Points = tuple[tuple[float, float], ...]


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "_around", self.ground.bounds)

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

    def _share(self, part: Box) -> float:
        left, top, right, bottom = self._around
        if part[2] <= left or part[0] >= right or part[3] <= top or part[1] >= bottom:
            return 0.0  # most things of a picture are nowhere near, and an intersection takes longer
        shape = box(*part)
        if shape.area <= 0.0:
            return 0.0
        return float(self.ground.intersection(shape).area / shape.area)


def _prolonged(points: Points) -> list[tuple[float, float]]:
    """The line with both ends moved outwards by three picture widths, so that it divides the whole plane around it."""
    return [_away(points[1], points[0]), *points, _away(points[-2], points[-1])]


def _away(inner: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    dx, dy = end[0] - inner[0], end[1] - inner[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    return end[0] + dx / length * 5.0, end[1] + dy / length * 5.0
