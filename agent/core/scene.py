"""One camera's scene: observations and gaps in, events out. The same inputs always give the same events."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from agent.core.camera_health import RULE as HEALTH_RULE
from agent.core.camera_health import CameraHealth
from agent.core.glance import Glance, Newest
from agent.core.judgement import (
    belongs,
    end_trigger,
    is_believed,
    is_beside,
    is_only_changed,
    is_put_down,
    is_same_thing,
    is_sure,
    is_worse,
)
from agent.core.lifecycle import State, Trigger
from agent.core.memory import Memory
from agent.core.plan import CameraPlan, Duty, InForce
from agent.core.presence import Presence
from agent.core.recurrence import Ended, ended_of, previous_of, remembered
from agent.core.revisit import OPENING_PICTURES, Incidents
from agent.core.rules import RULES
from agent.core.silence import Silences, Spot
from agent.core.taxonomy import FIXTURE, OBJECT
from agent.core.tracking.sighted import BRIDGE_S
from agent.core.tracking.sighting import (
    WHOLE_ZONE,
    Known,
    Sighting,
    fresh_readings,
    group_of,
    sightings,
)
from agent.core.tracking.track import Report, Sight, Track
from agent.core.tracking.tracker import Tracker
from agent.core.types import Event, Gap, Observation, Phase, Stamp


class Scene:
    """Decides, for one camera, which things violate which rule since when.

    Example: `events = scene.step(observation)`; then keep `scene.keep()` together with the events.
    """

    def __init__(self, plan: CameraPlan, *, boot: str = "") -> None:
        """A scene that has seen nothing yet. `boot`: see `Memory`."""
        self._plan = plan
        self._boot = boot
        groups = {group_of(name) for duty in plan.duties for name in duty.classes}
        groups |= {d.group for d in plan.duties if d.whole_zone}
        if FIXTURE in groups:
            groups |= {"motor_vehicle", "person"}  # whom the model misses now and then must not pass for things left
        self._tracker = Tracker(
            groups,
            start_score=min((d.settings.min_score for d in plan.duties), default=1.0),
            keep_absent_s=max((d.settings.clear_after for d in plan.duties), default=0.0),
        )
        self._rules = tuple(dict.fromkeys(d.rule for d in plan.duties))
        self._minding_people = [rule for rule in self._rules if RULES[rule].minds_people]
        self._minute: InForce | None = None
        self._presences: dict[tuple[str, int], Presence] = {}
        self._ended: tuple[Ended, ...] = ()
        self._health = CameraHealth(plan.box_id, plan.camera, plan.health)
        self._stamp: Stamp | None = None
        self.silences = Silences()
        """What is not to be reported; kept by others, and set anew whenever it changes."""
        self._newest: Newest | None = None

    def step(self, seen: Observation | Gap) -> list[Event]:
        """Take one look, or learn that nobody looked.

        A gap, and a picture with a fault, never yield an event about the street: only one about the camera itself.

        Raises: ValueError when the camera is another one, or time runs backwards.
        """
        if seen.camera != self._plan.camera:
            raise ValueError(f"scene of {self._plan.camera!r} was given {seen.camera!r}")
        if self._stamp is not None and seen.stamp.mono_s < self._stamp.mono_s:
            raise ValueError(f"{seen.camera}: time ran back from {self._stamp.mono_s} to {seen.stamp.mono_s}")
        self._stamp = seen.stamp
        paused = self.silences.paused(self._plan.camera, "", HEALTH_RULE, seen.stamp.utc)
        own, events = self._health.incident, self._health.step(seen, paused=paused)
        if own and any(e.phase is Phase.CLOSED for e in events):
            self._ended = remembered(self._ended, ended_of(own, seen.stamp, Trigger.LEFT))
        if isinstance(seen, Gap) or seen.fault is not None:
            self._tracker.interrupt()
            self._newest = Newest(seen=seen)
            return events
        return events + self._look(seen)

    @property
    def watched(self) -> tuple[Presence, ...]:
        """What stands in a zone, no longer passing, and is no incident yet; seen now if `last_seen` is now."""
        watched = [p for p in self._presences.values() if p.state is State.WATCHED]
        if not watched:
            return ()
        standing = {track.track_id for track in self._tracker.tracks if track.settled}
        return tuple(p for p in watched if p.track_id in standing)

    @property
    def in_doubt(self) -> bool:
        """Whether each look counts: something in a zone is no incident yet, or one was not seen in the newest look."""
        unseen = {track.track_id for track in self._tracker.tracks if track.sight is not Sight.SEEN}
        return any(p.state is State.WATCHED or p.track_id in unseen for p in self._presences.values())

    def presence(self, incident: UUID) -> Presence | None:
        """An incident that is open, or ended of late; None when it is not known, or forgotten since."""
        return self._incidents.presence(incident)

    def glance(self, incident: UUID, asked: Stamp) -> Glance | None:
        """What the newest step says about an incident; see `revisit.Incidents.glance`."""
        return self._incidents.glance(incident, self._newest, asked)

    def pictured(self, event: Event) -> None:
        """Remember the opening's picture that later ones of that place are compared with."""
        kept = {e.kind: e for e in event.evidence} if event.phase is Phase.OPENED else {}
        before = next((kept[kind] for kind in OPENING_PICTURES if kind in kept), None)
        if before is None:
            return
        if self._health.incident and self._health.incident.incident_id == event.incident_id:
            self._health.pictured(before)
        for key, presence in self._presences.items():
            if presence.incident_id == event.incident_id:
                self._presences[key] = replace(presence, before=before)

    def evidenced(self, incident: UUID, now: Stamp) -> list[Event]:
        """Tell again of an incident that is open, since the centre asked and it was seen; else nothing."""
        if self._health.incident and self._health.incident.incident_id == incident:
            return self._health.evidenced(now)
        found = [p for p in self._presences.values() if p.incident_id == incident and p.state is State.OPEN]
        for presence in found:
            told = presence.updated(Trigger.EVIDENCED, now, presence.severity)
            self._presences[told.rule, told.track_id] = told
            return [told.event(Phase.UPDATED, now, camera=self._plan.camera, trigger=Trigger.EVIDENCED)]
        return []

    @property
    def _incidents(self) -> Incidents:
        return Incidents(open=self.open_incidents, ended=self._ended)

    def retire(self, now: Stamp) -> list[Event]:
        """Close what belongs to a zone, rule or fault that the plan no longer has; after `recall` under a new plan."""
        known = {(d.rule, d.zone.zone_id, d.whole_zone) for d in self._plan.duties}
        orphans = [p for p in self._presences.values() if (p.rule, p.zone, p.class_name == WHOLE_ZONE) not in known]
        events = [event for p in orphans for event in self._end(p, Trigger.RULE_REMOVED, None, now)]
        return events + self._health.retire(now)

    def accept(self, zone: str | None, now: Stamp) -> list[Event]:
        """Close what only the scene-change channel sees in a zone, or anywhere: the operator says that it is normal."""
        changed = {track.track_id for track in self._tracker.tracks if is_only_changed(track)}
        accepted = [p for p in self._presences.values() if p.zone == (zone or p.zone) and p.track_id in changed]
        return [event for p in accepted for event in self._end(p, Trigger.ACCEPTED, None, now)]

    def spot_of(self, incident: UUID) -> Spot | None:
        """Where and what an incident is, or was when it ended of late; None when it is not known any more."""
        return self._incidents.spot(incident, self._tracker.tracks)

    def dismiss(self, incident_id: UUID, now: Stamp, *, at_box: bool = False) -> list[Event]:
        """Close it, as somebody says that it is none; what keeps it from opening again are the `silences`.

        Args:
            at_box: a person at the box says so, not the centre.
        """
        dismissed = [p for p in self._presences.values() if p.incident_id == incident_id]
        ended = [event for p in dismissed for event in self._end(p, Trigger.DISMISSED, None, now)]
        return [replace(event, at_box=at_box) for event in ended]

    @property
    def open_incidents(self) -> tuple[Presence, ...]:
        """The presences that are incidents now; the camera's own comes last."""
        own = self._health.incident
        return (*(p for p in self._presences.values() if p.state is State.OPEN), *((own,) if own else ()))

    def keep(self) -> str:
        """Everything the scene remembers, as text for `recall`."""
        memory = Memory(
            stamp=self._stamp,
            boot=self._boot,
            next_id=self._tracker.next_id,
            last_look=self._tracker.last_look,
            interrupted=self._tracker.interrupted,
            tracks=self._tracker.tracks,
            presences=tuple(self._presences.values()),
            health=self._health.keep(),
            ended=self._ended,
        )
        return memory.text()

    def recall(self, kept: str, now: Stamp) -> None:
        """Remember what `keep` gave, as of now; see `Memory.as_of`. Raises ValueError for a foreign text."""
        before = Memory.read(kept, self._plan.camera)
        memory = before.as_of(now, self._boot)
        if memory.health is not None:
            self._health.recall(memory.health, now, before.away_s(now, self._boot))
        if memory.stamp is None:
            return
        self._tracker.next_id = memory.next_id
        self._tracker.last_look = memory.last_look
        self._tracker.interrupted = memory.interrupted
        self._tracker.tracks = memory.tracks
        self._presences = {(p.rule, p.track_id): p for p in memory.presences}
        self._ended = memory.ended
        self._stamp = memory.stamp

    def _look(self, seen: Observation) -> list[Event]:
        now = seen.stamp
        in_force = self._in_force(now)
        everything = sightings(seen, in_force.duties, self._known(now))
        events = []
        read = {reading.zone for reading in fresh_readings(seen)}
        unread = {d.group for d in self._plan.duties if d.zone.zone_id not in read}
        for report in self._tracker.step(
            everything, now, complete=seen.changes.complete, unread=unread, asked=seen.asked
        ):
            if self._minding_people:
                self._accompany(report, everything)
            for rule in self._rules:
                events += self._consider(report, rule, in_force, seen)
        self._newest = Newest(seen=seen, everything=everything, unread=unread, tracks=self._tracker.tracks)
        return events + self._updates(in_force, now)

    def _in_force(self, now: Stamp) -> InForce:
        minute = now.utc.replace(second=0, microsecond=0)
        if self._minute is None or self._minute.minute != minute:
            self._minute = self._plan.in_force(minute)
        return self._minute

    def _updates(self, in_force: InForce, now: Stamp) -> list[Event]:
        """What is to be told again about incidents that go on: that they are worse now, or merely that they last."""
        events = []
        for presence in [p for p in self._presences.values() if p.state is State.OPEN]:
            duty = in_force.duty(presence.rule, presence.zone)
            if duty is None:
                continue
            severity = duty.settings.severity_at(presence.dwell_s)
            worse = is_worse(severity, presence.severity)
            if presence.told is None:  # kept by an agent that did not say when: its next heartbeat counts from now
                self._presences[presence.rule, presence.track_id] = replace(presence, told=now)
            if worse or (presence.told and now.mono_s - presence.told.mono_s >= duty.settings.update_every):
                trigger = Trigger.ESCALATED if worse else Trigger.LASTED
                presence = presence.updated(trigger, now, severity if worse else presence.severity)
                self._presences[presence.rule, presence.track_id] = presence
                events.append(presence.event(Phase.UPDATED, now, camera=self._plan.camera, trigger=trigger))
        return events

    def _known(self, now: Stamp) -> Known:
        tracks = self._tracker.tracks
        # Persons do not settle while they sway; those of a moment ago will not be far.
        return Known(
            vehicles_n=[t.place_n for t in tracks if t.group == "motor_vehicle" and t.settled],
            persons_n=[t.box_n for t in tracks if t.group == "person" and now.mono_s - t.last_seen.mono_s <= BRIDGE_S],
            fixtures_n=[t.place_n for t in tracks if t.group == FIXTURE],
        )

    def _accompany(self, report: Report, everything: list[Sighting]) -> None:
        """Count how long persons stood beside the things whose rule minds."""
        track = report.track
        if track.sight is Sight.ABSENT:
            return
        for rule in self._minding_people:
            presence = self._presences.get((rule, track.track_id))
            if presence is not None:
                beside = any(s.class_name == "person" and is_beside(s.box_n, presence.box_n) for s in everything)
                self._presences[rule, track.track_id] = presence.accompanied(report.looked_s, beside=beside)

    def _consider(self, report: Report, rule: str, in_force: InForce, seen: Observation) -> list[Event]:
        """What this look at this track means under this rule."""
        now = seen.stamp
        presence = self._presences.get((rule, report.track.track_id))
        if presence is None:
            self._enter(report, rule, in_force)
            return []
        duty = in_force.duty(rule, presence.zone)
        seen_now = report.track.sight is Sight.SEEN
        if seen_now and report.moved and presence.state is State.WATCHED:
            self._end(presence, Trigger.LEFT, report, now)
            self._enter(report, rule, in_force)
            return []
        if seen_now:
            presence = presence.sighted(report, duty, asked=seen.asked)
            self._presences[rule, presence.track_id] = presence
        if presence.state is State.WATCHED and report.track.group == "motor_vehicle" and report.track.gone:
            # What comes to this place now starts a clock of its own.
            return self._end(presence, Trigger.LEFT, report, now)
        trigger = Trigger.PERMITTED if duty is None else end_trigger(report, duty)
        if trigger:
            return self._end(presence, trigger, report, now)
        ripe = duty and seen_now and self._is_overdue(presence, duty) and is_sure(presence, report.track, duty)
        if ripe and not self._is_hushed(presence, report.track, now):
            return [self._open(presence, now)]
        return []

    def _enter(self, report: Report, rule: str, in_force: InForce) -> None:
        """Start the clock when the track stands in one of the zones; of several, the one it stands in most."""
        track = report.track
        if track.sight is not Sight.SEEN or report.dropped:
            return
        if track.class_name == OBJECT and any(p.track_id == track.track_id for p in self._presences.values()):
            return  # one thing that nobody can name violates one rule, the first that asked
        fitting = [
            (overlap, duty)
            for duty in in_force.of_rule(rule)
            if (overlap := belongs(track, duty)) >= duty.settings.overlap and is_believed(track, duty)
        ]
        if fitting:
            _, duty = max(fitting, key=lambda pair: pair[0])
            presence = Presence.begin(duty, track)
            if not self._is_part(presence):
                self._presences[rule, track.track_id] = presence

    def _is_part(self, presence: Presence) -> bool:
        """Whether it is a part of a thing that is an incident already; its clock starts when that one has ended."""
        incidents = [p for p in self._presences.values() if p.state is State.OPEN and is_put_down(p)]
        return is_put_down(presence) and any(is_same_thing(presence, incident) for incident in incidents)

    def _is_overdue(self, presence: Presence, duty: Duty) -> bool:
        limit_s = RULES[presence.rule].limit_s(duty.settings, presence.class_name)
        if presence.state is not State.WATCHED or presence.dwell_s - presence.unnamed_s < limit_s:
            return False
        rivals = [p for p in self._presences.values() if p.state is State.OPEN]
        return not any(
            is_same_thing(presence, other)
            for other in rivals
            if other.rule == presence.rule or (is_put_down(presence) and is_put_down(other))
        )

    def _is_hushed(self, presence: Presence, track: Track, now: Stamp) -> bool:
        return self.silences.hush(self._plan.camera, Spot.of(presence, track), now.utc)

    def _open(self, presence: Presence, now: Stamp) -> Event:
        duty = next(d for d in self._plan.duties if (d.rule, d.zone.zone_id) == (presence.rule, presence.zone))
        kind = RULES[presence.rule].kind(duty.settings, presence.class_name, presence.attended)
        previous = previous_of(presence, self._ended, now, duty.settings.reoccur_within)
        presence = replace(presence, severity=duty.settings.severity_at(presence.dwell_s))
        presence = presence.opened(
            now, box_id=self._plan.box_id, camera=self._plan.camera, kind=kind, previous=previous
        )
        self._presences[presence.rule, presence.track_id] = presence
        limits = duty.limits(presence.class_name)
        return replace(presence.event(Phase.OPENED, now, camera=self._plan.camera), limits=limits)

    def _end(self, presence: Presence, trigger: Trigger, report: Report | None, now: Stamp) -> list[Event]:
        del self._presences[presence.rule, presence.track_id]
        ended = presence.ended(trigger, report.track.unseen_s if report else 0.0)
        if ended.state is not State.CLOSED:
            return []
        track = report.track if report else self._tracker.of(presence.track_id)
        self._ended = remembered(self._ended, ended_of(ended, now, trigger, track))
        return [ended.event(Phase.CLOSED, now, camera=self._plan.camera, trigger=trigger)]
