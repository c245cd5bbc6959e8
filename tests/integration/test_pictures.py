"""Kept pictures on their way over a real Mosquitto that is away, small or old."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import jsonschema
import pytest

from agent.core.types import Event
from agent.core.wire import EvidenceOf, parse_event, parse_evidence
from tests.box import Box
from tests.events import make_event
from tests.listener import Arrived, Listener
from tests.mosquitto import Mosquitto, free_port
from tests.proxy import Proxy

pytestmark = pytest.mark.server

SCHEMA = json.loads(Path(__file__).parents[2].joinpath("docs/contract/evidence.schema.json").read_text())


def seen(box: Box, number: int, *sizes: int) -> Event:
    """An event whose pictures, of these sizes, were kept on the box."""
    event = make_event(number)
    pictures = (
        box.folder.keep(event, f"kind_{i}", bytes([number, i]) + b"." * (size - 2), event.at)
        for i, size in enumerate(sizes)
    )
    return dataclasses.replace(event, evidence=tuple(pictures))


def check(messages: list[Arrived], *events: Event) -> None:
    """These are the pictures that the events name, each whole, once or more, and none else."""
    named = {picture.evidence_id: (event, picture) for event in events for picture in event.evidence}
    for message in messages:
        jsonschema.validate(json.loads(message.payload), SCHEMA, format_checker=jsonschema.FormatChecker())
        told = parse_evidence(message.payload)
        event, picture = named[told.id]
        assert len(told.picture()) == picture.bytes, "and its sha256 is the one that the message names"
        assert (told.sha256, told.kind, told.subject) == (picture.sha256, picture.kind, event.incident_id)
    assert {parse_evidence(message.payload).id for message in messages} == set(named)


def test_the_pictures_that_events_name_follow_them(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto") as server, Listener(server.port) as listener:
        with Box(tmp_path, server.port) as box:
            events = [seen(box, n, 700_000, 20_000) for n in (1, 2, 3)]
            box.record(*events)
            arrived = listener.wait_for(6, "/evidence")
            box.parcels.wait_until(lambda: box.parcels.waiting() == 0)
        check(arrived, *events)
        topics = [m.topic.rsplit("/", 1)[1] for m in listener.on("") if not m.topic.endswith("/state")]
        assert topics == ["event"] * 3 + ["evidence"] * 6
        by_sequence = {
            int(e.sequence): e.data.incident for e in (parse_event(m.payload) for m in listener.on("/event"))
        }
        for message in arrived:
            told = parse_evidence(message.payload)
            assert told.eventsequence is not None
            assert by_sequence[int(told.eventsequence)] == told.subject


def test_they_wait_for_a_broker_and_survive_the_box_and_the_line(tmp_path: Path) -> None:
    port = free_port()
    with Box(tmp_path, port) as box:
        events = [seen(box, n, 300_000, 10_000) for n in range(1, 9)]
        box.record(*events)
    server = Mosquitto(tmp_path / "mosquitto")
    with server, Listener(server.port) as listener, Proxy(server.port, port=port) as proxy, Box(tmp_path, port) as box:
        for count in (2, 5, 9):
            listener.wait_for(count, "/evidence")
            proxy.cut()
        box.parcels.wait_until(lambda: box.parcels.waiting() == 0)
        check(listener.wait_for(16, "/evidence"), *events)
        assert box.parcels.dropped() == 0


@pytest.mark.parametrize("refuse_5", [False, True], ids=["5", "3.1.1"])
def test_a_picture_that_the_broker_does_not_take_stops_nothing(tmp_path: Path, refuse_5: bool) -> None:
    """MQTT 5 tells the limit beforehand; a broker of 3.1.1 can only hang up."""
    with (
        Mosquitto(tmp_path / "mosquitto", options=("max_packet_size 40000",)) as server,
        Proxy(server.port, refuse_5=refuse_5) as proxy,
        Listener(server.port) as listener,
        Box(tmp_path, proxy.port) as box,
    ):
        large, small = seen(box, 1, 50_000), seen(box, 2, 10_000)
        box.record(large, small)
        box.parcels.wait_until(lambda: box.parcels.waiting() == 0)
        box.record(make_event(3))
        box.wait_until_delivered()
        listener.wait_for(3, "/event")  # the broker has all; what it passes on arrives a moment later, in order
        check(listener.wait_for(1, "/evidence"), small)
        assert box.parcels.dropped() == 1
        assert box.outbox.set_aside_count() == 0


def test_the_picture_of_a_command_names_the_command_and_goes_first(tmp_path: Path) -> None:
    port = free_port()
    with Box(tmp_path, port) as box:
        event, asked = seen(box, 1, 20_000, 20_000), seen(box, 2, 20_000)
        box.record(event)
        box.parcels.add(asked.evidence, EvidenceOf(camera="gate", command_id="cmd-7"))
        with Mosquitto(tmp_path / "mosquitto", port=port), Listener(port) as listener:
            first, *_ = [parse_evidence(m.payload) for m in listener.wait_for(3, "/evidence")]
    assert (first.id, first.commandid, first.subject, first.eventsequence) == (
        asked.evidence[0].evidence_id,
        "cmd-7",
        None,
        None,
    )
