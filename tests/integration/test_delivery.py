"""Store, courier and MQTT adapter together, against a real Mosquitto that comes and goes."""

from __future__ import annotations

import json
import logging
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.core.types import Event, Message
from agent.core.wire import parse_event, topic
from agent.runtime.courier import CourierSettings
from agent.runtime.delivery import DeliverySettings
from tests.box import Box
from tests.e2e.agent_process import wait_until
from tests.events import FACTS, closed, make_event
from tests.listener import Arrived, Listener
from tests.mosquitto import Mosquitto, free_port
from tests.proxy import Proxy

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


def sequences(messages: Sequence[Arrived]) -> list[int]:
    return [int(parse_event(m.payload).sequence) for m in messages]


def states(messages: Sequence[Arrived]) -> list[tuple[str, str]]:
    return [(body["status"], body["reason"]) for body in (json.loads(m.payload) for m in messages)]


def test_events_arrive_between_online_and_offline(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with Listener(mosquitto.port) as listener:
        with Box(tmp_path, mosquitto.port) as box:
            first = make_event(1)
            box.record(first, make_event(2))
            box.record(closed(first, 3))
            arrived = listener.wait_for(3, "/event")
            box.wait_until_delivered()
            assert box.courier.snapshot().protocol == "5"
            assert [r.delivered for r in box.store.incidents(limit=9)] == [True, True]
        assert [parse_event(m.payload).type.rsplit(".", 1)[1] for m in arrived] == ["opened", "opened", "closed"]
        assert sequences(arrived) == [1, 2, 3]
        assert states(listener.wait_for(2, "/state")) == [("online", "running"), ("offline", "stopped")]
        assert len(listener.on("/event")) == 3
    with Listener(mosquitto.port) as later:
        (retained,) = later.wait_for(1)
        assert (retained.retain, states([retained])) == (True, [("offline", "stopped")])


def test_an_event_is_sent_again_until_the_platform_says_that_it_has_it(tmp_path: Path, mosquitto: Mosquitto) -> None:
    delivery = DeliverySettings(require_ack=True, resend_after_s=0.2)
    settings = CourierSettings(first_wait_s=0.05, longest_wait_s=0.2, will_delay_s=0, delivery=delivery)
    with Listener(mosquitto.port) as listener, Box(tmp_path, mosquitto.port, settings) as box:
        box.record(make_event(1), make_event(2))
        arrived = listener.wait_for(5, "/event")
        assert {m.payload for m in arrived} == {m.payload for m in arrived[:2]}, "a repetition is the same to the byte"
        assert set(sequences(arrived)) == {1, 2}
        assert (box.outbox.depth(), box.outbox.unacked()) == (2, 2)
        listener.publish(topic(FACTS, "ack"), b'{"sequence": "00000000000000000002"}')
        box.wait_until_delivered()
        assert [r.delivered for r in box.store.incidents(limit=9)] == [True, True]
        box.record(make_event(3))  # what comes behind it was sent after the acknowledgement
        listener.wait_until(lambda: sequences(listener.on("/event")).count(3) >= 2)
        last = sequences(listener.on("/event"))
        assert set(last[last.index(3) :]) == {3}, "what was acknowledged is not sent again"


def test_the_platform_gets_again_what_it_misses(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with Listener(mosquitto.port) as listener, Box(tmp_path, mosquitto.port) as box:
        box.record(*(make_event(n) for n in range(1, 6)))
        before = listener.wait_for(5, "/event")
        box.wait_until_delivered()
        missing = b'[{"first": "00000000000000000002", "last": "00000000000000000003"}]'
        listener.publish(topic(FACTS, "ack"), b'{"sequence": "00000000000000000005", "missing": ' + missing + b"}")
        again = listener.wait_for(7, "/event")[5:]
        assert sequences(again) == [2, 3]
        assert [m.payload for m in again] == [m.payload for m in before[1:3]]
        box.wait_until_delivered()


def test_a_new_event_wakes_the_courier(tmp_path: Path, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.runtime.courier._POLL_S", 3600.0)
    with Listener(mosquitto.port) as listener, Box(tmp_path, mosquitto.port) as box:
        listener.wait_for(1, "/state")
        box.record(make_event(1))
        box.wait_until_delivered()
        box.courier.publish_soon(Message(topic="t/health", payload=b"1", content_type="text/plain", qos=0))
        listener.wait_for(1, "/health")


def test_a_broker_that_comes_late_and_goes_in_between(tmp_path: Path) -> None:
    server, port = Mosquitto(tmp_path / "mosquitto"), free_port()  # the box finds the way when somebody listens
    with Box(tmp_path, port) as box:
        box.record(*(make_event(n) for n in range(1, 31)))
        with server, Listener(server.port) as listener, Proxy(server.port, port=port):
            assert sequences(listener.wait_for(30, "/event")) == list(range(1, 31))
            box.wait_until_delivered()
        box.record(*(make_event(n) for n in range(31, 61)))
        with server, Listener(server.port) as listener, Proxy(server.port, port=port):
            box.record(*(make_event(n) for n in range(61, 91)))
            assert sequences(listener.wait_for(60, "/event")) == list(range(31, 91))
            box.wait_until_delivered()


def test_a_network_that_breaks_all_the_time(tmp_path: Path, mosquitto: Mosquitto) -> None:
    count = 400
    with Proxy(mosquitto.port) as proxy, Listener(mosquitto.port) as listener, Box(tmp_path, proxy.port) as box:
        for number in range(1, count + 1):
            box.record(make_event(number, incident=number % 7))
            if number % 40 == 0:
                listener.wait_for(number // 2, "/event")
                proxy.cut()
        box.wait_until_delivered()
        listener.wait_until(lambda: len(set(sequences(listener.on("/event")))) == count)
        arrived = [parse_event(m.payload) for m in listener.on("/event")]
        assert box.outbox.set_aside_count() == 0
    for incident in {e.subject for e in arrived}:
        order = list(dict.fromkeys(e.sequence for e in arrived if e.subject == incident))
        assert order == sorted(order)
    assert sorted({int(e.sequence) for e in arrived}) == list(range(1, count + 1))


def test_a_wrong_password_is_said_once_and_not_hammered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    users = {"box": "right", "platform": "p"}
    patient = CourierSettings(refused_wait_s=3600.0)
    with Mosquitto(tmp_path / "mosquitto", users=users) as server, caplog.at_level(logging.INFO):
        with Box(tmp_path, server.port, patient, username="box", password="wrong-secret") as box:
            box.record(make_event(1))
            server.wait_for_log("not authorised")
            wait_until(lambda: box.courier.snapshot().refused, "the box to hear of it")
        state = box.courier.snapshot()
        assert state.refused
        assert "check user name, password" in (state.last_error or "")
        assert server.logged("New connection") == 1
        assert caplog.text.count("does not allow this login") == 1
        assert "wrong-secret" not in caplog.text + repr(state)
        with (
            Listener(server.port, username="platform", password="p") as listener,
            Box(tmp_path, server.port, username="box", password="right"),
        ):
            assert sequences(listener.wait_for(1, "/event")) == [1]


def test_an_event_the_access_list_denies_waits_until_it_is_allowed(tmp_path: Path) -> None:
    denied = "topic write cityeye/v1/demo/box-01/state\n"
    with (
        Mosquitto(tmp_path / "mosquitto", acl=denied) as server,
        Box(tmp_path, server.port) as box,
    ):
        box.record(make_event(1), make_event(2))
        box.outbox.wait_until(lambda: box.courier.snapshot().postponed >= 8)
        assert (box.outbox.depth(), box.outbox.set_aside_count()) == (2, 0)
    with (
        Mosquitto(tmp_path / "open") as server,
        Listener(server.port) as listener,
        Box(tmp_path, server.port),
    ):
        assert sequences(listener.wait_for(2, "/event")) == [1, 2]


def big_event(number: int) -> Event:
    small = make_event(number)
    return make_event(number, objects=small.objects * 200)


@pytest.mark.parametrize("refuse_5", [False, True], ids=["5", "3.1.1"])
def test_an_oversized_event_does_not_hold_up_the_others(tmp_path: Path, refuse_5: bool) -> None:
    """MQTT 5 tells the limit beforehand; a broker of 3.1.1 can only hang up."""
    with (
        Mosquitto(tmp_path / "mosquitto", options=("max_packet_size 4000",)) as server,
        Proxy(server.port, refuse_5=refuse_5) as proxy,
        Listener(server.port) as listener,
        Box(tmp_path, proxy.port) as box,
    ):
        box.record(make_event(1), big_event(2), make_event(3))
        box.wait_until_delivered()
        assert sorted(set(sequences(listener.wait_for(2, "/event")))) == [1, 3]
        assert box.outbox.set_aside_count() == 1
        assert box.courier.snapshot().protocol == ("3.1.1" if refuse_5 else "5")


def test_a_broker_that_takes_one_message_at_a_time(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "mosquitto", options=("max_inflight_messages 1",)) as server,
        Listener(server.port) as listener,
        Box(tmp_path, server.port) as box,
    ):
        box.record(*(make_event(n) for n in range(1, 21)))
        assert sequences(listener.wait_for(20, "/event")) == list(range(1, 21))
        box.wait_until_delivered()
        assert server.logged("New client connected from") == 2, "one session, and the listener"


KILLS = 5


def test_killed_agents_lose_nothing_and_leave_their_will(tmp_path: Path, mosquitto: Mosquitto) -> None:
    rng = random.Random(11)
    command = [sys.executable, "-m", "tests.agent_child", str(tmp_path / "cityeye.db"), str(mosquitto.port)]
    kept = 0
    with Listener(mosquitto.port) as listener:
        for kill in range(1, KILLS + 1):
            with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as agent:
                assert agent.stdin is not None
                assert agent.stdout is not None
                for _ in range(rng.randint(5, 25)):
                    agent.stdin.write("go\n")
                    agent.stdin.flush()
                    kept = int(agent.stdout.readline())
                listener.wait_for(kept - rng.randint(0, 3), "/event")
                agent.kill()
            wills = [state for state in states(listener.wait_for(2 * kill, "/state")) if state[1] == "lost"]
            assert len(wills) == kill
        with Box(tmp_path, mosquitto.port) as box:
            box.wait_until_delivered()
        listener.wait_until(lambda: len(set(sequences(listener.on("/event")))) == kept)
        arrived = [parse_event(m.payload) for m in listener.on("/event")]
    assert sorted({int(e.sequence) for e in arrived}) == list(range(1, kept + 1))
    assert len({e.id for e in arrived}) == kept, "an event keeps its id when it is sent again"
