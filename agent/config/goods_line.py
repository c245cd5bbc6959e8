"""What is wrong with a goods line, in terms of the zone that it should divide."""

from __future__ import annotations

from shapely import LineString, Point

from agent.config.words import Finding, Path, Words
from agent.core.zones import Zone

Points = tuple[tuple[float, float], ...]

_LEAST_SHARE = 0.01
"""Share of the zone that must lie on either side: less is a slip of the hand."""
_BOTH_SIDES = Words("a line that leaves part of the zone on either side", "在区域两侧都留有部分的线")


def faults(zone: Points, line: Points, shop: tuple[float, float], path: Path) -> list[Finding]:
    """Every fault of a line and its shop point, all in 0..1; the zone's outline is known to be good."""
    drawn = LineString(line)
    if len(set(line)) < 2 or not drawn.is_simple:
        return [
            Finding(
                path=(*path, "points"),
                expected=Words("a line of different points that does not cross itself", "由不同的点连成、不自相交的线"),
                found=Words("one that does", "自相交或只有一个点"),
                mend=Words("give its points in order, from one end to the other", "请从一端到另一端按顺序列出各点"),
            )
        ]
    if drawn.distance(Point(shop)) < 1e-6:
        return [
            Finding(
                path=(*path, "shop"),
                expected=Words("a point beside the line", "不在线上的点"),
                found=Words("one on the line", "线上的点"),
                mend=Words("give any point on the shop's side", "请给出商铺一侧的任意一点"),
            )
        ]
    area = Zone.of("", zone)
    held = area.beyond(line, shop).ground.area / area.polygon.area
    if _LEAST_SHARE <= held <= 1 - _LEAST_SHARE:
        return []
    all_free = held < _LEAST_SHARE
    return [
        Finding(
            path=(*path, "points"),
            expected=_BOTH_SIDES,
            found=(
                Words("the whole zone on the shop's side", "整个区域都在商铺一侧")
                if all_free
                else Words("the whole zone beyond the line", "整个区域都在线外")
            ),
            mend=Words(
                "draw it across the zone; is shop on the right side?", "请横穿区域画线，并检查商铺一侧（shop）是否标对"
            ),
        )
    ]
