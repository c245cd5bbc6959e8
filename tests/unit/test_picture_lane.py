"""Pictures share the link with events: they go last, one at a time, and none of them stops an event."""

from __future__ import annotations

from itertools import pairwise

import pytest

from agent.core.types import Evidence, Message
from agent.ports import Parcel
from agent.runtime.picture_lane import PictureMail
from tests.contracts.parcels import ASKED, GATE, picture
from tests.courier_rig import OFFLINE, Rig, noting
from tests.fakes_delivery import FakeLink, FakeParcels


class Post(Rig):
    """A rig with pictures to send; `gone` are no longer on the disk, `sizes` are in bytes."""

    def __init__(self) -> None:
        self.parcels = FakeParcels()
        self.gone: set[Evidence] = set()
        self.sizes: dict[int, int] = {}
        super().__init__(pictures=PictureMail(parcels=self.parcels, read=self._read, pack=self._pack))

    def _read(self, kept: Evidence) -> bytes | None:
        number = kept.bytes - 1000
        return None if kept in self.gone else f"p{number}".encode() + b"." * self.sizes.get(number, 0)

    def _pack(self, parcel: Parcel, data: bytes) -> Message:
        if len(data) > 9000:
            raise ValueError("expected at most 9000 bytes of picture")
        return Message(topic="t/evidence", payload=data, content_type="text/plain")

    @property
    def sent(self) -> list[str]:
        """What the broker took of events, answers and pictures."""
        messages = [m for m in self.broker.received if m.topic.startswith("t/")]
        return [m.payload.decode().rstrip(".") for m in messages]

    def empty(self) -> bool:
        return self.outbox.depth() == 0 and self.parcels.waiting() == 0


@pytest.fixture
def post() -> Post:
    return Post()


def is_picture(message: Message) -> bool:
    return message.topic == "t/evidence"


def test_pictures_go_last_and_what_was_asked_for_goes_first_of_them(post: Post) -> None:
    post.parcels.add([picture(1), picture(2)], GATE)
    post.parcels.add([picture(3)], ASKED)
    post.add("a", "b")
    post.replies.put(Message(topic="t/rsp", payload=b"r", content_type="text/plain"))
    post.run(post.empty)
    assert post.sent == ["r", "a1", "b2", "p3", "p1", "p2"]


def test_one_picture_is_in_flight_and_an_event_goes_past_those_that_wait(post: Post) -> None:
    post.parcels.add([picture(n) for n in range(1, 5)], GATE)
    offered: list[Message] = []
    post.broker.answer = noting(offered, lambda m: "ignore" if is_picture(m) else "accept")

    def until() -> bool:
        if post.clock.elapsed_s > 2 and not post.outbox.rows:
            post.add("late")
        return post.clock.elapsed_s > 5

    post.run(until)
    assert [m.payload for m in offered if m.topic.startswith("t/")] == [b"p1", b"late1"]
    assert post.outbox.depth() == 0
    assert post.parcels.waiting() == 4


def test_no_picture_leaves_while_an_event_is_owed(post: Post) -> None:
    post.parcels.add([picture(1)], GATE)
    post.add("a")
    post.broker.answer = lambda m: "ignore" if m.topic == "t/event" else "accept"
    post.run(lambda: post.clock.elapsed_s > 5)
    assert post.sent == []


def test_a_picture_in_flight_when_the_session_is_lost_goes_again(post: Post) -> None:
    post.parcels.add([picture(1), picture(2)], GATE)
    post.broker.answer = lambda m: "lose" if is_picture(m) and len(post.broker.links) == 1 else "accept"
    post.run(post.empty)
    assert sorted(post.sent) == ["p1", "p2"]
    assert post.parcels.dropped() == 0


def test_a_stop_is_no_failure_of_the_picture_in_flight(post: Post) -> None:
    post.parcels.add([picture(1)], GATE)
    post.broker.answer = lambda m: "ignore" if is_picture(m) else "accept"
    for _ in range(12):
        post.run(lambda: True)
    assert post.parcels.due(post.clock.now(), 1)[0].attempts == 0
    assert post.broker.received[-1] == OFFLINE


