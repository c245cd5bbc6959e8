"""Dismissals and pauses, from the command to the desks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from agent.core.camera_health import RULE as HEALTH_RULE
from agent.core.errors import CommandRejected, RejectCode, StoreFull, StoreUnusable
from agent.core.rules import RULES
from agent.core.silence import Dismissal, Pause, Silences, paused_until
from agent.core.types import Detections, Frame
from agent.core.wire import MAX_PAUSE_S, Dismiss, DismissResult, PauseResult, RulesPause
from agent.ports import Clock, Photographer, SilenceStore
from agent.runtime.desk import Desk

log = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(seconds=MAX_PAUSE_S)
Zones = Mapping[str, frozenset[str]]
"""The zones of each camera."""


class Silencer:
    """Keeps what is not to be reported, and tells the desks. Used by the commander's thread."""

    def __init__(self, *, clock: Clock, store: SilenceStore, desks: Mapping[str, Desk], zones: Zones) -> None:
        self._clock = clock
        self._store = store
        self._desks = desks
        self._zones = zones
        self._told: int | None = None
        self._trouble = ""

    def refresh(self) -> None:
        """Tell the desks what changed, also when another process changed it, until all know. Quick when nothing did."""
        try:
            version = self._store.version()
            if version != self._told:
                self._tell()
                self._told = version
            self._trouble = ""
        except (StoreFull, StoreUnusable, TimeoutError) as error:
            if str(error) != self._trouble:
                log.error("what is not to be reported is not known everywhere yet: %s", error)
            self._trouble = str(error)

    def tell_again(self) -> None:
        """Tell the desks what they may not know: some are new. From any thread."""
        self._told = None
        self.refresh()

    def dismiss(self, asked: Dismiss) -> DismissResult:
        """Teach the spot of an incident, or take that back. Raises CommandRejected, StoreFull, StoreUnusable."""
        return self._undo(asked) if asked.undo else self._dismissed(asked)

    def pause(self, asked: RulesPause) -> PauseResult:
        """Let rules rest, or resume. Raises CommandRejected, StoreFull, StoreUnusable."""
        self._check_place(asked)
        now = self._clock.now().utc
        until = asked.until if asked.until is not None else now + timedelta(seconds=asked.seconds or 0)
        if until - now > LONGEST_PAUSE:
            text = f"until: expected at most {LONGEST_PAUSE.days} days from now, found {until.isoformat()}"
            raise CommandRejected(RejectCode.INVALID, text)
        wanted = Pause(until=until, camera=asked.camera, zone=asked.zone, rule=asked.rule)
        if until > now:
            self._store.pause(wanted, now)
        else:
            self._store.resume(wanted)
        self.refresh()
        return PauseResult(
            paused_until=paused_until(self._store.pauses(), wanted, now),
            camera=asked.camera,
            zone=asked.zone,
            rule=asked.rule,
        )

    def _tell(self) -> None:
        """Raises StoreFull, StoreUnusable; TimeoutError once all those were told that can be told now."""
        now = self._clock.now()
        pauses = tuple(self._store.pauses())
        by_camera: dict[str, list[Dismissal]] = {}
        for dismissal in self._store.dismissals():
            by_camera.setdefault(dismissal.camera, []).append(dismissal)
        late = None
        for camera, desk in self._desks.items():
            try:
                desk.hush(Silences(dismissals=tuple(by_camera.get(camera, ())), pauses=pauses), now)
            except TimeoutError as error:
                late = error
        if late is not None:
            raise late

    def _dismissed(self, asked: Dismiss) -> DismissResult:
        now = self._clock.now()
        if asked.until is not None and asked.until <= now.utc:
            text = f"until: expected later than {now.utc.isoformat()}, found {asked.until.isoformat()}"
            raise CommandRejected(RejectCode.INVALID, text)
        assert asked.reason is not None  # the command says why, or undoes
        desk, dismissal = self._dismissal(asked, asked.reason.value, now.utc)
        self._store.dismiss(dismissal)  # from here on it holds: a desk that is busy now, or ends, closes it later
        self.refresh()
        log.info("%s: incident %s dismissed as %s", dismissal.camera, asked.incident, asked.reason)
        try:
            desk.next_look(_Sample(dismissal))
        except (CommandRejected, TimeoutError) as error:  # it is dismissed all the same
            log.warning("%s: no picture is kept to learn from: %s", dismissal.camera, error)
        return DismissResult(incident=asked.incident, reason=asked.reason, until=asked.until, undone=False)

    def _dismissal(self, asked: Dismiss, reason: str, now: datetime) -> tuple[Desk, Dismissal]:
        """The desk that knows the incident, and what is to be silent."""
        for camera, desk in self._desks.items():
            spot = desk.spot_of(asked.incident)
            if spot is None:
                continue
            if spot.rule == HEALTH_RULE:
                text = "a camera's own fault is at no spot: pause camera_health, or change cameras[].health"
                raise CommandRejected(RejectCode.NOT_SUPPORTED, text)
            dismissal = Dismissal(
                incident_id=asked.incident,
                camera=camera,
                rule=spot.rule,
                zone=spot.zone,
                class_name=spot.class_name,
                track_id=spot.track_id,
                box_n=spot.box_n,
                look=spot.look,
                reason=reason,
                at=now,
                until=asked.until,
                by=asked.by,
                note=asked.note,
                at_box=asked.at_box,
            )
            return desk, dismissal
        raise unknown_incident(asked.incident)

    def _undo(self, asked: Dismiss) -> DismissResult:
        incident = asked.incident
        gone = self._store.take_back(incident, self._clock.now().utc, asked.by, at_box=asked.at_box)
        if gone is None:
            raise CommandRejected(RejectCode.UNKNOWN_INCIDENT, f"incident: {incident} was not dismissed at this box")
        self.refresh()
        log.info("%s: the dismissal of incident %s was taken back", gone.camera, incident)
        return DismissResult(incident=incident, reason=None, until=None, undone=True)

    def _check_place(self, asked: RulesPause) -> None:
        if asked.camera is not None and asked.camera not in self._zones:
            raise unknown_camera(asked.camera)
        if asked.zone is not None and asked.zone not in self._zones[asked.camera or ""]:
            text = f"zone: {asked.zone!a} is no zone of camera {asked.camera!a}"
            raise CommandRejected(RejectCode.UNKNOWN_ZONE, text)
        rules = [*RULES, HEALTH_RULE]
        if asked.rule is not None and asked.rule not in rules:
            text = f"rule: expected one of {', '.join(rules)}, found {asked.rule[:40]!a}"
            raise CommandRejected(RejectCode.UNKNOWN_RULE, text)


class _Sample:
    """Waits for the picture that a dismissal is learnt from."""

    wanted = True

    def __init__(self, dismissal: Dismissal) -> None:
        self._dismissal = dismissal

    def look(self, photographer: Photographer, frame: Frame, found: Detections | None) -> None:
        """Keep it."""
        photographer.sample(self._dismissal, frame, found)


def unknown_incident(incident: UUID) -> CommandRejected:
    """For an incident that no camera of this box knows."""
    return CommandRejected(RejectCode.UNKNOWN_INCIDENT, f"incident: {incident} is not known to this box")


def unknown_camera(camera: str) -> CommandRejected:
    """For a camera that is not configured."""
    return CommandRejected(RejectCode.UNKNOWN_CAMERA, f"camera: {camera[:40]!a} is not a camera of this box")
