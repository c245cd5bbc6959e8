"""Looks for cameras: on the networks that this machine is in, and at addresses that somebody gave."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from agent.adapters.clock import SystemClock
from agent.adapters.discovery import Heard, Interface, Scanner, WsDiscovery, local_interfaces
from agent.adapters.rtsp_probe import Address
from agent.config import Config
from agent.core.discovery import Allowed, Found, addresses_in, merged
from agent.core.errors import UnsupportedStream


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look at.

    Attributes:
        senders: own addresses from which all devices are asked by multicast; `wait_s`: how long answers are awaited.
        addresses: asked one by one, at these TCP `ports`.
    """

    senders: tuple[IPv4Address, ...]
    wait_s: float
    addresses: tuple[IPv4Address, ...]
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was found.

    Attributes:
        others: addresses where something is that does not seem to be a camera.
        unreadable: answers to the multicast that were none. failed: own address and reason where it could not be sent.
    """

    devices: tuple[Found, ...]
    others: int
    unreadable: int
    failed: tuple[tuple[str, str], ...]


def senders(interfaces: Sequence[Interface], names: Collection[str], addresses: Collection[str]) -> list[IPv4Address]:
    """Own addresses of the interfaces that were named; with nothing named all, but for this machine's own loop."""
    if not names and not addresses:
        return [interface.address for interface in interfaces if not interface.loopback]
    named = (known for known in interfaces if known.name in names or str(known.address) in addresses)
    return [interface.address for interface in named]


def addresses(ranges: Sequence[str], allow: Collection[Allowed]) -> tuple[IPv4Address, ...]:
    """What is in the ranges, as seen from this machine. Raises RangeRefused."""
    own = {interface.network for interface in local_interfaces() if not interface.loopback}
    return tuple(addresses_in(ranges, own, allow))


def find(search: Search) -> Result:
    """Look, which takes `wait_s` and then as long as the addresses need."""
    clock, heard = SystemClock(), Heard()
    if search.senders and search.wait_s:
        heard = WsDiscovery(clock).search(search.senders, wait_s=search.wait_s)
    answered = list(Scanner(clock, ports=search.ports).scan(search.addresses))
    devices = merged([*heard.devices, *(each.found for each in answered if each.found is not None)])
    cameras = {found.address for found in devices}
    return Result(
        devices=tuple(devices),
        others=sum(each.there and each.address not in cameras for each in answered),
        unreadable=heard.unreadable,
        failed=tuple(heard.failed),
    )


def configured(config: Config | None) -> dict[str, list[str]]:
    """Ids of the configuration's cameras by host, as it stands there: names are not looked up."""
    ids: dict[str, list[str]] = {}
    for camera in config.cameras if config is not None else ():
        try:
            address, _, _ = Address.of(camera.url)
        except UnsupportedStream:  # a video file
            continue
        ids.setdefault(address.host, []).append(camera.id)
    return ids
