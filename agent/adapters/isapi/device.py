"""What a camera says it is (`/System/deviceInfo`), and what time it thinks it is (`/System/time`)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from xml.etree.ElementTree import Element

from agent.adapters.isapi.xml import local, text
from agent.core.errors import CameraAnswerUnusable

_MAX_TEXT = 80
_ZONE = re.compile(
    r"[A-Za-z<>+\-0-9]*?(?P<sign>[+-]?)(?P<hours>\d{1,2})(?::(?P<minutes>\d{2}))?(?::\d{2})?(?:[A-Z<].*)?"
)
"""POSIX: `CST-8:00:00`, the hours WEST of Greenwich, perhaps with a rule for summer time, which is not looked at."""
_MAX_ZONE = 64
"""Characters; what is longer would be tried from each of them to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What it is, in its own words; empty where it does not say."""

    model: str
    firmware: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The camera lets this box's address in no more, whatever the password. `seconds`: for how long, if it says so."""

    seconds: int | None


def lock_of(root: Element) -> Lock | None:
    """What a `userCheck` says about the address that asks; None: nothing, or that it is not locked."""
    if local(root) != "userCheck" or text(root, "lockStatus") != "lock":
        return None
    told = text(root, "unlockTime") or ""
    return Lock(seconds=int(told) if re.fullmatch(r"[0-9]{1,6}", told) else None)


def device_of(where: str, root: Element) -> Device:
    """Raises CameraAnswerUnusable when this is another document."""
    if local(root) != "DeviceInfo":
        raise CameraAnswerUnusable(
            f"{where}: expected DeviceInfo, found {shown(local(root))!r}; is it a Hikvision camera?"
        )
    model, firmware, name = (shown(text(root, key) or "") for key in ("model", "firmwareVersion", "deviceName"))
    return Device(model=model, firmware=firmware, name=name)


def time_of(where: str, root: Element) -> datetime:
    """The camera's time, aware. Raises CameraAnswerUnusable."""
    told, zone = text(root, "localTime") or "", text(root, "timeZone") or ""
    try:
        at = datetime.fromisoformat(told)
        if at.tzinfo is None:
            at = at.replace(tzinfo=_offset(zone))
        at.timestamp()  # a year that no clock can count
    except (ValueError, OverflowError):
        found = f"localTime {shown(told)!r} and timeZone {shown(zone)!r}"
        raise CameraAnswerUnusable(f"{where}: expected a date and time, found {found}") from None
    return at


def _offset(zone: str) -> timezone:
    """Of a POSIX time zone. Raises ValueError."""
    match = _ZONE.fullmatch(zone) if len(zone) <= _MAX_ZONE else None
    if match is None:
        raise ValueError(zone)
    west = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"] or 0))
    return timezone(west if match["sign"] == "-" else -west)


def shown(said: str) -> str:
    """What a device says, short and without anything that could steer a terminal."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in said[:_MAX_TEXT])
