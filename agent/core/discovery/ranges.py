"""Which addresses may be asked: those of a range that a person gave, within bounds that keep a mistake harmless."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, summarize_address_range

from agent.core.errors import RangeRefused

MAX_ADDRESSES = 1024
"""A site's cameras are in one or two networks of 254; more than this is a slip, or somebody else's network."""
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16")))
"""RFC 1918, and RFC 3927 where cameras without a DHCP server end up."""
_LOOPBACK = IPv4Network("127.0.0.0/8")


class Allowed(StrEnum):
    """What has to be allowed explicitly: networks behind a router, and this machine."""

    ROUTED = "routed"
    LOOPBACK = "loopback"


def addresses_in(
    ranges: Sequence[str], own: Collection[IPv4Network], allowed: Collection[Allowed] = ()
) -> list[IPv4Address]:
    """All addresses of these ranges, in order, each once.

    Args:
        ranges: `192.168.1.0/24`, `192.168.1.10-40`, `192.168.1.10-192.168.2.40` or one address.
        own: networks that this machine is in.

    Raises RangeRefused, whose code is `syntax`, `many`, `public`, `loopback` or `elsewhere`.
    """
    networks = [(text, network) for text in ranges for network in _networks(text)]
    count = sum(network.num_addresses for _, network in networks)
    if count > MAX_ADDRESSES:
        raise RangeRefused("many", count=count, most=MAX_ADDRESSES)
    for text, network in networks:
        _check(text, network, own, allowed)
    whole = {network for text, network in networks if "/" in text}
    return sorted({address for _, net in networks for address in (net.hosts() if net in whole else net)})


def _networks(text: str) -> list[IPv4Network]:
    """A range as networks: one, or those that it can be cut into."""
    try:
        if "-" not in text:
            return [IPv4Network(text.strip(), strict=False)]
        first, _, last = (part.strip() for part in text.partition("-"))
        begin = IPv4Address(first)
        end = IPv4Address(last if "." in last else f"{first.rpartition('.')[0]}.{last}")
        return list(summarize_address_range(begin, end))
    except ValueError:
        raise RangeRefused("syntax", found=text) from None


def _check(text: str, network: IPv4Network, own: Collection[IPv4Network], allowed: Collection[Allowed]) -> None:
    if network.subnet_of(_LOOPBACK):
        if Allowed.LOOPBACK not in allowed:
            raise RangeRefused("loopback", found=text)
        return
    if not any(network.subnet_of(private) for private in _PRIVATE):
        raise RangeRefused("public", found=text)
    if Allowed.ROUTED not in allowed and not any(network.subnet_of(mine) for mine in own):
        raise RangeRefused("elsewhere", found=text, own=", ".join(map(str, sorted(own))) or "-")
