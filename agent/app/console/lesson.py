"""A lesson, learnt in a process of its own: its arithmetic would make those who watch the street wait.

Measured with two hundred pictures (scripts/bench_teaching.py); see docs/teach.md.
"""

from __future__ import annotations

import base64
import json
import sys
from datetime import datetime
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from agent.app.console.child import Child
from agent.core.errors import CommandRejected, RejectCode
from agent.core.types import Floats
from agent.core.zone_state import Lesson, Origin, train

LONGEST_S = 60.0
"""Two hundred pictures take a second; more on a box that is busy."""
_LESSON: TypeAdapter[Lesson] = TypeAdapter(Lesson)


def learnt_apart(clean: Floats, full: Floats, origin: Origin, created: datetime) -> Lesson:
    """As `zone_state.train`. Raises CommandRejected: the process did not get there."""
    asked = {
        "clean": _packed(clean),
        "full": _packed(full),
        "origin": origin.model_dump(mode="json"),
        "created": created.isoformat(),
    }
    said = Child("agent.app.console.lesson", asked).last_words(LONGEST_S)
    if "lesson" not in said:
        raise CommandRejected(RejectCode.FAILED, "the lesson was not learnt to its end; try again")
    return _LESSON.validate_python(said["lesson"])


def main() -> None:
    """Learn, and answer."""
    with open(0, "rb", closefd=False) as lines:
        asked: dict[str, Any] = json.loads(lines.readline())
    clean, full = _rows(asked["clean"]), _rows(asked["full"])
    origin, created = Origin.model_validate(asked["origin"]), datetime.fromisoformat(asked["created"])
    lesson = train(clean, full, origin, created)
    sys.stdout.write(json.dumps({"lesson": _LESSON.dump_python(lesson, mode="json")}) + "\n")


def _packed(rows: Floats) -> dict[str, Any]:
    return {"shape": list(rows.shape), "float32": base64.b64encode(rows.astype("<f4").tobytes()).decode()}


def _rows(packed: dict[str, Any]) -> Floats:
    rows = np.frombuffer(base64.b64decode(packed["float32"]), "<f4").reshape(packed["shape"])
    return np.asarray(rows, np.float32)


if __name__ == "__main__":
    main()
