"""What is wrong with a zone's outline, in terms of the points that a person drew."""

from __future__ import annotations

from shapely import Polygon, STRtree, is_valid_reason, linestrings

from agent.config.words import Finding, Path, Words, same

Point = tuple[float, float]
Corner = tuple[int, Point]
"""A point with its number in the file, counted from 1."""

_PIXELS = 2.0
"""A point a little outside was drawn over the edge; beyond twice the picture it must be meant in pixels."""
_FAR = 1e5
"""No picture has that many pixels: what shape such points have is not worth a thought."""
_EXPECTED_RANGE = Words("points within the picture: x and y from 0 to 1", "点在画面内：x、y 均在 0 到 1 之间")
_EXPECTED_SIMPLE = Words("an outline that does not cross or touch itself", "轮廓不自相交、不自相接")
_REORDER = Words("give the corners in order around the zone", "请按顺序沿区域边界列出各角点")


def faults(points: list[Point], path: Path) -> list[Finding]:
    """Every fault of an outline given as points in 0..1; the last point may repeat the first."""
    outside = _outside(points, path)
    if any(abs(v) > _FAR for point in points for v in point):
        return outside
    corners = _corners(points)
    different = len({point for _, point in corners})
    if different < 3:
        few = Words("{n} different points", "{n} 个不同的点").fill(n=different)
        expected = Words("at least 3 different points", "至少 3 个不同的点")
        mend = Words("add the missing corners of the zone", "请补全区域的角点")
        return [*outside, Finding(path=path, expected=expected, found=few, mend=mend)]
    crossings = _crossings(corners)
    if crossings:
        found = Words(", ".join(c.en for c in crossings), "，".join(c.zh for c in crossings))
        return [*outside, Finding(path=path, expected=_EXPECTED_SIMPLE, found=found, mend=_REORDER)]
    shape = Polygon([point for _, point in corners])
    if shape.area < 1e-9:
        expected = Words("an outline with an area", "有面积的轮廓")
        found = Words("points on one line", "所有点在一条直线上")
        return [*outside, Finding(path=path, expected=expected, found=found, mend=_REORDER)]
    if not shape.is_valid:
        found = same(is_valid_reason(shape))
        return [*outside, Finding(path=path, expected=_EXPECTED_SIMPLE, found=found, mend=_REORDER)]
    return outside


def _outside(points: list[Point], path: Path) -> list[Finding]:
    bad = [(i, point) for i, point in enumerate(points) if not all(0 <= v <= 1 for v in point)]
    if any(abs(v) > _PIXELS for _, point in bad for v in point):
        i, point = bad[0]
        found = (
            Words("{point} and {n} more outside", "{point}，另有 {n} 个点在画面外") if len(bad) > 1 else same("{point}")
        )
        return [
            Finding(
                path=(*path, i),
                expected=_EXPECTED_RANGE,
                found=found.fill(point=_named(i, point), n=len(bad) - 1),
                mend=Words(
                    "pixels? divide x by the picture's width and y by its height",
                    "是像素坐标吗？请将 x 除以画面宽度、y 除以画面高度",
                ),
            )
        ]
    return [
        Finding(
            path=(*path, i),
            expected=_EXPECTED_RANGE,
            found=_named(i, point),
            mend=Words("move it to the edge: {point}", "请移到边缘：{point}").fill(
                point="[" + ", ".join(f"{min(max(v, 0.0), 1.0):g}" for v in point) + "]"
            ),
        )
        for i, point in bad
    ]


def _named(i: int, point: Point) -> Words:
    return Words("point {n} at [{x:g}, {y:g}]", "第 {n} 点 [{x:g}, {y:g}]").fill(n=i + 1, x=point[0], y=point[1])


def _corners(points: list[Point]) -> list[Corner]:
    """The points without repetitions in a row, and without the last one when it closes the ring."""
    corners = [(i + 1, point) for i, point in enumerate(points) if i == 0 or point != points[i - 1]]
    return corners[:-1] if len(corners) > 1 and corners[0][1] == corners[-1][1] else corners


def _crossings(corners: list[Corner]) -> list[Words]:
    """Pairs of edges that are no neighbours and yet meet, at most three of them."""
    n = len(corners)
    points = [point for _, point in corners]
    edges = linestrings([(point, points[(i + 1) % n]) for i, point in enumerate(points)])
    pairs = STRtree(edges).query(edges, predicate="intersects").T.tolist()  # one by one, a hundred edges take 0.1 s
    meeting = sorted((i, j) for i, j in pairs if i < j and (j - i) % n not in (1, n - 1))
    found = []
    for i, j in meeting[:3]:
        place = edges[i].intersection(edges[j]).centroid
        a, b, c, d = (corners[k % n][0] for k in (i, i + 1, j, j + 1))
        found.append(_MEETING.fill(a=a, b=b, c=c, d=d, x=place.x, y=place.y))
    return found


_MEETING = Words(
    "edge {a}–{b} meets edge {c}–{d} near [{x:.3g}, {y:.3g}]",
    "边 {a}–{b} 与边 {c}–{d} 相交于 [{x:.3g}, {y:.3g}] 附近",
)
