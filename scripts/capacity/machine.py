"""What was measured on, as a report has to say it; nothing that names the machine."""

from __future__ import annotations

import os
import platform
import re
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final

PACKAGES: Final = ("av", "onnxruntime", "opencv-python-headless", "numpy", "paho-mqtt")


def description() -> str:
    """Processor, cores, memory, kernel and the packages that do the work, in one line."""
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    gib = int(memory[1]) / 2**20 if memory else 0.0
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    kernel = ".".join(platform.release().split(".")[:2])
    software = f"Linux {kernel}, Python {platform.python_version()}; {packages}"
    return f"{_processor()}, {cores()} cores, {gib:.0f} GiB, {software}"


def environment() -> dict[str, str]:
    """For children that import from this checkout, wherever the script was called from."""
    paths = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def end_on_sigterm() -> None:
    """So that a script that is told to end leaves no server and no agent behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def cores() -> int:
    """As far as this process may use them."""
    return len(os.sched_getaffinity(0))


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1].strip() if found else platform.machine()
