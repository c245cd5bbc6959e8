"""A part of the agent in a process of its own, so that its arithmetic takes no time from those who watch the street.

It is asked by a line of JSON on standard input, and answers with lines of JSON. Each further line that it gets says
that somebody still waits for it; the end of its input says that the agent is gone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess  # nosec B404  # this very program, with no word from outside on its command line
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

ENVIRONMENT = frozenset(
    ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "PYTHONHOME", "PYTHONTZPATH", "PYTHONUTF8")
) | {"LD_LIBRARY_PATH"}
"""What it needs of the agent's environment, in which passwords may lie."""
NICE = 15
"""Whoever watches the street goes first."""
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""The threads of linear algebra would spin beside those of the detector."""
_GOES_IN_S = 2.0
"""What a process that is ended takes at most, on a box that has much to do."""
_PACKAGES = Path(__file__).parents[3]


class Child:
    """One such process, with all that it starts. For one thread at a time."""

    def __init__(self, module: str, asked: Mapping[str, Any]) -> None:
        """Start `python -m module`. `asked`: what it is asked; the number of this process is added as `agent`."""
        paths = os.pathsep.join(filter(None, (str(_PACKAGES), os.environ.get("PYTHONPATH"))))
        self._told = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - it is read for as long as it runs
        self._lines: list[dict[str, Any]] = []
        self._process = subprocess.Popen(  # noqa: S603  # nosec B603 - see above
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=self._told,
            stderr=subprocess.DEVNULL,
            env={**_environment(), "PYTHONPATH": paths},
            start_new_session=True,
            text=True,
        )
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, self._process.pid, NICE)
        self._say(json.dumps({**asked, "agent": os.getpid()}))

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def lines(self) -> list[dict[str, Any]]:
        """What it has said so far; to ask for it is to wait for it."""
        if self._told.closed:
            return self._lines
        ended = not self.runs
        self._told.seek(0)
        whole = (line for line in self._told.read().splitlines(keepends=True) if line.endswith("\n"))
        self._lines = [json.loads(line) for line in whole]
        if ended:
            self._hang_up()
            self._told.close()
        else:
            self._say("")
        return self._lines

    def last_words(self, within_s: float) -> dict[str, Any]:
        """Wait for its end; the last line it said, empty where it did not end within that time, and was ended."""
        try:
            self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        return (self.lines() or [{}])[-1]

    def kill(self) -> None:
        """End it, with all that it started, and wait for that; it does nothing on its way out."""
        if self.runs:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GOES_IN_S)
        self._hang_up()

    def _say(self, line: str) -> None:
        if self._process.stdin is not None and not self._process.stdin.closed:
            with suppress(BrokenPipeError):
                self._process.stdin.write(line + "\n")
                self._process.stdin.flush()

    def _hang_up(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()


def _environment() -> dict[str, str]:
    return {**{name: os.environ[name] for name in ENVIRONMENT & os.environ.keys()}, **_ONE_THREAD}
