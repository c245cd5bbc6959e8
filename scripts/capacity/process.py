"""What the kernel says about one process: CPU time, memory, threads, open files."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class CpuTime:
    """CPU time of a process, all its threads, since it began; seconds. `at_s` is monotonic."""

    at_s: float
    user_s: float
    system_s: float

    def cores_since(self, earlier: CpuTime) -> float:
        """How many cores it kept busy on average."""
        spent_s = self.user_s + self.system_s - earlier.user_s - earlier.system_s
        return spent_s / (self.at_s - earlier.at_s)

    def system_share_since(self, earlier: CpuTime) -> float:
        """Which share of its CPU time was spent in the kernel."""
        system_s, user_s = self.system_s - earlier.system_s, self.user_s - earlier.user_s
        return system_s / (system_s + user_s) if system_s + user_s else 0.0


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What a process holds. `pss_mib` counts pages shared with other processes by their share (proc(5), smaps)."""

    rss_mib: float
    pss_mib: float
    threads: int
    descriptors: int
    databases: int


def cpu_time(pid: int) -> CpuTime:
    """Of the process alone, not of its children; proc(5), fields 14 and 15 of stat."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return CpuTime(at_s=time.monotonic(), user_s=int(fields[11]) / TICKS_PER_S, system_s=int(fields[12]) / TICKS_PER_S)


def footprint(pid: int) -> Footprint:
    """Now. `databases` counts the open files of SQLite: the database itself, its WAL and its index, each as often as
    it is open."""
    smaps = Path(f"/proc/{pid}/smaps_rollup").read_text()
    files = open_files(pid)
    return Footprint(
        rss_mib=_kib(smaps, "Rss") / 1024,
        pss_mib=_kib(smaps, "Pss") / 1024,
        threads=sum(1 for _ in Path(f"/proc/{pid}/task").iterdir()),
        descriptors=len(files),
        databases=sum(re.search(r"\.db(-wal|-shm)?$", name) is not None for name in files),
    )


def open_files(pid: int) -> list[str]:
    """What the descriptors of a process stand for; one that is closed meanwhile is left out."""
    names = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return names


def machine_busy_s() -> float:
    """CPU seconds in which the machine did not idle, all cores, since it started; proc(5), first line of stat."""
    fields = [int(text) for text in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / TICKS_PER_S


def _kib(smaps: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", smaps, re.MULTILINE)
    assert found is not None, smaps
    return int(found[1])
