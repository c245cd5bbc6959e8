"""The platform's acknowledgements against an outbox in memory."""

from __future__ import annotations

import json

import pytest

from agent.core.wire import topic
from agent.ports import Received
from agent.runtime.inbox import Inbox
from tests.courier_rig import message
from tests.events import FACTS
from tests.fakes_delivery import FakeClock, FakeOutbox

CLOCK = FakeClock()


def outbox_of(count: int) -> FakeOutbox:
    """So many rows that the broker has."""
    outbox = FakeOutbox()
    rows = [outbox.add(message(n), order_key=str(n)) for n in range(1, count + 1)]
    outbox.sent(rows, CLOCK.now().utc.timestamp(), 60.0)
    return outbox


def ack(sequence: int, **more: object) -> Received:
    body = {"sequence": f"{sequence:020d}", **more}
    return Received(topic=topic(FACTS, "ack"), payload=json.dumps(body).encode())


def no_command(received: Received) -> None:
    raise AssertionError(f"handed on: {received}")


def test_a_command_is_handed_on_as_it_came() -> None:
    taken: list[Received] = []
    inbox = Inbox(outbox_of(1), FACTS, lambda: None, taken.append)
    command = Received(topic=topic(FACTS, "cmd"), payload=b"{", correlation=b"7")
    inbox.take(command)
    inbox.take(Received(topic="cityeye/v1/demo/box-02/cmd", payload=b"{}"))
    assert taken == [command]
    assert inbox.topics == (topic(FACTS, "ack"), topic(FACTS, "cmd"))


def test_an_acknowledgement_covers_what_was_sent_and_says_that_somebody_is_there() -> None:
    outbox, heard = outbox_of(3), list[None]()
    Inbox(outbox, FACTS, lambda: None, no_command, lambda: heard.append(None)).take(ack(2))
    assert (outbox.delivered, outbox.unacked(), heard) == ([1, 2], 1, [None])


def test_what_is_missing_is_sent_again_at_once() -> None:
    outbox, wakes = outbox_of(3), list[None]()
    missing = [{"first": f"{2:020d}", "last": f"{2:020d}"}]
    Inbox(outbox, FACTS, lambda: wakes.append(None), no_command).take(ack(3, missing=missing))
    assert outbox.delivered == [1, 3]
    assert [e.sequence for e in outbox.due(CLOCK.now(), 9)] == [2]
    assert wakes == [None]


@pytest.mark.parametrize(
    ("received", "told"),
    [
        (Received(topic=topic(FACTS, "ack"), payload=b"2"), "JSON object"),
        (Received(topic=topic(FACTS, "ack"), payload=b"\xff{"), "ack"),
        (ack(4), "expected a sequence up to 3"),
        (ack(2, source="/cityeye/other/box"), "another box"),
        (ack(2, mising=[]), "mising"),
        (Received(topic=topic(FACTS, "ack"), payload=ack(2).payload, retained=True), "retain"),
    ],
)
def test_what_is_no_acknowledgement_changes_nothing_and_is_said_once(
    received: Received, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    outbox, heard = outbox_of(3), list[None]()
    inbox = Inbox(outbox, FACTS, lambda: None, no_command, lambda: heard.append(None))
    for _ in range(3):
        inbox.take(received)
    assert (outbox.delivered, heard) == ([], [])
    assert len(caplog.records) == 1
    assert told in caplog.text


def test_it_listens_to_its_own_topic_only() -> None:
    inbox = Inbox(outbox_of(1), FACTS, lambda: None, no_command)
    inbox.take(Received(topic="cityeye/v1/demo/other/ack", payload=ack(1).payload))
