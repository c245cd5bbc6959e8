"""The values that flow through the agent. All frozen; arrays are validated once and never written to.

Coordinate frames: `_px` is pixels of the decoded picture (x right, y down), `_n` is 0..1 of width and height.
Boxes are x1, y1, x2, y2. Times: `utc` names a moment to people, `mono_s` is for every duration.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) uint8 BGR."""
Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]
Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """One moment on two clocks.

    Attributes:
        utc: aware datetime; may step when the box's clock is set.
        mono_s: seconds on a clock that never steps; comparable only within one run of the agent.
    """

    utc: datetime
    mono_s: float

    def __post_init__(self) -> None:
        if self.utc.utcoffset() != timedelta(0):
            raise ValueError(f"Stamp.utc must be aware and in UTC, found {self.utc!r}")

    def shifted(self, by_s: float) -> Stamp:
        """The same moment on a monotonic clock that shows `by_s` more: that of another run of the agent."""
        return Stamp(utc=self.utc, mono_s=self.mono_s + by_s)


class Original(Protocol):
    """A picture as large as the camera sent it. It is made when somebody asks, for it costs a decoding."""

    def image(self) -> Image | None:
        """(H, W, 3) uint8 BGR; None when it cannot be made any more."""

    def packed(self) -> Original:
        """The same in little memory, to be kept for a while."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A decoded picture.

    Attributes:
        image: (H, W, 3) uint8 BGR, as large as the analysis needs it.
        original: the same view as large as the camera sent it; None: `image` is that.
    """

    camera: str
    seq: int
    stamp: Stamp
    image: Image
    original: Original | None = None

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of `image` in pixels."""
        return int(self.image.shape[1]), int(self.image.shape[0])

    def full(self) -> Image:
        """The largest picture of this view that can be had; not to be asked for at every look."""
        image = None if self.original is None else self.original.image()
        return self.image if image is None else image


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Detections:
    """What the model saw in one picture, as a struct of arrays.

    Attributes:
        boxes_px: (N, 4) float32, x1 y1 x2 y2 in pixels of the picture.
        scores: (N,) float32 in 0..1.
        class_ids: (N,) int64, indices into `taxonomy.CLASSES`.
        looks: (N, D) float32 appearance descriptors of unit length, or (N, 0) where there are none.
    """

    boxes_px: Floats
    scores: Floats
    class_ids: NDArray[np.int64]
    looks: Floats

    def __post_init__(self) -> None:
        n = len(self.boxes_px)
        shapes = (self.boxes_px.shape, self.scores.shape, self.class_ids.shape, self.looks.shape[:1])
        if shapes != ((n, 4), (n,), (n,), (n,)) or self.looks.ndim != 2:
            raise ValueError(f"Detections: expected (N,4), (N,), (N,), (N,D); found {shapes}, looks {self.looks.shape}")

    def __len__(self) -> int:
        return len(self.boxes_px)

    def resized(self, from_px: tuple[int, int], to_px: tuple[int, int]) -> Detections:
        """The same in a picture of another size; both as width and height."""
        if from_px == to_px:
            return self
        scale = np.array([to_px[0] / from_px[0], to_px[1] / from_px[1]] * 2, np.float32)
        return replace(self, boxes_px=self.boxes_px * scale)

    @staticmethod
    def none() -> Detections:
        """No detections, with consistent empty shapes."""
        return Detections(
            boxes_px=np.zeros((0, 4), np.float32),
            scores=np.zeros(0, np.float32),
            class_ids=np.zeros(0, np.int64),
            looks=np.zeros((0, 0), np.float32),
        )


class ChangeKind(StrEnum):
    """What a changed region is, compared with the clean reference."""

    LEFT = "left"
    """Something stands there that did not."""
    REMOVED = "removed"
    """Something that stood there is gone."""
    SCREEN = "screen"
    """Something stands so close to the camera that it hides much of the street."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """Regions that differ from the clean reference and stand still, as a struct of arrays.

    Attributes:
        boxes_n: (N, 4) float32, x1 y1 x2 y2 in 0..1 of the picture.
        scores: (N,) float32 in 0..1: how sure it is that something changed there.
        still_s: (N,) float32: seconds for which the region has looked as it does now.
        kinds: N of them.
        complete: False while the channel cannot tell yet (after a restart or a gap, in a new light): a thing that is
            not among them may stand there all the same.
    """

    boxes_n: Floats
    scores: Floats
    still_s: Floats
    kinds: tuple[ChangeKind, ...]
    complete: bool = True

    def __post_init__(self) -> None:
        n = len(self.kinds)
        shapes = (self.boxes_n.shape, self.scores.shape, self.still_s.shape)
        if shapes != ((n, 4), (n,), (n,)):
            raise ValueError(f"Changes: expected (N,4), (N,), (N,) for {n} kinds; found {shapes}")

    def __len__(self) -> int:
        return len(self.kinds)

    @staticmethod
    def none(*, complete: bool = True) -> Changes:
        """No changes, with consistent empty shapes."""
        empty = np.zeros(0, np.float32)
        return Changes(boxes_n=np.zeros((0, 4), np.float32), scores=empty, still_s=empty, kinds=(), complete=complete)


class PictureFault(StrEnum):
    """Why nothing can be concluded from a picture although there is one."""

    FROZEN = "frozen"
    DARK = "dark"
    OVEREXPOSED = "overexposed"
    BLURRED = "blurred"
    COVERED = "covered"
    MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneReading:
    """What a taught zone looks like: `full` is the probability (0..1) that it overflows, read at `stamp`."""

    zone: str
    full: float
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """One look at one camera: everything the core may know about the picture.

    All places are those of the reference view: a picture of a camera that moved a little was aligned before.

    Attributes:
        fault: nothing may be concluded from this picture about what stands where.
        suspected: that may turn out to be so: whoever can wait for a better picture should.
        readings: the newest reading of each taught zone.
        stood_s: (N,) for each detection, seconds for which its place is known to have looked like this already, while
            the detector did not know it; (0,) when nobody asked.
        asked: whether the detector was shown this very picture. If not, `detections` are those of an earlier one that
            looked the same in all zones; elsewhere people may have gone on.
    """

    camera: str
    seq: int
    stamp: Stamp
    size_px: tuple[int, int]
    detections: Detections
    changes: Changes = field(default_factory=Changes.none)
    fault: PictureFault | None = None
    suspected: bool = False
    readings: tuple[ZoneReading, ...] = ()
    stood_s: Floats = field(default_factory=lambda: np.zeros(0, np.float32))
    asked: bool = True

    def __post_init__(self) -> None:
        """Raises ValueError when there is not one `stood_s` for each detection, or none at all."""
        if len(self.stood_s) not in (0, len(self.detections)):
            raise ValueError(f"stood_s: expected 0 or {len(self.detections)} values, found {len(self.stood_s)}")


class GapReason(StrEnum):
    """Why the agent was not looking."""

    OFFLINE = "offline"
    STALLED = "stalled"
    REFUSED = "refused"
    UNDECODABLE = "undecodable"
    RESTART = "restart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """The agent was NOT looking at this camera at this moment, nor since its last observation."""

    camera: str
    stamp: Stamp
    reason: GapReason


class Phase(StrEnum):
    """Where in its life an incident is when an event about it is sent."""

    OPENED = "opened"
    UPDATED = "updated"
    CLOSED = "closed"


class UpdateReason(StrEnum):
    """Why an `updated` event was sent."""

    HEARTBEAT = "heartbeat"
    """Nothing new: the incident still stands."""
    ESCALATED = "escalated"
    """Its severity grew."""
    EVIDENCE = "evidence"
    """New pictures were kept."""


class CloseReason(StrEnum):
    """Why an incident was closed. A gap is never among them."""

    CLEARED = "cleared"
    REPLACED = "replaced"
    PERMITTED = "permitted"
    RULE_REMOVED = "rule_removed"
    ACCEPTED = "accepted"
    """The operator declared what stands there normal."""
    DISMISSED = "dismissed"
    """The centre, or a person at the box, dismissed it: a false report, or something that is tolerated."""
    FORGOTTEN = "forgotten"
    """The agent lost its memory of the place (damaged store); the thing may still be there and is then found anew."""


class Severity(StrEnum):
    """How urgent the site considers a violation."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Channel(StrEnum):
    """Which way of seeing found the violation."""

    MODEL = "model"
    SCENE_CHANGE = "scene_change"
    ZONE_STATE = "zone_state"
    CAMERA = "camera"
    """The camera's own state: that it sends nothing, or pictures in which nothing can be judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenObject:
    """One object of an incident. `box_n` is x1 y1 x2 y2 in 0..1 of the picture."""

    class_name: str
    score: float
    box_n: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A picture that was kept, and how to know it again."""

    evidence_id: UUID
    kind: str
    sha256: str
    bytes: int
    mime: str
    captured_at: datetime
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the rule asked for when an incident opened; the configuration may be another one since.

    Attributes:
        dwell_s: seconds that it might stand. clear_after_s: seconds for which its place must be seen empty.
        min_score, overlap: score and share of its footprint (0..1) asked for; None where the rule has no such limit.
    """

    dwell_s: float
    clear_after_s: float
    min_score: float | None = None
    overlap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing the centre is to know about one incident.

    Attributes:
        event_id: UUIDv7, minted once; the same event always carries the same id.
        kind: which row of the taxonomy it is, where the rule can tell; else its class and channel decide.
        revision: 1 for `opened`, then counting up without gaps within the incident.
        dwell_s: seconds the violation was seen to stand. blind_s: seconds within its stay when nobody looked.
        evidence_note: why pictures are missing, or None.
        previous_incident: the earlier incident at the same place of which this one is a re-occurrence, or None.
        update_reason: why an `updated` event was sent; None for other phases and where nobody said.
        limits: of an opening, what it was measured against. Kept on the box; the centre is not told.
        at_box: of a dismissal, that a person at the box made it, not the centre.
    """

    event_id: UUID
    incident_id: UUID
    revision: int
    phase: Phase
    camera: str
    rule: str
    zone: str
    severity: Severity
    channel: Channel
    at: datetime
    first_seen: datetime
    opened_at: datetime
    last_seen: datetime
    closed_at: datetime | None
    dwell_s: float
    blind_s: float
    objects: tuple[SeenObject, ...]
    kind: str | None = None
    close_reason: CloseReason | None = None
    evidence: tuple[Evidence, ...] = field(default=())
    evidence_note: str | None = None
    previous_incident: UUID | None = None
    update_reason: UpdateReason | None = None
    limits: Limits | None = None
    at_box: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes on the wire, apart from when: topic and payload are final once made.

    `correlation` tells an asker which question an answer belongs to; MQTT 3.1.1 has no place for it.
    """

    topic: str
    payload: bytes
    content_type: str
    qos: int = 1
    retain: bool = False
    correlation: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One outbox row. `row` orders delivery; `sequence` is the box's event sequence number.

    Rows with the same `order_key` (the incident) never overtake each other.
    `sent` is how often the broker took it while the platform's word is awaited.
    `due_at_utc_s` is seconds since the epoch: rows outlive a boot, so a monotonic clock cannot serve.
    """

    row: int
    sequence: int
    order_key: str
    message: Message
    attempts: int
    due_at_utc_s: float
    sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """Which model is looking: its file name, content hash, input width and height in pixels, and its classes."""

    name: str
    sha256: str
    input_px: tuple[int, int]
    class_names: tuple[str, ...]
