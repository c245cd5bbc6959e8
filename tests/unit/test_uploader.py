"""Pictures put to a real HTTP server on this machine, which breaks, refuses and is busy."""

from __future__ import annotations

import base64
import hashlib
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from threading import Event as StopEvent
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from agent.adapters.object_store import ANSWER_S, HttpObjectStore
from agent.core.errors import UploadFailed, UploadRefused
from agent.core.picture_address import picture_address
from agent.core.types import Evidence
from agent.core.wire import EvidenceOf
from agent.ports import Parcel
from agent.runtime.uploader import Uploader, UploadSettings
from tests.bucket import Bucket, storing
from tests.contracts.parcels import ASKED, GATE, picture
from tests.events import FACTS
from tests.fakes import FakeClock, FakeStop
from tests.fakes_delivery import FakeParcels
from tests.mosquitto import free_port

DATA = bytes(range(256)) * 1500
SIGNATURE = "X-Signature=s3cr3t"
PATTERN = "/bucket/{tenant}/{box}/{camera}/{date}/{incident}/{kind}-{id}.jpg?" + SIGNATURE


def kept(number: int) -> Evidence:
    return replace(picture(number), sha256=hashlib.sha256(DATA).hexdigest(), bytes=len(DATA))


def path_of(number: int) -> str:
    return f"/bucket/demo/box-01/gate/2026-07-01/{GATE.incident}/wide-{picture(number).evidence_id}.jpg?{SIGNATURE}"


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with storing(Bucket()) as store:
        yield store


def store_at(url: str, answer_s: float = ANSWER_S) -> HttpObjectStore:
    pattern = url + PATTERN
    return HttpObjectStore(
        lambda parcel: picture_address(pattern, parcel.picture, parcel.about, FACTS),
        where=urlsplit(url).netloc,
        answer_s=answer_s,
    )


class Rig:
    """An uploader at a store, on a clock that its waits move. `run` ends when all pictures are gone, or in time."""

    def __init__(self, url: str, limit_s: float = 40_000.0) -> None:
        self.clock = FakeClock()
        self.stop = FakeStop(self.clock, limit_s)
        self.parcels = FakeParcels()
        self.gone: set[UUID] = set()
        self._store = store_at(url)
        self.uploader = Uploader(
            parcels=self.parcels,
            read=lambda evidence: None if evidence.evidence_id in self.gone else DATA,
            store=self._store,
            clock=self.clock,
            jitter=lambda low, high: high,
            settings=UploadSettings(attempts=3),
        )
        self.uploader._woken = Woken(self)

    def run(self) -> None:
        try:
            self.uploader.run(self.stop)
        finally:
            self._store.close()


class Woken(StopEvent):
    """Stands for the wait for something new: nothing comes, so time passes, or all is over."""

    def __init__(self, rig: Rig) -> None:
        super().__init__()
        self._rig = rig

    def wait(self, timeout: float | None = None) -> bool:
        if self._rig.parcels.waiting():
            self._rig.stop.wait(timeout)
        else:
            self._rig.stop.set()
        return False


def test_pictures_are_put_where_the_pattern_says_with_their_digest(bucket: Bucket) -> None:
    rig = Rig(bucket.url)
    rig.parcels.add([kept(1), kept(2)], GATE)
    rig.parcels.add([kept(3)], ASKED)
    rig.run()
    asked_for = path_of(3).replace(str(GATE.incident), "no-incident")
    assert bucket.paths == [asked_for, path_of(1), path_of(2)]
    assert set(bucket.stored.values()) == {DATA}
    digest = base64.b64encode(hashlib.sha256(DATA).digest()).decode()
    told = {name.lower(): value for name, value in bucket.headers[0].items()}
    assert told["content-digest"] == f"sha-256=:{digest}:"
    assert (told["content-type"], told["content-length"]) == ("image/jpeg", str(len(DATA)))
    assert "transfer-encoding" not in told, "a store that signs wants to know the length"
    assert (rig.parcels.waiting(), rig.parcels.dropped()) == (0, 0)


