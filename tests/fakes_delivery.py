"""Fakes of the delivery ports. They pass the same contract tests as the real adapters."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from agent.core.errors import BrokerUnreachable
from agent.core.types import Envelope, Event, Evidence, Message, Stamp
from agent.core.wire import EvidenceOf
from agent.ports import LONGEST_RESEND_S, Acked, IncidentRow, Link, Lost, News, Parcel, WatchHour


class FakeClock:
    """A clock that moves when told to."""

    def __init__(self, start: datetime = datetime(2026, 7, 1, 8, tzinfo=UTC)) -> None:
        self._start = start
        self.elapsed_s = 0.0

    def now(self) -> Stamp:
        return Stamp(utc=self._start + timedelta(seconds=self.elapsed_s), mono_s=self.elapsed_s)

    def advance(self, seconds: float) -> None:
        self.elapsed_s += seconds


class WallClock:
    """The real time, for tests with real servers."""

    def now(self) -> Stamp:
        return Stamp(utc=datetime.now(UTC), mono_s=time.monotonic())


class FakeOutbox:
    """`ports.Outbox` in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, Envelope] = {}
        self.delivered: list[int] = []
        self.aside: dict[int, str] = {}
        self.sendings: dict[int, int] = {}

    def add(self, message: Message, *, order_key: str, sequence: int | None = None) -> int:
        """Append one pending row; the sequence defaults to the row number."""
        row = len(self.rows) + 1
        number = row if sequence is None else sequence
        self.rows[row] = Envelope(
            row=row, sequence=number, order_key=order_key, message=message, attempts=0, due_at_utc_s=0.0
        )
        return row

    def due(self, now: Stamp, limit: int) -> list[Envelope]:
        now_s = now.utc.timestamp()
        waiting: set[str] = set()
        found: list[Envelope] = []
        for row, envelope in sorted(self.rows.items()):
            if row in self.delivered or row in self.aside:
                continue
            if now_s < envelope.due_at_utc_s <= now_s + 86_400:
                if row not in self.sendings:
                    waiting.add(envelope.order_key)
            elif envelope.order_key not in waiting:
                found.append(envelope)
        return found[:limit]

    def done(self, rows: Sequence[int]) -> None:
        self.delivered += [row for row in rows if row not in self.delivered]

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        old = self.rows[row]
        self.rows[row] = replace(old, attempts=old.attempts + 1, due_at_utc_s=due_at_utc_s)

    def sent(self, rows: Sequence[int], at_utc_s: float, resend_after_s: float) -> None:
        for row in rows:
            if row not in self.delivered and row not in self.aside:
                wait_s = min(LONGEST_RESEND_S, resend_after_s * 2 ** self.sendings.get(row, 0))
                self.sendings[row] = self.sendings.get(row, 0) + 1
                self.rows[row] = replace(
                    self.rows[row], attempts=0, due_at_utc_s=at_utc_s + wait_s, sent=self.sendings[row]
                )

    def acked(self, sequence: int, missing: Sequence[tuple[int, int]] = ()) -> int:
        if sequence > max((e.sequence for e in self.rows.values()), default=0):
            raise ValueError(f"expected a sequence up to {len(self.rows)}, found {sequence}")
        for row, envelope in self.rows.items():
            told = row in self.delivered or row in self._unacked()
            if told and any(first <= envelope.sequence <= last for first, last in missing):
                self.delivered = [other for other in self.delivered if other != row]
                self.sendings.pop(row, None)
                self.rows[row] = replace(envelope, attempts=0, due_at_utc_s=0.0, sent=0)
        covered = [row for row in self._unacked() if self.rows[row].sequence <= sequence]
        self.delivered += covered
        return len(covered)

    def unacked(self) -> int:
        return len(self._unacked())

    def _unacked(self) -> list[int]:
        return [row for row in self.sendings if row not in self.delivered and row not in self.aside]

    def highest_unacked(self) -> int:
        return max((self.rows[row].sequence for row in self._unacked()), default=0)

    def dropped(self) -> int:
        return 0

    def set_aside(self, row: int, reason: str) -> None:
        self.aside[row] = reason

    def requeue(self) -> int:
        count = len(self.aside)
        for row in self.aside:
            self.rows[row] = replace(self.rows[row], attempts=0, due_at_utc_s=0.0, sent=0)
            self.sendings.pop(row, None)
        self.aside.clear()
        return count

    def depth(self) -> int:
        return len(self.rows) - len(self.delivered) - len(self.aside)

    def set_aside_count(self) -> int:
        return len(self.aside)


