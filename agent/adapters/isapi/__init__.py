"""A Hikvision camera's web service (ISAPI): its pictures, what it is, how its streams are set, its clock.

Digest login over HTTP. Credentials go into the digest only, never into the URL, a log or an error.
"""

from __future__ import annotations

from agent.adapters.isapi.camera import IsapiCamera, Taken
from agent.adapters.isapi.client import IsapiClient
from agent.adapters.isapi.device import Device
from agent.adapters.isapi.stills import MAX_JPEG_BYTES, IsapiStills
from agent.adapters.isapi.streams import StreamSettings, Wanted

__all__ = [
    "MAX_JPEG_BYTES",
    "Device",
    "IsapiCamera",
    "IsapiClient",
    "IsapiStills",
    "StreamSettings",
    "Taken",
    "Wanted",
]
