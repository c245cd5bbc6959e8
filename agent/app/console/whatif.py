"""`ports.console.whatif.Tries`: the comparison runs as a process of its own, at low priority, one at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import yaml

from agent.adapters.observations import ObservationReader
from agent.app.console.child import Child
from agent.app.console.tried import shown, tried
from agent.app.places import OBSERVATIONS
from agent.app.site import Site
from agent.app.what_if.scores import scores_at
from agent.config import Config, inspect_text
from agent.config.document import read as read_document
from agent.config.words import Lang
from agent.core.errors import CommandRejected, RejectCode
from agent.core.types import Box
from agent.ports.console.whatif import Edit, Run, RunPhase, Shown, Wish, WishRefused

KEYS = ("dwell", "clear_after", "min_score", "overlap", "severity", "calendar")
"""Values of a rule that the page offers; all others can come with a draft."""
MOST_PROBLEMS = 50
"""That are told of one wish."""
LONGEST_CURVE = timedelta(hours=6)
PATIENCE_S = 120.0
"""A run ends when no page has asked for so long how far it is: the screen of a phone may go dark for a moment."""


class ProcessTries:
    """See `ports.console.whatif.Tries`. From any thread."""

    def __init__(self, site: Site, data: Path, *, patience_s: float = PATIENCE_S) -> None:
        """`data`: the data folder. `patience_s`: how long a run goes on while nobody asks for it."""
        self._site = site
        self._data = data
        self._patience_s = patience_s
        self._lock = Lock()
        self._child: Child | None = None
        self._cancelled = False
        self._tried: Shown | None = None

    def form(self) -> Shown:
        """See there."""
        config = self._in_force()[1]
        kept = {extent.camera: extent for extent in ObservationReader(self._data / OBSERVATIONS).extents()}
        cameras = [
            {
                "id": camera.id,
                "name": camera.name or camera.id,
                "first": kept[camera.id].first.isoformat() if camera.id in kept else None,
                "last": kept[camera.id].last.isoformat() if camera.id in kept else None,
                "zones": [
                    {
                        "id": zone.id,
                        "name": zone.name or zone.id,
                        "rules": [_rule(*rule) for rule in zone.rules.items()],
                    }
                    for zone in camera.zones
                ],
            }
            for camera in config.cameras
        ]
        return {"cameras": cameras, "calendars": sorted(config.calendars), "keys": list(KEYS)}

    def start(self, wish: Wish) -> None:
        """See there."""
        text, _ = self._in_force()
        after = _edited(read_document(text).data, wish)
        self._check(after, wish.lang)
        was_tried = tried(wish, self.form())
        asked = {
            "patience_s": self._patience_s,
            "before": text,
            "after": after,
            "home": str(self._site.home),
            "cameras": list(wish.cameras),
            "since": wish.since.isoformat() if wish.since else None,
            "until": wish.until.isoformat() if wish.until else None,
            "quick": wish.quick,
        }
        with self._lock:
            if self._child is not None and self._child.runs:
                raise CommandRejected(RejectCode.BUSY, "a comparison is running; wait for it, or end it")
            if self._child is not None:
                self._child.lines()  # the last words of the run before
            self._child, self._cancelled = Child("agent.app.what_if", asked), False
            self._tried = was_tried

    def run(self) -> Run:
        """See there."""
        with self._lock:
            if self._child is None:
                return Run(phase=RunPhase.IDLE)
            ended, lines, cancelled = not self._child.runs, self._child.lines(), self._cancelled
            was_tried = self._tried
        return replace(_how(lines, ended=ended, cancelled=cancelled), tried=was_tried)

    def cancel(self) -> None:
        """See there."""
        with self._lock:
            if self._child is not None:
                self._cancelled = self._cancelled or self._child.runs
                self._child.kill()

    def _in_force(self) -> tuple[str, Config]:
        text = self._site.file.text()
        config = inspect_text(text, file=str(self._site.file.path), home=self._site.home, secrets=False).config
        if config is None:
            raise CommandRejected(RejectCode.INVALID, "the box's file has problems: see cityeye check")
        return text, config

    def _check(self, text: str, lang: Lang) -> None:
        """Raises WishRefused."""
        report = inspect_text(text, file="", home=self._site.home, lang=lang, secrets=False)
        if report.config is None:
            data = read_document(text).data
            problems = [shown(problem, data, lang) for problem in report.problems[:MOST_PROBLEMS]]
            told = "; ".join(f"{p.key}: {p.expected}, {p.found}" for p in report.problems[:5])
            raise WishRefused(problems, told)


def _how(lines: Sequence[Mapping[str, Any]], *, ended: bool, cancelled: bool) -> Run:
    """How far a run is, by what it said so far."""
    progress = next((line["progress"] for line in reversed(lines) if "progress" in line), 0.0)
    last = lines[-1] if lines else {}
    if "result" in last:
        return Run(phase=RunPhase.DONE, progress=1.0, result=last["result"])
    if cancelled:
        return Run(phase=RunPhase.CANCELLED, progress=progress)
    if "error" in last:
        return Run(phase=RunPhase.FAILED, progress=progress, error=last["error"])
    if ended:
        return Run(phase=RunPhase.FAILED, progress=progress, error="the comparison ended without a result")
    return Run(phase=RunPhase.RUNNING, progress=progress)


class KeptScores:
    """`ports.console.incidents.ScoreSource`, from the observations of the last days."""

    def __init__(self, data: Path) -> None:
        """`data`: the data folder."""
        self._folder = data / OBSERVATIONS

    def scores_at(
        self, camera: str, box_n: Box, since: datetime, until: datetime, *, zone: str, channel: str | None
    ) -> list[tuple[datetime, float]]:
        """See there; of a long stay only its first hours, which are why it opened."""
        until = min(until, since + LONGEST_CURVE)
        points = scores_at(self._folder, camera, box_n, since, until, zone=zone)
        return [(point.at, round(point.score, 3)) for point in points if channel in (None, point.channel)]


def _rule(name: str, settings: Any) -> dict[str, Any]:
    values = settings.model_dump(mode="json", include=set(KEYS))
    named = settings.calendar if isinstance(settings.calendar, str) else None
    return {"rule": name, "values": {**values, "calendar": named}}


def _edited(data: Any, wish: Wish) -> str:
    """The document in force with another one's zones, health and calendars, and with values changed.

    Nothing else is taken from a draft: no path, no address and no secret.
    """
    if wish.draft is not None:
        draft = read_document(wish.draft).data
        if not isinstance(draft, Mapping):
            raise CommandRejected(RejectCode.INVALID, "expected a YAML document with cameras")
        _take(data, draft)
    for edit in wish.edits:
        _set(data, edit)
    return yaml.safe_dump(json.loads(json.dumps(data)), allow_unicode=True, sort_keys=False)


def _take(data: dict[str, Any], draft: Mapping[str, Any]) -> None:
    if "calendars" in draft:
        data["calendars"] = draft["calendars"]
    drafted = draft.get("cameras")
    known = [c for c in drafted if isinstance(c, Mapping)] if isinstance(drafted, list) else []
    cameras = {str(c.get("id")): c for c in known}
    for camera in data.get("cameras") or ():
        theirs = cameras.get(camera.get("id"))
        if theirs is not None:
            for key in ("zones", "health"):
                camera.pop(key, None)
                if key in theirs:
                    camera[key] = theirs[key]


def _set(data: dict[str, Any], edit: Edit) -> None:
    where = f"{edit.camera}.{edit.zone}.{edit.rule}.{edit.key}"
    rule = None
    if edit.key in KEYS:
        for camera in (c for c in data.get("cameras") or () if c.get("id") == edit.camera):
            for zone in (z for z in camera.get("zones") or () if z.get("id") == edit.zone):
                rules = zone.get("rules") or {}
                if edit.rule in rules:
                    rule = rules[edit.rule] = dict(rules[edit.rule] or {})
    if rule is None:
        raise CommandRejected(RejectCode.INVALID, f"{where}: expected a rule of the document")
    rule.pop(edit.key, None)
    if edit.value is not None:
        rule[edit.key] = edit.value
