"""A comparison in a process of its own: asked by a line of JSON on standard input, it answers with lines of JSON.

`{"progress": 0.4}` now and then, and at last `{"result": …}` or `{"error": "…"}`. Each further line on standard input
says that somebody still waits for it. It ends itself when nobody does for a while, when whoever started it is gone, or
when it takes too long.
"""

from __future__ import annotations

import json
import os
import select
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.adapters.clock import SystemClock
from agent.app.what_if import as_json, kept_by, what_if
from agent.config import Config, inspect_text
from agent.core.errors import CityEyeError, RecordingError
from agent.ports import Clock

LONGEST_S = 900.0
"""A week of a dozen cameras takes longer; then a shorter period is to be tried."""
MOST_TOLD = 300
"""Incidents of each sort that a page shows; how many more there are is told."""


def main() -> None:
    """Compare, and answer."""
    with open(0, "rb", closefd=False) as lines:
        asked = json.loads(lines.readline())
    try:
        _tell({"result": _short(_compared(asked))})
    except CityEyeError as error:
        _tell({"error": str(error)})


def _compared(asked: dict[str, Any]) -> dict[str, Any]:
    asker = _Asker(asked["agent"], asked["patience_s"], SystemClock())
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
        cancelled=asker.gave_up,
    )
    return as_json(result)


class _Asker:
    """Whoever started this process, and those for whom it did."""

    def __init__(self, pid: int, patience_s: float, clock: Clock) -> None:
        """`patience_s`: how long nobody need ask how far it is."""
        self._pid, self._patience_s, self._clock = pid, patience_s, clock
        self._begun_s = self._heard_s = clock.now().mono_s

    def gave_up(self) -> bool:
        """Whether whoever started this is gone. Raises RecordingError when nobody waits any more, or nobody should."""
        now_s = self._clock.now().mono_s
        while select.select([0], [], [], 0.0)[0]:
            if not os.read(0, select.PIPE_BUF):
                return True
            self._heard_s = now_s
        if now_s - self._begun_s > LONGEST_S:
            raise RecordingError(f"ended after {LONGEST_S / 60:.0f} minutes; try a shorter period, or fewer cameras")
        if now_s - self._heard_s > self._patience_s:
            raise RecordingError("ended, since no page waited for it any more")
        return os.getppid() != self._pid


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
