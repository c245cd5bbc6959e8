"""Reports how the box is, at a steady pace, whatever else happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Event as StopEvent

from agent.core.types import Message
from agent.core.wire import CameraHealth, HealthReport
from agent.ports import Clock, Outbox
from agent.runtime.capture import CaptureLoop
from agent.runtime.courier import Courier
from agent.runtime.desk import Desk
from agent.runtime.mailbox import Mailroom
from agent.runtime.supervisor import LoopPhase, Supervisor
from agent.runtime.watch import Watch

log = logging.getLogger(__name__)

REPORT_EVERY_S = 60.0


class Health:
    """Gathers the snapshots of all parts into one report; give `run` to the supervisor."""

    def __init__(
        self,
        *,
        clock: Clock,
        supervisors: Sequence[Supervisor],
        captures: Mapping[str, CaptureLoop],
        desks: Mapping[str, Desk],
        watches: Sequence[Watch],
        mailroom: Mailroom,
        outbox: Outbox,
        courier: Courier,
        render: Callable[[HealthReport], Message],
    ) -> None:
        self._clock = clock
        self._supervisors = supervisors
        self._captures = captures
        self._desks = desks
        self._watches = watches
        self._mailroom = mailroom
        self._outbox = outbox
        self._courier = courier
        self._render = render

    def run(self, stop: StopEvent) -> None:
        """Report until stopped."""
        while not stop.wait(REPORT_EVERY_S):
            self._courier.publish_soon(self._render(self.report()))

    def report(self) -> HealthReport:
        """How everything is now."""
        inference = [watch.inference_ms for watch in self._watches if watch.inference_ms is not None]
        loops = [state for supervisor in self._supervisors for state in supervisor.states()]
        return HealthReport(
            at=self._clock.now().utc,
            cameras=tuple(self._camera(camera) for camera in self._captures),
            outbox_depth=self._outbox.depth(),
            outbox_set_aside=self._outbox.set_aside_count(),
            facts={
                "inference_ms": round(sum(inference) / len(inference), 2) if inference else None,
                "loop_restarts": sum(loop.restarts for loop in loops),
                "loops_failed": sum(loop.phase is LoopPhase.FAILED for loop in loops),
                "events_waiting_for_disk": sum(desk.state.unkept for desk in self._desks.values()),
            },
        )

    def _camera(self, camera: str) -> CameraHealth:
        capture, desk = self._captures[camera].state(), self._desks[camera].state
        return CameraHealth(
            camera=camera,
            state=capture.phase.value if capture.reason is None else capture.reason.value,
            blind_s=desk.blind_s,
            drops=self._mailroom.drops(camera),
            last_picture=desk.last_look.utc if desk.last_look else None,
        )
