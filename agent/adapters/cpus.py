"""How many CPUs this process may really use: those it is bound to, and no more than its container's quota."""

from __future__ import annotations

import os
from pathlib import Path

CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""Of cgroup 2: microseconds of CPU time per period, or `max`, and the period."""


def usable_cpus(quota: Path = CGROUP_QUOTA) -> int:
    """At least 1. Docker's `--cpus` and systemd's `CPUQuota=` of the unit itself are heeded, not a parent's."""
    bound = len(os.sched_getaffinity(0))
    try:
        allowed, period = quota.read_text().split()
        granted = bound if allowed == "max" else int(allowed) // int(period)
    except (OSError, ValueError, ZeroDivisionError):
        granted = bound
    return max(1, min(bound, granted))
