"""Is the agent alive, and does it do all that it is there for? Each answer is the list of what speaks against it.

Alive is what a supervisor may restart the agent for: its own loops. A camera, a broker or a disk that fails makes no
agent dead, and restarting it would mend nothing; they are what `not_ready` tells of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.core.wire import CameraReport, HealthReport
from agent.runtime.supervisor import LoopPhase, LoopState

UNSEEN_S = 60.0
"""A camera whose newest look is older is not watched: twice the longest `sample_every`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that is not well: a code, and what it is about. Made of names only, never of texts of others."""

    code: str
    what: str

    def __str__(self) -> str:
        return f"{self.code} {self.what}"


def not_alive(loops: Iterable[LoopState]) -> list[Reason]:
    """Why the process should be ended and started again; empty when it is alive.

    A loop that hangs is a reason, whichever it is. One that fails again and again is, unless it is one camera's alone
    (the others would pay for the restart), or is stopped by something outside, such as a dead disk.
    """
    loops = list(loops)
    failed = [loop for loop in loops if loop.phase is LoopPhase.FAILED and loop.vital and not loop.foreseen]
    return [
        *(Reason(code="loop_failed", what=loop.name) for loop in failed),
        *(Reason(code="loop_stuck", what=loop.name) for loop in loops if loop.stuck),
    ]


def not_ready(report: HealthReport) -> list[Reason]:
    """What keeps the box from finding, keeping or delivering; empty when everything works."""
    facts = report.facts
    reasons = list(_unwatched(report))
    if not facts.get("store_writable", True) or facts.get("events_waiting_for_disk"):
        reasons.append(Reason(code="store_not_writable", what="data folder"))
    if not facts.get("broker_connected"):
        reasons.append(Reason(code="broker_not_connected", what="mqtt"))
    loops = {fact: facts.get(fact) for fact in ("loops_failed", "loops_stuck")}
    return [*reasons, *(Reason(code=fact, what=str(count)) for fact, count in loops.items() if count)]


def _unwatched(report: HealthReport) -> Iterator[Reason]:
    if not report.cameras:
        yield Reason(code="no_cameras", what="configuration")
    for camera in report.cameras:
        if trouble := _trouble(camera, report):
            yield Reason(code=f"camera_{trouble}", what=camera.camera)


def _trouble(camera: CameraReport, report: HealthReport) -> str | None:
    if camera.state != "online":
        return camera.state
    if camera.fault is not None:
        return camera.fault.value
    if camera.last_picture is None or (report.at - camera.last_picture).total_seconds() > UNSEEN_S:
        return "not_looked_at"
    return None
