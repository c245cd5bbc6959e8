"""Is the box well with its new configuration? Judged by what could be seen of it before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from threading import Event

from agent.ports import Clock
from agent.runtime.capture import CaptureLoop, CapturePhase
from agent.runtime.courier import Courier
from agent.runtime.supervisor import LoopPhase, Supervisor

GRACE_S = 30.0
"""How long a camera or the broker may take to be back, and may be away now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """How the box is at one moment.

    Attributes:
        at_s: on the monotonic clock. failed: loops that count as failed, with what was wrong. stuck: those that hang.
        online: cameras whose pictures come. broker: whether there is a session; broker_error: why not, or None.
        centre: whether somebody of the centre was heard in this run of the agent.
    """

    at_s: float
    failed: frozenset[tuple[str, str]] = frozenset()
    stuck: frozenset[str] = frozenset()
    online: frozenset[str] = frozenset()
    broker: bool = False
    broker_error: str | None = None
    centre: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is judged: cameras whose pictures came before the change and that it touched; the broker likewise.

    Attributes:
        centre: HOST:PORT where the centre has to be heard by the end. A broker that lets the box in proves nothing: the
            centre may be at another one, and then nobody could ever mend it. None: the box connects as it did before.
    """

    cameras: Collection[str] = ()
    broker: bool = False
    centre: str | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Probation:
    """From a change to the verdict; ask `fault` about once a second, then whether it `is_over`."""

    began_s: float
    probation_s: float
    watched: Watched
    failed_before: frozenset[str] = frozenset()
    _well_s: dict[str, float] = field(default_factory=dict)
    """When a camera, or the broker under an empty name, was last seen to be well."""

    def fault(self, signs: Signs) -> str | None:
        """Why the box is not well, for a person; None as long as nothing is known against it."""
        for name, message in sorted(signs.failed):
            if name not in self.failed_before:
                return f"{name} fails again and again: {message}"
        for name in sorted(signs.stuck - set(self.failed_before)):
            return f"{name} hangs"
        for camera in self.watched.cameras:
            if self._is_away(camera, camera in signs.online, signs):
                return f"camera {camera} delivered pictures before and has not for {self._away_s(camera, signs):.0f} s"
        if self.watched.broker and self._is_away("", signs.broker, signs):
            error = signs.broker_error or "no answer"
            return f"there was a session with the broker before, and none for {self._away_s('', signs):.0f} s: {error}"
        if self.watched.centre is not None and not signs.centre and self.is_over(signs):
            what = f"no ack or command within {self.probation_s:g} s"
            return f"nobody of the centre was heard at {self.watched.centre}: {what}"
        return None

    def is_over(self, signs: Signs) -> bool:
        """Whether the time is up."""
        return signs.at_s - self.began_s >= self.probation_s

    def _is_away(self, what: str, is_well: bool, signs: Signs) -> bool:
        if is_well:
            self._well_s[what] = signs.at_s
        never_since = what not in self._well_s and self.is_over(signs)
        return never_since or self._away_s(what, signs) >= GRACE_S

    def _away_s(self, what: str, signs: Signs) -> float:
        return signs.at_s - self._well_s.get(what, self.began_s)


def signs_of(
    clock: Clock,
    supervisors: Iterable[Supervisor],
    captures: Mapping[str, CaptureLoop],
    courier: Courier,
    heard: Event,
) -> Signs:
    """How the box is now. `heard`: set when a message came that only somebody of the centre can have sent."""
    loops = [state for supervisor in supervisors for state in supervisor.states()]
    broker = courier.snapshot()
    return Signs(
        at_s=clock.now().mono_s,
        failed=frozenset((loop.name, loop.message) for loop in loops if loop.phase is LoopPhase.FAILED),
        stuck=frozenset(loop.name for loop in loops if loop.stuck),
        online=frozenset(
            camera for camera, capture in captures.items() if capture.state().phase is CapturePhase.ONLINE
        ),
        broker=broker.connected_since is not None,
        broker_error=broker.last_error,
        centre=heard.is_set(),
    )
