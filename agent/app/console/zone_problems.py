"""Where in the form of the zone editor a problem of the document is told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent.app.console.form_words import in_form
from agent.config.words import Lang, dotted
from agent.core.errors import Problem
from agent.ports.console.zones import Edit, ProblemShown

_IN_ZONE = re.compile(r"cameras\[(?P<camera>\d+)\]\.zones\[(?P<zone>\d+)\](\.(?P<field>.*))?")
_POINT = re.compile(r"(?P<field>.*\bpolygon)\[(?P<point>\d+)\].*")
_TOLD_LINES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What the form shows. `camera`: number of the one whose zones are edited. `order`: which edit each of its zones
    in the document is. `calendars`: the names of all. `ids`: those of its zones. `lang`: of the problems."""

    camera: int
    order: Sequence[int]
    calendars: Sequence[str]
    ids: Sequence[object]
    lang: Lang

    def shown(self, problem: Problem, *, warning: bool) -> ProblemShown:
        """A problem at its place."""
        zone, calendar, field, point = None, None, problem.key, None
        all_zones = problem.key == f"cameras[{self.camera}].zones"
        match = _IN_ZONE.fullmatch(problem.key)
        if match and int(match["camera"]) == self.camera and int(match["zone"]) < len(self.order):
            zone, field = self.order[int(match["zone"])], match["field"] or ""
            if corner := _POINT.fullmatch(field):
                field, point = corner["field"], int(corner["point"])
        elif all_zones:
            field = "zones"
        elif found := self._in_calendar(problem.key):
            calendar, field = found
        told = in_form(problem, self.lang, self.ids)
        return ProblemShown(
            camera=all_zones,
            zone=zone,
            calendar=calendar,
            field=field,
            point=point,
            expected=told.expected,
            found=told.found,
            mend=told.mend,
            warning=warning,
        )

    def _in_calendar(self, key: str) -> tuple[str, str] | None:
        for name in self.calendars:
            start = dotted(("calendars", name))
            if key == start or key.startswith((f"{start}.", f"{start}[")):
                return name, key[len(start) :].removeprefix(".")
        return None


def is_here(problem: ProblemShown) -> bool:
    """Whether the page has a place for it: at the zone, the calendar, or for all zones of the camera."""
    return problem["camera"] or problem["zone"] is not None or problem["calendar"] is not None


def told_in_lines(faults: Sequence[ProblemShown], edits: Sequence[Edit]) -> str:
    """For whoever has no form to show them in; as far as one reads."""
    lines = []
    for fault in faults[:_TOLD_LINES]:
        where = "" if fault["zone"] is None else f"zone {str(edits[fault['zone']].zone.get('id'))[:80]!a}, "
        where += "" if fault["calendar"] is None else f"calendar {fault['calendar'][:80]!a}, "
        lines.append(f"{where}{fault['field']}: expected {fault['expected']}, found {fault['found']}; {fault['mend']}")
    left = len(faults) - len(lines)
    return "\n".join([*lines, f"… and {left} more"] if left else lines)
