"""How the machine is: room on the disk, temperature, what this process takes of it."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from agent.core.wire.status import Fact

log = logging.getLogger(__name__)

THERMAL = Path("/sys/class/thermal")
PROCESS = Path("/proc/self")
_PLAUSIBLE_C = (-60.0, 200.0)
"""Sensors that are switched off report values such as -273 or 65535 degrees."""


def machine_facts(folder: Path, *, thermal: Path = THERMAL, process: Path = PROCESS) -> dict[str, Fact]:
    """What can be measured now; null for what this machine does not tell. Never raises.

    Args:
        folder: on the disk that is told of.

    Returns:
        `disk_free_bytes` (for unprivileged users) and `disk_bytes` of the folder's file system, `temperature_c` (the
        hottest thermal zone, degrees Celsius), `memory_bytes` (resident), `threads`, `open_files`.
    """
    free, total = _disk(folder)
    memory, threads = _status(process / "status")
    return {
        "disk_free_bytes": free,
        "disk_bytes": total,
        "temperature_c": _hottest(thermal),
        "memory_bytes": memory,
        "threads": threads,
        "open_files": _open_files(process / "fd"),
    }


def _disk(folder: Path) -> tuple[int | None, int | None]:
    try:
        status = os.statvfs(folder)
    except OSError as error:
        log.debug("%s: %s", folder, error.strerror)
        return None, None
    return status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize


def _hottest(thermal: Path) -> float | None:
    """Degrees Celsius of the hottest zone; the kernel tells thousandths."""
    found = []
    for zone in thermal.glob("thermal_zone*/temp"):
        with suppress(OSError, ValueError):  # a zone whose sensor sleeps cannot be read
            found.append(int(zone.read_text(encoding="ascii")) / 1000)
    return max((value for value in found if _PLAUSIBLE_C[0] < value < _PLAUSIBLE_C[1]), default=None)


def _status(status: Path) -> tuple[int | None, int | None]:
    """Resident bytes and threads of the process."""
    try:
        lines = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
        return int(lines["VmRSS"].split()[0]) * 1024, int(lines["Threads"])
    except (OSError, ValueError, KeyError, IndexError) as error:
        log.debug("%s: %s", status, error)
        return None, None


def _open_files(folder: Path) -> int | None:
    try:
        return sum(1 for _ in os.scandir(folder))
    except OSError:
        return None
