"""Asks addresses one by one whether a camera is there: politely, and never with a login.

For each address the ports are tried in their order. An address that does not even refuse the first one is taken for
empty and left alone. Where a port is open, one DESCRIBE or one GET is sent, as any player or browser sends first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.adapters.discovery.pace import Pace
from agent.adapters.discovery.web import WebAnswer, ask_web
from agent.adapters.isapi.device import shown
from agent.adapters.machine import connect_s
from agent.adapters.rtsp_probe import Address, Answer, describe
from agent.core.discovery import Found, Way, maker_of, merged
from agent.core.errors import CityEyeError
from agent.ports import Clock

PORTS = (554, 8554, 80)
"""RTSP's, the one that software likes to take instead, and HTTP's."""
WEB_PORTS = frozenset({80, 81, 8000, 8080, 8081})
"""Where HTTP is asked for first."""
AT_ONCE = 16
PER_S = 32.0
"""Connections per second, over all addresses; a camera gets four to six in all."""
_CONNECT_S = 1.0
"""In the own network a connection takes some milliseconds."""
_ANSWER_S = 3.0
_PATH = "/Streaming/Channels/102"
"""What DESCRIBE asks for; before the login it does not matter whether the camera has it."""
_REALM = re.compile(r'(?i)\brealm="([^"]{1,120})')


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An address that was asked. `there`: something is there. `found`: and it seems to be a camera."""

    address: str
    there: bool
    found: Found | None


class Scanner:
    """Asks addresses."""

    def __init__(self, clock: Clock, *, ports: Sequence[int] = PORTS) -> None:
        self._clock = clock
        self._ports = tuple(dict.fromkeys(ports))
        self._pace = Pace(clock, per_s=PER_S)

    def scan(self, addresses: Sequence[IPv4Address]) -> Iterator[Answered]:
        """What is at each address, in their order; ends early when the caller goes no further."""
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scan")
        try:
            yield from pool.map(self._at, map(str, addresses))
        finally:
            pool.shutdown(cancel_futures=True)

    def _at(self, address: str) -> Answered:
        there = False
        findings: list[Found] = []
        for port in self._ports:
            self._pace.turn()
            try:
                connect_s(address, port, timeout_s=_CONNECT_S, clock=self._clock)
            except ConnectionRefusedError:
                there = True
            except OSError:
                if not there:
                    break
            else:
                there = True
                findings += self._asked(address, port)
        return Answered(address=address, there=there, found=next(iter(merged(findings)), None))

    def _asked(self, address: str, port: int) -> list[Found]:
        """What speaks there, if a camera does."""
        ways = (self._over_http, self._over_rtsp) if port in WEB_PORTS else (self._over_rtsp, self._over_http)
        for way in ways:
            self._pace.turn()
            spoken, found = way(address, port)
            if spoken:
                return [] if found is None else [found]
        return []

    def _over_rtsp(self, host: str, port: int) -> tuple[bool, Found | None]:
        """Whether RTSP is spoken there, and what was found."""
        address = Address(host=host, port=port, path=_PATH)
        try:
            answer = describe(f"device {host}", address, timeout_s=_ANSWER_S, clock=self._clock)
        except CityEyeError:
            return False, None
        return True, _rtsp_found(host, port, answer)

    def _over_http(self, host: str, port: int) -> tuple[bool, Found | None]:
        answer = ask_web(host, port, timeout_s=_ANSWER_S, clock=self._clock)
        return answer is not None, None if answer is None else _web_found(host, answer)


def _rtsp_found(host: str, port: int, answer: Answer) -> Found:
    maker = maker_of(*_hints(answer.challenges, answer.server))
    return Found(address=host, ways=(Way.RTSP,), maker=maker, rtsp_ports=(port,))


def _web_found(host: str, answer: WebAnswer) -> Found | None:
    """None: a web server of something else."""
    device = answer.device
    if device is not None:
        maker = maker_of(device.model) or "Hikvision"
        return Found(
            address=host,
            ways=(Way.ISAPI,),
            maker=maker,
            model=device.model,
            name=device.name,
            firmware=device.firmware,
        )
    maker = maker_of(*_hints(answer.challenges, answer.server))
    if answer.isapi:
        return Found(address=host, ways=(Way.ISAPI,), maker=maker or "Hikvision")
    return Found(address=host, ways=(Way.HTTP,), maker=maker) if maker else None


def _hints(challenges: Sequence[str], server: str) -> list[str]:
    realms = [shown(match[1]) for challenge in challenges if (match := _REALM.search(challenge))]
    return [*realms, shown(server)]
