"""Keeps what the cameras showed, as far as that disturbs nobody: observations, not pictures, of the last days.

Events come first. Whoever looks only leaves a step in a queue of bounded length; one thread packs and writes. Where the
disk is full, slow or broken, steps are dropped and counted, and nobody waits for it. Nothing is synced: a power cut
costs the last minute.
"""

from __future__ import annotations

import logging
import shutil
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event as StopEvent

from agent.adapters.observations.block import Block
from agent.adapters.observations.segments import append, begin, segments
from agent.core.types import Gap, Observation

log = logging.getLogger(__name__)

WAITING = 1500
"""Steps that wait for the thread at most: those of ten seconds of a large box, 15 MB at ten things in each picture."""
PAUSE_S = 5.0
"""How often the thread looks whether some wait."""
BLOCK_STEPS = 64
BLOCK_S = 60.0
"""A block is written when it has so many steps, or when the first of them is so old."""
TIDY_EVERY_S = 600.0
_HOUR = "%Y%m%d%H"


class ObservationWriter:
    """`add` from any thread; give `run` to the supervisor."""

    def __init__(
        self,
        root: Path,
        *,
        now: Callable[[], datetime],
        quota_bytes: int,
        keep_for: timedelta,
        keep_free_bytes: int = 0,
        waiting: int = WAITING,
    ) -> None:
        """Nothing is touched before `run`.

        Args:
            now: the moment, UTC. quota_bytes: most that all files may take. keep_for: how old they may get.
            keep_free_bytes: room on the disk that is left to others. waiting: steps that may wait to be written.
        """
        self._root = root
        self._now = now
        self._quota_bytes = quota_bytes
        self._keep_for = keep_for
        self._keep_free_bytes = keep_free_bytes
        self._waiting: deque[Observation | Gap] = deque()
        self._most = waiting
        self._blocks: dict[str, Block] = {}
        self._files: dict[str, tuple[str, Path]] = {}
        self._tidied: datetime | None = None
        self._room = True
        self._full = False
        self.dropped = 0
        """Steps that were not kept; for health, as are those below."""
        self.bytes = 0
        self.fault: str | None = None

    def add(self, step: Observation | Gap) -> None:
        """See `ports.ObservationLog.add`."""
        if len(self._waiting) >= self._most:
            self.dropped += 1  # of two threads one may count for both: a figure for people
        else:
            self._waiting.append(step)

    def run(self, stop: StopEvent) -> None:
        """Write until stopped, then what is left."""
        while not stop.is_set():
            self._tidy_when_due()
            self._take(stop)
            stop.wait(PAUSE_S)
        self._take(stop)
        for camera in list(self._blocks):
            self._flush(camera)

    def _take(self, stop: StopEvent) -> None:
        """Pack what waits, and write the blocks that are full or old."""
        for _ in range(len(self._waiting)):
            step = self._waiting.popleft()
            block = self._blocks.get(step.camera)
            if block is not None and (not block.takes(step) or _hour(block) != step.stamp.utc.strftime(_HOUR)):
                self._flush(step.camera)
            block = self._blocks.setdefault(step.camera, Block())
            block.add(step)
            if block.count >= BLOCK_STEPS:
                self._flush(step.camera)
                stop.is_set()  # a sign of life, on a slow disk
        now = self._now()
        old = [c for c, b in self._blocks.items() if b.begun is None or abs((now - b.begun).total_seconds()) >= BLOCK_S]
        for camera in old:
            self._flush(camera)
            stop.is_set()

    def _flush(self, camera: str) -> None:
        block = self._blocks.pop(camera)
        if block.begun is None:
            return
        try:
            if not self._room:
                raise OSError("the disk has less room than keep_free")
            hour, path = self._files.get(camera, ("", self._root))
            if hour != _hour(block):
                hour, path = _hour(block), begin(self._root, camera, block.begun)
            self._files.pop(camera, None)  # a file to which a block was not written wholly is never continued
            data = block.packed()
            append(path, data)
            self._files[camera] = hour, path
            self.bytes += len(data)
        except OSError as error:
            self._drop(block.count, error)
        else:
            if self.fault is not None:
                log.info("observations are kept again; dropped so far: %d", self.dropped)
            self.fault = None

    def _drop(self, count: int, error: OSError) -> None:
        self.dropped += count
        if self.fault is None:
            log.warning("observations are not kept, events are: %s", error)
        self.fault = error.strerror or str(error)

    def _tidy_when_due(self) -> None:
        now = self._now()
        try:
            self._room = self._free_bytes() >= self._keep_free_bytes
        except OSError:
            self._room = True  # writing says what is the matter
        due = self._tidied is None or abs((now - self._tidied).total_seconds()) >= TIDY_EVERY_S
        if due or self.bytes > self._quota_bytes or not self._room:
            self._tidied = now
            self._tidy(now)

    def _tidy(self, now: datetime) -> None:
        """Delete files that are too old, and the oldest beyond the quota or where the disk has no room."""
        known = segments(self._root)
        total = sum(segment.size for segment in known)
        writing = {path for _, path in self._files.values()}
        for segment in known:
            if segment.path in writing:
                continue
            old = now - segment.begun > self._keep_for
            if not old and total <= self._quota_bytes and self._room:
                continue
            try:
                segment.path.unlink(missing_ok=True)
                total -= segment.size
                self._room = self._free_bytes() >= self._keep_free_bytes
            except OSError as error:
                log.debug("%s stays: %s", segment.path, error)
        self.bytes = total

    def _free_bytes(self) -> int:
        self._root.mkdir(parents=True, exist_ok=True)
        return shutil.disk_usage(self._root).free


def _hour(block: Block) -> str:
    return block.begun.strftime(_HOUR) if block.begun else ""
