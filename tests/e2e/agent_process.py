"""The agent as its users run it: `cityeye run` in a process of its own, with its log kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WAIT_S = 60.0
STOP_S = 30.0
"""For a stop to be over on the slowest machine. That it takes no more than five seconds is what the agent's own
deadline sees to: one that took longer ends with another code than 0 (`cli/run`)."""


def cityeye(*arguments: str, timeout_s: float = 4 * WAIT_S) -> subprocess.CompletedProcess[str]:
    """Run one command of the agent to its end; some compute as long as a slow machine needs for a whole clip."""
    command = [sys.executable, "-m", "agent", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=timeout_s, check=False, env=_environment({})
    )


def stored_incidents(config: Path) -> list[dict[str, Any]]:
    """What `cityeye events` tells, also while the agent runs."""
    done = cityeye("events", "--config", str(config), "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", "LANG": "C.UTF-8", **extra}


@dataclass
class AgentProcess:
    """`cityeye run`; may be started again after `kill` or `stop`. `lines` holds the log of all its runs.

    Attributes:
        options: further arguments of the command. umask: it is started with; -1: the one of the tests.
    """

    config: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    umask: int = -1

    def __post_init__(self) -> None:
        self._news = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> Self:
        command = [sys.executable, "-m", "agent", "run", "--config", str(self.config), *self.options]
        self._process = subprocess.Popen(
            command,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment(self.environment),
            umask=self.umask,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self

    def kill(self) -> None:
        """As a power cut would: SIGKILL, no goodbye."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit code, which is not 0 when it took five seconds or longer."""
        return self._end(signal.SIGTERM)

    def wait_for_log(self, text: str, *, count: int = 1, timeout_s: float = WAIT_S) -> None:
        """Wait until so many lines of the log, of all runs together, contain the text."""
        with self._news:
            if not self._news.wait_for(lambda: self._count(text) >= count, timeout_s):
                raise AssertionError(f"the agent did not log {text!r} {count} times but:\n{self.log}")

    def exit_code(self) -> int:
        """Wait for it to end by itself."""
        assert self._process is not None
        code = self._process.wait(WAIT_S)
        self._close()
        return code

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def _count(self, text: str) -> int:
        return sum(text in line for line in self.lines)

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(STOP_S)
        self._close()
        return code

    def _close(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        assert self._reader is not None
        self._reader.join()
        self._process.stderr.close()
        self._process = None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with self._news:
                self.lines.append(line)
                self._news.notify_all()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()


def wait_until(true: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    """Poll something that offers no condition to wait on, such as a file of another process."""
    tick = threading.Event()
    for _ in range(round(timeout_s / 0.2)):
        if true():
            return
        tick.wait(0.2)
    raise AssertionError(f"waited {timeout_s} s in vain for {what}")
