"""What the cameras' wall asks of the agent: how each camera is, what it sees, and its newest picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypedDict


class BoxShown(TypedDict):
    """A detection of the newest look. `box_n`: x1 y1 x2 y2 in 0..1 of the picture."""

    class_name: str
    score: float
    box_n: list[float]


class ZoneShown(TypedDict):
    """A zone. `polygon_n`: corners in 0..1. `full`: how likely (0..1) a taught zone overflows, None where unread."""

    id: str
    name: str
    polygon_n: list[list[float]]
    rules: list[str]
    full: float | None


class PresenceShown(TypedDict):
    """A thing that stands in a zone.

    Attributes:
        zone: its id; empty for an incident of the camera itself, whose `box_n` says nothing.
        dwell_s: as of the look. counted_s: those of them that count towards the limit.
        limit_s: from when on it is an incident, or None. running: it was seen in the look, so its clock goes on.
        state: `watched`, or `open` once it is an incident, whose id is `incident`.
    """

    rule: str
    zone: str
    class_name: str
    box_n: list[float]
    dwell_s: float
    counted_s: float
    limit_s: float | None
    running: bool
    state: str
    incident: str | None


class LookShown(TypedDict):
    """The newest look that was kept. `tag` changes with every picture. `age_s`: seconds since then, as of now."""

    seq: int
    utc: str
    age_s: float
    tag: str
    size_px: list[int]
    boxes: list[BoxShown]
    presences: list[PresenceShown]


class CameraShown(TypedDict):
    """One camera.

    Attributes:
        phase: `connecting`, `online`, `down` or `stopped`. reason, message: why it is down, as a code and for a person.
        fault: why nothing can be concluded from its pictures, or None. blind: why nobody is looking now, or None.
        interval_s: seconds between looks, or None. last_s: seconds since the last look, whoever watched, or None.
        blind_s: seconds since the agent started in which nobody looked.
        look: what was seen last; None where nothing was kept since somebody watches.
    """

    id: str
    name: str
    phase: str
    reason: str | None
    message: str
    fault: str | None
    blind: str | None
    interval_s: float | None
    last_s: float | None
    blind_s: float
    open_incidents: int
    zones: list[ZoneShown]
    look: LookShown | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG as it may be shown: faces and plates made unrecognisable as in evidence. `tag`: of look and size."""

    jpeg: bytes
    tag: str


class WallBackend(Protocol):
    """Safe from any thread."""

    def cameras(self) -> list[CameraShown]:
        """All cameras, in the order of the configuration. Does not wait for anything."""

    def camera(self, camera: str) -> CameraShown | None:
        """One of them; None when there is none of that id."""

    def picture(self, camera: str, width_px: int) -> Picture | None:
        """The newest picture without anything drawn on it; may wait some seconds for the next look.

        Args:
            width_px: the width that is wanted; the nearest of a few sizes is given, none is enlarged.

        Returns:
            None when there is no such camera, or it gives no picture now.

        Raises: CommandRejected (`busy`): too many wait for pictures.
        """
