"""Questions to a camera's web service, and its answers as XML. Each request logs in anew, by digest."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import httpx

from agent.adapters.isapi.exchange import asked
from agent.adapters.isapi.login import NOT_SPOKEN, fault, not_spoken, refusal
from agent.adapters.isapi.xml import MAX_XML_BYTES, parsed, text
from agent.core.errors import CameraAnswerUnusable, CameraRefused, CameraUnreachable, CityEyeError
from agent.ports import Clock

CONNECT_S = 2.0
DEADLINE_S = 6.0
"""For the whole answer, however slowly it dribbles; a camera needs some seconds to change its encoder."""


class IsapiClient:
    """One camera's web service. Use from one thread at a time.

    After a refused login it asks nothing more: each further question would cost another one.
    """

    def __init__(self, *, camera: str, base: str, username: str | None, password: str | None, clock: Clock) -> None:
        """`base`: scheme, host and port, without credentials, such as `http://192.168.1.64`."""
        self._camera = camera
        self._base = base.rstrip("/")
        self._login = None if username is None else (username, password or "")
        self._clock = clock
        self._refused = False

    def get(self, path: str) -> Element:
        """What stands at `/ISAPI` + `path`.

        Raises:
            CameraUnreachable: no answer, or the camera is busy.
            CameraRefused: the login, or what this user may do.
            CameraAnswerUnusable: there is no such thing, or it is no XML.
        """
        return self._asked("GET", path, None, right="see the camera's settings (remote: view parameters)")

    def put(self, path: str, body: bytes) -> Element:
        """Replace what stands there; returns the camera's `ResponseStatus`. Raises as `get` does."""
        return self._asked("PUT", path, body, right="change the camera's settings (remote: parameter settings)")

    def ask(self, path: str) -> Element:
        """What the camera says there to somebody without a login, be it only why not; costs no login.

        Raises: CameraUnreachable, CameraAnswerUnusable.
        """
        where = self.where(path)
        try:
            _, answer = self._exchanged("GET", path, None, login=False)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:  # ValueError: a host that is no name
            problem = CameraUnreachable(f"{where}: expected an answer over HTTP, found {fault(error)}")
        else:
            return parsed(where, answer)
        raise problem

    def where(self, path: str) -> str:
        """How errors name an address."""
        return f"camera {self._camera} ({self._base}/ISAPI{path})"

    def _asked(self, method: str, path: str, body: bytes | None, *, right: str) -> Element:
        where = self.where(path)
        if self._refused:
            raise CameraRefused(f"{where}: not asked, since the camera refused this login just now", attempted=False)
        try:
            response, answer = self._exchanged(method, path, body)
        except NOT_SPOKEN as error:
            problem: CityEyeError = not_spoken(where, error)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = CameraUnreachable(
                f"{where}: expected an answer over HTTP, found {fault(error)}; "
                "check that the camera's web service is on, and its port: where it is not 80, write it into main_stream"
            )
        else:
            return self._judged(where, response, answer, right)
        raise problem

    def _exchanged(
        self, method: str, path: str, body: bytes | None, *, login: bool = True
    ) -> tuple[httpx.Response, bytes]:
        headers = {} if body is None else {"Content-Type": "application/xml; charset=UTF-8"}
        timeout = httpx.Timeout(DEADLINE_S, connect=CONNECT_S)
        request, credential = (method, f"{self._base}/ISAPI{path}"), self._login if login else None
        deadline_s = self._clock.now().mono_s + DEADLINE_S
        with asked(request, login=credential, timeout=timeout, content=body, headers=headers) as response:
            answer = bytearray()
            for chunk in response.iter_raw():
                answer += chunk
                if len(answer) > MAX_XML_BYTES:
                    break
                if self._clock.now().mono_s > deadline_s:
                    raise httpx.ReadTimeout("the answer dribbles")
        return response, bytes(answer)

    def _judged(self, where: str, response: httpx.Response, answer: bytes, right: str) -> Element:
        if refused := refusal(where, response, right=right):
            self._refused = refused.attempted
            raise refused
        status = response.status_code
        if status == 200:
            return parsed(where, answer)
        if status in (404, 405, 501):
            mend = "this camera or firmware has no such setting"
            raise CameraAnswerUnusable(f"{where}: expected an answer, found status {status}; {mend}")
        if status < 500 and (said := _said(where, answer)):
            raise CameraAnswerUnusable(f"{where}: expected the camera to take it, found that it says {said!r}")
        raise CameraUnreachable(f"{where}: expected an answer, found status {status}; try again in a minute")


def _said(where: str, answer: bytes) -> str | None:
    """What a `ResponseStatus` says went wrong, if the answer is one."""
    try:
        root = parsed(where, answer)
    except CameraAnswerUnusable:
        return None
    return ", ".join(filter(None, (text(root, "statusString"), text(root, "subStatusCode")))) or None
