"""The courier against a fake broker and a clock that only it moves."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.errors import BrokerRefused, BrokerUnreachable, StoreFull, StoreUnusable
from agent.core.types import Message
from agent.core.wire import packet_bytes
from agent.ports import Acked, Received, SubscriptionRefused
from agent.runtime.backoff import Backoff
from agent.runtime.courier import Courier, CourierSettings, CourierState
from agent.runtime.delivery import DeliverySettings
from tests.courier_rig import OFFLINE, ONLINE, STATE, WILL, Rig, dying, message, noting
from tests.fakes_delivery import FakeLink, FakeOutbox


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_everything_due_goes_out_in_order_between_online_and_offline(rig: Rig) -> None:
    rig.add(*(f"i{n % 7}-" for n in range(100)))
    rig.run(lambda: rig.outbox.depth() == 0)
    assert rig.broker.received[0] == ONLINE
    assert rig.broker.received[-1] == OFFLINE
    assert rig.events == [f"i{n % 7}-{n + 1}" for n in range(100)]
    assert rig.broker.wills == [(WILL, 30)]
    assert rig.broker.links[0].closed
    assert rig.courier.snapshot().sent == 100


@pytest.mark.parametrize(("broker_window", "most"), [(20, 19), (3, 2), (1, 1), (100, 20)])
def test_no_more_in_flight_than_the_window(rig: Rig, broker_window: int, most: int) -> None:
    rig.broker.window = broker_window
    rig.broker.answer = lambda m: "ignore" if m.topic == "t/event" else "accept"
    rig.add(*(f"i{n}-" for n in range(50)))
    seen: list[int] = []

    def until() -> bool:
        seen.append(rig.courier.snapshot().in_flight)
        return len(seen) > 3

    rig.run(until)
    assert max(seen) == most


@pytest.mark.parametrize(("window", "told"), [(1, False), (3, False), (6, False), (7, True)])
def test_a_goodbye_is_no_more_than_a_silent_broker_takes(rig: Rig, window: int, told: bool) -> None:
    """It has answered for nothing, the state of this very session included."""
    sent: list[Message] = []
    rig.broker.window = window
    rig.broker.answer = noting(sent, lambda _: "ignore")
    rig.add("a", "b", "c", "d", "e")
    rig.run()
    assert (OFFLINE in sent, len(sent)) == (told, min(window, 7))


def test_a_goodbye_waits_for_the_room_that_the_state_before_takes(rig: Rig) -> None:
    rig.broker.window = 1
    rig.broker.answer = lambda m: "ignore" if m == ONLINE else "accept"
    wait = rig.broker.idle

    def answer_at_last(link: FakeLink, timeout_s: float) -> None:
        wait(link, timeout_s)
        if rig.stop.is_set():
            link.tell(Acked(token=1, error=None))

    rig.broker.idle = answer_at_last
    rig.run()
    assert rig.broker.received == [OFFLINE]


def test_rows_of_one_incident_are_never_in_flight_together(rig: Rig) -> None:
    sent: list[Message] = []
    rig.broker.answer = noting(sent, lambda m: "ignore" if m.topic == "t/event" else "accept")
    rig.add("a", "b", "a", "c")
    rig.run(lambda: rig.clock.elapsed_s > 3)
    assert [m.payload for m in sent[:3]] == [ONLINE.payload, b"a1", b"b2"]
    assert sent[3:] == [OFFLINE], "c4 waits too, so that the order of sequences is kept"


def test_a_row_that_may_not_be_published_is_tried_for_ever(rig: Rig) -> None:
    rig.broker.answer = lambda m: "refuse" if m.payload == b"bad1" and rig.clock.elapsed_s < 3600 else "accept"
    rig.add("bad", "good", "bad")
    rig.run(lambda: rig.outbox.depth() == 0)
    assert rig.outbox.aside == {}
    assert rig.events == ["good2", "bad1", "bad3"], "an hour later, and still before the next one of its incident"


def test_an_unfit_row_is_postponed_longer_each_time_then_set_aside(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    tried: list[float] = []

    def answer(m: Message) -> str:
        if m.payload == b"bad1":
            tried.append(rig.clock.elapsed_s)
            return "unfit"
        return "accept"

    rig.broker.answer = answer
    rig.add("bad", "good", "bad")
    with caplog.at_level(logging.WARNING):
        rig.run(lambda: rig.outbox.depth() == 0)
    assert rig.outbox.aside == {1: "Payload format invalid (10 attempts)"}
    waits = [round(b - a) for a, b in pairwise(tried)]
    assert len(tried) == 10
    assert waits == pytest.approx([5, 10, 20, 40, 80, 160, 320, 600, 600], abs=2)
    assert rig.events == ["good2", "bad3"]
    state = rig.courier.snapshot()
    assert (state.sent, state.postponed, state.set_aside) == (2, 9, 1)
    assert caplog.text.count("event 1 was refused") == 1
    assert caplog.text.count("event 1 was set aside and needs a person: Payload format invalid") == 1


def test_an_oversized_row_is_set_aside_and_never_sent(rig: Rig) -> None:
    big = replace(message(1), payload=b"x" * 5000)
    rig.outbox.add(big, order_key="a")
    rig.add("b")
    rig.broker.max_packet_bytes = 2000
    offered: list[Message] = []
    rig.broker.answer = noting(offered, lambda m: "accept")
    rig.run(lambda: rig.outbox.depth() == 0)
    assert big not in offered
    assert rig.outbox.aside == {1: f"{packet_bytes(big)} bytes, but the broker takes packets of 2000 bytes at most"}
    assert rig.events == ["b2"]


def test_unacknowledged_rows_go_again_in_order_on_the_next_session(rig: Rig) -> None:
    rig.add(*(f"i{n}-" for n in range(6)))
    rig.broker.answer = lambda m: "lose" if m.payload == b"i3-4" and len(rig.broker.links) == 1 else "accept"
    rig.run(lambda: rig.outbox.depth() == 0)
    assert rig.events == ["i0-1", "i1-2", "i2-3", "i3-4", "i4-5", "i5-6"]
    assert [m for m in rig.broker.received if m == ONLINE] == [ONLINE, ONLINE]
    assert all(link.closed for link in rig.broker.links)
    assert len(rig.stop.waits) == 1


def test_a_row_on_which_the_broker_hangs_up_does_not_hold_up_the_others(rig: Rig) -> None:
    rig.add("a", "b", "poison", "c", "d")
    rig.broker.answer = lambda m: "lose" if m.payload == b"poison3" else "accept"
    rig.run(lambda: rig.outbox.depth() == 0)
    assert rig.events == ["a1", "b2", "c4", "d5"]
    assert rig.outbox.aside == {3: "the session was lost each time this row was sent (10 attempts)"}


def test_a_network_that_fails_before_the_state_is_answered_blames_no_row(rig: Rig) -> None:
    rig.add("a", "b")
    rig.broker.answer = lambda m: "ignore" if m == ONLINE else "lose"
    rig.broker.idle = dying(rig, "noise")
    rig.run(lambda: rig.broker.attempts >= 50)
    assert rig.outbox.aside == {}
    assert [e.attempts for e in rig.outbox.rows.values()] == [0, 0]


def test_a_broker_that_acknowledges_nothing_is_left(rig: Rig) -> None:
    rig.add("a")
    rig.broker.answer = lambda m: "ignore" if m.topic == "t/event" and len(rig.broker.links) == 1 else "accept"
    rig.run(lambda: rig.outbox.depth() == 0)
    assert len(rig.broker.links) == 2
    assert 60 <= rig.clock.elapsed_s < 70
    assert rig.events == ["a1"]


def test_a_quiet_session_is_not_left(rig: Rig) -> None:
    rig.run(lambda: rig.clock.elapsed_s > 1000)
    assert len(rig.broker.links) == 1


def test_an_unreachable_broker_is_tried_ever_more_rarely(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.broker.refusals.extend(BrokerUnreachable("mqtt://far: no connection") for _ in range(12))
    rig.add("a")
    with caplog.at_level(logging.WARNING):
        rig.run(lambda: rig.outbox.depth() == 0)
    ceilings = [min(60.0, 2.0**n) for n in range(12)]
    assert len(rig.stop.waits) == 12
    assert all(0.1 * c <= wait <= c for wait, c in zip(rig.stop.waits, ceilings, strict=True))
    assert caplog.text.count("no connection") == 1
    assert rig.events == ["a1"]


def test_a_refusal_is_said_once_and_waited_out(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.broker.refusals.extend(BrokerRefused("mqtt://far: wrong password") for _ in range(9))
    states: list[CourierState] = []

    def until() -> bool:
        states.append(rig.courier.snapshot())
        return len(states) > 9

    with caplog.at_level(logging.WARNING):
        rig.run(until)
    assert rig.stop.waits == [60.0] * 9
    assert caplog.text.count("wrong password") == 1
    assert (states[3].refused, states[3].last_error, states[3].connected_since) == (
        True,
        "mqtt://far: wrong password",
        None,
    )
    assert (states[9].refused, states[9].last_error, states[9].protocol) == (False, None, "5")
    assert states[9].connected_since is not None


def test_sessions_that_die_young_do_not_reset_the_backoff(rig: Rig) -> None:
    rig.broker.idle = dying(rig, "taken over")
    rig.run(lambda: rig.broker.attempts > 40)
    assert rig.clock.elapsed_s > 40 * 10


def test_a_settled_session_resets_the_backoff(rig: Rig) -> None:
    rig.broker.refusals.extend(BrokerUnreachable("away") for _ in range(8))

    def idle(link: FakeLink, timeout_s: float) -> None:
        rig.pass_time(timeout_s)
        if rig.broker.attempts == 9 and rig.clock.elapsed_s > sum(rig.stop.waits) + 40:
            link.lose("restart")

    rig.broker.idle = idle
    rig.run(lambda: rig.broker.attempts > 9)
    assert rig.stop.waits[8] <= 1.0


class FullOutbox(FakeOutbox):
    """An outbox on a disk that is full for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.full = 0
        self.tried = 0

    def _write(self) -> None:
        self.tried += 1
        if self.full > 0:
            self.full -= 1
            raise StoreFull("disk full")

    def done(self, rows: Sequence[int]) -> None:
        self._write()
        super().done(rows)

    def postpone(self, row: int, due_at_utc_s: float) -> None:
        self._write()
        super().postpone(row, due_at_utc_s)