@pytest.mark.parametrize("trouble", ["cut", "swallow", 503, 500, 408, 429])
def test_what_fails_goes_again_until_the_store_has_it(
    bucket: Bucket, trouble: int | str, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig(bucket.url)
    rig.parcels.add([kept(1), kept(2)], GATE)
    bucket.answers = [trouble] * 4
    rig.run()
    assert bucket.paths == [path_of(1), path_of(2)] * 3
    assert bucket.stored == {path_of(1): DATA, path_of(2): DATA}
    assert rig.stop.waits_s[:4] == [1.0, 2.0, 4.0, 8.0]
    assert rig.parcels.dropped() == 0
    assert rig.uploader.fault is None
    assert caplog.text.count("object store 127.0.0.1") == 1
    assert "s3cr3t" not in caplog.text
    assert str(kept(1).evidence_id) not in caplog.text


def test_a_store_that_asks_for_time_gets_it(bucket: Bucket) -> None:
    rig = Rig(bucket.url)
    rig.parcels.add([kept(1)], GATE)
    bucket.answers, bucket.extra = [503, 429], {"Retry-After": "120"}
    rig.run()
    assert rig.stop.waits_s == [120.0, 120.0]
    bucket.answers, bucket.extra = [503], {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    with pytest.raises(UploadFailed) as failed:
        store_at(bucket.url).put(Parcel(row=1, picture=kept(1), about=GATE), DATA, StopEvent())
    assert failed.value.retry_after_s == 0.0


@pytest.mark.parametrize("status", [301, 401, 403, 404])
def test_a_refusal_that_would_meet_every_picture_loses_none(bucket: Bucket, status: int) -> None:
    rig = Rig(bucket.url)
    rig.parcels.add([kept(1), kept(2)], GATE)
    bucket.answers = [status] * 20
    rig.run()
    assert rig.stop.waits_s == [600.0] * 20
    assert (len(bucket.stored), rig.parcels.dropped()) == (2, 0)


def test_a_picture_that_is_called_unfit_waits_long_and_holds_up_no_other(bucket: Bucket) -> None:
    rig = Rig(bucket.url)
    rig.parcels.add([kept(1), kept(2)], GATE)
    tried: list[float] = []
    bucket.always = {path_of(1): 413}
    bucket.before = lambda path: tried.append(rig.clock.now().mono_s) if path == path_of(1) else None
    rig.run()
    assert bucket.stored == {path_of(2): DATA}
    assert [round(b - a) for a, b in pairwise(tried)] == pytest.approx([600, 1200], abs=15)
    assert rig.parcels.dropped() == 1


def test_a_picture_at_which_the_store_stumbles_lets_the_others_go_before_it(bucket: Bucket) -> None:
    rig = Rig(bucket.url, limit_s=7200.0)
    rig.parcels.add([kept(n) for n in range(1, 8)], GATE)
    bucket.always = {path_of(1): 500, path_of(3): 403}
    rig.run()
    assert list(bucket.stored) == [path_of(n) for n in (2, 4, 5, 6, 7)]
    assert bucket.paths[:7] == [path_of(n) for n in (1, 2, 3, 4, 5, 6, 7)]
    assert (rig.parcels.waiting(), rig.parcels.dropped()) == (2, 0)
    assert "found status" in str(rig.uploader.fault)


def test_a_picture_that_is_gone_is_dropped(bucket: Bucket) -> None:
    rig = Rig(bucket.url)
    rig.parcels.add([kept(1), kept(2)], GATE)
    rig.gone = {kept(1).evidence_id}
    rig.run()
    assert bucket.paths == [path_of(2)]
    assert rig.parcels.dropped() == 1


def test_no_server_is_waited_for_ever_more_patiently(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig(f"http://127.0.0.1:{free_port()}", limit_s=3600.0)
    rig.parcels.add([kept(1)], GATE)
    with caplog.at_level(logging.DEBUG):
        rig.run()
    assert rig.stop.waits_s[:3] == [1.0, 2.0, 4.0]
    assert max(rig.stop.waits_s) == 300.0
    assert caplog.text.count("cannot be connected to") == 1
    assert "s3cr3t" not in caplog.text
    assert rig.parcels.waiting() == 1


def test_a_stop_ends_a_transfer_and_the_picture_stays(bucket: Bucket) -> None:
    stop, begun = StopEvent(), threading.Event()
    bucket.before = lambda path: (begun.set(), stop.wait(30))[0]  # type: ignore[func-returns-value]
    parcel = Parcel(row=1, picture=kept(1), about=GATE)
    faults: list[Exception] = []

    def put() -> None:
        store = store_at(bucket.url)
        try:
            store.put(parcel, DATA * 40, stop)  # more than the sockets hold
        except UploadFailed as error:
            faults.append(error)
        finally:
            store.close()

    thread = threading.Thread(target=put)
    thread.start()
    assert begun.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    assert len(faults) == 1
    assert bucket.stored == {}


def test_an_answer_that_never_ends_is_hung_up() -> None:
    """A byte now and then breaks no time-out for silence, and would keep the uploader for ever."""
    over = StopEvent()

    def dribble(server: socket.socket) -> None:
        peer, _ = server.accept()
        with peer, suppress(OSError):
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Answer: ")
            while not over.wait(0.05):
                peer.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=dribble, args=(server,))
        thread.start()
        store = store_at(f"http://127.0.0.1:{server.getsockname()[1]}", answer_s=0.5)
        try:
            with pytest.raises(UploadFailed, match="the connection broke"):
                store.put(Parcel(row=1, picture=kept(1), about=GATE), DATA[:1000], StopEvent())
        finally:
            store.close()
            over.set()
            thread.join()


def test_errors_tell_neither_path_nor_signature(bucket: Bucket) -> None:
    parcel = Parcel(row=1, picture=kept(1), about=EvidenceOf(camera="gate"))
    told = []
    store = store_at(bucket.url)
    for answer in (403, 413, 503, "cut"):
        bucket.answers = [answer]
        with pytest.raises((UploadFailed, UploadRefused)) as error:
            store.put(parcel, DATA, StopEvent())
        told.append(f"{error.value}{error.value.__cause__}{error.value.__context__}")
    store.close()
    assert all(bucket.url.removeprefix("http://") in text for text in told)
    assert not any("s3cr3t" in text or "/bucket" in text for text in told)


def test_what_is_filled_in_stays_in_its_place() -> None:
    odd = EvidenceOf(camera="../a b?c#d", incident=None)
    url = picture_address("https://s/{camera}/{incident}/{id}?sig=%7Bx%7D", picture(1), odd, FACTS)
    assert url == f"https://s/..%2Fa%20b%3Fc%23d/no-incident/{picture(1).evidence_id}?sig=%7Bx%7D"
    with suppress(ValueError):
        urlsplit(url)
