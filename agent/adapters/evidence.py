"""Evidence pictures on disk, within a quota and for a time: the oldest make room for the newest.

Those of incidents that are open, or that the centre does not know of wholly, go after all others and do not expire;
those that the centre is still to get go last of all.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import re
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from agent.adapters.evidence_files import (
    Picture,
    Place,
    delete_picture,
    place_of,
    read_picture,
    scan_pictures,
    write_picture,
)
from agent.core.errors import EvidenceSkipped
from agent.core.ids import uuid7_from
from agent.core.types import Event, Evidence

log = logging.getLogger(__name__)

_KIND = re.compile(r"[a-z0-9_]+")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""No room, no inodes, or no quota left: deleting something of one's own helps."""
_LIMITED = errno.EFBIG
"""Larger than `ulimit -f` allows: deleting does not help."""
_READ_ONLY = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class EvidenceFolder:
    """Implements `ports.Pictures`. Safe to call from several threads of one process; owns its folder alone."""

    def __init__(
        self, folder: Path, *, quota_bytes: int, keep_free_bytes: int, keep_for: timedelta = timedelta(days=30)
    ) -> None:
        """Touches nothing yet.

        Args:
            folder: made when missing.
            quota_bytes: all pictures together stay within it.
            keep_free_bytes: free space of the file system that pictures must leave to others, such as the database.
            keep_for: age at which `expire` deletes a picture.
        """
        self._folder = folder
        self._quota_bytes = quota_bytes
        self._keep_free_bytes = keep_free_bytes
        self._keep_for = keep_for
        self._lock = threading.Lock()
        self._pictures: dict[Place, Picture] | None = None  # oldest first
        self._held: frozenset[str] = frozenset()
        self._unsent: frozenset[Place] = frozenset()
        self._recent: tuple[set[Place], set[Place]] = (set(), set())
        self._used_bytes = 0
        self._trouble: str | None = None
        self._skipped = 0

    @property
    def used_bytes(self) -> int:
        """Bytes of all pictures kept."""
        return self._used_bytes

    @property
    def skipped(self) -> int:
        """Pictures that could not be kept since the start."""
        return self._skipped

    def prepare(self) -> None:
        """Make the folder, clear what a crash left, count what is there and prune to the quota.

        Called at start, so that the first event does not pay for it. A failure is logged, and `keep` tries again.
        """
        with self._lock, suppress(EvidenceSkipped), self._reporting():
            self._ensure_scanned()

    def keep(self, event: Event, kind: str, jpeg: bytes, captured_at: datetime, *, name: str | None = None) -> Evidence:
        """Write one JPEG; the same event and kind again replace it and yield the same evidence id.

        Args:
            name: takes the place of the kind in the file's name, where there may be several of a revision.

        Raises:
            EvidenceSkipped: `disk_full`, `read_only` or `io_error`.
            ValueError: `kind` is not lower-case letters, digits and underscores (a bug).
        """
        for word in (kind, name or kind):
            if not _KIND.fullmatch(word):
                raise ValueError(f"kind must match {_KIND.pattern}, found {word!r}")
        day = captured_at.astimezone(UTC).date().isoformat()
        place = (day, str(event.incident_id), f"{event.revision}-{name or kind}.jpg")
        evidence_id = uuid7_from((event.at - _EPOCH) // _MILLISECOND, event.event_id.bytes + kind.encode())
        return self._kept(evidence_id, kind, place, jpeg, captured_at)

    def keep_snapshot(self, command_id: str, jpeg: bytes, captured_at: datetime) -> Evidence:
        """Write the picture that a command asked for; it belongs to no incident. Raises EvidenceSkipped."""
        day = captured_at.astimezone(UTC).date().isoformat()
        number = uuid7_from((captured_at - _EPOCH) // _MILLISECOND, command_id.encode())
        return self._kept(number, "snapshot", (day, str(number), "0-snapshot.jpg"), jpeg, captured_at)

    def _kept(self, evidence_id: UUID, kind: str, place: Place, jpeg: bytes, captured_at: datetime) -> Evidence:
        with self._lock:
            try:
                with self._reporting():
                    self._put(place, jpeg)
            except EvidenceSkipped:
                self._skipped += 1
                raise
        return Evidence(
            evidence_id=evidence_id,
            kind=kind,
            sha256=hashlib.sha256(jpeg).hexdigest(),
            bytes=len(jpeg),
            mime="image/jpeg",
            captured_at=captured_at,
            path="/".join(place),
        )

    def holds(self, kept: Evidence) -> bool:
        """Whether a picture is still there as it was kept; it may have made room, or have been replaced."""
        return self.read(kept) is not None

    def hold(self, incidents: Collection[UUID], unsent: Collection[str] = ()) -> None:
        """See `ports.Pictures.hold`. A picture that was kept since the call before this one counts as unsent, too.

        Its event may not have been recorded when the caller asked what is unsent.
        """
        places = frozenset(place for place in map(place_of, unsent) if place is not None)
        with self._lock:
            self._held = frozenset(map(str, incidents))
            self._unsent = places
            self._recent = (set(), self._recent[0])

    def read(self, picture: Evidence) -> bytes | None:
        """See `ports.Pictures.read`."""
        place = place_of(picture.path)
        if place is None:
            return None
        try:
            data = read_picture(self._folder, place)
        except OSError as error:
            log.debug("%s: %s", picture.path, error.strerror)
            return None
        return data if hashlib.sha256(data).hexdigest() == picture.sha256 else None

    def expire(self, now: datetime) -> int:
        """Delete what is older than it may get, oldest first; returns how many. What cannot be deleted now, later is.

        The age is that of the file. Pictures of the future, from before the box's clock was set back, are left alone.
        """
        before_s = (now - self._keep_for).timestamp()
        with self._lock, suppress(EvidenceSkipped), self._reporting():
            pictures = self._ensure_scanned()
            old = [place for place, picture in pictures.items() if picture.written_s < before_s]
            gone = [place for place in old if place not in self._unsent and place[1] not in self._held]
            for place in gone:
                self._drop(place)
            return len(gone)
        return 0

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Turn the system's errors into EvidenceSkipped; log when the state changes, not every time."""
        try:
            try:
                yield
            except OSError as error:
                if error.errno not in _FULL:
                    self._pictures = None  # whatever happened to the folder, look at it anew the next time
                raise EvidenceSkipped(_reason(error), f"{self._folder}: {error.strerror or error}") from error
        except EvidenceSkipped as skipped:
            if self._trouble != skipped.reason:
                log.warning("evidence pictures are not kept (%s): %s", skipped.reason, skipped)
            self._trouble = skipped.reason
            raise
        if self._trouble is not None:
            log.info("evidence pictures are kept again in %s; %d were skipped so far", self._folder, self._skipped)
            self._trouble = None

    def _put(self, place: Place, jpeg: bytes) -> None:
        pictures = self._ensure_scanned()
        self._make_room(len(jpeg))
        try:
            written_s = write_picture(self._folder, place, jpeg)
        except OSError as error:
            if error.errno not in _FULL or not self._prune(len(jpeg)):
                raise
            written_s = write_picture(self._folder, place, jpeg)
        replaced = pictures.pop(place, None)  # a replaced picture becomes the newest
        pictures[place] = Picture(size=len(jpeg), written_s=written_s)
        self._recent[0].add(place)
        self._used_bytes += len(jpeg) - (replaced.size if replaced else 0)

    def _ensure_scanned(self) -> dict[Place, Picture]:
        if self._pictures is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._pictures = dict(sorted(scan_pictures(self._folder), key=_age))
            self._used_bytes = sum(picture.size for picture in self._pictures.values())
            self._prune(self._used_bytes - self._quota_bytes)
        return self._pictures

    def _make_room(self, size: int) -> None:
        if size > self._quota_bytes:
            raise EvidenceSkipped("disk_full", f"a picture of {size} bytes exceeds the quota of {self._quota_bytes}")
        self._prune(self._used_bytes + size - self._quota_bytes)
        while (missing := size + self._keep_free_bytes - self._free_bytes()) > 0:
            if not self._prune(missing):
                kept = f"less than {self._keep_free_bytes} bytes would stay free, and no picture is left to prune"
                raise EvidenceSkipped("disk_full", f"{self._folder}: {kept}")

    def _free_bytes(self) -> int:
        status = os.statvfs(self._folder)
        return status.f_bavail * status.f_frsize

    def _prune(self, wanted_bytes: int) -> int:
        """Delete the oldest pictures until so many bytes are gone or none is left; returns the bytes deleted."""
        assert self._pictures is not None
        gone = 0
        for rank in range(3):
            chosen, size = [], 0
            for place, picture in self._pictures.items():
                if gone + size >= wanted_bytes:
                    break
                if self._rank(place) == rank:
                    chosen.append(place)
                    size += picture.size
            gone += sum(self._drop(place) for place in chosen)
        return gone

    def _rank(self, place: Place) -> int:
        """How much it is needed: 0 not any more, 1 for its incident, 2 because it was not sent yet."""
        if place in self._unsent or any(place in recent for recent in self._recent):
            return 2
        return int(place[1] in self._held)

    def _drop(self, place: Place) -> int:
        """Delete one picture; returns its bytes."""
        assert self._pictures is not None
        delete_picture(self._folder, place)
        size = self._pictures.pop(place).size
        self._used_bytes -= size
        return size


def _age(found: tuple[Place, Picture]) -> tuple[str, float, Place]:
    place, picture = found
    return place[0], picture.written_s, place


def _reason(error: OSError) -> str:
    if error.errno in _FULL or error.errno == _LIMITED:
        return "disk_full"
    return "read_only" if error.errno in _READ_ONLY else "io_error"
