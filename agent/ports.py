"""All seams of the agent on one page. Each has a real adapter and a fake that passes the same contract tests."""

from __future__ import annotations

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event as StopEvent
from typing import Protocol
from uuid import UUID

from agent.core.presence import Presence
from agent.core.silence import Dismissal, Pause
from agent.core.types import (
    Box,
    Detections,
    Envelope,
    Event,
    Evidence,
    Frame,
    Image,
    Message,
    ModelInfo,
    Stamp,
    ZoneReading,
)
from agent.core.wire import Asked
from agent.core.wire.evidence import EvidenceOf
from agent.core.zone_state import Head


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


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """An incident as the store knows it, for lists and summaries."""

    incident_id: UUID
    camera: str
    rule: str
    zone: str
    phase: str
    opened_at: datetime
    closed_at: datetime | None
    dwell_s: float
    blind_s: float
    close_reason: str | None
    revision: int
    delivered: bool


class Store(Protocol):
    """Durable memory: scene states, incidents and the outbox. Safe to call from several threads."""

    def record(self, camera: str, events: Sequence[Event], state: str) -> None:
        """Keep the events, their outbox rows and the camera's scene state in ONE commit that survives power loss.

        Raises: StoreFull (nothing was kept, call again with the same events), StoreUnusable.
        """

    def save_state(self, camera: str, state: str) -> None:
        """Keep a scene state alone, when there is no event to keep it with. Raises as `record` does."""

    def load_state(self, camera: str) -> str | None:
        """The last kept scene state, or None for a camera never seen."""

    def cameras(self) -> list[str]:
        """The cameras that have a kept scene state, in the order of their names."""

    def forget(self, camera: str) -> None:
        """Drop the kept scene state of a camera that is no longer there."""

    def incidents(self, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
        """Newest first."""

    def acknowledge(self, incident_id: UUID, at: datetime, by: str | None, note: str | None) -> datetime | None:
        """A person has taken notice. Returns since when it counts so: the first one counts; None: not known here."""

    def unfinished(self) -> list[UUID]:
        """All incidents that are open, or that the centre does not know of wholly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetRequest:
    """Somebody says that what stands in a zone now is normal; zone None: everywhere, and the view itself is new."""

    number: int
    zone: str | None


class Views(Protocol):
    """What each camera's clean view looks like, and requests to take the present one for clean."""

    def save(self, camera: str, kept: bytes) -> None:
        """Keep a view. Raises as `Store.record` does, as do all that write."""

    def load(self, camera: str) -> bytes | None:
        """The last kept view, or None."""

    def forget(self, camera: str) -> None:
        """Drop a camera's view."""

    def request(self, camera: str, zone: str | None) -> None:
        """Ask the agent that uses this memory, now or when it is started next, to reset a view."""

    def resets(self, camera: str) -> list[ResetRequest]:
        """Requests that are not done, oldest first."""

    def done(self, requests: Sequence[ResetRequest]) -> None:
        """These were carried out."""


class SilenceStore(Protocol):
    """What is not to be reported; survives restarts. Another process may change it while the agent runs.

    Those that are over stay listed for a month. What writes raises StoreFull, StoreUnusable.
    """

    def dismiss(self, dismissal: Dismissal) -> None:
        """Keep it, in place of an earlier one of the same incident."""

    def take_back(self, incident_id: UUID) -> Dismissal | None:
        """Drop the dismissal of an incident and return it; None when there was none."""

    def dismissals(self, camera: str | None = None) -> list[Dismissal]:
        """In the order in which they were made: all, or one camera's."""

    def pause(self, pause: Pause, now: datetime) -> None:
        """Keep it, in place of those that lie within it."""

    def resume(self, asked: Pause) -> None:
        """Drop the pauses that lie within what is asked; a wider one stays."""

    def pauses(self) -> list[Pause]:
        """In the order in which they were made."""

    def version(self) -> int:
        """A number that changes with every change, quick to ask for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A command that was taken, for answering it again.

    Attributes:
        digest: of its content. asked: what the answer repeats. correlation: the bytes of MQTT 5.
        answer: the JSON of the response; None while it is being carried out.
    """

    digest: str
    asked: Asked
    correlation: bytes | None
    answer: str | None


class AnswerMemory(Protocol):
    """Which commands were taken, and what was answered; survives restarts. Safe to call from several threads.

    What writes raises StoreFull, StoreUnusable.
    """

    def find(self, command_id: str) -> Answered | None:
        """What is known of this id."""

    def begin(self, taken: Answered) -> None:
        """A command is going to be carried out; `taken.asked.id` and its command are set. The oldest are forgotten."""

    def finish(self, command_id: str, answer: str) -> None:
        """It was answered."""

    def forget(self, command_id: str) -> None:
        """It was not carried out after all, and may come again."""

    def unfinished(self, command: str) -> list[Answered]:
        """Commands of that name without an answer, oldest first."""


LONGEST_RESEND_S = 600.0
"""No longer than this between two attempts, be it the broker or the platform that does not answer."""


class Outbox(Protocol):
    """What still has to reach the centre, in order."""

    def due(self, now: Stamp, limit: int) -> list[Envelope]:
        """The oldest rows that are not done, not set aside and due by now, in sequence order.

        A row waits for every older row of its `order_key` that was postponed.
        """

    def done(self, rows: Sequence[int]) -> None:
        """These rows arrived. Raises StoreFull (call again), StoreUnusable, as do the others below."""

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        """Count a failed attempt and try again at the given time."""

    def sent(self, rows: Sequence[int], at_utc_s: float, resend_after_s: float) -> None:
        """The broker has these rows, but the platform has not said so: send them again if it does not.

        Twice as long after each time, up to `LONGEST_RESEND_S`. They hold up no later row of their order key.
        """

    def acked(self, sequence: int, missing: Sequence[tuple[int, int]] = ()) -> int:
        """The platform has every event up to this sequence: rows that were sent are done. Returns how many there were.

        Args:
            missing: ranges of sequences, both ends included, that it does not have: what is still kept of them is sent
                again at once, even if it was done before. Rows that were never sent are left alone.

        Raises: ValueError for a sequence that this box has not used yet.
        """

    def unacked(self) -> int:
        """Rows that were sent and wait for the platform's word."""

    def highest_unacked(self) -> int:
        """The highest sequence among them, 0 when there are none."""

    def dropped(self) -> int:
        """Events that were given up, ever, because the backlog was full."""

    def set_aside(self, row: int, reason: str) -> None:
        """Do not try again until `requeue`; kept for a person to look at."""

    def requeue(self) -> int:
        """Give every row that was set aside a new start; returns how many there were."""

    def depth(self) -> int:
        """Rows that still have to go."""

    def set_aside_count(self) -> int:
        """Rows that wait for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One picture that is to reach the centre, and how often that failed for a reason of its own."""

    row: int
    picture: Evidence
    about: EvidenceOf
    attempts: int = 0


class Parcels(Protocol):
    """The pictures that still have to reach the centre. Survives restarts; safe to call from several threads.

    Those of an event come in with the event itself (`Store.record`).
    """

    def add(self, pictures: Sequence[Evidence], about: EvidenceOf) -> None:
        """Send these too: pictures of a command. One that is there already, by its id, is not sent a second time.

        Raises StoreFull (nothing was kept), StoreUnusable, as do the others that write.
        """

    def due(self, now: Stamp, limit: int) -> list[Parcel]:
        """Those to send now: first what somebody asked for by a command, then the oldest."""

    def done(self, row: int) -> None:
        """It arrived."""

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        """Count a failed attempt and try again at the given time."""

    def drop(self, row: int) -> None:
        """It will not be sent: forget it, and count it."""

    def paths(self) -> list[str]:
        """Where the pictures lie that wait."""

    def waiting(self) -> int:
        """Pictures that still have to go."""

    def dropped(self) -> int:
        """Pictures that were given up, ever."""


class ObjectStore(Protocol):
    """Where pictures go that do not go over MQTT. Used by one thread."""

    def put(self, parcel: Parcel, data: bytes, stop: StopEvent) -> None:
        """Store one picture; the same one again replaces itself. Returns when the store said that it has it.

        Args:
            stop: once set, the transfer is given up (UploadFailed).

        Raises: UploadFailed (a later call may succeed), UploadRefused.
        """


class LoginLedger(Protocol):
    """Counts refused logins per camera and credential, so that no camera locks the box out; survives restarts."""

    def refusals(self, camera: str, fingerprint: str) -> tuple[int, float]:
        """How many refusals, and the epoch second of the last one (0.0 when none)."""

    def refused(self, camera: str, fingerprint: str, at_utc_s: float) -> None: ...
    def clear(self, camera: str) -> None: ...


class Heads(Protocol):
    """What was taught about zones; survives restarts. Another process may teach while the agent runs."""

    def save_head(self, camera: str, zone: str, head: Head) -> None:
        """Keep it, in place of the zone's last one. Raises StoreFull, StoreUnusable, as does `forget_head`."""

    def heads(self, camera: str | None = None) -> dict[tuple[str, str], Head]:
        """By camera and zone, in the order of their names: all, or one camera's. Raises StoreUnusable."""

    def forget_head(self, camera: str, zone: str) -> bool:
        """Drop one; returns whether there was one."""

    def version(self) -> int:
        """A number that changes with every change of any head, quick to ask for."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Acked:
    """The broker answered a publish.

    Attributes:
        error: None on success, else the broker's reason.
        unfit: the reason lies in the message itself; any other (rights, quota, the broker's state) may pass.
    """

    token: int
    error: str | None
    unfit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The session is over; whatever was not acked has to be sent again on a new one."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message from the centre.

    Attributes:
        response_topic, correlation: of MQTT 5; None where the sender gave none, and in 3.1.1.
        retained: it was kept by the broker for whoever subscribes, and may be old.
    """

    topic: str
    payload: bytes
    response_topic: str | None = None
    correlation: bytes | None = None
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRefused:
    """The broker does not let us listen; the session goes on."""

    reason: str


News = Acked | Lost | Received | SubscriptionRefused


class Link(Protocol):
    """One MQTT session from CONNACK to its end. Never reconnects by itself.

    A link belongs to one thread; only `wake` may be called from others.
    """

    @property
    def max_packet_bytes(self) -> int | None:
        """The largest packet the broker takes, or None when it did not say."""

    @property
    def window(self) -> int:
        """How many unacknowledged QoS 1 messages the broker takes at once; the caller keeps to it."""

    @property
    def protocol(self) -> str:
        """`5` or `3.1.1`."""

    def publish(self, message: Message) -> int:
        """Hand one message over; returns a token that an `Acked` will carry. Raises BrokerUnreachable."""

    def subscribe(self, topics: Sequence[str]) -> None:
        """Listen, with QoS 1. What the broker says to it comes with `poll`. Raises BrokerUnreachable."""

    def poll(self, timeout_s: float) -> list[News]:
        """What happened since the last call; waits up to `timeout_s` for the first, or for `wake`.

        `Lost` is told once; afterwards nothing happens any more and the call returns at once.
        """

    def wake(self) -> None:
        """Let a waiting or the next `poll` return. Safe from any thread, also after `close`."""

    def close(self) -> None:
        """Send DISCONNECT (so that no last will fires) and free everything. Idempotent."""


class Broker(Protocol):
    """Where links come from."""

    def connect(self, will: Message, will_delay_s: int) -> Link:
        """Raises BrokerUnreachable (try later) or BrokerRefused (somebody must change something)."""
