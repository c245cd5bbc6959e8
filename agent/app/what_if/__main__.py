"""A comparison in a process of its own: asked by one JSON object on standard input, it answers with JSON lines.

`{"progress": 0.4}` now and then, and at last `{"result": …}` or `{"error": "…"}`. It ends itself when whoever started
it is gone, or when it takes too long.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.adapters.clock import SystemClock
from agent.app.what_if import as_json, kept_by, what_if
from agent.app.what_if.tasks import NICE
from agent.config import Config, inspect_text
from agent.core.errors import CityEyeError

LONGEST_S = 900.0
"""A week of a dozen cameras takes longer; then a shorter period is to be tried."""
MOST_TOLD = 300
"""Incidents of each sort that a page shows; how many more there are is told."""


def main() -> None:
    """Compare, and answer."""
    with suppress(OSError):
        os.nice(NICE)
    asked = json.load(sys.stdin)
    try:
        _tell({"result": _short(_compared(asked))})
    except CityEyeError as error:
        _tell({"error": str(error)})


def _compared(asked: dict[str, Any]) -> dict[str, Any]:
    clock = SystemClock()
    latest_s = clock.now().mono_s + LONGEST_S
    home = Path(asked["home"])
    before, after = _config(asked["before"], home), _config(asked["after"], home)
    result = what_if(
        before,
        after,
        kept_by(before),
        cameras=asked["cameras"],
        since=_moment(asked["since"]),
        until=_moment(asked["until"]),
        quick=bool(asked["quick"]),
        progress=lambda share: _tell({"progress": round(share, 3)}),
        cancelled=lambda: os.getppid() != asked["agent"] or clock.now().mono_s > latest_s,
    )
    return as_json(result)


def _config(text: str, home: Path) -> Config:
    config = inspect_text(text, file="", home=home, secrets=False).config
    if config is None:  # it was looked at before it came here
        raise CityEyeError("expected a configuration without problems")
    return config


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _short(result: dict[str, Any]) -> dict[str, Any]:
    lists = ("gained", "lost", "changed")
    left_out = sum(max(0, len(result[name]) - MOST_TOLD) for name in lists)
    return {**result, **{name: result[name][:MOST_TOLD] for name in lists}, "left_out": left_out}


def _tell(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
