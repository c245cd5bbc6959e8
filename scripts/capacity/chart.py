"""A line chart as SVG, written by hand: two panels would not be worth a plotting library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH_PX: Final = 640
HEIGHT_PX: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 60, 20, 36, 48
COLOURS: Final = ("#0b6e99", "#b5530a", "#3c7d22", "#7a3e9d", "#a8304a", "#555555")
TICKS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line; a point is drawn hollow where `full` is false."""

    name: str
    points: Sequence[tuple[float, float]]
    full: Sequence[bool]


def svg(title: str, x_name: str, y_name: str, lines: Sequence[Line]) -> str:
    """The chart, from zero on both axes."""
    points = [point for line in lines for point in line.points]
    x_top, y_top = nice(max((x for x, _ in points), default=1.0)), nice(max((y for _, y in points), default=1.0))

    def place(x: float, y: float) -> tuple[float, float]:
        width, height = WIDTH_PX - LEFT - RIGHT, HEIGHT_PX - TOP - BOTTOM
        return round(LEFT + x / x_top * width, 1), round(HEIGHT_PX - BOTTOM - y / y_top * height, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {HEIGHT_PX}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH_PX}" height="{HEIGHT_PX}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>',
        f'<text x="{WIDTH_PX / 2}" y="{HEIGHT_PX - 10}" text-anchor="middle">{escape(x_name)}</text>',
        f'<text transform="translate(14 {HEIGHT_PX / 2}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>',
    ]
    for step in range(TICKS + 1):
        x, y = place(x_top * step / TICKS, y_top * step / TICKS)
        parts += [
            f'<path d="M{LEFT} {y}H{WIDTH_PX - RIGHT}" stroke="#dddddd"/>',
            f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{y_top * step / TICKS:g}</text>',
            f'<text x="{x}" y="{HEIGHT_PX - BOTTOM + 16}" text-anchor="middle">{x_top * step / TICKS:g}</text>',
        ]
    for number, line in enumerate(lines):
        parts += _line(line, COLOURS[number % len(COLOURS)], [place(*point) for point in line.points])
        y = TOP + 12 + number * 16
        parts += [
            f'<path d="M{LEFT + 12} {y - 4}h18" stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="2"/>',
            f'<text x="{LEFT + 36}" y="{y}">{escape(line.name)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def nice(top: float) -> float:
    """The end of an axis: the least 1, 2, 2.5 or 5 times a power of ten that is not below."""
    if top <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(top))
    return next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= top)


def _line(line: Line, colour: str, places: Sequence[tuple[float, float]]) -> list[str]:
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    dots = [
        f'<circle cx="{x}" cy="{y}" r="4" stroke="{colour}" stroke-width="2" fill="{colour if full else "#ffffff"}"/>'
        for (x, y), full in zip(places, line.full, strict=True)
    ]
    return [f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots] if places else []
