"""Where a camera's better pictures come from."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from agent.adapters.isapi import IsapiStills
from agent.adapters.rtsp import RtspSource
from agent.adapters.rtsp_still import RtspStills
from agent.app.parts import login_of
from agent.config import CameraConfig
from agent.ports import Clock, LoginLedger, StillSource
from agent.runtime.logins import Doors, LoginBudget
from agent.runtime.main_stream import MainStream

_SUB_STREAM = re.compile(r"(?i)/Streaming/Channels/(?P<channel>[0-9]+)0[2-9]/?")
"""Hikvision's paths: the last two digits are the stream, those before the channel of a recorder."""
_OPEN_S, _READ_S = 3.0, 4.0


def main_stream_urls(camera: CameraConfig) -> list[str]:
    """Addresses of the main stream's pictures, the best first; none when nothing better than the stream is known."""
    if camera.main_stream == "off" or camera.video_file is not None:
        return []
    if camera.main_stream != "auto":
        return [camera.main_stream]
    parts = urlsplit(camera.url)
    match = _SUB_STREAM.fullmatch(parts.path)
    if match is None or parts.hostname is None:
        return []
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    main = f"{match['channel']}01"
    path = re.sub(r"[0-9]+/?$", main, parts.path)
    return [f"http://{host}/ISAPI/Streaming/channels/{main}/picture", f"rtsp://{parts.netloc}{path}"]


def main_stream(camera: CameraConfig, clock: Clock, ledger: LoginLedger, doors: Doors) -> MainStream | None:
    """The camera's main stream, or None where there is none to ask."""
    urls = main_stream_urls(camera)
    if not urls:
        return None
    ways = [_way(camera, url, clock) for url in urls]
    login = login_of(camera, urls[0])  # all are of one device
    # One refusal ends it, so that the watching keeps a try of its own.
    logins = LoginBudget(camera=camera.id, login=login, ledger=ledger, clock=clock, door=doors.of(login), most=1)
    return MainStream(camera.id, ways, logins=logins, clock=clock)


def _way(camera: CameraConfig, url: str, clock: Clock) -> StillSource:
    password = camera.password.get_secret_value() if camera.password else None
    if not url.startswith("rtsp:"):
        return IsapiStills(camera=camera.id, url=url, username=camera.username, password=password, clock=clock)
    source = RtspSource(
        camera=camera.id,
        url=url,
        username=camera.username,
        password=password,
        decode="keyframes",
        sample_every_s=0.0,
        open_timeout_s=_OPEN_S,
        read_timeout_s=_READ_S,
        clock=clock,
    )
    return RtspStills(camera.id, source)