def full_rig() -> tuple[Rig, FullOutbox]:
    rig = Rig()
    outbox = FullOutbox()
    rig.outbox = outbox
    rig.courier = Courier(
        outbox=outbox, broker=rig.broker, clock=rig.clock, state=STATE, jitter=random.Random(1).uniform
    )
    return rig, outbox


def test_delivered_rows_are_not_sent_again_because_the_disk_is_full() -> None:
    rig, outbox = full_rig()
    rig.add("a", "b")
    outbox.full = 4
    rig.run(lambda: outbox.depth() == 0)
    assert rig.events == ["a1", "b2"]
    assert 4 * 5 <= rig.clock.elapsed_s < 30


def test_a_refusal_that_cannot_be_noted_is_not_tried_in_a_tight_loop() -> None:
    rig, outbox = full_rig()
    rig.add("a")
    outbox.full = 10**9
    tried: list[Message] = []
    rig.broker.answer = noting(tried, lambda m: "refuse" if m.topic == "t/event" else "accept")
    rig.run(lambda: rig.clock.elapsed_s > 100)
    assert 10 < tried.count(message(1, "a")) <= 21


def test_an_unusable_store_ends_the_loop_and_closes_the_session(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def due(*_: object) -> list[object]:
        raise StoreUnusable("corrupt")

    monkeypatch.setattr(rig.outbox, "due", due)
    with pytest.raises(StoreUnusable, match="corrupt"):
        rig.run()
    assert rig.broker.links[0].closed
    assert rig.courier.snapshot().connected_since is None


def acking(unacked: int = 500) -> Rig:
    delivery = DeliverySettings(require_ack=True, resend_after_s=60.0, unacked=unacked)
    return Rig(CourierSettings(delivery=delivery))


def test_a_puback_is_not_enough_where_the_platform_must_say_so() -> None:
    rig = acking()
    rig.add("a", "b")
    rig.run(until=lambda: rig.clock.elapsed_s > 70)
    assert rig.events == ["a1", "b2", "a1", "b2"]
    assert rig.outbox.depth() == 2
    rig.outbox.acked(1)
    rig.run(until=lambda: rig.clock.elapsed_s > 300)
    assert rig.events == ["a1", "b2", "a1", "b2", "b2"]
    assert (rig.outbox.depth(), rig.outbox.unacked()) == (1, 1)


def test_what_waits_for_the_platform_is_bounded() -> None:
    rig = acking(unacked=3)
    rig.add(*"abcdefg")
    rig.run(until=lambda: rig.clock.elapsed_s > 50)
    assert rig.events == ["a1", "b2", "c3"]
    rig.outbox.acked(2)
    rig.run(until=lambda: rig.clock.elapsed_s > 55)
    assert rig.events == ["a1", "b2", "c3", "d4", "e5"]


def test_a_hole_before_what_waits_for_the_platform_does_not_stop_everything() -> None:
    rig = acking(unacked=3)
    rig.add(*"abcdefg")
    refused: list[Message] = []

    def answer(m: Message) -> str:
        if m.payload == b"a1" and not refused:
            refused.append(m)
            return "refuse"
        return "accept"

    rig.broker.answer = answer
    rig.run(until=lambda: rig.clock.elapsed_s > 100)
    assert {"a1", "b2", "c3", "d4"} <= set(rig.events), "the refused one goes though the limit is reached"
    assert "e5" not in rig.events
    rig.outbox.acked(4, [(2, 2)])
    rig.run(until=lambda: rig.clock.elapsed_s > 110)
    assert rig.events[-3:] == ["b2", "e5", "f6"]


def test_an_acknowledgement_covers_what_the_broker_took_in_the_same_moment() -> None:
    rigs: list[Rig] = []

    def inbox(received: Received) -> None:
        rigs[0].outbox.acked(int(received.payload))

    rigs.append(rig := Rig(CourierSettings(delivery=DeliverySettings(require_ack=True)), inbox=inbox))
    rig.add("a")
    told: list[Received] = []

    def answer(m: Message) -> str:
        if m.topic == "t/event":
            told.append(Received(topic="t/ack", payload=b"1"))
            rig.broker.received.append(m)
            link = rig.broker.links[-1]
            link.tell(Acked(token=link.newest, error=None))
            link.tell(told[-1])
            return "ignore"
        return "accept"

    rig.broker.answer = answer
    rig.run(until=lambda: bool(told) and rig.clock.elapsed_s > 5)
    assert rig.outbox.depth() == 0


def test_what_the_centre_sends_goes_to_the_inbox_of_every_session(caplog: pytest.LogCaptureFixture) -> None:
    came: list[Received] = []
    rig = Rig(listen=["t/cmd"], inbox=came.append)
    first = Received(topic="t/cmd", payload=b"1")

    def idle(link: FakeLink, timeout_s: float) -> None:
        if len(came) < 2:
            link.tell(first)
        if len(came) == 1:
            link.tell(SubscriptionRefused(reason="Not authorized"))
            link.lose("gone")
        rig.pass_time(timeout_s)

    rig.broker.idle = idle
    rig.run(until=lambda: len(came) >= 2)
    assert came == [first, first]
    assert {link.topics for link in rig.broker.links} == {("t/cmd",)}
    assert "not listen: Not authorized" in caplog.text


def test_telemetry_goes_out_on_a_session_and_is_dropped_without_one(rig: Rig) -> None:
    health = Message(topic="t/health", payload=b"1", content_type="text/plain", qos=0)
    big = replace(health, payload=b"x" * 3000)
    rig.broker.max_packet_bytes = 2000
    rig.courier.publish_soon(health)
    sent: list[None] = []

    def until() -> bool:
        sent.append(None)
        if len(sent) == 1:
            for telemetry in (big, replace(health, payload=b"2")):
                rig.courier.publish_soon(telemetry)
        return len(sent) > 2

    rig.run(until)
    assert [m.payload for m in rig.broker.received if m.topic == "t/health"] == [b"2"]
    assert rig.courier.snapshot().telemetry_dropped == 1


def test_stopping_sends_what_is_due_but_not_for_ever(rig: Rig) -> None:
    rig.add("a", "stuck", "b")
    rig.broker.answer = lambda m: "ignore" if m.payload == b"stuck2" else "accept"
    rig.run(lambda: True)
    assert rig.events == ["a1", "b3"]
    assert rig.broker.received[-1] == OFFLINE
    assert rig.clock.elapsed_s <= 10


def test_a_stop_before_the_first_connection(rig: Rig) -> None:
    rig.stop.set()
    rig.courier.run(rig.stop)
    assert rig.broker.attempts == 0


def test_losses_of_one_kind_are_said_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.broker.idle = dying(rig, "taken over")
    with caplog.at_level(logging.WARNING):
        rig.run(lambda: rig.broker.attempts > 20)
    assert caplog.text.count("taken over") == 1


ANSWERS = st.sampled_from(["accept", "accept", "accept", "refuse", "ignore", "lose", "lose after"])


@settings(max_examples=150, deadline=None)
@given(
    incidents=st.lists(st.sampled_from("abcd"), min_size=1, max_size=25),
    answers=st.lists(ANSWERS, max_size=60),
    window=st.integers(1, 20),
)
def test_nothing_is_lost_and_no_incident_is_reordered(incidents: list[str], answers: list[str], window: int) -> None:
    rig = Rig(CourierSettings(delivery=DeliverySettings(attempts=1000)))
    rig.broker.window = window
    rig.add(*incidents)
    script = iter(answers)

    def answer(m: Message) -> str:
        verdict = next(script, "accept")
        if verdict == "lose after":
            rig.broker.received.append(m)
            return "lose"
        return verdict

    rig.broker.answer = answer
    rig.run(lambda: rig.outbox.depth() == 0)
    assert rig.outbox.aside == {}
    assert sorted(set(rig.events)) == sorted(f"{i}{n}" for n, i in enumerate(incidents, start=1))
    for incident in "abcd":
        first = list(dict.fromkeys(int(e[1:]) for e in rig.events if e[0] == incident))
        assert first == sorted(first)


@given(seed=st.integers(), failures=st.integers(1, 200))
def test_backoff_stays_within_its_bounds(seed: int, failures: int) -> None:
    backoff = Backoff(random.Random(seed).uniform, base_s=1.0, cap_s=60.0)
    waits = [backoff.next_s() for _ in range(failures)]
    assert all(0.1 * min(60.0, 2.0**n) <= wait <= min(60.0, 2.0**n) for n, wait in enumerate(waits))
    backoff.reset()
    assert backoff.next_s() <= 1.0
