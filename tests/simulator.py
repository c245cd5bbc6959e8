"""`scripts/closure_simulator.py` as its users run it, with every line that it says kept."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "closure_simulator.py"
WAIT_S = 90.0


class Simulator:
    """`watch --json`; may be started again after `kill` or `stop`. `said` holds the lines of all its runs.

    Attributes:
        options: of `watch`; what is changed here counts from the next start.
    """

    def __init__(self, folder: Path, port: int, *options: str, tenant: str = "demo", general: tuple[str, ...] = ()):
        self.db = folder / "closure.db"
        self.options = list(options)
        self.said: list[dict[str, Any]] = []
        self._general = ["--port", str(port), "--tenant", tenant, "--db", str(self.db), *general]
        self._news = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> Self:
        """Start it, or start it again."""
        command = [sys.executable, str(SCRIPT), *self._general, "watch", "--json", *self.options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        return self

    def kill(self) -> None:
        """SIGKILL: whatever it had not committed is gone."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait until what was said so far fulfils a condition, which may ask `told` and `rows`."""
        with self._news:
            if not self._news.wait_for(condition, WAIT_S):
                raise AssertionError(f"the simulator did not get there but said {self.said}")

    def told(self, **facts: object) -> list[dict[str, Any]]:
        """The lines that say all of this."""
        with self._news:
            return [line for line in self.said if all(line.get(key) == value for key, value in facts.items())]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What its books hold."""
        with closing(sqlite3.connect(self.db)) as connection:
            return connection.execute(sql).fetchall()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        assert self._reader is not None
        process, self._process = self._process, None
        process.send_signal(number)
        code = process.wait()
        self._reader.join()
        assert process.stdout is not None
        process.stdout.close()
        return code

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._news:
                self.said.append(json.loads(line))
                self._news.notify_all()
