"""Edits of zones and calendars in the body of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent.console.faults import ConsoleFault
from agent.console.requests import text_of
from agent.ports.console.zones import Edit, Edits, Lang, ProblemShown

MOST_ZONES = 100
MOST_CALENDARS = 100
MOST_OF_ZONE = 20_000
"""Characters of one zone or calendar, several hundred corners: longer ones keep the box busy for many seconds."""
_SHOWN = 100
_TOO_LONG: dict[Lang, tuple[str, str, str]] = {
    "en": ("at most {most} characters for one zone or calendar", "{n}", "shorten it"),
    "zh-CN": ("每个区域或时间表最多 {most} 个字符", "{n} 个字符", "请缩短"),
}
"""Expected, found, mend."""


def lang_of(body: Mapping[str, Any]) -> Lang:
    """That of the page."""
    return "zh-CN" if text_of(body, "lang") == "zh-CN" else "en"


def edits_of(body: dict[str, Any]) -> Edits:
    """Raises ConsoleFault, also with a problem at the field that is too long."""
    return Edits(zones=_zones(body), calendars=_calendars(body))


def _zones(body: dict[str, Any]) -> list[Edit]:
    found = body.get("zones")
    if not isinstance(found, list) or len(found) > MOST_ZONES:
        raise ConsoleFault(400, "invalid", f"zones: expected a list of at most {MOST_ZONES}")
    edits = []
    for number, item in enumerate(found):
        zone, was = (item.get("zone"), item.get("was")) if isinstance(item, dict) else (None, None)
        if not isinstance(zone, dict) or not (was is None or isinstance(was, str)):
            raise ConsoleFault(400, "invalid", f"zones[{number}]: expected {{was, zone}}, an id or null and an object")
        if (characters := _size(zone)) > MOST_OF_ZONE:
            longest = max(zone, key=lambda key: _size(zone[key]))
            raise _too_long((number, None, longest), f"zones[{number}].zone", characters, lang_of(body))
        edits.append(Edit(was=was, zone=zone))
    return edits


def _calendars(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = body.get("calendars", {})
    if not isinstance(found, dict) or len(found) > MOST_CALENDARS:
        raise ConsoleFault(400, "invalid", f"calendars: expected an object of at most {MOST_CALENDARS}")
    for name, calendar in found.items():
        if not isinstance(calendar, dict):
            raise ConsoleFault(400, "invalid", f"calendars.{name[:_SHOWN]}: expected an object")
        if (characters := _size(calendar)) > MOST_OF_ZONE:
            raise _too_long((None, name[:_SHOWN], ""), f"calendars.{name[:_SHOWN]}", characters, lang_of(body))
    return found


def _size(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False))


def _too_long(place: tuple[int | None, str | None, str], where: str, characters: int, lang: Lang) -> ConsoleFault:
    """`place`: zone, calendar and field."""
    expected, found, mend = (text.format(most=MOST_OF_ZONE, n=characters) for text in _TOO_LONG[lang])
    problem = ProblemShown(
        camera=False,
        zone=place[0],
        calendar=place[1],
        field=place[2][:_SHOWN],
        point=None,
        expected=expected,
        found=found,
        mend=mend,
        warning=False,
    )
    message = f"{where}: expected {expected}, found {found}; {mend}"
    return ConsoleFault(400, "invalid", message, facts={"problems": [problem]})
