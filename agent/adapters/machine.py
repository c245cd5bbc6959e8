"""The box itself: what its disk is, how much room and memory there is, and whether somebody answers at an address."""

from __future__ import annotations

import os
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent.ports import Clock

Medium = Literal["fixed", "card", "removable", "memory", "unknown"]
"""`card`: SD or eMMC, which wear out; `memory`: gone with the next restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """The file system of a folder. `device`: its block device or kind, such as `mmcblk0` or `tmpfs`."""

    free_bytes: int
    medium: Medium
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Of the whole box."""

    available_bytes: int
    total_bytes: int


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above that exists, as far as this process may see."""
    return next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))


def disk_of(folder: Path) -> Disk:
    """What a folder lies on, also one that is still to be made. Raises OSError."""
    there = existing(folder)
    medium, device = _medium(there)
    return Disk(free_bytes=shutil.disk_usage(there).free, medium=medium, device=device)


def may_write(folder: Path) -> bool:
    """Whether this process's user may make or change files there, or make the folder itself."""
    there = existing(folder)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def host_name() -> str:
    """What this machine calls itself."""
    return socket.gethostname()


def local_time_zone(link: Path = Path("/etc/localtime")) -> str | None:
    """The IANA name of this machine's time zone, as systemd keeps it.

    None where it does not say, and for UTC: machines have that as long as nobody sets them to their place.
    """
    try:
        _, found, name = os.fspath(link.readlink()).partition("zoneinfo/")
    except OSError:
        return None
    return name if found and not name.startswith(("Etc/", "UTC", "UCT", "Universal", "Zulu")) else None


def others_may_read(file: Path) -> bool:
    """Whether users of other groups may. Raises OSError."""
    return bool(file.stat().st_mode & 0o004)


def memory() -> Memory | None:
    """None where nobody knows (not Linux)."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        told = {name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines)}
        return Memory(available_bytes=told["MemAvailable"], total_bytes=told["MemTotal"])
    except (OSError, ValueError, KeyError, IndexError):
        return None


def connect_s(host: str, port: int, *, timeout_s: float, clock: Clock) -> float:
    """Seconds that a TCP connection takes. Raises OSError (also for a name that is not known), UnicodeError."""
    began_s = clock.now().mono_s
    with socket.create_connection((host, port), timeout=timeout_s):
        return clock.now().mono_s - began_s


def _medium(there: Path) -> tuple[Medium, str]:
    """By the kernel: /sys/dev/block names the device behind a file's number."""
    number = there.stat().st_dev
    link = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}")
    if not link.exists():
        kind = _file_system(f"{os.major(number)}:{os.minor(number)}")
        return ("memory" if kind in ("tmpfs", "ramfs") else "unknown"), kind
    device = link.resolve()
    if (device / "partition").exists():
        device = device.parent
    if device.name.startswith("mmcblk"):
        return "card", device.name
    return ("removable" if _flag(device / "removable") else "fixed"), device.name


def _flag(file: Path) -> bool:
    try:
        return file.read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False


def _file_system(number: str) -> str:
    """The kind of the mount with this device number: `tmpfs`, `overlay`; empty where nobody knows."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    kinds = [line.partition(" - ")[2].split(" ")[0] for line in lines if line.split(" ")[2] == number]
    return kinds[0] if kinds else ""
