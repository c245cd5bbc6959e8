"""What a camera says about itself over ISAPI: how its streams are set, and what time it has.

Asked with the credential that RTSP accepted, or with one that was not tried yet because RTSP could not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from agent.adapters.isapi import IsapiCamera, IsapiClient
from agent.adapters.rtsp_probe import Address
from agent.app.doctor.findings import Findings, Value
from agent.app.doctor.mending import H264, H265, Mendable, shown, wanted_for
from agent.config import CameraConfig
from agent.core.errors import CameraRefused, CityEyeError
from agent.ports import Clock

WEB_CHECKS = ("isapi", "settings", "channel", "camera_clock")
CLOCK_OFF_S = 30.0
"""The camera's clock is burnt into its pictures, the box's stands in the events; a minute apart raises questions."""
_CHANNEL = re.compile(r"(?i)(?:/ISAPI)?/Streaming/Channels/(?P<channel>[0-9]{3,6})/?")


class WebCheck:
    """Looks at one camera's web service, once."""

    def __init__(
        self, camera: CameraConfig, address: Address, found: Findings, clock: Clock, password: str | None
    ) -> None:
        """`found`: what is found goes there."""
        self._address = address
        self._found = found
        self._clock = clock
        client = IsapiClient(
            camera=camera.id,
            base=web_address(camera, address),
            username=camera.username,
            password=password,
            clock=clock,
        )
        self._way = IsapiCamera(client)

    def locked(self) -> bool:
        """Whether the camera says that it has locked this box out, which is then told. Costs no login."""
        lock = self._way.lock()
        if lock is None:
            return False
        self._found.bad("password", "password_locked", "", minutes=round((lock.seconds or 1800) / 60))
        return True

    def look(self, accepted: Callable[[], None], refused: Callable[[CameraRefused], None]) -> Mendable | None:
        """Look at it; returns how its stream could be set better. The login's fate is told to the one or the other."""
        found = self._found
        try:
            device = self._way.device()
        except CameraRefused as error:
            if error.attempted:
                refused(error)
                found.bad("isapi", "isapi_refused", str(error))
            else:
                found.note("isapi", "isapi_closed", str(error))
        except CityEyeError as error:
            found.note("isapi", "isapi_away", str(error))
        else:
            accepted()
            found.good("isapi", "isapi_good", model=device.model or "?", firmware=device.firmware or "?")
            self._time()
            return self._settings()
        found.skipped(*WEB_CHECKS[1:])
        return None

    def _settings(self) -> Mendable | None:
        found, channel = self._found, channel_of(self._address)
        if channel is None:
            found.note("settings", "settings_unknown", path=self._address.shown_path)
            found.skipped("channel")
            return None
        try:
            settings = self._way.stream(channel)
        except CityEyeError as error:
            found.note("settings", "settings_untold", str(error), channel=channel)
            found.skipped("channel")
            return None
        self._channel(channel)
        main = channel % 100 == 1
        wanted = wanted_for(settings, main=main)
        if wanted is None:
            found.good("settings", "settings_good", channel=channel, shown=shown(settings))
            return None
        mendable = Mendable(camera=self._found.camera or "", settings=settings, wanted=wanted, way=self._way, main=main)
        told: dict[str, Value] = {
            "channel": channel,
            "shown": shown(settings),
            "wanted": shown(mendable.target),
        }
        if settings.smart or wanted.gop_s is not None or settings.codec not in (None, H264, H265):
            found.bad("settings", "settings_wrong", "", **told)
        else:
            found.note("settings", "settings_heavy", "", **told)
        return mendable

    def _channel(self, channel: int) -> None:
        """Whether there is a stream that would cost less."""
        if channel % 100 != 1:
            self._found.good("channel", "channel_sub", channel=channel)
            return
        try:
            sub = self._way.stream(channel + 1)
        except CityEyeError as error:
            self._found.note("channel", "channel_main", str(error), channel=channel)
            return
        path = self._address.path.replace(str(channel), str(channel + 1), 1)
        url = replace(self._address, path=path).shown
        self._found.note("channel", "channel_dear", "", channel=channel, url=url, shown=shown(sub))

    def _time(self) -> None:
        try:
            off_s = (self._way.time() - self._clock.now().utc).total_seconds()
        except CityEyeError as error:
            self._found.note("camera_clock", "camera_clock_untold", str(error))
            return
        if abs(off_s) > CLOCK_OFF_S:
            self._found.bad("camera_clock", "camera_clock_off", "", seconds=round(off_s))
        else:
            self._found.good("camera_clock", "camera_clock_good", seconds=round(off_s))


def channel_of(address: Address) -> int | None:
    """Hikvision's number of a stream: 101 is the first channel's main stream, 102 its sub-stream."""
    match = _CHANNEL.fullmatch(address.path.partition("?")[0])
    return int(match["channel"]) if match else None


def web_address(camera: CameraConfig, address: Address) -> str:
    """Where its web service is: where `main_stream` says, else port 80 of the same host."""
    if camera.main_stream.startswith("http"):
        parts = urlsplit(camera.main_stream)
        return f"{parts.scheme}://{parts.netloc}"
    return f"http://[{address.host}]" if ":" in address.host else f"http://{address.host}"
