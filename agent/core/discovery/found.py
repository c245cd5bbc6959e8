"""One device as it was found, and several findings of it made one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address


class Way(StrEnum):
    """How a device was found; in the order in which its words are believed."""

    ISAPI = "isapi"
    ONVIF = "onvif"
    RTSP = "rtsp"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A device, in its own words; empty where it does not say. Nothing of it is checked: no login was tried.

    Attributes:
        address: IPv4, of where it answered from.
        maker: one of `makers`, or empty.
        rtsp_ports: where RTSP was spoken. web: addresses that it gives for its ONVIF service; they are only shown.
    """

    address: str
    ways: tuple[Way, ...]
    maker: str = ""
    model: str = ""
    name: str = ""
    location: str = ""
    firmware: str = ""
    rtsp_ports: tuple[int, ...] = ()
    web: tuple[str, ...] = ()


def merged(findings: Iterable[Found]) -> list[Found]:
    """One for each address, ordered by address; where two say something, the way that is believed more counts."""
    by_address: dict[str, list[Found]] = {}
    for found in findings:
        by_address.setdefault(found.address, []).append(found)
    return [_one(alike) for _, alike in sorted(by_address.items(), key=lambda pair: IPv4Address(pair[0]))]


def _one(alike: list[Found]) -> Found:
    order = list(Way)
    alike = sorted(alike, key=lambda found: min(map(order.index, found.ways)))

    def first(name: str) -> str:
        return next((value for found in alike if (value := getattr(found, name))), "")

    return Found(
        address=alike[0].address,
        ways=tuple(way for way in Way if any(way in found.ways for found in alike)),
        maker=first("maker"),
        model=first("model"),
        name=first("name"),
        location=first("location"),
        firmware=first("firmware"),
        rtsp_ports=tuple(sorted({port for found in alike for port in found.rtsp_ports})),
        web=tuple(dict.fromkeys(address for found in alike for address in found.web)),
    )
