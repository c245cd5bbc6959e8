"""Answers share the link with events: they go first, and none of them stops the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.types import Message
from agent.runtime.courier import CourierSettings
from agent.runtime.delivery import DeliverySettings
from agent.runtime.replies import Replies
from tests.courier_rig import OFFLINE, Rig, noting


def reply(text: str) -> Message:
    return Message(topic="t/rsp", payload=text.encode(), content_type="text/plain")


def sent_by(rig: Rig) -> list[str]:
    """Payloads that the broker took, apart from states."""
    return [m.payload.decode() for m in rig.broker.received if m.topic in ("t/event", "t/rsp")]


def all_out(rig: Rig) -> Callable[[], bool]:
    return lambda: rig.outbox.depth() == 0 and rig.replies.waiting == 0


def test_answers_go_before_events_in_their_order() -> None:
    rig = Rig()
    rig.add("a", "b")
    for text in ("one", "two"):
        rig.replies.put(reply(text))
    rig.run(all_out(rig))
    assert sent_by(rig) == ["one", "two", "a1", "b2"]
    assert rig.replies.sent == 2


def test_putting_wakes_whoever_sends() -> None:
    replies, woken = Replies(), threading.Event()
    replies.wake_with(woken.set)
    replies.put(reply("one"))
    assert woken.is_set()
    assert replies.waiting == 1


def test_answers_and_events_share_one_window() -> None:
    rig = Rig()
    rig.broker.window = 4  # the fake broker asserts that it is kept
    offered: list[Message] = []
    rig.broker.answer = noting(offered, lambda m: "ignore" if m.topic in ("t/event", "t/rsp") else "accept")
    rig.add("a", "b", "c")
    rig.replies.put(reply("one"))
    rig.replies.put(reply("two"))
    rig.run(lambda: rig.clock.elapsed_s > 5)
    assert [m.payload for m in offered if m.topic in ("t/event", "t/rsp")] == [b"one", b"two", b"a1"]


def test_what_was_in_flight_goes_again_first_and_in_order() -> None:
    rig = Rig()
    rig.add("a")
    texts = ["one", "two", "three"]
    rig.broker.answer = lambda m: "ignore" if m.topic == "t/rsp" and len(rig.broker.links) == 1 else "accept"

    def until() -> bool:
        if len(rig.broker.links) == 1 and rig.replies.flying == 3:
            rig.replies.put(reply("later"))
            rig.broker.links[0].lose("cut")
        return all_out(rig)()

    for text in texts:
        rig.replies.put(reply(text))
    rig.run(until)
    assert [text for text in sent_by(rig) if text != "a1"] == [*texts, "later"]


@pytest.mark.parametrize("verdict", ["refuse", "unfit"])
def test_an_answer_that_the_broker_refuses_is_given_up(verdict: str, caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.add("a")
    rig.broker.answer = lambda m: verdict if m.payload == b"bad" else "accept"
    rig.replies.put(reply("bad"))
    rig.replies.put(reply("good"))
    rig.run(all_out(rig))
    assert sent_by(rig) == ["good", "a1"]
    assert (rig.replies.dropped, rig.courier.snapshot().replies_dropped) == (1, 1)
    assert "an answer on t/rsp was given up" in caplog.text


def test_an_answer_that_no_packet_takes_is_never_sent() -> None:
    rig = Rig()
    rig.broker.max_packet_bytes = 2000
    offered: list[Message] = []
    rig.broker.answer = noting(offered, lambda m: "accept")
    big = replace(reply("x"), payload=b"x" * 1900, correlation=b"c" * 100)
    rig.replies.put(big)
    rig.replies.put(replace(big, correlation=None))
    rig.run(all_out(rig))
    assert [m for m in offered if m.topic == "t/rsp"] == [replace(big, correlation=None)]
    assert rig.replies.dropped == 1


def test_an_answer_on_which_the_broker_hangs_up_is_tried_three_times_alone() -> None:
    rig = Rig()
    rig.add("a", "b")
    rig.broker.answer = lambda m: "lose" if m.payload == b"poison" else "accept"
    for text in ("before", "poison", "after"):
        rig.replies.put(reply(text))
    rig.run(all_out(rig))
    assert set(sent_by(rig)) == {"before", "after", "a1", "b2"}
    assert rig.replies.dropped == 1
    assert rig.broker.attempts == 5, "once among others, three times alone, and then for good"
    assert rig.outbox.aside == {}
    assert [e.attempts for e in rig.outbox.rows.values()] == [0, 0], "no event is blamed"


def test_a_poisonous_event_is_found_though_answers_are_about() -> None:
    rig = Rig()
    rig.add("a", "poison", "c")

    def answer(m: Message) -> str:
        if m.payload == b"poison2":
            rig.replies.put(reply(f"r{rig.broker.attempts}"))
            return "lose"
        return "accept"

    rig.broker.answer = answer
    rig.run(all_out(rig))
    assert list(rig.outbox.aside) == [2]
    assert rig.replies.dropped == 0
    assert {"a1", "c3"} <= set(sent_by(rig))


def test_too_many_answers_push_out_the_oldest() -> None:
    rig = Rig()
    replies = Replies(most=2)
    for text in ("one", "two", "three"):
        replies.put(reply(text))
    assert (replies.waiting, replies.dropped) == (2, 1)
    link = rig.broker.connect(OFFLINE, 0)
    replies.fill(link, 10, quiet=True)
    assert sent_by(rig) == ["two", "three"]


def test_stopping_waits_for_answers() -> None:
    rig = Rig()
    rig.broker.idle = lambda link, timeout_s: rig.pass_time(timeout_s)

    def until() -> bool:
        rig.replies.put(reply("bye"))
        return True

    rig.run(until)
    assert "bye" in sent_by(rig)
    assert rig.broker.received[-1] == OFFLINE


ANSWERS = st.sampled_from(["accept", "accept", "accept", "ignore", "lose", "lose after"])


@settings(max_examples=100, deadline=None)
@given(
    events=st.integers(0, 10),
    count=st.integers(1, 12),
    answers=st.lists(ANSWERS, max_size=40),
    window=st.integers(1, 20),
)
def test_every_answer_and_every_event_arrives_or_is_counted(
    events: int, count: int, answers: list[str], window: int
) -> None:
    rig = Rig(CourierSettings(delivery=DeliverySettings(attempts=1000)))
    rig.broker.window = window
    rig.add(*(f"i{n}-" for n in range(events)))
    for number in range(count):
        rig.replies.put(reply(f"r{number}"))
    script = iter(answers)

    def answer(m: Message) -> str:
        verdict = next(script, "accept")
        if verdict == "lose after":
            rig.broker.received.append(m)
            return "lose"
        return verdict

    rig.broker.answer = answer
    rig.run(all_out(rig))
    arrived = {text for text in sent_by(rig) if text.startswith("r")}
    assert len(arrived) >= count - rig.replies.dropped
    assert rig.outbox.aside == {}
    assert set(rig.events) == {f"i{n}-{n + 1}" for n in range(events)}
