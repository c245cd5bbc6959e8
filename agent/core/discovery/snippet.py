"""Lines for `cameras:` of a configuration, made of what was found."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

from agent.core.discovery.found import Found
from agent.core.discovery.makers import rtsp_urls


def snippet(devices: Sequence[Found], taken: Collection[str] = ()) -> str:
    """One entry for each device, with the addresses that were not chosen as comments.

    What devices say about themselves is quoted as JSON, which YAML reads as it stands; so no device can write keys.

    Args:
        taken: ids of cameras that the configuration has.
    """
    ids = camera_ids(devices, taken)
    return "".join(f"{line}\n" for name, found in zip(ids, devices, strict=True) for line in _entry(name, found))


def _entry(name: str, found: Found) -> Iterator[str]:
    best, *others = rtsp_urls(found)
    told = " ".join(part for part in (found.maker, found.model) if part)
    yield f"  - id: {name}" + (f"  # {told}" if told else "")
    if found.name:
        yield f"    name: {json.dumps(found.name, ensure_ascii=False)}"
    yield f"    url: {json.dumps(best)}"
    for other in others:
        yield f"    #url: {json.dumps(other)}"
    yield "    username: cityeye"
    yield "    password: {env: CAMERA_PASSWORD}"


def camera_ids(devices: Sequence[Found], taken: Collection[str]) -> list[str]:
    """One for each device, by the last numbers of the addresses, as few as make a difference; `taken` are in use."""
    for numbers in (1, 2, 3, 4):
        ids = ["camera-" + "-".join(found.address.split(".")[-numbers:]) for found in devices]
        if len({*ids, *taken}) == len(ids) + len(set(taken)):
            break
    return ids
