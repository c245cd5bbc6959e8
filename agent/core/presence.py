"""A thing in a zone under a rule, with its clocks; once it has stood too long, an incident."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from agent.core.changed import changed
from agent.core.ids import uuid7_from
from agent.core.lifecycle import State, Trigger, advance
from agent.core.tracking.track import Report, Track
from agent.core.types import (
    Box,
    Channel,
    CloseReason,
    Event,
    Evidence,
    Phase,
    SeenObject,
    Severity,
    Stamp,
    UpdateReason,
)

if TYPE_CHECKING:  # a plan holds the settings of camera health, whose incidents are presences
    from agent.core.plan import Duty

ATTENDED_WEIGHT = 0.5
"""How much of the doubt is gone when a person stands beside it all the time."""
_REASONS = {
    Trigger.LEFT: CloseReason.CLEARED,
    Trigger.REPLACED: CloseReason.REPLACED,
    Trigger.PERMITTED: CloseReason.PERMITTED,
    Trigger.RULE_REMOVED: CloseReason.RULE_REMOVED,
    Trigger.ACCEPTED: CloseReason.ACCEPTED,
    Trigger.DISMISSED: CloseReason.DISMISSED,
}
_UPDATES = {
    Trigger.LASTED: UpdateReason.HEARTBEAT,
    Trigger.ESCALATED: UpdateReason.ESCALATED,
    Trigger.EVIDENCED: UpdateReason.EVIDENCE,
}


@dataclass(frozen=True, kw_only=True)  # without slots, for `changed`
class Presence:
    """One thing, one zone, one rule.

    Attributes:
        entered: when its clock began. last_seen: its last sighting.
        dwell_s: seconds attested by sight since `entered`. unnamed_s: those of them before the detector named it, which
            are known by looking back: they tell when it came, but do not make an incident of it any sooner.
        blind_s: seconds of its stay in which nobody could look.
        channel: the way of seeing that is most certain of it. kind: the taxonomy's row, once open, if the rule tells.
        looks, sure_looks: sightings after the first at which the detector was asked, and those of them in which it was
            as certain as the rule asks.
        watched_s, beside_s: seconds of looking in which it stood there, and those in which a person was beside it.
        incident_id, opened_at: set from the moment it is open. revision: of the last event about it, 0 before that.
        told: when that event was made. previous: the incident that ended at this place shortly before.
        opened_box_n: where it was when it opened: what its close-up was cut around. before: that picture, if kept.
    """

    rule: str
    zone: str
    track_id: int
    severity: Severity
    state: State = State.WATCHED
    entered: Stamp
    last_seen: Stamp
    dwell_s: float = 0.0
    unnamed_s: float = 0.0
    blind_s: float = 0.0
    class_name: str
    score: float
    box_n: Box
    channel: Channel = Channel.MODEL
    kind: str | None = None
    looks: int = 0
    sure_looks: int = 0
    watched_s: float = 0.0
    beside_s: float = 0.0
    incident_id: UUID | None = None
    opened_at: datetime | None = None
    revision: int = 0
    told: Stamp | None = None
    previous: UUID | None = None
    opened_box_n: Box | None = None
    before: Evidence | None = None

    @staticmethod
    def begin(duty: Duty, track: Track) -> Presence:
        """A presence whose clock starts with the track's present sighting.

        A new track may be known to have stood there before it was first told of, as things left standing are.
        """
        entered = track.stay_since if track.hits == 1 else track.last_seen
        dwell_s = track.last_seen.mono_s - entered.mono_s
        named_only = all(channel is Channel.MODEL for channel, _ in track.channels)
        return Presence(
            rule=duty.rule,
            zone=duty.zone.zone_id,
            track_id=track.track_id,
            severity=duty.settings.severity,
            entered=entered,
            last_seen=track.last_seen,
            dwell_s=dwell_s,
            unnamed_s=dwell_s if named_only else 0.0,
            class_name=track.class_name,
            score=track.best_score,
            box_n=track.place_n,
            channel=_channel_of(track, duty),
        )

    @property
    def watched_as(self) -> str:
        """What tells it from every other of its camera, from its first sighting on."""
        return f"{self.rule}/{self.track_id}/{self.entered.utc.isoformat()}"

    @property
    def attended(self) -> float:
        """Share (0..1) of its time in which a person was beside it."""
        return self.beside_s / self.watched_s if self.watched_s > 0 else 0.0

    def accompanied(self, looked_s: float, *, beside: bool) -> Presence:
        """After a look that found a person beside it, or nobody."""
        beside_s = self.beside_s + (looked_s if beside else 0.0)
        return changed(self, watched_s=self.watched_s + looked_s, beside_s=beside_s)

    def sighted(self, report: Report, duty: Duty | None, *, asked: bool) -> Presence:
        """After a sighting: clocks advanced by what the tracker attests.

        Args:
            duty: None while it is not in force. asked: whether the detector was; what it said before is not news.
        """
        track = report.track
        sure = asked and duty is not None and track.score >= duty.settings.min_score
        return changed(
            self,
            last_seen=track.last_seen,
            looks=self.looks + asked,
            sure_looks=self.sure_looks + sure,
            dwell_s=self.dwell_s + report.seen_s,
            blind_s=self.blind_s + report.blind_s,
            class_name=track.class_name,
            score=track.best_score,
            box_n=track.place_n,
            channel=_channel_of(track, duty) if duty else self.channel,
        )

    def opened(
        self, now: Stamp, *, box_id: str, camera: str, kind: str | None = None, previous: UUID | None = None
    ) -> Presence:
        """After its time was up. Raises IllegalTransition when it is open already."""
        state = advance(self.state, Trigger.OVERDUE)
        identity = f"{box_id}/{camera}/{self.rule}/{self.zone}/{self.track_id}/{self.entered.utc.isoformat()}"
        return changed(
            self,
            state=state,
            incident_id=_minted(now, identity),
            opened_at=now.utc,
            revision=self.revision + 1,
            kind=kind,
            told=now,
            previous=previous,
            opened_box_n=self.box_n,
        )

    def shifted(self, by_s: float) -> Presence:
        """The same on a monotonic clock that shows `by_s` more."""
        told = self.told.shifted(by_s) if self.told else None
        return changed(self, entered=self.entered.shifted(by_s), last_seen=self.last_seen.shifted(by_s), told=told)

    def updated(self, trigger: Trigger, now: Stamp, severity: Severity) -> Presence:
        """Still there, and told of again. Raises IllegalTransition when it is not open."""
        state = advance(self.state, trigger)
        return changed(self, state=state, severity=severity, revision=self.revision + 1, told=now)

    def ended(self, trigger: Trigger, unseen_s: float) -> Presence:
        """After it left or its rule no longer applies; `unseen_s` of the time since `last_seen` nobody could look."""
        state = advance(self.state, trigger)
        return changed(self, state=state, blind_s=self.blind_s + unseen_s, revision=self.revision + 1)

    def event(self, phase: Phase, now: Stamp, *, camera: str, trigger: Trigger | None = None) -> Event:
        """What the centre is told about it now."""
        assert self.incident_id is not None
        assert self.opened_at is not None
        return Event(
            event_id=_minted(now, f"{self.incident_id}/{self.revision}"),
            incident_id=self.incident_id,
            revision=self.revision,
            phase=phase,
            camera=camera,
            rule=self.rule,
            zone=self.zone,
            severity=self.severity,
            channel=self.channel,
            at=now.utc,
            first_seen=self.entered.utc,
            opened_at=self.opened_at,
            last_seen=self.last_seen.utc,
            closed_at=now.utc if phase is Phase.CLOSED else None,
            dwell_s=round(self.dwell_s, 3),
            blind_s=round(self.blind_s, 3),
            objects=(SeenObject(class_name=self.class_name, score=round(self._score, 4), box_n=self.box_n),),
            kind=self.kind,
            close_reason=_REASONS[trigger] if phase is Phase.CLOSED and trigger else None,
            previous_incident=self.previous,
            update_reason=_UPDATES[trigger] if phase is Phase.UPDATED and trigger else None,
        )

    def revisited(self, now: Stamp, *, camera: str) -> Event:
        """What pictures of a look are about of which no event is told. No two looks share its id."""
        revisit = self.event(Phase.UPDATED, now, camera=camera)
        return replace(revisit, event_id=_minted(now, f"{self.incident_id}/{self.revision}/revisited"))

    @property
    def _score(self) -> float:
        """The best score, raised by company: a thing that somebody attends to is a stall rather than a mistake."""
        return 1.0 - (1.0 - self.score) * (1.0 - ATTENDED_WEIGHT * self.attended)


def _channel_of(track: Track, duty: Duty) -> Channel:
    """Of the channels that the rule listens to, the one that is most certain; of equal ones the first."""
    if len(track.channels) == 1:
        return track.channels[0][0] if track.channels[0][0] in duty.channels else Channel.MODEL
    heard = [entry for entry in track.channels if entry[0] in duty.channels]
    return max(heard, key=lambda entry: entry[1])[0] if heard else Channel.MODEL


def _minted(now: Stamp, identity: str) -> UUID:
    return uuid7_from(int(now.utc.timestamp() * 1000), identity.encode())