class FakeParcels:
    """`ports.Parcels` in memory."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[Parcel, float]] = {}
        self._next = 1
        self._dropped = 0

    def add(self, pictures: Sequence[Evidence], about: EvidenceOf) -> None:
        for picture in pictures:
            if picture.evidence_id not in {parcel.picture.evidence_id for parcel, _ in self.rows.values()}:
                self.rows[self._next] = (Parcel(row=self._next, picture=picture, about=about), 0.0)
                self._next += 1

    def due(self, now: Stamp, limit: int) -> list[Parcel]:
        now_s = now.utc.timestamp()
        found = [parcel for parcel, due_s in self.rows.values() if not now_s < due_s <= now_s + 4000]
        return sorted(found, key=lambda parcel: (parcel.about.command_id is None, parcel.row))[:limit]

    def done(self, row: int) -> None:
        self.rows.pop(row, None)

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        if row in self.rows:
            parcel = self.rows[row][0]
            self.rows[row] = (replace(parcel, attempts=parcel.attempts + 1), due_at_utc_s)

    def drop(self, row: int) -> None:
        self._dropped += self.rows.pop(row, None) is not None

    def paths(self) -> list[str]:
        return [parcel.picture.path for parcel, _ in self.rows.values()]

    def waiting(self) -> int:
        return len(self.rows)

    def dropped(self) -> int:
        return self._dropped


class FakeStore:
    """`ports.Store` in memory, in front of a `FakeOutbox`."""

    def __init__(
        self,
        outbox: FakeOutbox,
        encode: Callable[[Event, int], Message],
        recorded: Callable[[], None] = lambda: None,
    ) -> None:
        self._outbox = outbox
        self._encode = encode
        self._recorded = recorded
        self._events: dict[object, int] = {}
        self._incidents: dict[object, Event] = {}
        self._states: dict[str, str] = {}
        self._acknowledged: dict[UUID, datetime] = {}

    def record(self, camera: str, events: Sequence[Event], state: str, hours: Sequence[WatchHour] = ()) -> None:
        unknown: dict[object, Event] = {}
        for event in events:
            if event.event_id not in self._events:
                unknown.setdefault(event.event_id, event)
        new = list(unknown.values())
        first = len(self._events) + 1
        messages = [self._encode(event, sequence) for sequence, event in enumerate(new, start=first)]
        for event, message in zip(new, messages, strict=True):
            self._events[event.event_id] = self._outbox.add(message, order_key=str(event.incident_id))
            known = self._incidents.get(event.incident_id)
            if known is None or event.revision >= known.revision:
                self._incidents[event.incident_id] = event
        self._states[camera] = state
        if new:
            self._recorded()

    def save_state(self, camera: str, state: str, hours: Sequence[WatchHour] = ()) -> None:
        self._states[camera] = state

    def load_state(self, camera: str) -> str | None:
        return self._states.get(camera)

    def cameras(self) -> list[str]:
        return sorted(self._states)

    def forget(self, camera: str) -> None:
        self._states.pop(camera, None)

    def acknowledge(
        self, incident_id: UUID, at: datetime, by: str | None, note: str | None, *, at_box: bool | None = None
    ) -> datetime | None:
        return self._acknowledged.setdefault(incident_id, at) if incident_id in self._incidents else None

    def incidents(self, *, limit: int, camera: str | None = None) -> list[IncidentRow]:
        rows = [self._row(e) for e in reversed(self._incidents.values()) if camera in (None, e.camera)]
        return sorted(rows, key=lambda row: row.opened_at, reverse=True)[:limit]

    def unfinished(self) -> list[UUID]:
        rows = (self._row(event) for event in self._incidents.values())
        return [row.incident_id for row in rows if row.closed_at is None or not row.delivered]

    def _row(self, event: Event) -> IncidentRow:
        open_keys = {e.order_key for row, e in self._outbox.rows.items() if row not in self._outbox.delivered}
        return IncidentRow(
            incident_id=event.incident_id,
            camera=event.camera,
            rule=event.rule,
            zone=event.zone,
            phase=event.phase,
            opened_at=event.opened_at,
            closed_at=event.closed_at,
            dwell_s=event.dwell_s,
            blind_s=event.blind_s,
            close_reason=event.close_reason,
            revision=event.revision,
            delivered=str(event.incident_id) not in open_keys,
        )


class FakeLedger:
    """`ports.LoginLedger` in memory."""

    def __init__(self) -> None:
        self._refusals: dict[tuple[str, str], tuple[int, float]] = {}

    def refusals(self, camera: str, fingerprint: str) -> tuple[int, float]:
        return self._refusals.get((camera, fingerprint), (0, 0.0))

    def refused(self, camera: str, fingerprint: str, at_utc_s: float) -> None:
        count, _ = self.refusals(camera, fingerprint)
        self._refusals[camera, fingerprint] = (count + 1, at_utc_s)

    def clear(self, camera: str) -> None:
        self._refusals = {key: value for key, value in self._refusals.items() if key[0] != camera}


@dataclass
class FakeLink:
    """One session with a `FakeBroker`. `answer` decides what becomes of each message."""

    broker: FakeBroker
    max_packet_bytes: int | None = None
    window: int = 20
    protocol: str = "5"
    closed: bool = False
    lost: bool = False
    _token: int = 0
    _owed: set[int] = field(default_factory=set)
    _woken: threading.Event = field(default_factory=threading.Event)
    _happened: deque[News] = field(default_factory=deque)
    topics: tuple[str, ...] = ()

    def publish(self, message: Message) -> int:
        if self.lost or self.closed:
            raise BrokerUnreachable("the fake session is over")
        self._token += 1
        if message.qos:
            assert len(self._owed) < self.window, "more in flight than the broker's receive maximum"
            self._owed.add(self._token)
        answer = self.broker.answer(message)
        if answer == "lose":
            self.lose("the fake broker hung up")
        elif answer == "refuse":
            self._happened.append(Acked(token=self._token, error="Not authorized"))
        elif answer == "unfit":
            self._happened.append(Acked(token=self._token, error="Payload format invalid", unfit=True))
        elif answer == "accept":
            self.broker.received.append(message)
            self._happened.append(Acked(token=self._token, error=None))
        else:
            assert answer == "ignore", answer
        return self._token

    def subscribe(self, topics: Sequence[str]) -> None:
        if self.lost or self.closed:
            raise BrokerUnreachable("the fake session is over")
        self.topics += tuple(topics)

    @property
    def newest(self) -> int:
        """The token of the last publish."""
        return self._token

    def tell(self, news: News) -> None:
        """Something that happens on its own."""
        self._happened.append(news)

    def lose(self, reason: str) -> None:
        """End the session from the far side."""
        self.lost = True
        self._happened.append(Lost(reason=reason))

    def poll(self, timeout_s: float) -> list[News]:
        if not self._happened and not self.lost and not self.closed:
            self.broker.idle(self, timeout_s)
        self._woken.clear()
        happened = list(self._happened)
        self._happened.clear()
        self._owed -= {event.token for event in happened if isinstance(event, Acked)}
        return happened

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self.closed = True


def _accept(message: Message) -> str:
    return "accept"


class FakeBroker:
    """`ports.Broker` in memory.

    Attributes:
        answer: Message -> accept, refuse or unfit (an error PUBACK), ignore (no PUBACK) or lose (hang up).
        idle: called when a link is polled and nothing happened, with the link and the time it may wait.
        refusals: errors that the next calls of `connect` raise, in order.
    """

    def __init__(self) -> None:
        self.answer: Callable[[Message], str] = _accept
        self.idle: Callable[[FakeLink, float], None] = lambda link, timeout_s: None
        self.refusals: deque[Exception] = deque()
        self.received: list[Message] = []
        self.links: list[FakeLink] = []
        self.wills: list[tuple[Message, int]] = []
        self.attempts = 0
        self.max_packet_bytes: int | None = None
        self.window = 20

    def connect(self, will: Message, will_delay_s: int) -> Link:
        self.attempts += 1
        if self.refusals:
            raise self.refusals.popleft()
        self.wills.append((will, will_delay_s))
        link = FakeLink(self, max_packet_bytes=self.max_packet_bytes, window=self.window)
        self.links.append(link)
        return link
