"""Somebody at a terminal: a program on a pseudo-terminal of its own, read and answered line by line."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import subprocess
import termios
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

WAIT_S = 60.0
_NOTICED_S = 2.0
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """Runs a program there; what it shows is kept."""

    def __init__(self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> None:
        self._news = threading.Condition()
        self._shown = b""
        self._read_to = 0
        self._over = False
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "TERM": "dumb"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_own_terminal,
        )
        os.close(theirs)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def shown(self) -> str:
        """All that was shown so far."""
        with self._news:
            return self._shown.decode("utf-8", "replace").replace("\r\n", "\n")

    def wait_for(self, text: str) -> None:
        """Until this is shown, after what was waited for last."""
        wanted = text.encode()
        with self._news:
            if not self._news.wait_for(lambda: self._over or wanted in self._shown[self._read_to :], WAIT_S):
                raise AssertionError(f"{text!r} was not shown in {WAIT_S} s, but:\n{self.shown}")
            at = self._shown.find(wanted, self._read_to)
            if at < 0:
                raise AssertionError(f"ended without showing {text!r}:\n{self.shown}")
            self._read_to = at + len(wanted)

    def answer(self, question: str, text: str = "") -> None:
        """Wait for a question, and answer it with Enter."""
        self.wait_for(question)
        self.wait_for("> ")
        self.press(f"{text}\n")

    def press(self, keys: str | bytes) -> None:
        """Type."""
        os.write(self._ours, keys if isinstance(keys, bytes) else keys.encode())

    def leave(self, keys: str) -> int:
        """Press Ctrl-C or Ctrl-D until the program has ended; returns its exit code.

        A Ctrl-C in the instant between a prompt and the wait for keys is noticed by Python with the next key only.
        """
        for _ in range(round(WAIT_S / _NOTICED_S)):
            self.press(keys)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_NOTICED_S)
                return self.end()
        raise AssertionError(f"{keys!r} was pressed for {WAIT_S} s in vain; shown:\n{self.shown}")

    def end(self) -> int:
        """Wait for the program to end; returns its exit code."""
        code = self._process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.end()
        os.close(self._ours)

    def _read(self) -> None:
        with suppress(OSError):  # EIO: nobody has the terminal open any more
            while part := os.read(self._ours, 4096):
                with self._news:
                    self._shown += part
                    self._news.notify_all()
        with self._news:
            self._over = True
            self._news.notify_all()


def _own_terminal() -> None:
    """In the child: its standard input becomes the terminal that it is controlled by, where passwords are asked for.

    Whoever runs the tests in the background may have had Ctrl-C ignored, which children inherit.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
