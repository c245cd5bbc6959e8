"""Named calendars changed in the text of a configuration, all else as it was written; done as in `editing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from agent.config import document
from agent.config.editing import TOO_MANY, EditFault, by_first_way
from agent.config.splicing import Splicer
from agent.config.unaliased import written_out
from agent.config.unwritten import with_part
from agent.config.words import Words, quoted

Calendars = Mapping[str, dict[str, Any]]
"""By name, in the form of the file."""
KEY = "calendars"


def calendars_of(data: object) -> dict[str, dict[str, Any]]:
    """The named calendars in the data of a document, with aliases written out."""
    named = data.get(KEY) if isinstance(data, dict) else None
    return named if isinstance(named, dict) else {}


def data_with_calendars(data: object, calendars: Calendars) -> document.Document:
    """The data of a document in which these are other ones, as `with_calendars` would write them. Raises EditFault."""
    known, result = calendars_of(data), document.Document(data)
    for name, calendar in calendars.items():
        if name not in known:
            raise EditFault(_NO_CALENDAR.fill(name=quoted(name)))
        try:
            changed = with_part(result.data, (KEY, name), calendar)
        except document.TooManyNodes as error:
            raise EditFault(TOO_MANY.fill(what=Words(KEY, "时间表"), n=document.MAX_NODES)) from error
        result = document.Document(changed.data, findings=[*result.findings, *changed.findings])
    return result


def with_calendars(text: str, calendars: Calendars) -> str:
    """The text in which the calendars of these names are other ones; all others stay.

    Raises:
        EditFault: there is no such calendar, or the text does not let itself be edited.
    """
    if not calendars:
        return text
    data = document.read(text).data
    wanted = data_with_calendars(data, calendars).data
    if data == wanted:
        return text
    return by_first_way(
        (lambda: _in_place(text, calendars), lambda: _in_place(written_out(text, _section), calendars)), wanted
    )


def _in_place(text: str, calendars: Calendars) -> str:
    splicer = Splicer(text)
    for key, value in _section(splicer).value:
        if key.value in calendars:
            splicer.value(value, calendars[key.value], splicer.after_key(key))
    return splicer.result()


def _section(splicer: Splicer) -> yaml.MappingNode:
    assert splicer.root is not None
    found = next((value for key, value in splicer.root.value if key.value == KEY), None)
    if not isinstance(found, yaml.MappingNode):
        raise LookupError(KEY)
    return found


_NO_CALENDAR = Words(
    "there is no calendar {name} in the configuration in force; load the page anew",
    "当前配置中没有时间表 {name}；请重新载入页面",
)
