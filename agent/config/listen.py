"""Where the box answers over HTTP: one of its own addresses, and a port."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from agent.config.kinds import fault
from agent.config.words import Finding, Path, Words, same

_PATTERN = r"^(off|(\[[0-9A-Fa-f:.]+\]|[0-9.]+|localhost):[0-9]{1,5})$"
OFF = "off"
_EXPECTED = Words(
    "off, or an IP address of this box and a port from 1 to 65535", "off，或本机的一个 IP 地址和端口（1 到 65535）"
)
_MEND = Words("for example 127.0.0.1:9105", "例如 127.0.0.1:9105")


def split_listen(text: str) -> tuple[str, int] | None:
    """Address and port of a value that was checked; `localhost` is 127.0.0.1. None where it is off."""
    if text == OFF:
        return None
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    return ("127.0.0.1" if host == "localhost" else host), int(port)


def _listen(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(_PATTERN, value):
        place = split_listen(value)
        if place is None or (_is_ip(place[0]) and 1 <= place[1] <= 65535):
            return value
    raise fault(_EXPECTED, None, _MEND)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def about_listen(path: Path, value: str) -> Iterator[Finding]:
    """Warn where others than this box and its own network may ask."""
    place = split_listen(value)
    if place is None:
        return
    address = ipaddress.ip_address(place[0])
    if address.is_unspecified or address.is_global:
        yield Finding(
            path=path,
            expected=Words("127.0.0.1, or an address of the box in the LAN", "127.0.0.1，或本机的局域网地址"),
            found=same(address),
            mend=Words(
                "name one address; whoever reaches it may ask, there is no login",
                "请写明一个地址；该地址没有登录验证，能访问者均可查询",
            ),
            warning=True,
        )


Listen = Annotated[
    str,
    BeforeValidator(_listen),
    WithJsonSchema({"type": "string", "pattern": _PATTERN, "examples": ["127.0.0.1:9105"]}),
]
"""`off` or `ADDRESS:PORT`; IPv6 in brackets. No host name: what it means may change, and open the port to others."""
