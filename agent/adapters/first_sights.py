"""Pictures of the moment in which a thing began to be watched, should it become an incident: in memory only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agent.adapters.decoding import packed
from agent.core.presence import Presence
from agent.core.types import Box, Detections, Frame, Original

MOST_PICTURES = 6
"""For each camera: half a megabyte of 704 x 576 pixels, two and a half of 1920 x 1080."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FirstSight:
    """How it stood there at first.

    Attributes:
        original: the whole picture, not blurred yet. found: what the detector saw in it, in pixels of a picture of
            `size_px` (width, height). at: when it was taken.
        box_n, dwell_s: of the thing, then.
    """

    original: Original
    size_px: tuple[int, int]
    found: Detections
    at: datetime
    box_n: Box
    dwell_s: float


class FirstSights:
    """One camera's. A picture is kept when something new stands there, never otherwise."""

    def __init__(self) -> None:
        """Nothing is watched yet."""
        self._known: set[str] | None = None  # None: nothing was asked for yet
        self._sights: dict[str, FirstSight] = {}  # oldest first

    def watch(self, watched: Sequence[Presence], frame: Frame, found: Detections) -> None:
        """Keep the picture for those that are new, and forget those that are watched no more.

        Of more than `MOST_PICTURES` pictures the oldest are forgotten. What is watched already at the first call is
        known from before a restart of the agent: its first sight is gone.
        """
        alive = {p.watched_as for p in watched}
        self._known = alive if self._known is None else self._known & alive
        self._sights = {name: sight for name, sight in self._sights.items() if name in alive}
        new = [p for p in watched if p.last_seen == frame.stamp and p.watched_as not in self._known]
        if not new:
            return
        original = frame.original.packed() if frame.original else packed(frame.image)
        for presence in new:
            self._known.add(presence.watched_as)
            self._sights[presence.watched_as] = FirstSight(
                original=original,
                size_px=frame.size_px,
                found=found,
                at=frame.stamp.utc,
                box_n=presence.box_n,
                dwell_s=presence.dwell_s,
            )
        moments = list(dict.fromkeys(sight.at for sight in self._sights.values()))[-MOST_PICTURES:]
        self._sights = {name: sight for name, sight in self._sights.items() if sight.at in moments}

    def of(self, presence: Presence) -> FirstSight | None:
        """That of one thing, or None."""
        return self._sights.get(presence.watched_as)
