"""What a command printed, as a picture of a terminal."""

from __future__ import annotations

from rich.cells import cell_len

from scripts.guide.svg import Drawing

COLUMNS = 100
_CELL_PX, _LINE_PX, _EDGE_PX, _BAR_PX = 7.9, 19, 16, 28
_TITLE, _TEXT = 4, 20
"""Columns in which `cityeye doctor` begins a title and a text."""
_FONTS = "'DejaVu Sans Mono', 'Noto Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK SC', 'Microsoft YaHei', monospace"
_PLAIN, _GOOD, _BAD, _NOTE = "#e4e7eb", "#7ddc8a", "#ff8a80", "#ffd166"
_MARKS = {"✓": _GOOD, "✗": _BAD, "–": _NOTE}


def terminal(title: str, text: str) -> str:
    """The text, folded at 100 columns, with doctor's marks in colour.

    Titles and texts are placed one by one: a Chinese character is seldom as wide as two Latin ones in a reader's fonts.
    """
    lines = [
        (part, number > 0 and line[2:3] in _MARKS)
        for line in text.rstrip("\n").split("\n")
        for number, part in enumerate(_folded(line))
    ]
    width = round(COLUMNS * _CELL_PX + 2 * _EDGE_PX)
    height = _BAR_PX + len(lines) * _LINE_PX + 2 * _EDGE_PX
    drawing = Drawing(width, height, title, fonts=_FONTS)
    drawing.box(0, 0, width, height, fill="#1f2933", edge="#1f2933", round_=8)
    for number, colour in enumerate(("#ff8a80", "#ffd166", "#7ddc8a")):
        drawing.circle(20 + number * 18, 15, 5, fill=colour)
    for number, (line, goes_on) in enumerate(lines):
        _draw(drawing, line, _BAR_PX + _EDGE_PX + number * _LINE_PX + 4, goes_on=goes_on)
    return drawing.document()


def _draw(drawing: Drawing, line: str, y: float, *, goes_on: bool) -> None:
    """One line; `goes_on`: it is the rest of what was found, not the mend."""

    def put(column: int, text: str, colour: str, *, bold: bool = False) -> None:
        drawing.text(_EDGE_PX + column * _CELL_PX, y, text, size=13, colour=colour, bold=bold)

    mark = line[2:3]
    if line.startswith("  ") and mark in _MARKS:
        title, text = _split(line[_TITLE:])
        put(2, mark, _MARKS[mark], bold=True)
        put(_TITLE, title, _PLAIN)
        put(_TEXT, text, _PLAIN)
    elif line.startswith(" " * _TEXT):
        put(_TEXT, line.strip(), _PLAIN if goes_on else _NOTE)
    else:
        put(0, line, _PLAIN, bold=line.startswith("$"))


def _split(rest: str) -> tuple[str, str]:
    """The title and what stands in the text's column."""
    for end in range(1, len(rest)):
        if rest[end - 1] == " " and cell_len(rest[:end]) >= _TEXT - _TITLE:
            return rest[:end].rstrip(), rest[end:]
    return rest, ""


def _folded(line: str) -> list[str]:
    """A line that is too long goes on below its text."""
    folded, room = [""], COLUMNS
    for word in _words(line):
        if folded[-1].strip() and cell_len(folded[-1] + word.rstrip()) > room:
            folded.append(" " * _TEXT)
            word = word.lstrip()
        folded[-1] += word
    return [part.rstrip() for part in folded]


def _words(line: str) -> list[str]:
    """Where a line may be folded: behind spaces, and behind Chinese characters and their punctuation."""
    words, word = [], ""
    for place, character in enumerate(line):
        word += character
        after = line[place + 1 : place + 2]
        wide = ord(character) > 0x2E7F and after not in "，。；：、！？）"
        if (character == " " and after != " ") or (wide and after):
            words.append(word)
            word = ""
    return [*words, word]
