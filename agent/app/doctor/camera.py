"""One camera, from its address to what its picture shows; with one login at most that could be refused.

The order is that of the dangers: what costs no login comes first, then ONE login. Only where that one was accepted is
the same credential used again. Every login is asked of, and told to, the record that the agent keeps too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

from agent.adapters.machine import connect_s
from agent.adapters.rtsp_probe import SPOKEN_ALGORITHMS, Address, Answer, chosen_method, describe, hindrance
from agent.adapters.rtsp_survey import RtspSurvey, Survey
from agent.app.doctor.camera_web import WEB_CHECKS, WebCheck, web_address
from agent.app.doctor.findings import Finding, Findings, Value
from agent.app.doctor.mending import GOP_MOST_S, H264, H265, Mendable
from agent.app.parts import login_of, source
from agent.config import CameraConfig
from agent.core.errors import CameraRefused, CameraStalled, CityEyeError, StreamEnded
from agent.core.types import Image
from agent.ports import Clock, LoginLedger
from agent.runtime.logins import LoginBudget

GOP_TOLERANCE = 1.1
_CODECS = {"h264": H264, "hevc": H265}
_WHOLE_PX = 100_000
"""No picture is so large: none is shrunk."""
_VIDEO = ("stream", "gop", "picture")
_ORDER = ("reach", "describe", "digest", "password", *_VIDEO, *WEB_CHECKS)

Draw = Callable[[CameraConfig, Image], str | None]
"""Keeps a picture with the zones on it; returns where, or None when no pictures are wanted. Raises OSError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Why a login is not even tried, as a finding says it."""

    code: str
    detail: str = ""
    values: dict[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraReport:
    """What was found at one camera, and how its stream could be set better, where it could."""

    camera: str
    findings: tuple[Finding, ...]
    mendable: Mendable | None = None

    @property
    def refused(self) -> bool:
        """Whether this login is refused here, now or not long ago."""
        vain = ("password_refused", "password_resting", "password_locked", "isapi_refused")
        return any(finding.code in vain for finding in self.findings)


class CameraCheck:
    """Looks at one camera, once."""

    def __init__(
        self,
        camera: CameraConfig,
        *,
        clock: Clock,
        ledger: LoginLedger,
        draw: Draw,
        watch_s: float,
        bar: Bar | None,
    ) -> None:
        """`bar`: why no login may be tried here; None: it may."""
        self._camera = camera
        self._clock = clock
        self._draw = draw
        self._watch_s = watch_s
        self._bar = bar
        self._login_asked = False
        self._found = Findings(camera.id)
        self._ledger = ledger
        self._budget = LoginBudget(camera=camera.id, login=login_of(camera), ledger=ledger, clock=clock)
        self._password = camera.password.get_secret_value() if camera.password else None
        self._mendable: Mendable | None = None

    def report(self) -> CameraReport:
        """Look at it."""
        if self._camera.video_file is not None:
            self._found.note("reach", "camera_file", file=str(self._camera.video_file))
            self._picture_of_the_file()
        else:
            self._live()
        found = sorted(self._found.list, key=lambda finding: _ORDER.index(finding.check))
        return CameraReport(camera=self._camera.id, findings=tuple(found), mendable=self._mendable)

    def _live(self) -> None:
        address, _, _ = Address.of(self._camera.url)
        where = f"camera {self._camera.id} ({address.shown})"
        web = WebCheck(self._camera, address, self._found, self._clock, self._password)
        has_login = self._camera.username is not None
        spoken = self._spoken(where, address)
        may_log_in = has_login and not self._found.has("password", bad=True) and self._may_log_in(web)
        if spoken and (may_log_in or not self._login_asked):
            self._watch()
        else:
            self._found.skipped(*_VIDEO)
        if not may_log_in or self._found.has("password", bad=True):
            self._found.skipped(*WEB_CHECKS)
        else:
            self._look_at_web(web, address)
        if has_login and not self._found.has("password"):
            self._found.skipped("password")

    def _look_at_web(self, web: WebCheck, address: Address) -> None:
        """Its host may be another one than the stream's: then that device has a budget of its own."""
        camera = self._camera
        login = login_of(camera, web_address(camera, address))
        if login != login_of(camera):
            self._budget = LoginBudget(camera=camera.id, login=login, ledger=self._ledger, clock=self._clock)
            try:
                self._budget.check()
            except CameraRefused as error:
                self._found.bad("isapi", "isapi_refused", str(error))
                self._found.skipped(*WEB_CHECKS[1:])
                return
        self._mendable = web.look(lambda: self._accepted("password_web"), self._refused)

    # What costs no login.

    def _spoken(self, where: str, address: Address) -> bool:
        """Whether the camera is there, has the stream, and asks for a login that can be spoken."""
        found, timeout_s = self._found, self._camera.open_timeout
        told: dict[str, Value] = {"host": address.host, "port": address.port}
        try:
            took_s = connect_s(address.host, address.port, timeout_s=timeout_s, clock=self._clock)
        except (OSError, UnicodeError) as error:
            found.bad("reach", "camera_away", str(error), **told)
            found.skipped("describe", "digest")
            return False
        found.good("reach", "camera_reached", ms=took_s * 1000, **told)
        try:
            answer = describe(where, address, timeout_s=timeout_s, clock=self._clock)
        except CityEyeError as error:
            found.bad("describe", "describe_odd", str(error))
            found.skipped("digest")
            return False
        problem = hindrance(where, address, answer, has_login=self._camera.username is not None)
        if answer.status not in (200, 401):
            code = {403: "describe_forbidden", 404: "describe_path"}.get(answer.status, "describe_busy")
            found.bad("describe", code, str(problem), path=address.shown_path, status=answer.status)
            found.skipped("digest")
            return False
        found.good("describe", "describe_good", path=address.shown_path)
        return self._digest(answer, str(problem or ""))

    def _digest(self, answer: Answer, problem: str) -> bool:
        """The kind of login."""
        found, method = self._found, chosen_method(answer.challenges)
        if answer.status == 200:
            found.note("digest", "digest_open")
            return True
        if method == "Basic":
            found.note("digest", "digest_basic")
        elif method.startswith("Digest") and method[7:].upper() in SPOKEN_ALGORITHMS:
            found.good("digest", "digest_good", algorithm=method[7:] or "MD5")
        else:
            code = "digest_sha" if "SHA-256" in method.upper() else "digest_odd"
            found.bad("digest", code, problem, method=method or "?")
            return False
        if self._camera.username is None:
            found.bad("password", "password_missing")
            return False
        self._login_asked = True
        return True

    # The one login.

    def _may_log_in(self, web: WebCheck) -> bool:
        """Whether the record of refused logins can be kept, leaves a try, and the camera has not locked the box out."""
        if self._bar is not None:
            self._found.bad("password", self._bar.code, self._bar.detail, **self._bar.values)
            return False
        try:
            self._budget.check()
        except CameraRefused as error:
            self._found.bad("password", "password_resting", str(error))
            return False
        return not web.locked()

    def _watch(self) -> None:
        """Log in and watch the stream for a while."""
        camera, found = self._camera, self._found
        survey = RtspSurvey(
            camera=camera.id,
            url=camera.url,
            clock=self._clock,
            username=camera.username,
            password=self._password,
            open_timeout_s=camera.open_timeout,
            read_timeout_s=camera.read_timeout,
        )
        try:
            seen = survey.survey(self._watch_s)
        except CameraRefused as error:
            self._refused(error)
            found.skipped(*_VIDEO)
        except CityEyeError as error:
            broke = isinstance(error, CameraStalled | StreamEnded)
            if self._login_asked and broke:
                self._accepted()  # it was let in before that
            found.bad("stream", "stream_broke" if broke else "stream_bad", str(error))
            found.skipped("gop", "picture")
        else:
            if self._login_asked:
                self._accepted()
            self._seen(seen)

    def _accepted(self, code: str = "password_good") -> None:
        self._budget.accepted()
        if self._camera.username is not None and not self._found.has("password"):
            self._found.good("password", code, user=self._camera.username)

    def _refused(self, error: CameraRefused) -> None:
        if error.attempted:
            self._budget.refused(str(error))
        if not self._found.has("password"):
            self._found.bad("password", "password_refused", str(error))

    def _seen(self, seen: Survey) -> None:
        found, (width, height) = self._found, seen.size_px
        told: dict[str, Value] = {
            "codec": _CODECS.get(seen.codec, seen.codec),
            "width": width,
            "height": height,
            "fps": seen.fps or 0.0,
        }
        if seen.codec == "h264":
            found.good("stream", "stream_good", **told)
        else:
            found.note("stream", "stream_heavy", **told)
        if seen.gop_s is None and seen.watched_s < GOP_MOST_S * GOP_TOLERANCE:
            found.note("gop", "gop_untold", watched=seen.watched_s)
        elif seen.gop_s is None:
            found.bad("gop", "gop_endless", watched=seen.watched_s, most=GOP_MOST_S)
        elif seen.gop_s > GOP_MOST_S * GOP_TOLERANCE:
            found.bad("gop", "gop_long", seconds=seen.gop_s, most=GOP_MOST_S)
        else:
            found.good("gop", "gop_good", seconds=seen.gop_s)
        self._picture(seen.image)

    def _picture_of_the_file(self) -> None:
        try:
            with closing(source(self._camera, self._clock, _WHOLE_PX).samples()) as samples:
                frame = next(samples).decode()
        except (CityEyeError, StopIteration) as error:
            self._found.bad("picture", "picture_none", str(error))
        else:
            self._picture(frame.image if frame else None)

    def _picture(self, image: Image | None) -> None:
        if image is None:
            self._found.bad("picture", "picture_none")
            return
        try:
            file = self._draw(self._camera, image)
        except OSError as error:
            self._found.bad("picture", "picture_unkept", str(error))
            return
        if file is None:
            self._found.good("picture", "picture_good")
        else:
            self._found.good("picture", "picture_kept", file=file)
