"""Keeps one camera's samples coming, and says so when they do not.

All faults of a camera end in ONE handler: it tells the core that nobody is looking (a `Gap`, at once and again while
it lasts), tells a person why, and decides how long to wait. A camera that refuses a login gets special care, see
`logins`.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from threading import Event as StopEvent

from agent.core.errors import (
    CameraRefused,
    CameraStalled,
    CityEyeError,
    PermanentError,
    RetryableError,
    StreamEnded,
    UnsupportedStream,
)
from agent.core.types import Gap, GapReason, Stamp
from agent.ports import Clock, Sample, Source
from agent.runtime.backoff import Backoff, Jitter
from agent.runtime.logins import TURN_STEP_S, LoginBudget
from agent.runtime.mailbox import Mailroom, Slot

log = logging.getLogger(__name__)

RETRY_BASE_S = 1.0
RETRY_CAP_S = 30.0
GOOD_STRETCH_S = 30.0
"""Samples for so long end a series of failures: the next one is retried quickly again."""
SLOW_RETRY_S = 60.0
"""For what somebody has to change first: often enough to notice the change, too rarely to be a load."""
GAP_EVERY_S = 5.0
"""How often a lasting gap is posted again. Well below the default clear time of 30 s, so that the core always knows."""


class CapturePhase(StrEnum):
    """How a camera is."""

    CONNECTING = "connecting"
    ONLINE = "online"
    DOWN = "down"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureState:
    """One camera, for health.

    Attributes:
        online_since: first sample of this connection, or None when not online.
        last_sample: when the newest sample was captured, in this or an earlier connection.
        keyframe_interval_s: as the camera sends them, or None before it is known.
        reason, message: why nobody is looking, as a code and for a person; None and empty when online.
        failures: failed connections in a row.
    """

    camera: str
    phase: CapturePhase
    online_since: Stamp | None = None
    last_sample: Stamp | None = None
    keyframe_interval_s: float | None = None
    reason: GapReason | None = None
    message: str = ""
    failures: int = 0


class CaptureLoop:
    """One camera's loop; give `run` to the supervisor. It keeps what it learnt when it is started again."""

    def __init__(
        self,
        *,
        camera: str,
        source: Source,
        mailroom: Mailroom | Slot,
        clock: Clock,
        logins: LoginBudget,
        jitter: Jitter,
    ) -> None:
        self._camera = camera
        self._source = source
        self._mailroom = mailroom
        self._clock = clock
        self._logins = logins
        self._backoff = Backoff(jitter, base_s=RETRY_BASE_S, cap_s=RETRY_CAP_S)
        self._phase = CapturePhase.CONNECTING
        self._online_since: Stamp | None = None
        self._last_sample: Stamp | None = None
        self._fault: tuple[GapReason, str] | None = None
        self._failures = 0

    def state(self) -> CaptureState:
        """A snapshot, from any thread. Fields are written one by one, each in one step; a mixed moment does no harm."""
        fault = self._fault
        return CaptureState(
            camera=self._camera,
            phase=self._phase,
            online_since=self._online_since,
            last_sample=self._last_sample,
            keyframe_interval_s=self._source.keyframe_interval_s,
            reason=None if fault is None else fault[0],
            message="" if fault is None else fault[1],
            failures=self._failures,
        )

    def run(self, stop: StopEvent) -> None:
        """Capture until `stop` is set."""
        try:
            while not stop.is_set():
                try:
                    self._await_turn(stop)
                    self._stretch(stop)
                except (RetryableError, PermanentError) as error:
                    wait_s = self._failed(error)
                    self._logins.leave()  # only now that a refusal was counted
                    self._wait(wait_s, stop)
        finally:
            self._logins.leave()
            self._online_since = None
            self._phase = CapturePhase.STOPPED
            # However this ends, nobody looks any more; only an agent that stops need not be told.
            if not stop.is_set():
                self._post_gap(GapReason.OFFLINE)

    def _await_turn(self, stop: StopEvent) -> None:
        """Until this camera may log in, or `stop` is set. Raises CameraRefused."""
        waited_s = 0.0
        while not self._logins.enter() and not stop.wait(TURN_STEP_S):
            waited_s += TURN_STEP_S
            if waited_s >= GAP_EVERY_S:
                waited_s = 0.0
                self._post_gap(GapReason.OFFLINE if self._fault is None else self._fault[0])

    def _stretch(self, stop: StopEvent) -> None:
        """One connection, from opening to its end; posts what it gives."""
        if stop.is_set():
            return
        # A generator that is merely dropped closes its connection whenever it is collected; this one closes it now.
        with closing(self._source.samples(stop)) as samples:
            for sample in samples:
                self._sampled(sample)
        if not stop.is_set():
            raise StreamEnded(f"camera {self._camera}: expected the video to go on, found its end")

    def _sampled(self, sample: Sample) -> None:
        self._last_sample = sample.stamp
        if self._online_since is None:
            self._logins.accepted()
            if self._fault is not None:
                log.info("camera %s: back, failures before that: %d", self._camera, self._failures)
            self._online_since, self._fault, self._phase = sample.stamp, None, CapturePhase.ONLINE
        elif self._failures and sample.stamp.mono_s - self._online_since.mono_s >= GOOD_STRETCH_S:
            self._failures = 0
            self._backoff.reset()
        self._mailroom.post_sample(sample)

    def _failed(self, error: CityEyeError) -> float:
        """The one handler of faults. Returns how long to wait before the next try."""
        self._online_since, self._phase = None, CapturePhase.DOWN
        self._failures += 1
        reason = _REASONS.get(type(error), GapReason.OFFLINE)
        if isinstance(error, CameraRefused) and error.attempted:
            self._logins.refused(str(error))
        if (reason, str(error)) != self._fault:
            self._fault = (reason, str(error))
            log.warning("%s", error)
        self._post_gap(reason)
        return SLOW_RETRY_S if isinstance(error, PermanentError) else self._backoff.next_s()

    def _wait(self, wait_s: float, stop: StopEvent) -> None:
        """Wait, saying again and again that nobody is looking."""
        left_s = wait_s
        while left_s > 0 and not stop.wait(min(left_s, GAP_EVERY_S)):
            left_s -= GAP_EVERY_S
            if self._fault is not None:
                self._post_gap(self._fault[0])

    def _post_gap(self, reason: GapReason) -> None:
        self._mailroom.post_gap(Gap(camera=self._camera, stamp=self._clock.now(), reason=reason))


_REASONS: dict[type[CityEyeError], GapReason] = {
    CameraStalled: GapReason.STALLED,
    CameraRefused: GapReason.REFUSED,
    UnsupportedStream: GapReason.UNDECODABLE,
}
"""Anything else: OFFLINE."""
