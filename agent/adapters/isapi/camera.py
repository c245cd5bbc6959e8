"""What can be asked of a camera's web service, and what can be set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from agent.adapters.isapi.client import IsapiClient
from agent.adapters.isapi.device import Device, Lock, device_of, lock_of, time_of
from agent.adapters.isapi.streams import StreamSettings, Wanted, change, settings_of
from agent.adapters.isapi.xml import text, written
from agent.core.errors import CityEyeError

_REBOOT = "7"
"""`statusCode` of a change that is in force after a restart only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a change.

    Attributes:
        before, after: as the camera told them before and after it; cameras take less than was asked, without a word.
        restart: the camera says that it has to be restarted first.
    """

    before: StreamSettings
    after: StreamSettings
    restart: bool


class IsapiCamera:
    """One camera. Use from one thread at a time. Calls raise as `IsapiClient.get` does."""

    def __init__(self, client: IsapiClient) -> None:
        self._client = client

    def device(self) -> Device:
        """What it is."""
        path = "/System/deviceInfo"
        return device_of(self._client.where(path), self._client.get(path))

    def lock(self) -> Lock | None:
        """Whether it has locked this box out; None where it does not say so. Costs no login, and never raises."""
        try:
            return lock_of(self._client.ask("/Security/userCheck"))
        except CityEyeError:
            return None

    def time(self) -> datetime:
        """What time it has, aware."""
        path = "/System/time"
        return time_of(self._client.where(path), self._client.get(path))

    def stream(self, channel: int) -> StreamSettings:
        """How a stream is set; 101 is the main stream of the first channel, 102 its sub-stream."""
        path = _path(channel)
        return settings_of(self._client.where(path), self._client.get(path), channel)

    def set_stream(self, channel: int, wanted: Wanted) -> Taken:
        """GET, change that document, PUT it back whole, and GET again to see what the camera made of it."""
        path = _path(channel)
        root = self._client.get(path)
        before = settings_of(self._client.where(path), root, channel)
        change(root, before, wanted)
        status = self._client.put(path, written(root))
        return Taken(before=before, after=self.stream(channel), restart=text(status, "statusCode") == _REBOOT)


def _path(channel: int) -> str:
    return f"/Streaming/channels/{channel}"
