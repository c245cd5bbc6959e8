"""A crew whose cameras are looked at by the test: nothing is started, the store and the mailroom are real."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from agent.adapters.evidence import EvidenceFolder
from agent.adapters.onnx.features import FeatureExtractor
from agent.adapters.onnx.zone_reader import Lens
from agent.adapters.originals import LastOriginals
from agent.adapters.photographer import LastView
from agent.adapters.privacy import PrivacyGuard
from agent.adapters.samples import SampleFolder
from agent.adapters.sqlite import Database, SqliteStore, SqliteViews
from agent.app.crew import Crew, Facts
from agent.app.parts import facts_of
from agent.app.posts import Means
from agent.config import Config
from agent.core.errors import CityEyeError, StoreUnusable
from agent.core.types import Detections, Event, Frame, Image, ModelInfo
from agent.core.wire import CloudEvent, event_message, parse_event
from agent.ports import WatchHour
from agent.runtime.mailbox import Mailroom
from agent.runtime.onlookers import Onlookers
from agent.runtime.supervisor import Supervisor
from tests.events import CLOCK
from tests.fakes import FakeClock, MemoryHeads, MemoryLoginLedger
from tests.unit.config.samples import config_of, good
from tests.unit.core.world import Thing, look

T = TypeVar("T")


class Blind:
    """A detector that sees nothing."""

    info = ModelInfo(name="none", sha256="0" * 64, input_px=(1, 1), class_names=())

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [Detections.none() for _ in images]


class FragileStore(SqliteStore):
    """A store whose disk can be in trouble."""

    trouble: CityEyeError | None = None

    def record(self, camera: str, events: Sequence[Event], state: str, hours: Sequence[WatchHour] = ()) -> None:
        if self.trouble:
            raise self.trouble
        super().record(camera, events, state, hours)

    def save_state(self, camera: str, state: str, hours: Sequence[WatchHour] = ()) -> None:
        if self.trouble:
            raise self.trouble
        super().save_state(camera, state, hours)


class FragileDatabase(Database):
    """A database whose disk fails: at one call, or at all calls from one on; they are counted from `fail` on."""

    def fail(self, at: int, *, lasting: bool) -> None:
        """The first call is number 1."""
        self._calls, self._at, self._lasting, self.failed = 0, at, lasting, 0

    def mend(self) -> None:
        """The disk is good again."""
        self._at = 0

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._count()
        return super().write(work)

    def read(self, sql: str, parameters: tuple[Any, ...] | dict[str, Any] = ()) -> list[Any]:
        self._count()
        return super().read(sql, parameters)

    _calls = _at = failed = 0
    _lasting = False

    def _count(self) -> None:
        self._calls += 1
        if self._at and (self._calls == self._at or (self._lasting and self._calls > self._at)):
            self.failed += 1
            raise StoreUnusable("disk I/O error")


def two_cameras() -> dict[str, Any]:
    """`gate` and `yard`, which look at nothing that exists, with a dwell of 10 s."""
    data = good()
    gate = data["cameras"][0]
    gate.update(name="东门", url="rtsp://127.0.0.1:1/x", main_stream="off")
    gate["zones"][0]["rules"]["illegal_parking"] = {"dwell": "10s"}
    yard = deepcopy(gate)
    yard.update(id="yard", name="院子", url="rtsp://127.0.0.1:1/y")
    data["cameras"].append(yard)
    return data


@dataclass
class Street:
    """A crew, what it writes, and its clock."""

    crew: Crew
    store: FragileStore
    facts: Facts
    mailroom: Mailroom
    clock: FakeClock
    capturing: Supervisor
    database: FragileDatabase
    payloads: list[bytes] = field(default_factory=list)

    def see(self, camera: str, seconds: int, *things: Thing) -> None:
        """Look at a camera every two seconds."""
        for _ in range(0, seconds, 2):
            self.clock.advance(2)
            seen = replace(look(0, *things), camera=camera, stamp=self.clock.now())
            frame = Frame(camera=camera, seq=0, stamp=seen.stamp, image=np.full((20, 20, 3), 90, np.uint8))
            self.crew.desks[camera].look(seen, frame)

    def events(self) -> list[CloudEvent]:
        """What was recorded so far."""
        return [parse_event(payload) for payload in self.payloads]


@contextmanager
def street(folder: Path, config: Config | None = None) -> Iterator[Street]:
    """A crew that was recalled from what lies in the folder."""
    config = config or config_of(two_cameras())
    clock, detector, mailroom, payloads = FakeClock(), Blind(), Mailroom(), list[bytes]()
    facts = Facts(facts_of(config, detector))
    capturing = Supervisor(clock, lambda low, high: high)
    with FragileDatabase(folder / "cityeye.db", reserve_bytes=0).open() as database:

        def encode(event: Event, sequence: int) -> Any:
            message = event_message(event, sequence, facts.now, CLOCK)
            payloads.append(message.payload)
            return message

        store = FragileStore(database, encode)
        means = Means(
            clock=clock,
            jitter=lambda low, high: high,
            store=store,
            views=SqliteViews(database),
            evidence=EvidenceFolder(folder / "evidence", quota_bytes=10**7, keep_free_bytes=0),
            samples=SampleFolder(folder / "dismissed"),
            guard=PrivacyGuard(faces=False, plates=False, face_finder=None, plate_finder=None),
            detector=detector,
            ledger=MemoryLoginLedger(),
            heads=MemoryHeads(),
            lens=Lens("0" * 64, _no_features),
            last_view=LastView(),
            originals=LastOriginals(),
            onlookers=Onlookers(clock),
        )
        crew = Crew(config, means, facts=facts, mailroom=mailroom, capturing=capturing)
        crew.recall()
        try:
            yield Street(crew, store, facts, mailroom, clock, capturing, database, payloads)
        finally:
            capturing.stop(30)


def _no_features() -> FeatureExtractor:
    raise AssertionError("nothing was taught")


def changed(edit: Callable[[dict[str, Any]], object]) -> Config:
    """The two cameras, edited."""
    data = two_cameras()
    edit(data)
    return config_of(data)


def zone_renamed(data: dict[str, Any]) -> None:
    data["cameras"][0]["zones"][0]["id"] = "lane"


def address_changed(data: dict[str, Any]) -> None:
    data["cameras"][0]["url"] = "rtsp://127.0.0.1:2/x"


def gate_removed(data: dict[str, Any]) -> None:
    del data["cameras"][0]


def court_added(data: dict[str, Any]) -> None:
    data["cameras"].append({**data["cameras"][0], "id": "court", "url": "rtsp://127.0.0.1:1/z"})


def dwell_changed(data: dict[str, Any]) -> None:
    data["cameras"][0]["zones"][0]["rules"]["illegal_parking"]["dwell"] = "12s"


def everything_changed(data: dict[str, Any]) -> None:
    court_added(data)
    address_changed(data)
    data["cameras"][1]["zones"][0]["id"] = "lane"


def gate_exchanged(data: dict[str, Any]) -> None:
    court_added(data)
    gate_removed(data)
    data["cameras"][0]["zones"][0]["id"] = "lane"
