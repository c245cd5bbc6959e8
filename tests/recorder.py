"""A process that records events until it is killed; started by tests that kill it.

`python -m tests.recorder DATABASE` reads lines from stdin. Each line makes it fork a child, whose pid it prints; the
child records events in a loop and writes `+N` before and `=N` after recording event number N.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

from agent.adapters.sqlite import Database, SqliteStore
from agent.core.types import Event, Message
from tests.events import make_event


def encode(event: Event, sequence: int) -> Message:
    """A payload of some pages, so that a commit is more than one write."""
    return Message(topic="t", payload=b"%020d" % sequence * 500, content_type="text/plain")


def record_for_ever(path: Path) -> None:
    """Continue after the last number that was kept, as the agent continues from its scene state."""
    with Database(path, reserve_bytes=0).open() as database:
        store = SqliteStore(database, encode)
        for number in count(int(store.load_state("gate") or 0) + 1):
            os.write(1, f"+{number}\n".encode())
            store.record("gate", [make_event(number)], str(number))
            os.write(1, f"={number}\n".encode())


def main() -> None:
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            record_for_ever(Path(sys.argv[1]))
        os.write(1, f"pid {pid}\n".encode())
        os.waitpid(pid, 0)
        os.write(1, b"gone\n")


if __name__ == "__main__":
    main()
