"""The box's clocks: the only module that reads one."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from agent.core.types import Stamp
from agent.core.wire import ClockInfo


def boot_id() -> str:
    """Names the run of the system that `CLOCK_MONOTONIC` belongs to, for all processes; empty where nobody knows."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except (OSError, ValueError):  # not Linux
        return ""


class SystemClock:
    """Wall clock for people, `CLOCK_MONOTONIC` for durations."""

    def now(self) -> Stamp:
        """Both clocks, read one right after the other."""
        return Stamp(utc=datetime.now(UTC), mono_s=time.monotonic())


class _Timex(ctypes.Structure):
    """The head of `struct timex` (Linux, adjtimex(2)); the rest is room for what we do not read."""

    _fields_: ClassVar = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


def clock_info() -> ClockInfo:
    """What the kernel says about the wall clock's synchronisation; `unknown` where it cannot be asked."""
    timex = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except AttributeError:  # no adjtimex: not Linux
        state = -1
    if state < 0:
        return ClockInfo(synced=False, source="unknown", uncertainty_ms=None)
    synced = state != _TIME_ERROR and not timex.status & _STA_UNSYNC
    return ClockInfo(
        synced=synced, source="ntp" if synced else "rtc", uncertainty_ms=timex.maxerror // 1000 if synced else None
    )
