"""Recordings of observations on disk: JSON lines, compressed when the name ends in `.gz`."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from agent.core.errors import RecordingError
from agent.core.recording import Header, line_of, read_lines
from agent.core.types import Gap, Observation

SUFFIXES = (".jsonl", ".jsonl.gz")


def is_recording(path: Path) -> bool:
    """Whether the name says that a file holds observations, not pictures."""
    return path.name.lower().endswith(SUFFIXES)


class Recorder:
    """Writes one recording; use as `with Recorder.to(path, camera) as recorder: recorder.add(seen)`."""

    def __init__(self, path: Path, stream: IO[str]) -> None:
        self._path, self._stream = path, stream

    @staticmethod
    @contextmanager
    def to(path: Path, head: Header) -> Iterator[Recorder]:
        """Begin a file, in place of one that is there. Raises RecordingError."""
        try:
            stream = _opened(path, "wt")
        except OSError as error:
            raise _unwritten(path, error) from error
        with stream:
            recorder = Recorder(path, stream)
            recorder._write(head.line())
            yield recorder

    def add(self, seen: Observation | Gap) -> None:
        """Write one step. Raises RecordingError."""
        self._write(line_of(seen))

    def _write(self, line: str) -> None:
        try:
            self._stream.write(line + "\n")
        except OSError as error:
            raise _unwritten(self._path, error) from error


@contextmanager
def read_recording(path: Path) -> Iterator[tuple[Header, Iterator[Observation | Gap]]]:
    """A recording's header and its steps, read as they are asked for. Raises RecordingError naming the line."""
    with _readable(path):
        stream = _opened(path, "rt")
    with stream:
        with _readable(path):
            head, steps = read_lines(stream)
        yield head, _guarded(path, steps)


def _guarded(path: Path, steps: Iterator[Observation | Gap]) -> Iterator[Observation | Gap]:
    """The same steps; only what goes wrong in reading them is the recording's fault, not what is done with them."""
    while True:
        with _readable(path):
            step = next(steps, None)
        if step is None:
            return
        yield step


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, EOFError) as error:
        found = getattr(error, "strerror", None) or str(error)
        raise RecordingError(f"{path}: expected a recording that can be read, found: {found}") from error
    except ValueError as error:
        raise RecordingError(f"{path}: {error}; record it anew with cityeye replay --record") from error


def _unwritten(path: Path, error: OSError) -> RecordingError:
    return RecordingError(f"{path}: expected a file that can be written, found: {error.strerror}; correct --record")


def _opened(path: Path, mode: str) -> IO[str]:
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, mode, encoding="utf-8")  # type: ignore[return-value]
    return path.open(mode, encoding="utf-8")
