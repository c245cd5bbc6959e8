"""WS-Discovery against devices that answer on this machine's own loop, over real multicast."""

from __future__ import annotations

from ipaddress import IPv4Address

from agent.adapters.clock import SystemClock
from agent.adapters.discovery import Heard, WsDiscovery
from agent.adapters.discovery.probe_match import MAX_MESSAGE_BYTES
from agent.core.discovery import Found, Way, merged, rtsp_urls
from tests.ws_responder import DAHUA, DEVICE, GROUP, HIKVISION, Answering, Responder, answer_xml, match_xml, responding

HERE = IPv4Address("127.0.0.1")
WAIT_S = 2.0
TWICE = 2
"""Each of the two questions is asked twice."""


def search(running: Responder, *senders: IPv4Address, most: int = 100) -> Heard:
    discovery = WsDiscovery(SystemClock(), group=(GROUP, running.port), most=most)
    return discovery.search(senders or (HERE,), wait_s=WAIT_S)


def found_by(*devices: Answering) -> list[Found]:
    with responding(*devices) as running:
        return merged(search(running).devices)


def test_what_devices_say_is_read_and_several_answers_are_one_device() -> None:
    hikvision = Answering("127.0.0.11", (HIKVISION, HIKVISION))
    dahua = Answering("127.0.0.9", (DAHUA,))
    again = Answering("127.0.0.9", (DAHUA,), to=DEVICE)
    first, second = found_by(hikvision, dahua, again)
    assert first == Found(
        address="127.0.0.9",
        ways=(Way.ONVIF,),
        maker="Dahua",
        model="IPC-HFW2431S",
        name="Dahua",
        location="东门",
        web=("http://10.9.9.9/onvif",),
    )
    assert (second.address, second.maker, second.model) == ("127.0.0.11", "Hikvision", "DS-2CD2T46")
    assert (second.name, second.location) == ("HIKVISION DS-2CD2T46", "china")
    assert rtsp_urls(second)[0] == "rtsp://127.0.0.11/Streaming/Channels/102"


def test_a_question_that_got_lost_is_asked_again_with_the_same_id() -> None:
    with responding(Answering("127.0.0.2", (HIKVISION,), after=3)) as running:
        assert [found.address for found in search(running).devices] == ["127.0.0.2"]
        assert len(running.questions) == 2 * TWICE
        assert len(set(running.questions)) == 2


def test_garbage_does_not_hide_the_good() -> None:
    printer = match_xml(types="wsdp:Device wprt:PrintDeviceType")
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + HIKVISION.partition(b"?>")[2]
    huge = answer_xml(match_xml(["x" * MAX_MESSAGE_BYTES]))
    bad = (b"", b"\x00\xff" * 500, b"<a>" * 5000, HIKVISION[:300], bomb, huge, b"<Envelope/>")
    with responding(
        Answering("127.0.0.3", bad), Answering("127.0.0.4", (answer_xml(printer),)), Answering("127.0.0.5", (DAHUA,))
    ) as running:
        heard = search(running)
    assert [found.address for found in heard.devices] == ["127.0.0.5"]
    assert (heard.unreadable, heard.answers) == (len(bad), len(bad) + 2)


def test_an_answer_that_comes_too_late_disturbs_nobody() -> None:
    with responding(Answering("127.0.0.6", (HIKVISION,), held=True), Answering("127.0.0.7", (DAHUA,))) as running:
        first = search(running)
        running.release()
        second = search(running)
    for heard in (first, second):
        assert [found.address for found in heard.devices] == ["127.0.0.7"]


def test_a_flood_is_not_read_to_its_end() -> None:
    with responding(Answering("127.0.0.8", (b"flood",) * 200)) as running:
        assert search(running, most=20).answers == 20


def test_an_address_that_cannot_send_is_told_and_the_others_go_on() -> None:
    with responding(Answering("127.0.0.2", (DAHUA,))) as running:
        heard = search(running, IPv4Address("203.0.113.7"), HERE)
        assert [found.address for found in heard.devices] == ["127.0.0.2"]
        assert [address for address, _ in heard.failed] == ["203.0.113.7"]
        assert search(running, IPv4Address("203.0.113.7")).answers == 0


def test_nobody_answers() -> None:
    assert found_by() == []
