"""A configuration that is being asked for, answer by answer; each is judged by what will read the file.

Nothing is written here. Passwords that were typed are kept beside the data, which only names their files.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from agent.config.load import Report, home_of, inspect_text
from agent.config.words import Lang, dotted
from agent.config.words import Path as Key
from agent.config.written import CameraNote, written
from agent.core.errors import Problem

SECRETS = "secrets"
"""The folder of the passwords' files."""
_UNNAMED_HOST = "broker"


class Draft:
    """Plain data that grows, in the order of the file's keys.

    Attributes:
        secrets: what is to be written where, by path as the data names it.
        notes: of the cameras, in their order.
    """

    def __init__(self, file: Path, *, lang: Lang, env: Mapping[str, str] | None = None) -> None:
        self.file = file
        self.home = home_of(file)
        self.lang = lang
        self._env = os.environ if env is None else env
        self.data: dict[str, Any] = {
            "version": 1,
            "box": {},
            "mqtt": {},
            "model": {"id": "auto", "folder": "models"},
            "storage": {"folder": "data"},
            "cameras": [],
        }
        self.secrets: dict[str, str] = {}
        self.notes: list[CameraNote] = []

    def at(self, *path: str) -> Any:
        """What was answered there, or None."""
        value: Any = self.data
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def put(self, path: Key, value: object) -> tuple[Problem, ...]:
        """Take an answer, unless the loader has something against it: then what it has, and nothing changes."""
        before = self.data
        self.data = copy.deepcopy(before)
        *around, last = path
        place: Any = self.data
        for part in around:
            place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
        place[last] = value
        if problems := self._problems(path, secrets=path[-1] == "password" and not self._is_ours(value)):
            self.data = before
        return problems

    def add_camera(self, camera: Mapping[str, Any], note: CameraNote) -> tuple[Problem, ...]:
        """As `put`, for one more camera. An address that the loader warns of (a login in it) is not taken either."""
        number, before = len(self.data["cameras"]), self.data
        self.data = {**before, "cameras": [*before["cameras"], dict(camera)]}
        if problems := self._problems(("cameras", number), secrets=False, strict=True):
            self.data = before
        else:
            self.notes.append(note)
        return problems

    def secret(self, name: str, text: str) -> dict[str, str]:
        """Keep a password that was typed; returns what the data says of it.

        A file that is there is never written over: it is taken where it holds this password, else another name is.
        """
        for number in count(1):
            place = f"{SECRETS}/{name}" if number == 1 else f"{SECRETS}/{name}-{number}"
            there = self.secrets.get(place)
            if there is None and os.path.lexists(self.home / place):  # also where the folder may not be entered
                there = _content(self.home / place)
                if there == text:
                    return {"file": place}
            elif there in (None, text):
                self.secrets[place] = text
                return {"file": place}
        raise AssertionError("numbers do not end")

    def faults_of_reference(self, reference: Mapping[str, str]) -> tuple[Problem, ...]:
        """What the loader has against `{env: NAME}` and its like, wherever it is to stand."""
        probe = Draft(self.file, lang=self.lang, env=self._env)
        probe.data["mqtt"]["username"] = "-"
        return probe.put(("mqtt", "password"), dict(reference))

    def text(self) -> str:
        """What is to be written into the file."""
        return written(self.data, file=str(self.file), lang=self.lang, notes=self.notes)

    def report(self) -> Report:
        """What the loader makes of the whole, without the passwords."""
        return self._report(self.data, secrets=False)

    def _is_ours(self, value: object) -> bool:
        """Whether it names a password's file that is still to be written."""
        return isinstance(value, dict) and value.get("file") in self.secrets

    def _problems(self, path: Key, *, secrets: bool, strict: bool = False) -> tuple[Problem, ...]:
        """What the loader has against one key and those below it; what is missing elsewhere is asked for later."""
        data = {**self.data, "mqtt": {"host": _UNNAMED_HOST, **self.data["mqtt"]}}
        report = self._report(data, secrets=secrets)
        name = dotted(path)
        below = (f"{name}.", f"{name}[")
        doubtful = [warning for warning in report.warnings if strict and warning.key == f"{name}.url"]
        return tuple(
            problem
            for problem in (*report.problems, *doubtful)
            if problem.key in (name, dotted(())) or problem.key.startswith(below)
        )

    def _report(self, data: Mapping[str, Any], *, secrets: bool) -> Report:
        text = written(data, file=str(self.file), lang=self.lang, notes=self.notes)
        return inspect_text(text, file=str(self.file), home=self.home, lang=self.lang, env=self._env, secrets=secrets)


def _content(file: Path) -> str | None:
    with suppress(OSError, UnicodeDecodeError):
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    return None
