"""Reports how the box is, at a steady pace, whatever else happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Event as StopEvent

from agent.core.types import Message
from agent.core.wire import CameraReport, HealthReport
from agent.core.wire.status import Fact
from agent.ports import Clock, Outbox, Parcels
from agent.runtime.capture import CaptureLoop, CaptureState
from agent.runtime.courier import Courier
from agent.runtime.desk import Desk
from agent.runtime.figures import DeskState
from agent.runtime.intervals import percentile
from agent.runtime.mailbox import Mailroom
from agent.runtime.supervisor import LoopPhase, LoopState, Supervisor
from agent.runtime.uploader import Uploader
from agent.runtime.watch import Watch
from agent.runtime.wellness import not_alive

log = logging.getLogger(__name__)

REPORT_EVERY_S = 60.0
BEAT_EVERY_S = 10.0
"""How often the heartbeat is renewed that `cityeye alive` and a container's health check read."""


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
        parcels: Parcels,
        uploader: Uploader | None,
        courier: Courier,
        render: Callable[[HealthReport], Message],
        beat: Callable[[HealthReport], None],
        further: Callable[[], Mapping[str, Fact]] = dict,
    ) -> None:
        """`render` makes the message for the centre; `beat` leaves a sign of life on the box.

        Args:
            further: facts that are not about the agent's loops: of the machine, and of what is kept on it.
        """
        self._clock = clock
        self._supervisors = supervisors
        self._captures = captures
        self._desks = desks
        self._watches = watches
        self._mailroom = mailroom
        self._outbox = outbox
        self._parcels = parcels
        self._uploader = uploader
        self._courier = courier
        self._render = render
        self._beat = beat
        self._further = further
        self.last: HealthReport | None = None
        """The newest report of `run`: for whoever must not be held up by the disk."""

    def run(self, stop: StopEvent) -> None:
        """Report until stopped."""
        reported_s = self._clock.now().mono_s
        while not stop.is_set():
            report, now_s = self.report(), self._clock.now().mono_s
            self._beat(report)
            self.last = report
            if now_s - reported_s >= REPORT_EVERY_S:
                reported_s = now_s
                self._courier.publish_soon(self._render(report))
            stop.wait(BEAT_EVERY_S)

    def loops(self) -> list[LoopState]:
        """All loops, as they are now. From any thread."""
        return [state for supervisor in self._supervisors for state in supervisor.states()]

    def report(self) -> HealthReport:
        """How everything is now. From any thread."""
        inference = [watch.inference_ms for watch in self._watches if watch.inference_ms is not None]
        broker = self._courier.snapshot()
        loops = self.loops()
        return HealthReport(
            at=self._clock.now().utc,
            cameras=tuple(
                self._camera(capture.state(), desk.state)
                for camera, capture in self._captures.items()
                if (desk := self._desks.get(camera))  # a camera that comes or goes at this moment is not told of
            ),
            outbox_depth=self._outbox.depth(),
            outbox_set_aside=self._outbox.set_aside_count(),
            facts={
                "inference_ms": round(sum(inference) / len(inference), 2) if inference else None,
                "detector_rests": sum(watch.rests for watch in self._watches),
                "loop_restarts": sum(supervisor.restarts for supervisor in self._supervisors),
                "loops_failed": sum(loop.phase is LoopPhase.FAILED for loop in loops),
                "loops_stuck": sum(loop.stuck for loop in loops),
                "loops_abandoned": sum(len(supervisor.left()) for supervisor in self._supervisors),
                "not_alive": ", ".join(map(str, not_alive(loops))) or None,
                "events_unacked": self._outbox.unacked(),
                "events_dropped": self._outbox.dropped(),
                "pictures_waiting": self._parcels.waiting(),
                "pictures_dropped": self._parcels.dropped(),
                "pictures_error": self._uploader.fault if self._uploader else broker.picture_fault,
                "answers_dropped": broker.replies_dropped,
                "broker_connected": broker.connected_since is not None,
                "broker_error": broker.last_error,
                "events_waiting_for_disk": sum(desk.state.unkept for desk in self._desks.values()),
                "store_writable": all(desk.state.kept for desk in self._desks.values()),
                **self._further(),
            },
        )

    def _camera(self, capture: CaptureState, desk: DeskState) -> CameraReport:
        return CameraReport(
            camera=capture.camera,
            state=capture.phase.value if capture.reason is None else capture.reason.value,
            blind_s=desk.blind_s,
            drops=self._mailroom.drops(capture.camera),
            looks=desk.looks,
            interval_s=percentile(desk.recent_s, 0.5),
            interval_p99_s=percentile(desk.recent_s, 0.99),
            fault=desk.fault,
            last_picture=desk.last_look.utc if desk.last_look else None,
        )
