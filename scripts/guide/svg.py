"""A few shapes as SVG, enough for a diagram; plain attributes, fonts of whoever looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

INK, GREY, LINE = "#1f2933", "#616e7c", "#9aa5b1"
PAPER, PALE = "#ffffff", "#eef2f6"
BLUE, ORANGE, GREEN, RED, YELLOW = "#0b6e99", "#b5530a", "#2f7d32", "#b3261e", "#f2c200"
_FONTS = "'Noto Sans', 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'WenQuanYi Micro Hei', sans-serif"


class Drawing:
    """Shapes in the order in which they are drawn; lengths in pixels."""

    def __init__(self, width: int, height: int, title: str, fonts: str = _FONTS) -> None:
        self._parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="{fonts}" '
            'font-size="14" role="img">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
            f'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="{INK}"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
        ]

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 14,
        colour: str = INK,
        anchor: str = "start",
        bold: bool = False,
    ) -> None:
        """One line; `y` is its base line. Spaces are kept."""
        weight = ' font-weight="bold"' if bold else ""
        self._parts.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight} '
            f'xml:space="preserve">{escape(text)}</text>'
        )

    def lines(
        self, x: float, y: float, texts: Sequence[str], *, size: int = 13, colour: str = INK, anchor: str = "start"
    ) -> None:
        """Several lines below each other."""
        for number, text in enumerate(texts):
            self.text(x, y + number * size * 1.4, text, size=size, colour=colour, anchor=anchor)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: str = PALE, edge: str = LINE, round_: int = 6
    ) -> None:
        """A rectangle."""
        self._parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{round_}" fill="{fill}" '
            f'stroke="{edge}"/>'
        )

    def card(self, x: float, y: float, width: float, height: float, texts: Sequence[str], *, fill: str = PALE) -> None:
        """A rectangle with lines in its middle, the first one bold."""
        self.box(x, y, width, height, fill=fill)
        top = y + height / 2 - (len(texts) - 1) * 9 + 5
        for number, text in enumerate(texts):
            first = number == 0
            self.text(
                x + width / 2,
                top + number * 18,
                text,
                size=14 if first else 12,
                colour=INK if first else GREY,
                anchor="middle",
                bold=first,
            )

    def path(self, data: str, *, colour: str = INK, width: float = 2, fill: str = "none", dash: str = "") -> None:
        """Any path."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(f'<path d="{data}" fill="{fill}" stroke="{colour}" stroke-width="{width:g}"{dashed}/>')

    def arrow(self, x1: float, y1: float, x2: float, y2: float, *, both: bool = False, dash: str = "") -> None:
        """A line with a tip at its end, or at both."""
        start, dashed = ' marker-start="url(#tip)"' if both else "", f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{INK}" stroke-width="1.6"{dashed} '
            f'marker-end="url(#tip)"{start}/>'
        )

    def circle(self, x: float, y: float, radius: float, *, fill: str, edge: str = "none") -> None:
        """A disc."""
        self._parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" stroke="{edge}"/>')

    def document(self) -> str:
        """The file."""
        return "\n".join([*self._parts, "</svg>", ""])
