"""A clip's truth and reports as a picture: one band per zone and rule, time from left to right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from agent.core.errors import RecordingError
from agent.core.scoring.matching import Incident
from agent.core.scoring.scores import ClipScore, Verdicted
from agent.core.scoring.truth import Verdict
from agent.core.types import Image

Colour = tuple[int, int, int]
"""BGR."""
_INK, _PALE, _LINE = (40, 40, 40), (150, 150, 150), (225, 225, 225)
_TRUE, _MAY, _QUIET = (150, 110, 40), (200, 175, 130), (215, 215, 215)
_RIGHT, _WRONG = (70, 150, 60), (50, 50, 210)
_LEFT_PX, _WIDTH_PX, _ROW_PX, _TOP_PX, _EDGE_PX = 250, 1000, 22, 56, 24
_FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """One bar: what it is called, from when to when, its colour; `marks`: moments with a tick."""

    label: str
    from_s: float
    to_s: float
    colour: Colour
    marks: tuple[float, ...] = ()
    waited_s: float | None = None
    """From the beginning until then it is drawn thin: it stood, but was not due yet."""


def write_timeline(file: Path, title: str, score: ClipScore) -> None:
    """Write the picture of one clip as PNG; its folder is made. Raises RecordingError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(cv2.imencode(".png", timeline(title, score))[1].tobytes())
    except OSError as error:
        raise RecordingError(
            f"{file}: expected a picture that can be written, found: {error.strerror}; correct --timeline"
        ) from error


def timeline(title: str, score: ClipScore) -> Image:
    """(H, W, 3) uint8 BGR. In each band: true stays above, reports below; wrong ones red, too short ones grey."""
    bands = list(_bands(score))
    rows = sum(len(bars) + 1 for _, bars in bands)
    shape = (_TOP_PX + max(rows, 1) * _ROW_PX + _EDGE_PX, _LEFT_PX + _WIDTH_PX + _EDGE_PX, 3)
    picture: Image = np.full(shape, 255, np.uint8)
    length_s = max(score.watched.length_s, 1.0)
    _write(picture, title, (_EDGE_PX // 2, 24), _INK, 0.6)
    _axis(picture, length_s)
    for from_s, to_s in score.watched.blind:
        left, right = _x(from_s, length_s), _x(to_s, length_s)
        picture[_TOP_PX:, left : right + 1] = (235, 235, 245)
    y = _TOP_PX
    for name, bars in bands:
        cv2.line(picture, (0, y + 3), (shape[1], y + 3), _LINE, 1)
        _write(picture, name, (_EDGE_PX // 2, y + 17), _INK, 0.45)
        y += _ROW_PX
        for bar in bars:
            _draw(picture, bar, y, length_s)
            y += _ROW_PX
    return picture


def _bands(score: ClipScore) -> Iterator[tuple[str, list[_Bar]]]:
    """Zone and rule, with its bars."""
    places = [(v.stay.zone, v.stay.rule) for v in score.stays]
    places += [(f.incident.zone, f.incident.rule) for f in score.false]
    places += [(i.zone, i.rule) for v in score.stays for i in v.incidents]
    places += [(s.zone, s.rule) for s in score.quiet]
    for zone, rule in dict.fromkeys(places):
        bars = []
        for judged in score.stays:
            if (judged.stay.zone, judged.stay.rule) == (zone, rule):
                bars += [_truth(judged), *(_report(i, judged) for i in judged.incidents)]
        for stay in score.quiet:
            if (stay.zone, stay.rule) == (zone, rule):
                bars.append(_Bar(label=f"  {stay.name}", from_s=stay.from_s, to_s=stay.to_s, colour=_QUIET))
        for wrong in score.false:
            if (wrong.incident.zone, wrong.incident.rule) == (zone, rule):
                bars.append(_report(wrong.incident, None))
        yield f"{zone}: {rule}", bars


def _truth(judged: Verdicted) -> _Bar:
    stay = judged.stay
    must = stay.verdict is Verdict.MUST
    colour = _MAY if not must else _TRUE if judged.incidents else _WRONG
    return _Bar(
        label=f"  {stay.name}",
        from_s=stay.from_s,
        to_s=stay.to_s,
        colour=colour,
        marks=(stay.opens[0], *((stay.closes[0],) if stay.closes else ())),
        waited_s=stay.opens[0],
    )


def _report(incident: Incident, judged: Verdicted | None) -> _Bar:
    extra = judged is None or incident is not judged.incidents[0] or judged.breaks > 0
    closed = f", {incident.reason}" if incident.reason else ""
    return _Bar(
        label=f"    report{closed}",
        from_s=incident.first_seen_s,
        to_s=math.inf if incident.closed_s is None else incident.closed_s,
        colour=_WRONG if extra else _RIGHT,
        waited_s=incident.opened_s,
    )


def _x(at_s: float, length_s: float) -> int:
    return _LEFT_PX + round(min(max(at_s / length_s, 0.0), 1.0) * _WIDTH_PX)


def _draw(picture: Image, bar: _Bar, y: int, length_s: float) -> None:
    left, right = _x(bar.from_s, length_s), max(_x(bar.to_s, length_s), _x(bar.from_s, length_s) + 2)
    opened = left if bar.waited_s is None else min(_x(bar.waited_s, length_s), right)
    cv2.rectangle(picture, (left, y + 9), (opened, y + 12), bar.colour, -1)
    cv2.rectangle(picture, (opened, y + 5), (right, y + 16), bar.colour, -1)
    for mark in bar.marks:
        if mark <= length_s:
            cv2.line(picture, (_x(mark, length_s), y + 2), (_x(mark, length_s), y + 19), _INK, 1)
    _write(picture, bar.label, (_EDGE_PX // 2, y + 15), _INK, 0.4)


def _axis(picture: Image, length_s: float) -> None:
    step_s = next((s for s in (1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200) if length_s / s <= 20), 14400)
    for i in range(int(length_s // step_s) + 1):
        x = _x(i * step_s, length_s)
        cv2.line(picture, (x, _TOP_PX - 6), (x, picture.shape[0]), _LINE, 1)
        _write(picture, f"{i * step_s}", (x - 8, _TOP_PX - 10), _PALE, 0.38)
    _write(picture, "s", (_LEFT_PX + _WIDTH_PX + 6, _TOP_PX - 10), _PALE, 0.38)


def _write(picture: Image, text: str, at: tuple[int, int], colour: Colour, size: float) -> None:
    """OpenCV's letters are ASCII; others are written as their code points."""
    cv2.putText(picture, text.encode("ascii", "backslashreplace").decode(), at, _FONT, size, colour, 1, cv2.LINE_AA)
