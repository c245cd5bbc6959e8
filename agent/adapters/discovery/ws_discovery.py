"""Asks all ONVIF devices of the networks that this machine is in, by multicast, and listens for a while."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from uuid import uuid4

from agent.adapters.discovery.probe_match import MAX_MESSAGE_BYTES, TYPES, devices_of, probe
from agent.core.discovery import Found
from agent.core.errors import CameraAnswerUnusable
from agent.ports import Clock

GROUP = ("239.255.255.250", 3702)
"""WS-Discovery's multicast group and port (IANA)."""
MAX_ANSWERS = 1024
"""Datagrams that are read; a network that sends more is flooded."""
_REPEAT_AFTER_S = 0.4
"""UDP gets lost; SOAP-over-UDP asks for one repetition, with the same message id."""


@dataclass(slots=True)
class Heard:
    """What came of it.

    Attributes:
        devices: as they came; one that answers twice is in it twice.
        answers: datagrams that came. unreadable: those of them that were no answers.
        failed: local address and reason where nothing could be sent.
    """

    devices: list[Found] = field(default_factory=list)
    answers: int = 0
    unreadable: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


class WsDiscovery:
    """Sends probes from some of this machine's addresses."""

    def __init__(self, clock: Clock, *, group: tuple[str, int] = GROUP, most: int = MAX_ANSWERS) -> None:
        """`most`: datagrams that are read."""
        self._clock = clock
        self._group = group
        self._most = most

    def search(self, senders: Sequence[IPv4Address], *, wait_s: float) -> Heard:
        """Ask, ask once more, and take what comes until `wait_s` are over, however much or little that is."""
        heard = Heard()
        began_s = self._clock.now().mono_s
        questions = [probe(uuid4(), types) for types in TYPES]
        with ExitStack() as stack, selectors.DefaultSelector() as selector:
            peers = []
            for sender in dict.fromkeys(map(str, senders)):
                try:
                    peer = stack.enter_context(_socket(sender))
                    self._ask(peer, questions)
                except OSError as error:
                    heard.failed.append((sender, error.strerror or str(error)))
                else:
                    selector.register(peer, selectors.EVENT_READ)
                    peers.append(peer)
            if not peers:
                return heard
            self._listen(selector, heard, began_s + min(_REPEAT_AFTER_S, wait_s))
            for peer in peers:
                with suppress(OSError):  # a cable was pulled; the answers to the first question still count
                    self._ask(peer, questions)
            self._listen(selector, heard, began_s + wait_s)
        return heard

    def _ask(self, peer: socket.socket, questions: Sequence[bytes]) -> None:
        for question in questions:
            peer.sendto(question, self._group)

    def _listen(self, selector: selectors.BaseSelector, heard: Heard, until_s: float) -> None:
        while (left_s := until_s - self._clock.now().mono_s) > 0 and heard.answers < self._most:
            for key, _ in selector.select(left_s):
                assert isinstance(key.fileobj, socket.socket)
                _take(heard, key.fileobj)


def _take(heard: Heard, peer: socket.socket) -> None:
    """Read one datagram, if there is one: what made the socket readable may be an error that came back instead."""
    try:
        body, (sender, _) = peer.recvfrom(MAX_MESSAGE_BYTES + 1)
    except OSError:
        return
    heard.answers += 1
    try:
        heard.devices += devices_of(sender, body)
    except CameraAnswerUnusable:
        heard.unreadable += 1


def _socket(sender: str) -> socket.socket:
    """Bound to one of this machine's addresses, any port, so that the answers come here. Raises OSError."""
    peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sender))
        peer.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)  # not beyond this network
        peer.bind((sender, 0))
    except OSError:
        peer.close()
        raise
    return peer
