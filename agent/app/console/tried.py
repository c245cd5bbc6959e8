"""What was tried, and what is wrong with a wish: in the places of the what-if page's form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.app.console.form_words import in_form
from agent.config.words import Lang
from agent.core.errors import Problem
from agent.ports.console.whatif import Shown, Wish, WishProblem

_IN_ZONE = re.compile(r"cameras\[(?P<camera>\d+)\]\.zones\[(?P<zone>\d+)\](\.(?P<field>.*))?")
_IN_RULE = re.compile(r"rules\.(?P<rule>\w+)\.(?P<key>\w+)")


def shown(problem: Problem, data: object, lang: Lang) -> WishProblem:
    """A problem of the document that was to be tried, which says `data`, at its field."""
    camera, zone, field = "", "", problem.key
    if match := _IN_ZONE.fullmatch(problem.key):
        section = _at(_at(data, "cameras"), int(match["camera"]))
        camera, zone = str(_at(section, "id")), str(_at(_at(_at(section, "zones"), int(match["zone"])), "id"))
        field = match["field"] or ""
    place = _IN_RULE.fullmatch(field) if zone else None
    told = in_form(problem, lang)
    return WishProblem(
        camera=camera,
        zone=zone,
        rule=place["rule"] if place else "",
        key=place["key"] if place else field,
        expected=told.expected,
        found=told.found,
        mend=told.mend,
    )


def _at(data: object, key: str | int) -> object:
    if isinstance(key, str):
        return data.get(key) if isinstance(data, Mapping) else None
    return data[key] if isinstance(data, Sequence) and key < len(data) else None


def tried(wish: Wish, form: Shown) -> Shown:
    """A wish for whoever comes later, with the values that were in force before, as the form shows them."""
    values: dict[tuple[str, ...], Mapping[str, Any]] = {
        (camera["id"], zone["id"], rule["rule"]): rule["values"]
        for camera in form["cameras"]
        for zone in camera["zones"]
        for rule in zone["rules"]
    }
    return {
        "cameras": list(wish.cameras),
        "since": wish.since.isoformat() if wish.since else None,
        "until": wish.until.isoformat() if wish.until else None,
        "draft": wish.draft is not None,
        "quick": wish.quick,
        "edits": [
            {
                "camera": edit.camera,
                "zone": edit.zone,
                "rule": edit.rule,
                "key": edit.key,
                "was": values.get((edit.camera, edit.zone, edit.rule), {}).get(edit.key),
                "value": edit.value,
            }
            for edit in wish.edits
        ],
    }
