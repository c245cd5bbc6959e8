"""Commands from their bytes to their answers: each carried out once, each answered."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.adapters.sqlite import Database, SqliteAnswers
from agent.core.errors import CommandRejected, RejectCode, StoreFull
from agent.core.types import Message
from agent.core.wire import (
    Command,
    ConfigGet,
    Ping,
    PingResult,
    RestartResult,
    Snapshot,
    VerifyResult,
    parse_response,
    topic,
)
from agent.ports import Received
from agent.runtime.commander import MOST_WAITING, Answer, Commander, CommandRules, Handler
from tests.events import FACTS
from tests.fakes import FakeClock

BOOT = UUID(int=7)
INCIDENT = UUID("01981a2b-0000-7000-8000-000000001001")


class Rig:
    """A commander whose handlers do as they are told, and what it answered."""

    def __init__(self, database: Database, rules: CommandRules | None = None, *, short: bool = False) -> None:
        self.clock = FakeClock()
        self.memory = SqliteAnswers(database, keep=3 if short else 10_000)
        self.answers: list[Message] = []
        self.pings = 0
        self.later: list[Answer] = []
        self.awaited: set[str] = set()
        self.heard = 0
        self.handlers: dict[str, Handler] = {
            "ping": self._ping,
            "verify": self._verify,
            "snapshot": self._snapshot,
        }
        self.commander = Commander(
            facts=FACTS,
            clock=self.clock,
            memory=self.memory,
            handlers=self.handlers,
            reply=self.answers.append,
            rules=rules,
            awaits={"verify": self.awaited.__contains__},
            heard=self._hear,
        )

    def _hear(self) -> None:
        self.heard += 1

    def _ping(self, _command: Command, answer: Answer) -> None:
        self.pings += 1
        answer(
            PingResult(boot_id=BOOT, agent_version="1", config_version="c", uptime_s=float(self.pings), outbox_depth=0)
        )

    def _verify(self, _command: Command, answer: Answer) -> None:
        self.later.append(answer)

    def _snapshot(self, command: Command, _answer: Answer) -> None:
        raise CommandRejected(RejectCode.UNKNOWN_CAMERA, f"{command.command}: nobody")

    def ask(self, command: str = "ping", **more: Any) -> None:
        self.commander.carry_out(self.received(command, **more))

    def received(
        self,
        command: str = "ping",
        *,
        id: str = "c-1",
        response_topic: str | None = None,
        correlation: bytes | None = None,
        retained: bool = False,
        **body: Any,
    ) -> Received:
        content = {"id": id, "command": command, "issued_at": self.clock.now().utc.isoformat(), **body}
        return Received(
            topic=topic(FACTS, "cmd"),
            payload=json.dumps(content).encode(),
            response_topic=response_topic,
            correlation=correlation,
            retained=retained,
        )

    def said(self) -> list[tuple[str | None, str, str | None]]:
        """Id, status and code of every answer so far."""
        read = [parse_response(message.payload) for message in self.answers]
        return [(one.id, one.status, one.code) for one in read]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(tmp_path / "cityeye.db", reserve_bytes=0).open() as opened:
        yield opened


@pytest.fixture
def rig(database: Database) -> Rig:
    return Rig(database)


def test_a_command_is_answered_where_it_asks_with_what_it_came_with(rig: Rig) -> None:
    wanted = "cityeye/v1/demo/centre/answers"
    rig.ask(response_topic=wanted, correlation=b"\x00\xff7")
    [message] = rig.answers
    assert (message.topic, message.correlation, message.qos) == (wanted, b"\x00\xff7", 1)
    answer = parse_response(message.payload)
    assert (answer.id, answer.command, answer.status) == ("c-1", "ping", "done")


def test_without_properties_the_body_says_where(rig: Rig) -> None:
    rig.ask(response_topic=None, correlation=None)
    body = {"response_topic": "cityeye/v1/demo/centre/x", "correlation": "q-1"}
    rig.commander.carry_out(
        Received(topic="t", payload=json.dumps({**json.loads(rig.received(id="c-2").payload), **body}).encode())
    )
    assert [message.topic for message in rig.answers] == [topic(FACTS, "rsp"), "cityeye/v1/demo/centre/x"]
    assert parse_response(rig.answers[1].payload).correlation == "q-1"


@pytest.mark.parametrize("wanted", ["cityeye/v1/demo/box-01/event", "elsewhere/answers", "cityeye/v1/demo/box-02/cmd"])
def test_a_topic_that_is_not_allowed_gets_nothing(rig: Rig, wanted: str) -> None:
    rig.ask(response_topic=wanted)
    assert [message.topic for message in rig.answers] == [topic(FACTS, "rsp")]


def test_a_topic_that_the_site_lists_is_allowed(database: Database) -> None:
    rig = Rig(database, CommandRules(response_topics=("elsewhere/+",)))
    rig.ask(response_topic="elsewhere/answers")
    assert [message.topic for message in rig.answers] == ["elsewhere/answers"]


def test_the_same_command_again_is_answered_from_memory(rig: Rig, database: Database) -> None:
    command = rig.received()
    rig.commander.carry_out(command)
    rig.clock.advance(60)
    rig.commander.carry_out(command)
    later = Rig(database)
    later.commander.carry_out(command)
    assert (rig.pings, later.pings) == (1, 0)
    assert {message.payload for message in [*rig.answers, *later.answers]} == {rig.answers[0].payload}


def test_another_command_with_an_id_that_was_used_is_rejected(rig: Rig) -> None:
    rig.ask(id="c-1")
    rig.ask("verify", id="c-1", incident=str(INCIDENT))
    assert rig.said() == [("c-1", "done", None), ("c-1", "rejected", "id_reused")]
    assert not rig.later


def test_a_command_asked_again_later_with_another_expiry_is_the_same_command(rig: Rig) -> None:
    at = rig.clock.now().utc
    rig.ask("verify", incident=str(INCIDENT), expires_at=(at + timedelta(seconds=5)).isoformat())
    rig.clock.advance(60)
    rig.ask("verify", incident=str(INCIDENT), expires_at=(at + timedelta(seconds=600)).isoformat())
    assert rig.said() == [("c-1", "accepted", None)] * 2
    other_order = dict(reversed(json.loads(rig.received("verify", incident=str(INCIDENT)).payload).items()))
    rig.commander.carry_out(Received(topic="t", payload=json.dumps(other_order).encode()))
    assert rig.said()[2:] == [("c-1", "accepted", None)]
    assert len(rig.later) == 1


def test_one_that_a_power_cut_ended_may_be_asked_again_with_a_later_expiry(rig: Rig, database: Database) -> None:
    at = rig.clock.now().utc
    rig.ask("verify", incident=str(INCIDENT), expires_at=(at + timedelta(seconds=3)).isoformat())
    later = Rig(database)
    later.clock.advance(60)
    later.ask("verify", incident=str(INCIDENT), expires_at=(at + timedelta(seconds=600)).isoformat())
    assert len(later.later) == 1


def test_what_takes_longer_is_accepted_first_and_answered_once(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    command = rig.received("verify", incident=str(INCIDENT))
    rig.commander.carry_out(command)
    rig.commander.carry_out(command)
    assert rig.said() == [("c-1", "accepted", None)] * 2
    [answer] = rig.later
    verdict = VerifyResult(incident=INCIDENT, verdict="cleared", looked_at=rig.clock.now().utc)
    answer(verdict)
    answer(CommandRejected(RejectCode.FAILED, "no"))
    assert rig.said()[2:] == [("c-1", "done", None)]
    assert "answered twice" in caplog.text
    rig.commander.carry_out(command)
    assert rig.said()[3:] == [("c-1", "done", None)]


def test_a_command_that_was_under_way_when_the_agent_died_is_carried_out_when_it_comes_again(
    rig: Rig, database: Database
) -> None:
    command = rig.received("verify", incident=str(INCIDENT))
    rig.commander.carry_out(command)
    later = Rig(database)
    later.commander.carry_out(command)
    assert len(later.later) == 1


def test_what_an_earlier_run_began_and_this_one_goes_on_with_is_accepted_again(rig: Rig, database: Database) -> None:
    rig.ask("verify", incident=str(INCIDENT))
    later = Rig(database)
    later.awaited.add("c-1")
    later.ask("verify", incident=str(INCIDENT))
    later.ask("verify", incident=str(INCIDENT))
    assert (later.later, later.said()) == ([], [("c-1", "accepted", None)] * 2)
    later.commander.answer_unfinished("verify", CommandRejected(RejectCode.FAILED, "it went wrong"), "c-1")
    later.ask("verify", incident=str(INCIDENT))
    assert later.said()[2:] == [("c-1", "rejected", "failed")] * 2


def test_a_new_run_answers_what_the_former_one_began(rig: Rig, database: Database) -> None:
    rig.handlers["restart"] = lambda _command, _answer: None
    rig.ask("restart", response_topic="cityeye/v1/demo/centre/x", correlation=b"q")
    later = Rig(database)
    later.commander.answer_unfinished("restart", RestartResult(restarted_as=BOOT))
    [message] = later.answers
    assert (message.topic, message.correlation) == ("cityeye/v1/demo/centre/x", b"q")
    assert later.said() == [("c-1", "done", None)]
    later.commander.answer_unfinished("restart", RestartResult(restarted_as=BOOT))
    assert len(later.answers) == 1


def test_an_expired_command_does_nothing(rig: Rig) -> None:
    expires = (rig.clock.now().utc + timedelta(seconds=5)).isoformat()
    command = rig.received(expires_at=expires)
    rig.clock.advance(5)
    rig.commander.carry_out(command)
    assert (rig.said(), rig.pings) == ([("c-1", "rejected", "expired")], 0)
    rig.clock.set_utc(rig.clock.now().utc - timedelta(days=1))
    rig.commander.carry_out(command)
    assert rig.pings == 0, "what was told to have expired stays so, whatever the clock does"


def test_one_that_expires_after_it_was_answered_is_still_answered_the_same(rig: Rig) -> None:
    command = rig.received(expires_at=(rig.clock.now().utc + timedelta(seconds=5)).isoformat())
    rig.commander.carry_out(command)
    rig.clock.advance(60)
    rig.commander.carry_out(command)
    assert [status for _, status, _ in rig.said()] == ["done", "done"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"{", "bad_json"),
        (b"[]", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"{}", "invalid"),
        (b'{"id": "x", "command": "dance"}', "unknown_command"),
        (b'{"id": "x", "command": "ping"}', "invalid"),
        (b" " * 300_000, "too_large"),
    ],
)
def test_what_is_no_command_is_answered_with_a_code(rig: Rig, payload: bytes, code: str) -> None:
    rig.commander.carry_out(Received(topic="t", payload=payload))
    [(_, status, found)] = rig.said()
    assert (status, found) == ("rejected", code)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
@given(payload=st.binary(max_size=200), response_topic=st.none() | st.text(max_size=40))
def test_whatever_comes_is_answered_and_nothing_dies(rig: Rig, payload: bytes, response_topic: str | None) -> None:
    before = len(rig.answers)
    rig.commander.carry_out(Received(topic="t", payload=payload, response_topic=response_topic))
    assert len(rig.answers) == before + 1


def test_a_valid_command_of_now_says_that_somebody_is_there_whatever_becomes_of_it(database: Database) -> None:
    rig = Rig(database, CommandRules(refused=frozenset({"snapshot"})))
    rig.ask(id="a")
    rig.ask(id="a")
    rig.ask("verify", id="a", incident=str(INCIDENT))
    rig.ask("snapshot", id="b", camera="gate")
    assert [code for _, _, code in rig.said()] == [None, None, "id_reused", "not_allowed"]
    assert rig.heard == 4


def test_what_may_have_lain_at_the_broker_or_is_no_command_says_of_nobody_that_he_is_there(rig: Rig) -> None:
    rig.ask(id="a", retained=True)
    rig.ask(id="b", expires_at=rig.clock.now().utc.isoformat())
    rig.commander.carry_out(Received(topic="t", payload=b"{}"))
    assert [code for _, _, code in rig.said()] == ["invalid", "expired", "invalid"]
    assert rig.heard == 0


def test_a_retained_command_is_none(rig: Rig) -> None:
    rig.ask(retained=True)
    assert (rig.said(), rig.pings) == ([("c-1", "rejected", "invalid")], 0)
    rig.ask()
    assert rig.pings == 1


def test_what_the_site_refuses_and_what_the_box_cannot(database: Database) -> None:
    rig = Rig(database, CommandRules(refused=frozenset({"ping"})))
    rig.ask(id="a")
    rig.ask("config.get", id="b")
    rig.ask("snapshot", id="c", camera="gate")
    codes = [("a", "rejected", "not_allowed"), ("b", "rejected", "not_supported"), ("c", "rejected", "unknown_camera")]
    assert rig.said() == codes


def test_too_many_at_once_are_told_so_and_may_come_again(rig: Rig) -> None:
    for number in range(MOST_WAITING + 1):
        rig.commander.take(rig.received(id=f"c-{number}"))
    assert rig.said() == [(f"c-{MOST_WAITING}", "rejected", "busy")]
    rig.ask(id=f"c-{MOST_WAITING}")
    assert rig.said()[1:] == [(f"c-{MOST_WAITING}", "done", None)]


def test_a_busy_answer_is_not_remembered(rig: Rig) -> None:
    command = rig.received("verify", incident=str(INCIDENT))
    rig.commander.carry_out(command)
    rig.later[0](CommandRejected(RejectCode.BUSY, "later"))
    rig.commander.carry_out(command)
    assert len(rig.later) == 2


def test_a_full_disk_keeps_no_centre_waiting_and_nothing_is_done_twice(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(rig.memory, "begin", full)
    monkeypatch.setattr(rig.memory, "finish", full)
    command = rig.received()
    rig.commander.carry_out(command)
    rig.commander.carry_out(command)
    assert (rig.pings, rig.said()) == (1, [("c-1", "done", None)] * 2)


def test_a_disk_that_was_full_only_when_a_command_came_makes_nothing_be_done_twice(
    rig: Rig, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFull("no room")

    with monkeypatch.context() as context:
        context.setattr(rig.memory, "begin", full)
        rig.ask()
    rig.ask()
    later = Rig(database)
    later.ask()
    assert (rig.pings, later.pings) == (1, 0)
    assert rig.said() + later.said() == [("c-1", "done", None)] * 3


def test_a_part_that_does_not_let_go_makes_the_box_busy(rig: Rig) -> None:
    def stuck(*_: object) -> None:
        raise TimeoutError("gate: a worker is still at its desk")

    rig.handlers["ping"] = stuck
    rig.ask()
    assert rig.said() == [("c-1", "rejected", "busy")]
    rig.handlers["ping"] = rig._ping
    rig.ask()
    assert rig.said()[1:] == [("c-1", "done", None)]


def test_a_fault_of_a_handler_is_answered_before_it_is_told(rig: Rig) -> None:
    def breaks(*_: object) -> None:
        raise KeyError("bug")

    rig.handlers["ping"] = breaks
    with pytest.raises(KeyError):
        rig.ask()
    assert rig.said() == [("c-1", "rejected", "failed")]


def test_old_answers_are_forgotten_first(database: Database) -> None:
    rig = Rig(database, short=True)
    for number in range(6):
        rig.ask(id=f"c-{number}")
    assert [rig.memory.find(f"c-{number}") is not None for number in range(6)] == [False] * 3 + [True] * 3


def test_what_a_person_at_the_box_wants_is_done_by_the_same_handlers_and_told_to_nobody_else(
    database: Database,
) -> None:
    rig = Rig(database, CommandRules(refused=frozenset({"ping"})))
    outcomes: list[object] = []
    stop = threading.Event()

    def settled(outcome: object) -> None:
        outcomes.append(outcome)
        if len(outcomes) == 3:
            stop.set()

    asked_here: list[bool] = []
    ping = rig.handlers["ping"]

    def noted(command: Command, answer: Answer) -> None:
        asked_here.append(command.at_box)
        ping(command, answer)

    rig.handlers["ping"] = noted
    now = rig.clock.now().utc
    rig.commander.intend(Ping(command="ping", id="1", issued_at=now, by="li"), settled)
    rig.commander.intend(Snapshot(command="snapshot", id="2", issued_at=now, camera="gate"), settled)
    rig.commander.intend(ConfigGet(command="config.get", id="3", issued_at=now), settled)
    rig.commander.run(stop)
    assert isinstance(outcomes[0], PingResult)
    assert [o.code for o in outcomes if isinstance(o, CommandRejected)] == ["unknown_camera", "not_supported"]
    assert (rig.answers, rig.heard, rig.memory.find("1")) == ([], 0, None)
    assert asked_here == [True]


def test_nothing_on_the_wire_can_say_that_it_was_asked_at_the_box(rig: Rig) -> None:
    rig.ask(_at_box=True)
    assert rig.said() == [("c-1", "rejected", "invalid")]


def test_a_person_at_the_box_is_told_when_too_much_waits(rig: Rig) -> None:
    ping = Ping(command="ping", id="1", issued_at=rig.clock.now().utc)
    outcomes: list[object] = []
    for _ in range(MOST_WAITING + 1):
        rig.commander.intend(ping, outcomes.append)
    assert [o.code for o in outcomes if isinstance(o, CommandRejected)] == ["busy"]
