"""Who made a device, by what it lets slip without a login; and where that maker's streams are.

The paths are those in common use; `{n}` is the channel of a recorder, 1 of a camera. Those of Hikvision were tried, the
others are from memory: they are addresses to try, and `cityeye doctor` tells whether one is right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.core.discovery.found import Found

RTSP_PORT = 554


@dataclass(frozen=True, slots=True)
class _Maker:
    """`hints`: in a name, model, login realm or `Server`. `sub`, `main`: paths of the two streams of channel `{n}`."""

    name: str
    hints: re.Pattern[str]
    sub: str
    main: str


def _maker(name: str, hints: str, sub: str, main: str) -> _Maker:
    return _Maker(name, re.compile(f"(?i)(?:{hints})"), sub, main)


_MAKERS = (
    _maker(
        "Hikvision",
        # Realms of its cameras are `IP Camera(C1234)` or the serial number; its web servers are App-webs, DNVRS-Webs.
        r"hikvision|海康|\bi?DS-[0-9][A-Z0-9]|IP Camera\(|\bApp-webs\b|\bDNVRS-Webs\b",
        "/Streaming/Channels/{n}02",
        "/Streaming/Channels/{n}01",
    ),
    _maker(
        "Dahua",
        r"dahua|大华|\bDHI?-|\bIPC-H[A-Z]+\d|Login to [0-9A-Za-z]{6,}",
        "/cam/realmonitor?channel={n}&subtype=1",
        "/cam/realmonitor?channel={n}&subtype=0",
    ),
    _maker("Uniview", r"uniview|宇视|\bUNV\b", "/media/video2", "/media/video1"),
    _maker("TP-Link", r"tp-?link|\bvigi\b|\btapo\b|普联", "/stream2", "/stream1"),
    _maker("Axis", r"\baxis\b|AXIS_", "/axis-media/media.amp?resolution=640x360", "/axis-media/media.amp"),
    _maker("Hanwha", r"hanwha|wisenet|ipolis|samsung", "/profile3/media.smp", "/profile2/media.smp"),
    _maker("Reolink", r"reolink", "/h264Preview_{n:02}_sub", "/h264Preview_{n:02}_main"),
)
_RECORDER = re.compile(r"(?i)\b(?:NVR|DVR|XVR|HVR|recorder)|硬盘录像机|\bi?DS-[789]\d")
"""Hikvision's recorders are DS-7…, DS-8… and DS-9…, its cameras DS-2…."""
_COMMONEST = 4
"""So many makers' sub-streams are worth trying where nobody knows who made it."""


def maker_of(*texts: str) -> str:
    """The maker that these texts name, or empty."""
    return next((maker.name for maker in _MAKERS if any(maker.hints.search(text) for text in texts)), "")


def rtsp_urls(found: Found, channel: int = 1) -> tuple[str, ...]:
    """Addresses to try, the best first: the sub-stream, then the main stream; of the commonest makers if unknown.

    Args:
        channel: of a recorder; another than 1 leaves out the makers of which it is not known how they count.
    """
    known = [maker for maker in _MAKERS if maker.name == found.maker]
    paths = [path for maker in known for path in (maker.sub, maker.main)]
    paths = [path for path in paths or [maker.sub for maker in _MAKERS[:_COMMONEST]] if channel == 1 or "{n" in path]
    ports = found.rtsp_ports or (RTSP_PORT,)
    return tuple(
        f"rtsp://{found.address}{'' if port == RTSP_PORT else f':{port}'}{path.format(n=channel)}"
        for port in ports
        for path in paths
    )


def is_recorder(found: Found) -> bool:
    """Whether what it says of itself is what recorders say: then it has several channels."""
    return any(_RECORDER.search(text) for text in (found.model, found.name))
