"""A single picture of a Hikvision camera over HTTP: `GET /ISAPI/Streaming/channels/101/picture`, digest login.

Credentials go into the digest only, never into the URL, a log or an error.
"""

from __future__ import annotations

import cv2
import httpx
import numpy as np

from agent.adapters.isapi.exchange import asked
from agent.adapters.isapi.login import NOT_SPOKEN, fault, not_spoken, refusal
from agent.adapters.jpeg_size import MOST_PIXELS, jpeg_size_px
from agent.core.address_secrets import without_secrets
from agent.core.errors import CameraUnreachable, CityEyeError, UnsupportedStream
from agent.core.types import Image
from agent.ports import Clock

MAX_JPEG_BYTES = 8 * 1024 * 1024
"""A picture of 12 megapixels is 3 to 6 MB; a camera that sends more has been mistaken for something else."""
CONNECT_S = 1.0
DEADLINE_S = 4.0
"""For the whole answer, however slowly it dribbles."""
_JPEG = b"\xff\xd8\xff"


class IsapiStills:
    """Implements `ports.StillSource`. Use from one thread at a time."""

    def __init__(self, *, camera: str, url: str, username: str | None, password: str | None, clock: Clock) -> None:
        """`url`: the address of the picture, without credentials."""
        self._where = f"camera {camera} ({without_secrets(str(httpx.URL(url).copy_with(query=None)))})"
        self._url = url
        self._login = None if username is None else (username, password or "")
        self._clock = clock

    def picture(self) -> Image:
        """Fetch one; see `ports.StillSource.picture`."""
        try:
            jpeg = self._fetch()
        except NOT_SPOKEN as error:
            problem: CityEyeError = not_spoken(self._where, error)
        except httpx.HTTPError as error:
            mend = "check that the camera's web port is on and its address right, or set main_stream"
            problem = CameraUnreachable(f"{self._where}: expected a picture over HTTP, found {fault(error)}; {mend}")
        else:
            return self._decoded(jpeg)
        raise problem

    def _fetch(self) -> bytes:
        timeout = httpx.Timeout(DEADLINE_S / 2, connect=CONNECT_S)
        deadline_s = self._clock.now().mono_s + DEADLINE_S
        with asked(("GET", self._url), login=self._login, timeout=timeout) as response:
            self._check(response)
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_JPEG_BYTES or self._clock.now().mono_s > deadline_s:
                    break
            else:
                return bytes(body)
        raise CameraUnreachable(
            f"{self._where}: expected a picture of at most {MAX_JPEG_BYTES} bytes within {DEADLINE_S:g} s, found "
            f"{len(body)} bytes and no end; check the address"
        )

    def _check(self, response: httpx.Response) -> None:
        """Return when a picture follows. Raises what the status means."""
        status = response.status_code
        if refused := refusal(self._where, response, right="take pictures (remote live view)"):
            raise refused
        if status in (404, 405, 501):
            mend = "the camera has no such picture: set main_stream"
            raise UnsupportedStream(f"{self._where}: expected a picture, found status {status}; {mend}")
        if status != 200:
            mend = "the camera is busy or starting: none needed when it passes"
            raise CameraUnreachable(f"{self._where}: expected a picture, found status {status}; {mend}")

    def _decoded(self, body: bytes) -> Image:
        whole = body.startswith(_JPEG)
        width, height = jpeg_size_px(body) or (0, 0)
        if whole and width * height > MOST_PIXELS:
            raise UnsupportedStream(
                f"{self._where}: expected a picture of at most {MOST_PIXELS:,} pixels, found one that says it has "
                f"{width} x {height}; check the address"
            )
        try:
            image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR) if whole else None
        except cv2.error:  # what it says of itself makes no sense to the decoder
            image = None
        if image is None:
            start = body[:8].decode("ascii", "backslashreplace")
            raise UnsupportedStream(
                f"{self._where}: expected a JPEG, found {len(body)} bytes that begin with {start!r}; check the address"
            )
        return np.asarray(image, np.uint8)
