"""Cameras that were found, named or listed, on their way into a configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from agent.config.kinds import ID_PATTERN
from agent.core.discovery import Found, Way, rtsp_urls

_ID_CHARS = 63
"""Of `ID_PATTERN`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One camera that may become one of the configuration.

    Attributes:
        others: addresses that may be its as well. told: what is known of it, for people.
    """

    id: str
    url: str
    name: str = ""
    told: str = ""
    others: tuple[str, ...] = ()

    @property
    def host(self) -> str:
        """Of its address: cameras of one host are one device, with one login. Empty for a video file."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    def entry(self) -> dict[str, Any]:
        """As it stands below `cameras:`."""
        return {"id": self.id, **({"name": self.name} if self.name else {}), "url": self.url}

    def called(self, text: str, taken: Collection[str] = ()) -> Offer:
        """With another name, as a person says it; without a text its own.

        An id that nobody typed is made different from those that are `taken`: whoever said a name cannot mend it.
        """
        camera_id, name = named(text, self.id) if text else (self.id, self.name)
        typed = camera_id == text
        return replace(self, id=camera_id if typed else free_id(camera_id, taken), name=name)


def offers_of(found: Found, camera_id: str, channels: Sequence[int] | None) -> tuple[Offer, ...]:
    """A device's cameras: one, or one for each of these channels; none where its maker's way to count is not known."""
    told = " ".join(part for part in (found.maker, found.model, found.address) if part)
    if channels is None:
        best, *others = rtsp_urls(found)
        guesses = () if found.maker else tuple(others)  # of a known maker they are the main stream
        return (Offer(id=camera_id, url=best, name=found.name, told=told, others=guesses),)
    return tuple(
        Offer(id=f"{camera_id}-{channel}", url=urls[0], told=told, others=() if found.maker else urls[1:])
        for channel in channels
        if (urls := rtsp_urls(found, channel))
    )


def named(text: str, camera_id: str) -> tuple[str, str]:
    """Id and name by one text: an id, or a name in any language, of which an id is made where it can be."""
    if re.fullmatch(ID_PATTERN, text):
        return text, ""
    made = re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-_")[:_ID_CHARS] if text.isascii() else ""
    return made or camera_id, text


def free_id(camera_id: str, taken: Collection[str]) -> str:
    """The id, with a number behind it where it is in use."""
    if camera_id not in taken:
        return camera_id
    ends = (f"-{number}" for number in count(2))
    return next(fresh for end in ends if (fresh := f"{camera_id[: _ID_CHARS - len(end)]}{end}") not in taken)


def from_flag(text: str, taken: Collection[str] = ()) -> Offer:
    """`NAME=URL`, or an address alone. `taken`: ids that are in use, which none is made the same as."""
    name, mark, url = text.partition("=")
    if not mark or "://" in name:
        name, url = "", text
    unnamed = Offer(id=_id_of(url.strip()), url=url.strip())
    return unnamed.called(name.strip(), taken)


def _id_of(url: str) -> str:
    """By the last number of the address, as `cityeye discover` does it."""
    host = Offer(id="", url=url).host
    last = re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+\.([0-9]+)", host)
    return f"camera-{last[1]}" if last else "camera-1"


def from_file(text: str, taken: Collection[str] = ()) -> tuple[Found | Offer, ...]:
    """What `cityeye discover --json` printed, or lines of `NAME=URL`; empty lines and those with `#` are passed over.
    `taken` as for `from_flag`.

    Raises ValueError for JSON that is something else.
    """
    if text.lstrip().startswith("{"):
        try:
            return tuple(_found(device) for device in json.loads(text)["devices"])
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError("no devices as cityeye discover --json prints them") from error
    lines = (line.strip() for line in text.splitlines())
    offers: list[Offer] = []
    for line in lines:
        if line and not line.startswith("#"):
            offers.append(from_flag(line, {*taken, *(offer.id for offer in offers)}))
    return tuple(offers)


def _found(device: Mapping[str, Any]) -> Found:
    ports = device.get("rtsp_ports", [])
    return Found(
        address=str(IPv4Address(device["address"])),
        ways=tuple(Way(way) for way in device["ways"]),
        maker=str(device.get("maker", "")),
        model=str(device.get("model", "")),
        name=str(device.get("name", "")),
        rtsp_ports=tuple(port for port in ports if isinstance(port, int) and 0 < port < 65536),
    )
