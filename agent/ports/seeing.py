"""Cameras, pictures and what sees in them."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event as StopEvent
from typing import Protocol
from uuid import UUID

from agent.core.presence import Presence
from agent.core.silence import Dismissal
from agent.core.types import (
    Box,
    Detections,
    Event,
    Evidence,
    Frame,
    Image,
    ModelInfo,
    Stamp,
    ZoneReading,
)


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> Stamp: ...


class Sample(Protocol):
    """A picture that can be had, but was not decoded yet: decoding is paid for only when somebody looks."""

    @property
    def camera(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def stamp(self) -> Stamp: ...
    def decode(self) -> Frame | None:
        """Decode now, in the caller's thread. None when the data is damaged: that picture is not looked at."""


class Source(Protocol):
    """One video, opened anew by each call of `samples`."""

    @property
    def keyframe_interval_s(self) -> float | None:
        """Seconds between the last two keyframes, or None before there were two."""

    def samples(self, stop: StopEvent | None = None) -> Generator[Sample, None, None]:
        """Connect and yield samples until the stream ends; closing the generator closes the connection.

        A live stream never just returns: its end raises StreamEnded. A file does, after its last picture.

        Args:
            stop: looked at with every packet; once set, the connection is closed and the generator returns.

        Raises:
            CameraUnreachable, CameraStalled, StreamEnded: a later call may succeed.
            CameraRefused, UnsupportedStream: it will not, until somebody changes something.
        """


class Detector(Protocol):
    """One object detector, shared by all cameras and safe to call from several threads."""

    @property
    def info(self) -> ModelInfo: ...
    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Detect in each (H, W, 3) uint8 BGR picture; sizes may differ. Boxes are in that picture's pixels."""


class ZoneReader(Protocol):
    """Reads the taught zones of one camera. Used by one thread at a time."""

    def read(self, frame: Frame) -> tuple[ZoneReading, ...]:
        """The newest reading of each taught zone, at most one of them made of this picture: reading is dear.

        The picture shows the reference view. A reading may be old when pictures did not come: its stamp tells.
        """


class Photographer(Protocol):
    """Takes the pictures that prove an event."""

    def take(self, event: Event, frame: Frame, found: Detections | None) -> tuple[tuple[Evidence, ...], str | None]:
        """Keep the pictures for this event, and say why some are missing, as a short code, or None.

        Args:
            frame: the picture that the event was decided in.
            found: what the detector saw in it, for privacy's sake; None: it was not asked.

        Never raises for the disk's sake: an event does not wait for its pictures.
        """

    def ask(self, frame: Frame) -> Detections | None:
        """What the detector sees in a picture that it was not shown; None when there is no detector to ask."""

    def watch(self, watched: Sequence[Presence], frame: Frame, found: Detections) -> None:
        """See what is watched now: a picture of its first moment may be wanted should it become an incident."""

    def first_sight(self, event: Event, presence: Presence) -> tuple[Evidence, ...]:
        """Keep the pictures of the moment in which the thing of an opening began to be watched; () when there are none.

        After a restart of the agent there are none. Never raises for the disk's sake.
        """

    def again(
        self, event: Event, box_n: Box, frame: Frame, found: Detections | None
    ) -> tuple[Evidence | None, str | None]:
        """Keep one picture of the place of an incident, cut as the close-up around `box_n` (0..1) was; a note as above.

        Of an incident of the camera itself: the whole picture. `frame`, `found`: as above.
        """

    def holds(self, kept: Evidence) -> bool:
        """Whether a picture is still there as it was kept."""

    def snapshot(self, command_id: str, frame: Frame, found: Detections | None) -> tuple[Evidence | None, str | None]:
        """Keep one picture of the whole view for a command; a note as above."""

    def sample(self, dismissal: Dismissal, frame: Frame, found: Detections | None) -> None:
        """Keep a labelled picture of what was dismissed, where the detector was asked about this picture."""


class Samples(Protocol):
    """Pictures of what was dismissed, to learn from."""

    def keep(self, dismissal: Dismissal, image: Image, found: Detections) -> bool:
        """Keep one, in place of an earlier one of the same incident; False, and logged, when the disk does not take it.

        Args:
            image: (H, W, 3) uint8 BGR, as it may be kept. found: what the detector saw in it.
        """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Still:
    """A single picture, (H, W, 3) uint8 BGR, and when it was taken."""

    image: Image
    at: datetime


class StillSource(Protocol):
    """One way to a single picture of a camera."""

    def picture(self) -> Image:
        """Log in and fetch one now; may take some seconds.

        Raises:
            CameraUnreachable, CameraStalled, StreamEnded: a later call may succeed.
            CameraRefused, UnsupportedStream: it will not, until somebody changes something.
        """


class MainStream(Protocol):
    """The better pictures of a camera that is watched by its sub-stream. Used by one thread at a time."""

    def picture(self) -> Still | None:
        """One of now, after a short wait at most; None when there is none to be had now."""


class Pictures(Protocol):
    """The evidence pictures that are kept. Safe to call from several threads."""

    def hold(self, incidents: Collection[UUID], unsent: Collection[str]) -> None:
        """The pictures of these incidents, those at these paths, and no others, do not expire.

        They are the last to make room: those of the incidents after all others, and those at the paths after them.
        """

    def read(self, picture: Evidence) -> bytes | None:
        """The picture's bytes; None when it is gone, cannot be read, or is not what it was."""

    def expire(self, now: datetime) -> int:
        """Delete what is older than it may get; returns how many pictures. Never raises for the disk's sake."""
