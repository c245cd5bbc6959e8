"""The virtual cameras' server, a process of its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.capacity.streams import Streams

SYSTEM_PYTHON: Final = "/usr/bin/python3"
SCRIPT: Final = Path(__file__).with_name("rtsp_server.py")


@dataclass(frozen=True, kw_only=True)
class Cameras:
    """As many cameras as one likes: the streams are given to them in turn, each client sees its own playback."""

    port: int
    pid: int
    mounts: int

    def url(self, number: int) -> str:
        """Of camera `number`, counting from 0."""
        return f"rtsp://127.0.0.1:{self.port}/Streaming/Channels/{number % self.mounts + 1}01"


@contextmanager
def serving(streams: Streams) -> Iterator[Cameras]:
    """The server, ended by its pid afterwards. Raises RuntimeError when it does not start."""
    files = [str(file) for file in streams.files]
    # Its own environment: the agent's virtual environment must not leak into the system python.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    command = [SYSTEM_PYTHON, str(SCRIPT), "--codec", streams.kind.codec, *files]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith("ready "):
                raise RuntimeError(
                    f"the RTSP server did not start; see its stderr, and scripts/system-packages: {line!r}"
                )
            yield Cameras(port=int(line.split()[1]), pid=process.pid, mounts=len(files))
        finally:
            process.kill()  # as if their power were cut; it has nothing to keep
