"""The reference consumer over a real Mosquitto: what it stores, acknowledges, asks, and does wrong when told to."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.core.errors import CommandRejected
from agent.core.wire import Acknowledge, parse_ack, topic
from agent.runtime.courier import CourierSettings
from agent.runtime.delivery import DeliverySettings
from scripts.closure.cli import DONE, NO_ANSWER, REJECTED, main
from scripts.closure.contract import answers_topic
from scripts.closure.mischief import KINDS
from tests.box import Box
from tests.e2e.agent_process import wait_until
from tests.events import FACTS, T0, closed, make_event
from tests.listener import Listener
from tests.memory_disk import fill, memory_disk
from tests.mosquitto import Mosquitto
from tests.responder import SILENT, UNKNOWN, Responder, example
from tests.simulator import ROOT, Simulator

pytestmark = pytest.mark.server

EVENT, EVIDENCE, ACK, CMD = (topic(FACTS, kind) for kind in ("event", "evidence", "ack", "cmd"))
SOURCE = "/cityeye/demo/box-01"
UNTIL_ACKED = CourierSettings(
    first_wait_s=0.05,
    longest_wait_s=0.2,
    will_delay_s=0,
    delivery=DeliverySettings(require_ack=True, resend_after_s=0.5),
)
QUICK_ACKS = ("--ack-every", "0.1", "--gap-after", "0.3", "--gap-again", "0.5")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as server:
        yield server


def ready(simulator: Simulator, count: int = 1) -> None:
    simulator.wait_until(lambda: len(simulator.told(kind="connected")) >= count)


def sequences(simulator: Simulator) -> list[int]:
    return [row[0] for row in simulator.rows("SELECT sequence FROM events ORDER BY sequence")]


def encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def test_it_needs_nothing_of_the_agent() -> None:
    code = "import sys, scripts.closure.cli; print([m for m in sys.modules if m.partition('.')[0] == 'agent'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_message_is_stored_once_and_what_is_wrong_is_kept_apart(tmp_path: Path, mosquitto: Mosquitto) -> None:
    opened, ended = example("event.illegal_parking.opened"), example("event.illegal_parking.closed")
    other = {**opened, "data": {**opened["data"], "dwell_s": 1.0}}
    stranger = {**ended, "source": "/cityeye/demo/box-02"}
    picture = example("evidence")
    damaged = {**picture, "id": "01981a2b-0000-7000-8000-0000000000f9", "sha256": "00" * 32}
    with Simulator(tmp_path, mosquitto.port) as simulator, Listener(mosquitto.port) as box:
        ready(simulator)
        for payload in (encoded(ended), encoded(opened), encoded(opened), encoded(other), encoded(stranger)):
            box.publish(EVENT, payload)  # the end before the beginning: the order of arrival means nothing
        box.publish(EVENT, b"")  # a test of the box's rights
        for payload in (b"{", b"[1]", b"\xff", b'{"a": NaN}', encoded({**opened, "sequence": 7})):
            box.publish(EVENT, payload)
        for body in (picture, picture, damaged):
            box.publish(EVIDENCE, encoded(body))
        box.publish(topic(FACTS, "state"), encoded(example("state.online")))
        box.publish(topic(FACTS, "health"), encoded(example("health")))
        box.publish(topic(FACTS, "rsp"), encoded(example("response.rejected")))
        simulator.wait_until(lambda: bool(simulator.told(kind="rsp")))
        assert [line["taken"] for line in simulator.told(kind="event")] == ["new", "new", "double"] + ["defect"] * 7
        assert [line["taken"] for line in simulator.told(kind="evidence")] == ["new", "double", "defect"]
        assert simulator.stop() == DONE
    assert simulator.rows("SELECT sequence, payload FROM events ORDER BY sequence") == [
        (1, encoded(opened)),
        (3, encoded(ended)),
    ]
    assert simulator.rows("SELECT phase, revision, dwell_s FROM incidents") == [("closed", 3, 1080.0)]
    assert simulator.rows("SELECT stage, outcome FROM cases") == [("closed", "cleared")]
    reasons = simulator.rows("SELECT what, count(*) FROM defects GROUP BY what ORDER BY what")
    assert reasons == [("damaged picture", 1), ("invalid event", 6), ("other content", 1)]
    assert simulator.rows("SELECT length(content) FROM pictures") == [(73,)]
    assert simulator.rows("SELECT state IS NOT NULL, health IS NOT NULL FROM boxes") == [(1, 1)]


def test_what_was_missed_is_asked_for_and_comes_again(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with Box(tmp_path, mosquitto.port) as box, Listener(mosquitto.port) as listener:
        box.record(*(make_event(number) for number in range(1, 6)))
        box.wait_until_delivered()  # to the broker, where nobody of the centre was known yet
        with Simulator(tmp_path, mosquitto.port, *QUICK_ACKS, "--gap-again", "600") as simulator:
            ready(simulator)
            box.record(make_event(6))
            simulator.wait_until(lambda: len(simulator.told(kind="event")) >= 6)
            listener.wait_until(lambda: any(parse_ack(m.payload, FACTS).covers(5) for m in listener.on("/ack")))
            assert sequences(simulator) == [1, 2, 3, 4, 5, 6]
        acks = [parse_ack(message.payload, FACTS) for message in listener.on("/ack")]
        asking = [ack for ack in acks if ack.missing]
        assert [(int(a.sequence), int(a.missing[0].first), int(a.missing[0].last)) for a in asking] == [(6, 1, 5)]
        assert not any(ack.covers(3) for ack in acks[: acks.index(asking[0]) + 1]), "no word covers what is missing"


def test_events_that_never_come_are_given_up_and_noted(tmp_path: Path, mosquitto: Mosquitto) -> None:
    late = example("event.illegal_parking.closed")
    options = (*QUICK_ACKS, "--gap-asks", "1")
    with Simulator(tmp_path, mosquitto.port, *options) as simulator, Listener(mosquitto.port) as box:
        ready(simulator)
        box.publish(EVENT, encoded(late))
        box.wait_until(lambda: any(parse_ack(m.payload, FACTS).covers(1) for m in box.on("/ack")))
        assert simulator.rows("SELECT what, reason FROM defects") == [("lost events", "1 to 2 never came")]
        assert simulator.rows("SELECT solid FROM boxes") == [(3,)]


def test_killed_between_commit_and_puback_it_loses_nothing(tmp_path: Path, mosquitto: Mosquitto) -> None:
    simulator = Simulator(tmp_path, mosquitto.port, "--misbehave", "slow", "--misbehave-late", "60")
    with simulator, Box(tmp_path, mosquitto.port) as box:
        ready(simulator)
        box.record(*(make_event(number) for number in range(1, 41)))
        box.wait_until_delivered()
        stored = 20 - 1  # the receive maximum, of which the state takes one: the rest waits at the broker
        simulator.wait_until(lambda: len(simulator.told(kind="event")) == stored)
        simulator.kill()
        assert sequences(simulator) == list(range(1, stored + 1))
        box.record(make_event(41))  # while nobody is there
        box.wait_until_delivered()
        simulator.options = []
        simulator.start()
        simulator.wait_until(lambda: len(simulator.told(kind="event", taken="new")) == 41)
    assert len(simulator.told(kind="event", taken="double")) == stored, "those came again"
    assert sequences(simulator) == list(range(1, 42))
    assert simulator.rows("SELECT count(*) FROM defects") == [(0,)]


def test_what_cannot_be_stored_is_not_confirmed_and_comes_again(tmp_path: Path, mosquitto: Mosquitto) -> None:
    with (
        memory_disk(tmp_path / "disk", "size=16m") as disk,
        Simulator(disk, mosquitto.port) as simulator,
        Box(tmp_path, mosquitto.port) as box,
    ):
        ready(simulator)
        box.record(make_event(1))
        simulator.wait_until(lambda: len(simulator.told(kind="event")) == 1)
        filler = fill(disk)
        box.record(*(make_event(number) for number in range(2, 40)))
        box.wait_until_delivered()
        simulator.wait_until(lambda: any("cannot store" in line.get("reason", "") for line in simulator.said))
        filler.unlink()
        simulator.wait_until(lambda: len(simulator.told(kind="event", taken="new")) == 39)
        assert sequences(simulator) == list(range(1, 40))
        assert simulator.stop() == DONE


def test_what_is_said_at_the_box_counts_in_its_sequence_and_is_acknowledged(
    tmp_path: Path, mosquitto: Mosquitto
) -> None:
    """So is what a later version will say: a type that the simulator does not know."""
    with (
        Box(tmp_path, mosquitto.port, UNTIL_ACKED) as box,
        Simulator(tmp_path, mosquitto.port, *QUICK_ACKS) as simulator,
        Listener(mosquitto.port) as other,
    ):
        ready(simulator)
        box.record(make_event(1))
        box.store.acknowledge(make_event(1).incident_id, T0, "王芳", None, at_box=True)
        box.record(closed(make_event(1), 2))
        box.wait_until_delivered()  # so the platform has acknowledged all three
        later = {**example("note.acknowledged"), "type": "cityeye.illegal_parking.sung", "data": {}}
        other.publish(EVENT, encoded({**later, "sequence": f"{4:020}"}))
        other.wait_until(lambda: any(parse_ack(m.payload, FACTS).covers(4) for m in other.on("/ack")))
        [said] = simulator.told(said="acknowledged")
        assert (said["type"], said["taken"], said["by"]) == ("cityeye.illegal_parking.noted", "new", "王芳")
        assert simulator.stop() == DONE
    assert sequences(simulator) == [1, 2, 3, 4]
    assert simulator.rows("SELECT stage, outcome FROM cases") == [("closed", "cleared")]
    assert simulator.rows("SELECT said, by FROM notes") == [("acknowledged", "王芳")]
    assert simulator.rows("SELECT count(*) FROM defects") == [(0,)]


@pytest.mark.parametrize("kind", KINDS)
def test_however_the_centre_misbehaves_the_box_gets_its_events_through(
    tmp_path: Path, mosquitto: Mosquitto, kind: str
) -> None:
    wrong = ("--misbehave", kind, "--misbehave-every", "0.3", "--misbehave-late", "0.5", "--acknowledge-after", "0")
    with (
        Listener(mosquitto.port) as listener,
        Simulator(tmp_path, mosquitto.port, *QUICK_ACKS, *wrong) as simulator,
        Box(tmp_path, mosquitto.port, UNTIL_ACKED) as box,
    ):
        ready(simulator)
        first = make_event(1)
        box.record(first, *(make_event(number) for number in range(2, 10)))
        listener.wait_until(lambda: misbehaved(kind, listener, mosquitto))
        box.record(closed(first, 10))
        box.wait_until_delivered()
        simulator.wait_until(lambda: len(simulator.told(kind="event", taken="new")) == 10)
        assert sequences(simulator) == list(range(1, 11))
        assert box.outbox.set_aside_count() == 0
        assert simulator.rows("SELECT count(*) FROM defects") == [(0,)]
        assert simulator.stop() == DONE


def misbehaved(kind: str, listener: Listener, mosquitto: Mosquitto) -> bool:
    """Whether the centre has done already what it was told to do wrong."""
    commands = [m.payload for m in listener.on("/cmd")]
    if kind == "duplicates":
        return any(commands.count(command) == 3 for command in commands)
    if kind == "bad-json":
        return any(not readable(payload) for payload in commands + [m.payload for m in listener.on("/ack")])
    if kind == "wrong-acks":
        return any(refused(m.payload) for m in listener.on("/ack"))
    if kind == "reboots":
        return mosquitto.logged("as cityeye-centre") >= 3
    if kind == "retained":
        return bool(commands) and bool(listener.on("/ack"))
    return len(listener.on("/event")) >= 9  # slow and late are not seen from outside: only survived


def readable(payload: bytes) -> bool:
    try:
        body = json.loads(payload, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError, RecursionError):
        return False
    return isinstance(body, dict) and not {"surprise", "pad"} & set(body)


def refused(payload: bytes) -> bool:
    try:
        return int(parse_ack(payload, FACTS).sequence) > 10
    except CommandRejected:
        return True


def test_what_is_retained_on_purpose_meets_the_next_subscriber(tmp_path: Path, mosquitto: Mosquitto) -> None:
    wrong = ("--misbehave", "retained", "--acknowledge-after", "0")
    with Listener(mosquitto.port) as box, Simulator(tmp_path, mosquitto.port, *QUICK_ACKS, *wrong) as simulator:
        ready(simulator)
        box.publish(EVENT, encoded(example("event.illegal_parking.opened")))
        box.wait_until(lambda: bool(box.on("/cmd")) and bool(box.on("/ack")))
    with Listener(mosquitto.port) as later:
        later.wait_until(lambda: bool(later.on("/cmd")) and bool(later.on("/ack")))
        assert {m.retain for m in later.on("/cmd") + later.on("/ack")} == {True}


def test_the_crew_acknowledges_and_verifies_until_the_box_says_cleared(tmp_path: Path, mosquitto: Mosquitto) -> None:
    """The responder's answer to every `verify` is the example's: still present; so the crew asks again and again."""
    visits = ("--acknowledge-after", "0.1", "--verify-after", "0.2")
    with (
        Responder(mosquitto.port) as responder,
        Simulator(tmp_path, mosquitto.port, *visits) as simulator,
        Listener(mosquitto.port) as box,
    ):
        ready(simulator)
        box.publish(EVENT, encoded(example("event.illegal_parking.opened")))
        simulator.wait_until(lambda: len(simulator.told(kind="rsp", command="verify", status="done")) >= 2)
        names = [command.command for command in responder.commands]
        assert names[:3] == ["acknowledge", "verify", "verify"]
        assert len({command.id for command in responder.commands}) == len(names), "a new question has a new id"
        answer_to = answers_topic("demo", "box-01")
        assert {answer for answer, _ in responder.properties} == {answer_to}
        [(stage, outcome)] = simulator.rows("SELECT stage, outcome FROM cases")
        assert (stage, outcome) == ("dispatched", "still_present")
        cleared = example("response.verify")
        cleared["id"], cleared["result"]["verdict"] = "cmd-by-hand", "cleared"
        box.publish(answer_to, encoded(cleared))
        simulator.wait_until(lambda: bool(simulator.told(id="cmd-by-hand")))
        assert simulator.rows("SELECT stage, outcome FROM cases") == [("closed", "verified: cleared")]


INCIDENT = "01981a2b-0000-7000-8000-000000001001"
COMMANDS = {
    "verify": (INCIDENT,),
    "acknowledge": (INCIDENT, "--by", "李", "--note", "队员已出发"),
    "dismiss": (INCIDENT, "--reason", "tolerated", "--until", "2099-12-31T16:00:00Z"),
    "snapshot": ("gate",),
    "ping": (),
    "restart": (),
    "config-get": (),
    "config-put": ("{document}", "--if-version", "3f6c1a90"),
    "pause": ("--camera", "gate", "--rule", "illegal_parking", "--seconds", "60"),
}


@pytest.mark.parametrize("version", ["5", "3.1.1"])
def test_every_command_is_asked_and_its_answer_printed(
    tmp_path: Path, mosquitto: Mosquitto, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "config.yaml"
    document.write_text("version: 1\nbox: box-01\n")
    asked = ["--port", str(mosquitto.port), "--tenant", "demo", "--mqtt", version]
    with Responder(mosquitto.port) as responder:
        for name, arguments in COMMANDS.items():
            filled = [part.format(document=document) for part in arguments]
            assert main([*asked, name, "--box", "box-01", *filled]) == DONE
            answer = json.loads(capsys.readouterr().out)
            assert (answer["status"], answer["command"]) == ("done", responder.commands[-1].command)
            assert answer["id"] == responder.commands[-1].id
    assert len(responder.commands) == len(COMMANDS), "each was sent once: it was answered in time"
    assert [json.loads(payload).get("response_topic") for payload in responder.payloads] == [
        None if version == "5" else answers_topic("demo", "box-01")
    ] * len(COMMANDS)
    assert all(command.response_topic == answers_topic("demo", "box-01") for command in responder.commands)
    assert all(command.correlation for command in responder.commands)


def test_the_exit_code_tells_a_refusal_and_a_silence(
    tmp_path: Path, mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--port", str(mosquitto.port), "--tenant", "demo"]
    with Responder(mosquitto.port) as responder:
        assert main([*asked, "snapshot", UNKNOWN, "--box", "box-01"]) == REJECTED
        assert json.loads(capsys.readouterr().out)["code"] == "unknown_camera"
        assert main([*asked, "snapshot", SILENT, "--box", "box-01", "--timeout", "6"]) == NO_ANSWER
        assert "no answer" in capsys.readouterr().err
        wait_until(lambda: len(responder.commands) == 4, "what was asked last to arrive")
        ids = [command.id for command in responder.commands[1:]]
        assert len(set(ids)) == 1, "the same question is asked again under its id: a box carries it out once"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["verify", INCIDENT], "--box: expected the box to ask"),
        (
            ["--password-env", "NO_SUCH_NAME", "ping", "--box", "box-01"],
            "expected the environment to hold NO_SUCH_NAME",
        ),
        (["config-put", "no-such-file.yaml", "--box", "box-01"], "no-such-file.yaml"),
        (["watch", "--json", "--misbehave", "late-akcs"], "expected some of"),
        (["pause", "--box", "box-01"], "one of the arguments --seconds --until is required"),
    ],
)
def test_what_is_asked_wrongly_is_said_plainly(
    tmp_path: Path, arguments: list[str], told: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_box_of_an_incident_is_known_from_the_books(
    tmp_path: Path, mosquitto: Mosquitto, capsys: pytest.CaptureFixture[str]
) -> None:
    with Simulator(tmp_path, mosquitto.port, general=("--mqtt", "3.1.1")) as simulator:
        ready(simulator)
        with Box(tmp_path, mosquitto.port) as box:
            box.record(make_event(1))
            simulator.wait_until(lambda: bool(simulator.told(kind="event")))
    incident = str(make_event(1).incident_id)
    with Responder(mosquitto.port) as responder:
        asked = ["--port", str(mosquitto.port), "--tenant", "demo", "--db", str(simulator.db)]
        assert main([*asked, "acknowledge", incident[-12:]]) == DONE, "as the table shows it"
        assert main([*asked, "acknowledge", incident]) == DONE
        assert [str(command.incident) for command in responder.commands if isinstance(command, Acknowledge)] == [
            incident
        ] * 2
    assert simulator.rows("SELECT subject FROM incidents") == [(incident,)]


def test_it_says_what_the_broker_refuses(tmp_path: Path) -> None:
    with (
        Mosquitto(tmp_path / "mosquitto", users={"centre": "right"}) as server,
        Simulator(tmp_path, server.port, general=("--username", "centre")) as simulator,
    ):
        simulator.wait_until(lambda: any("the broker refuses" in line.get("reason", "") for line in simulator.said))
