"""An edge box without eyes, for tests of what reaches a real broker."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.mqtt import MqttSettings, PahoBroker
from agent.adapters.sqlite import Database, Remarks, SqliteOutbox, SqliteParcels, SqliteStore
from agent.core.notes import BoxNote
from agent.core.types import Event, Message
from agent.core.wire import event_message, evidence_message, note_message, topic
from agent.runtime.courier import Courier, CourierSettings
from agent.runtime.delivery import DeliverySettings
from agent.runtime.inbox import Inbox
from agent.runtime.picture_lane import PictureMail
from tests.agent_child import STATE
from tests.events import CLOCK, FACTS
from tests.fakes_delivery import WallClock

WAIT_S = 90.0
QUICK = CourierSettings(
    first_wait_s=0.05,
    longest_wait_s=0.2,
    will_delay_s=0,
    delivery=DeliverySettings(first_postpone_s=0.05, longest_postpone_s=0.1, attempts=3),
)


class Watched:
    """What changes in other threads, and can be waited for."""

    def __init__(self) -> None:
        self.changed = threading.Condition()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S), "it did not get there"

    def tell(self) -> None:
        with self.changed:
            self.changed.notify_all()


class WatchedParcels(SqliteParcels, Watched):
    """Parcels whose end can be waited for."""

    def __init__(self, database: Database, added: Callable[[], None]) -> None:
        SqliteParcels.__init__(self, database, added)
        Watched.__init__(self)

    def done(self, row: int) -> None:
        super().done(row)
        self.tell()

    def drop(self, row: int) -> None:
        super().drop(row)
        self.tell()


class WatchedOutbox(SqliteOutbox, Watched):
    """An outbox whose changes can be waited for."""

    def __init__(self, database: Database) -> None:
        SqliteOutbox.__init__(self, database)
        Watched.__init__(self)

    def done(self, rows: Sequence[int]) -> None:
        super().done(rows)
        self.tell()

    def acked(self, sequence: int, missing: Sequence[tuple[int, int]] = ()) -> int:
        count = super().acked(sequence, missing)
        self.tell()
        return count

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        super().postpone(row, due_at_utc_s)
        self.tell()

    def set_aside(self, row: int, reason: str) -> None:
        super().set_aside(row, reason)
        self.tell()


class Box:
    """An edge box without eyes: a store, pictures and a running courier."""

    def __init__(self, folder: Path, port: int, settings: CourierSettings = QUICK, **mqtt: str) -> None:
        clock = WallClock()
        self.database = Database(folder / "cityeye.db", reserve_bytes=0)
        self.outbox = WatchedOutbox(self.database)
        broker = PahoBroker(
            MqttSettings(
                host="127.0.0.1",
                port=port,
                client_id="box-01",
                username=mqtt.get("username"),
                password=mqtt.get("password"),
            ),
            clock,
        )
        self.folder = EvidenceFolder(folder / "evidence", quota_bytes=10**9, keep_free_bytes=0)
        self.parcels = WatchedParcels(self.database, lambda: self.courier.wake())
        self.courier = Courier(
            outbox=self.outbox,
            broker=broker,
            clock=clock,
            state=STATE,
            jitter=random.Random(3).uniform,
            settings=settings,
            listen=[topic(FACTS, "ack")],
            inbox=lambda received: self.inbox.take(received),
            pictures=PictureMail(
                parcels=self.parcels,
                read=self.folder.read,
                pack=lambda parcel, data: evidence_message(parcel.picture, data, parcel.about, FACTS),
            ),
        )
        self.inbox = Inbox(self.outbox, FACTS, self.courier.wake, lambda _: None)
        remarks = Remarks(self._encode_note, self.courier.wake)
        self.store = SqliteStore(self.database, self._encode, self.courier.wake, parcels=True, remarks=remarks)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.courier.run, args=(self._stop,))

    def __enter__(self) -> Self:
        self.database.open()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self.courier.wake()
        self._thread.join()
        self.database.close()

    def record(self, *events: Event) -> None:
        self.store.record("gate", events, "s")

    def wait_until_delivered(self) -> None:
        self.outbox.wait_until(lambda: self.outbox.depth() == 0)

    def _encode_note(self, note: BoxNote, sequence: int) -> Message:
        return note_message(note, sequence, FACTS, CLOCK)

    def _encode(self, event: Event, sequence: int) -> Message:
        return event_message(event, sequence, FACTS, CLOCK)
