"""The box's clocks: the only module that reads one."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from agent.core.types import Stamp


class SystemClock:
    """Wall clock for people, `CLOCK_MONOTONIC` for durations."""

    def now(self) -> Stamp:
        """Both clocks, read one right after the other."""
        return Stamp(utc=datetime.now(UTC), mono_s=time.monotonic())