def test_a_missing_right_keeps_all_waiting_and_costs_one_picture_at_a_time(post: Post) -> None:
    offered: list[float] = []

    def answer(m: Message) -> str:
        if not is_picture(m):
            return "accept"
        offered.append(post.clock.elapsed_s)
        return "refuse" if post.clock.elapsed_s < 3600 else "accept"

    post.broker.answer = answer
    post.parcels.add([picture(n) for n in range(1, 4)], GATE)
    post.run(lambda: post.clock.elapsed_s > 1800)
    assert post.courier.snapshot().picture_fault == "Not authorized"
    post.run(post.empty)
    assert post.courier.snapshot().picture_fault is None
    waits = [round(b - a) for a, b in pairwise(offered)]
    assert waits[:8] == pytest.approx([5, 10, 20, 40, 80, 160, 320, 600], abs=2)
    assert post.sent == ["p1", "p2", "p3"]
    assert post.parcels.dropped() == 0


def test_an_unfit_picture_is_given_up_after_some_attempts_and_counted(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.parcels.add([picture(1), picture(2)], GATE)
    offered: list[Message] = []
    post.broker.answer = noting(offered, lambda m: "unfit" if m.payload == b"p1" else "accept")
    post.run(post.empty)
    assert post.sent == ["p2"]
    assert [m.payload for m in offered].count(b"p1") == 10
    assert post.parcels.dropped() == 1
    assert "a picture could not be sent" in caplog.text


def test_what_is_gone_or_too_large_is_given_up_unsent(post: Post) -> None:
    post.parcels.add([picture(n) for n in range(1, 30)], GATE)
    post.gone = {picture(n) for n in range(1, 26)}
    post.sizes = {26: 10_000, 27: 3000}
    post.broker.max_packet_bytes = 2000
    post.run(post.empty)
    assert post.sent == ["p28", "p29"]
    assert post.parcels.dropped() == 27


def test_pictures_on_which_the_broker_hangs_up_end_few_sessions(post: Post) -> None:
    """3.1.1 tells no limit: one is tried ten times, those as large once each, smaller ones are not blamed."""
    post.parcels.add([picture(n) for n in range(1, 21)], GATE)
    post.sizes = {n: 5000 for n in range(1, 21) if n != 10}
    post.broker.answer = lambda m: "lose" if len(m.payload) > 4000 else "accept"

    def until() -> bool:
        if len(post.outbox.rows) < 40:
            post.add(f"i{len(post.outbox.rows)}-")
        return post.empty()

    post.run(until)
    assert [text for text in post.sent if text.startswith("p")] == ["p10"]
    assert post.parcels.dropped() == 19
    assert post.outbox.aside == {}
    assert len(post.events) == 40
    assert post.broker.attempts <= 10 * 10 + 19


def test_a_broker_that_takes_large_ones_after_all_is_given_all_of_them(post: Post) -> None:
    post.parcels.add([picture(n) for n in range(1, 4)], GATE)
    post.sizes = dict.fromkeys((1, 2, 3), 5000)
    post.broker.answer = lambda m: "lose" if is_picture(m) and post.parcels.dropped() == 0 else "accept"
    post.run(post.empty)
    assert post.parcels.dropped() == 1
    assert len([text for text in post.sent if text.startswith("p")]) == 2


def test_a_poisonous_event_is_found_though_pictures_are_about(post: Post) -> None:
    post.parcels.add([picture(n) for n in range(1, 60)], GATE)
    post.add("a", "poison", "c")
    post.broker.answer = lambda m: "lose" if m.payload == b"poison2" else "accept"
    post.run(post.empty)
    assert list(post.outbox.aside) == [2]
    assert post.parcels.dropped() == 0


def test_a_picture_that_the_broker_never_acknowledges_is_tried_on_a_new_session(post: Post) -> None:
    post.parcels.add([picture(1)], GATE)
    post.broker.answer = lambda m: "ignore" if is_picture(m) and len(post.broker.links) == 1 else "accept"
    post.run(post.empty)
    assert post.sent == ["p1"]
    assert len(post.broker.links) == 2


def test_stopping_does_not_wait_for_pictures(post: Post) -> None:
    post.parcels.add([picture(n) for n in range(1, 1000)], GATE)

    def idle(link: FakeLink, timeout_s: float) -> None:
        post.pass_time(timeout_s)

    post.broker.idle = idle
    post.broker.answer = lambda m: "ignore" if m.payload == b"p3" else "accept"
    post.run(lambda: True)
    assert post.broker.received[-1] == OFFLINE
    assert post.sent == ["p1", "p2"]
