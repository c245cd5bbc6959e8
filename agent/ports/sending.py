"""What is on its way to the centre, and the ways there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import Protocol

from agent.core.types import (
    Envelope,
    Evidence,
    Message,
    Stamp,
)
from agent.core.wire.evidence import EvidenceOf

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
