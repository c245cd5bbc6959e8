"""Another program that holds the agent's database, as somebody with a sqlite3 shell does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PROGRAM = """
import sqlite3, sys
shell = sqlite3.connect(sys.argv[1], timeout=20, isolation_level=None)
shell.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(database: Path) -> Iterator[Callable[[], None]]:
    """A process of its own that holds it from here on, until it is told to let go, or to the end of the block."""
    shell = subprocess.Popen([sys.executable, "-c", _PROGRAM, str(database)], stdin=-1, stdout=-1, text=True)
    assert shell.stdin
    assert shell.stdout
    with shell:
        assert shell.stdout.readline() == "held\n"

        def let_go() -> None:
            if shell.poll() is None:
                shell.communicate("\n")

        try:
            yield let_go
        finally:
            let_go()
