"""A real, tiny file system for tests of full and read-only disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def memory_disk(folder: Path, *options: str) -> Iterator[Path]:
    """A tmpfs at this folder, with these mount options. Where mounting is not permitted: skips, but fails in CI."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        trouble = done.stderr.strip() if done.returncode else None
    except FileNotFoundError:
        trouble = "there is no mount program"
    if trouble is not None:
        text = f"a memory disk cannot be mounted here (it needs root with CAP_SYS_ADMIN): {trouble}"
        if os.environ.get("CI"):
            pytest.fail(text)
        pytest.skip(text)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """A file on that disk that takes every byte that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (2**16, 2**12, 1):
            try:
                while file.write(b"x" * size):
                    continue
            except OSError:
                continue
    return filler
