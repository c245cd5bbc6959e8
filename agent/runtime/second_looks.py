"""`verify` and `snapshot`: commands whose answer needs a fresh picture."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from threading import Lock
from uuid import UUID

from agent.core.errors import CommandRejected, RejectCode, StoreFull, StoreUnusable
from agent.core.types import Detections, Evidence, Frame, Stamp
from agent.core.verification import Verdict
from agent.core.wire import EvidenceOf, Snapshot, SnapshotResult, Verify, VerifyResult, evidence_part
from agent.ports import CaseNotes, Clock, Parcels, Photographer
from agent.runtime.commander import Answer
from agent.runtime.desk import Desk
from agent.runtime.silencer import unknown_camera, unknown_incident

log = logging.getLogger(__name__)

Send = Callable[[Evidence, EvidenceOf], None]

PICTURE_WITHIN_S = 40.0
"""How long a snapshot waits for the camera's next picture; the longest `sample_every` is 30 s."""


class SecondLooks:
    """Asks the desks, and sends the pictures that come of it. For the commander's thread; the desks' threads answer."""

    def __init__(
        self, *, clock: Clock, desks: Mapping[str, Desk], parcels: Parcels | None, notes: CaseNotes | None = None
    ) -> None:
        """`parcels`: how pictures reach the centre; None where they are to stay on the box. `notes`: who remembers."""
        self._notes = notes
        self._clock = clock
        self._desks = desks
        self._parcels = parcels
        self._snapshots: list[_Snapshot] = []
        self._lock = Lock()
        self._sent: deque[UUID] = deque(maxlen=100)

    def verify(self, asked: Verify, answer: Answer) -> None:
        """Look again at an incident. Raises CommandRejected: not known, or too much at once."""
        for camera, desk in self._desks.items():

            def told(verdict: Verdict, camera: str = camera) -> None:
                if verdict.after and not verdict.carried and self._is_new(verdict.after):
                    self._send(verdict.after, EvidenceOf(camera=camera, incident=asked.incident, command_id=asked.id))
                if self._notes is not None:  # first: whoever hears the answer can look it up
                    self._notes.verified(verdict, asked.by, at_box=asked.at_box)
                answer(_result(verdict))

            if desk.verify(asked.incident, self._clock.now(), told):
                return
        raise unknown_incident(asked.incident)

    def snapshot(self, asked: Snapshot, answer: Answer) -> None:
        """One fresh picture of a camera. Raises CommandRejected: no such camera."""
        desk = self._desks.get(asked.camera)
        if desk is None:
            raise unknown_camera(asked.camera)
        wish = _Snapshot(asked, answer, self._clock.now(), self._send)
        desk.next_look(wish)
        self._snapshots.append(wish)

    def tick(self) -> None:
        """Answer what no picture came for."""
        now = self._clock.now()
        for desk in self._desks.values():
            desk.check_deadlines(now)
        self._snapshots = [wish for wish in self._snapshots if not wish.over(now, self._desks)]

    def _is_new(self, picture: Evidence) -> bool:
        """Whether it was not sent yet: several questions about one incident are answered by one picture."""
        with self._lock:
            new = picture.evidence_id not in self._sent
            self._sent.append(picture.evidence_id)
        return new

    def _send(self, picture: Evidence, about: EvidenceOf) -> None:
        if self._parcels is None:
            return
        try:
            self._parcels.add([picture], about)
        except (StoreFull, StoreUnusable) as error:
            log.error("picture %s is not sent: %s", picture.evidence_id, error)


class _Snapshot:
    """One wish for a picture, that is fulfilled or given up."""

    def __init__(self, asked: Snapshot, answer: Answer, at: Stamp, send: Send) -> None:
        self._asked = asked
        self._answer = answer
        self._at = at
        self._send = send
        self._lock = Lock()
        self._done = False

    @property
    def wanted(self) -> bool:
        """Whether nobody has answered yet."""
        return not self._done

    def look(self, photographer: Photographer, frame: Frame, found: Detections | None) -> None:
        """The next picture is there; in the thread that looks."""
        if not self._claim():
            return
        picture, note = photographer.snapshot(self._asked.id, frame, found)
        if picture is None:
            self._answer(CommandRejected(RejectCode.FAILED, f"camera {self._asked.camera}: not kept: {note}"))
            return
        self._send(picture, EvidenceOf(camera=self._asked.camera, command_id=self._asked.id))
        self._answer(SnapshotResult(camera=self._asked.camera, picture=evidence_part(picture)))

    def over(self, now: Stamp, desks: Mapping[str, Desk]) -> bool:
        """Whether it is fulfilled, or its time is up: then that is answered."""
        if now.mono_s - self._at.mono_s >= PICTURE_WITHIN_S and self._claim():
            desk = desks.get(self._asked.camera)
            why = desk.state.blind if desk else "no longer configured"
            text = f"camera {self._asked.camera}: expected a picture within {PICTURE_WITHIN_S:g} s, found none ({why})"
            self._answer(CommandRejected(RejectCode.FAILED, text))
        return self._done

    def _claim(self) -> bool:
        with self._lock:
            first, self._done = not self._done, True
        return first


def _result(verdict: Verdict) -> VerifyResult:
    return VerifyResult(
        incident=verdict.incident,
        verdict=verdict.verdict.value,
        reason=verdict.reason,
        looked_at=verdict.looked_at,
        before=evidence_part(verdict.before) if verdict.before else None,
        after=evidence_part(verdict.after) if verdict.after else None,
        dwell_s=verdict.dwell_s,
    )
