"""The incidents of a camera itself: it is offline, or its pictures show nothing that can be judged.

One incident at a time. It opens after `dwell` of useless time, whichever faults take turns, and is named after the one
that had most of it. It closes after `clear_after` of healthy looks, and gives way only after a dwell in which its own
fault was not seen. Before it opens, being well takes time off the clock; being well for a while in a row clears it. An
agent that restarts tells nothing about a camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agent.core.lifecycle import Trigger
from agent.core.presence import Presence
from agent.core.quantities import Seconds
from agent.core.types import Channel, Event, Evidence, Gap, GapReason, Limits, Observation, Phase, Severity, Stamp

RULE: Final = "camera_health"
OFFLINE: Final = "offline"
FaultName = Literal["offline", "frozen", "dark", "overexposed", "blurred", "covered", "moved"]
FAULTS: Final[tuple[FaultName, ...]] = ("offline", "frozen", "dark", "overexposed", "blurred", "covered", "moved")
SAME_STRETCH_S: Final = 60.0
"""Two looks farther apart say nothing about the time between. Gaps come every 5 s and once per try to connect (at most
some 30 s), pictures at least as often."""
WELL_WEIGHT: Final = 0.5
"""A second of good pictures takes this much off the clock: useless for a third of the time is useless in the end."""
FORGIVEN_SHARE: Final = 1 / 3
"""Share of `clear_after` after which pictures that are well in a row clear the clock."""
_WHOLE_PICTURE: Final = (0.0, 0.0, 1.0, 1.0)
_VERSION: Final = 1


class CameraHealthSettings(BaseModel):
    """When a camera's own faults are reported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dwell: Seconds = Field(60.0, gt=0, description="How long a fault must last before an incident opens.")
    clear_after: Seconds = Field(30.0, gt=0, description="How long all must be well before the incident closes.")
    severity: Severity = Field(Severity.MEDIUM, description="low, medium or high.")
    update_every: Seconds = Field(600.0, ge=10, description="How often a fault that goes on is reported again.")
    faults: tuple[FaultName, ...] = Field(FAULTS, description="The faults that are reported; default: all.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Memory:
    """All that must be remembered, as it is kept."""

    version: int
    stamp: Stamp | None
    suspect: Presence | None
    incident: Presence | None
    shares_s: dict[str, float] = field(default_factory=dict)
    relief_s: float = 0.0


_MEMORY: TypeAdapter[_Memory] = TypeAdapter(_Memory)


class CameraHealth:
    """Decides, for one camera, when its own state is an incident. The same inputs always give the same events."""

    def __init__(self, box_id: str, camera: str, settings: CameraHealthSettings) -> None:
        """A camera of which nothing is known yet."""
        self._box_id = box_id
        self._camera = camera
        self._settings = settings
        self._suspect: Presence | None = None  # the clock of useless time; its class_name: which fault had most of it
        self._shares_s: dict[str, float] = {}  # how much each fault had
        self._relief_s = 0.0  # what being well took off
        self._incident: Presence | None = None
        self._well_since: Stamp | None = None
        self._last: tuple[Stamp, str | None] | None = None
        self._stamp: Stamp | None = None

    @property
    def incident(self) -> Presence | None:
        """The incident that is open now. Its `class_name` is the fault."""
        return self._incident

    def step(self, seen: Observation | Gap, *, paused: bool = False) -> list[Event]:
        """Take one look, or learn that nobody looked; at most one incident closes and one opens, none while `paused`.

        Raises: ValueError when the camera is another one, or time runs backwards.
        """
        now = seen.stamp
        if seen.camera != self._camera:
            raise ValueError(f"health of {self._camera!r} was given {seen.camera!r}")
        if self._stamp is not None and now.mono_s < self._stamp.mono_s:
            raise ValueError(f"{seen.camera}: time ran back from {self._stamp.mono_s} to {now.mono_s}")
        self._stamp = now
        if isinstance(seen, Gap) and seen.reason is GapReason.RESTART:
            self._last = self._well_since = None
            return []
        fault = OFFLINE if isinstance(seen, Gap) else seen.fault.value if seen.fault else None
        events = self._well(now) if fault is None else self._ill(fault, now, paused=paused)
        self._last = (now, fault)
        return events

    def retire(self, now: Stamp) -> list[Event]:
        """Close the incident of a fault that is no longer asked for; after `recall` under new settings."""
        asked = self._settings.faults
        if self._suspect and not {self._suspect.class_name, *self._shares_s} <= set(asked):
            self._forgive()
        if self._incident and self._incident.class_name not in asked:
            return self._close(now, Trigger.RULE_REMOVED)
        return []

    def evidenced(self, now: Stamp) -> list[Event]:
        """The incident again, since the centre asked and it goes on; nothing when there is none."""
        if self._incident is None:
            return []
        self._incident = self._incident.updated(Trigger.EVIDENCED, now, self._incident.severity)
        return [_event(self._incident, Phase.UPDATED, now, self._camera, Trigger.EVIDENCED)]

    def pictured(self, before: Evidence) -> None:
        """Remember the picture of the opening."""
        if self._incident:
            self._incident = replace(self._incident, before=before)

    def keep(self) -> str:
        """Everything that is remembered, as text for `recall`."""
        memory = _Memory(
            version=_VERSION,
            stamp=self._stamp,
            suspect=self._suspect,
            incident=self._incident,
            shares_s=self._shares_s,
            relief_s=self._relief_s,
        )
        return _MEMORY.dump_json(memory).decode()

    def recall(self, kept: str, now: Stamp, away_s: float | None = None) -> None:
        """Remember what `keep` gave, perhaps in another run of the agent, whose monotonic clock differs.

        The time between is attested by nobody. `away_s`: how long it was, where that is known better than by UTC.
        Raises ValueError for a foreign text.
        """
        try:
            memory = _MEMORY.validate_json(kept)
        except ValidationError as error:
            where = f"{self._camera}: kept camera health"
            raise ValueError(f"{where} cannot be read ({error.error_count()} faults)") from error
        if memory.version != _VERSION:
            raise ValueError(f"{self._camera}: kept camera health: expected version {_VERSION}, found {memory.version}")
        if memory.stamp is None:
            return
        if away_s is None:  # where UTC was set back meanwhile, nobody can tell: as if no time had passed
            away_s = max(0.0, (now.utc - memory.stamp.utc) / timedelta(seconds=1))
        shift_s = now.mono_s - away_s - memory.stamp.mono_s
        self._suspect = memory.suspect.shifted(shift_s) if memory.suspect else None
        self._shares_s, self._relief_s = dict(memory.shares_s), memory.relief_s
        self._incident = memory.incident.shifted(shift_s) if memory.incident else None
        self._stamp = memory.stamp.shifted(shift_s)
        self._last = self._well_since = None

    def _well(self, now: Stamp) -> list[Event]:
        """A look at which nothing is wrong."""
        continues = self._last is not None and self._last[1] is None and self._is_recent(self._last[0], now)
        if not continues or self._well_since is None:
            self._well_since = now
        well_s = now.mono_s - self._well_since.mono_s
        if self._suspect:
            self._attest(self._suspect, now, None)
            # A connection that comes and goes is as good as none; pictures that are well for a while are simply well.
            share = 1.0 if self._suspect.class_name == OFFLINE else FORGIVEN_SHARE
            if well_s >= self._settings.clear_after * share or self._useless_s <= 0:
                self._forgive()
        return self._close(now, Trigger.LEFT) if well_s >= self._settings.clear_after else []

    def _ill(self, fault: str, now: Stamp, *, paused: bool) -> list[Event]:
        """A look, or a gap, with this fault."""
        self._well_since = None
        incident = self._incident
        if incident and incident.class_name == fault:
            self._incident = self._lasted(incident, now)
            self._forgive()
            return self._reminder(now)
        if fault not in self._settings.faults:
            return []
        if self._suspect:
            self._attest(self._suspect, now, fault)
        if not self._suspect or self._useless_s < 0:
            self._suspect, self._relief_s = self._begun(fault, now), 0.0
            self._shares_s = {fault: self._suspect.dwell_s}
        if self._useless_s < self._settings.dwell or paused:
            return []
        events = self._close(now, Trigger.LEFT)
        suspect = replace(self._suspect, track_id=_number(self._suspect.class_name))
        self._incident = suspect.opened(now, box_id=self._box_id, camera=self._camera)
        self._forgive()
        limits = Limits(dwell_s=self._settings.dwell, clear_after_s=self._settings.clear_after)
        return [*events, replace(_event(self._incident, Phase.OPENED, now, self._camera), limits=limits)]

    def _reminder(self, now: Stamp) -> list[Event]:
        """The incident again, when it was not told of for long."""
        incident = self._incident
        if incident is None:
            return []
        if incident.told is None:  # kept by an agent that did not say when
            self._incident = replace(incident, told=now)
            return []
        if now.mono_s - incident.told.mono_s < self._settings.update_every:
            return []
        self._incident = incident.updated(Trigger.LASTED, now, incident.severity)
        return [_event(self._incident, Phase.UPDATED, now, self._camera, Trigger.LASTED)]

    @property
    def _useless_s(self) -> float:
        return self._suspect.dwell_s - self._relief_s if self._suspect else 0.0

    def _forgive(self) -> None:
        self._suspect, self._shares_s, self._relief_s = None, {}, 0.0

    def _attest(self, suspect: Presence, now: Stamp, fault: str | None) -> None:
        """Put the time since the last look on the clock, or take it off; what was seen lasts until the next look."""
        before = self._last[1] if self._last else "unknown"
        useless_s = blind_s = 0.0
        since_s = now.mono_s - suspect.last_seen.mono_s
        recent = self._is_recent(suspect.last_seen, now)
        if before is None:
            if recent and OFFLINE not in (fault, suspect.class_name):
                self._relief_s += since_s * WELL_WEIGHT
        elif recent and before in self._settings.faults:
            # Nobody looked from the last picture on; when pictures come again it is over, nobody knows since when.
            useless_s = 0.0 if before == OFFLINE and fault is None else since_s
            if useless_s:
                name = OFFLINE if fault == OFFLINE else before
                self._shares_s[name] = self._shares_s.get(name, 0.0) + useless_s
        else:
            blind_s = since_s
        most = max(self._shares_s, key=lambda name: self._shares_s[name], default=suspect.class_name)
        self._suspect = replace(
            suspect,
            class_name=most,
            last_seen=now,
            dwell_s=suspect.dwell_s + useless_s,
            blind_s=suspect.blind_s + blind_s,
        )

    def _close(self, now: Stamp, trigger: Trigger) -> list[Event]:
        if self._incident is None:
            return []
        ended, self._incident = self._incident.ended(trigger, 0.0), None
        return [_event(ended, Phase.CLOSED, now, self._camera, trigger)]

    def _begun(self, fault: str, now: Stamp) -> Presence:
        """A gap began with the last look before it, since nobody looked from then on; anything else begins now."""
        began = now
        if fault == OFFLINE and self._last is not None and self._is_recent(self._last[0], now):
            began = self._last[0]
        return Presence(
            rule=RULE,
            zone="",
            track_id=_number(fault),
            severity=self._settings.severity,
            entered=began,
            last_seen=now,
            dwell_s=now.mono_s - began.mono_s,
            class_name=fault,
            score=1.0,
            box_n=_WHOLE_PICTURE,
        )

    def _lasted(self, presence: Presence, now: Stamp) -> Presence:
        """With the time since its last sign: its own if that was the last look, blind if something else hid it."""
        since_s = now.mono_s - presence.last_seen.mono_s
        before = self._last[1] if self._last else "unknown"
        own_s = since_s if before == presence.class_name and self._is_recent(presence.last_seen, now) else 0.0
        blind_s = 0.0 if own_s or before is None else since_s
        return replace(presence, last_seen=now, dwell_s=presence.dwell_s + own_s, blind_s=presence.blind_s + blind_s)

    @staticmethod
    def _is_recent(stamp: Stamp, now: Stamp) -> bool:
        """Whether two looks are close enough to tell what was between them."""
        return now.mono_s - stamp.mono_s <= SAME_STRETCH_S


def _number(fault: str) -> int:
    """Part of the incident's identity, where things on the street have that of their track."""
    return 1 + FAULTS.index(fault)


def _event(incident: Presence, phase: Phase, now: Stamp, camera: str, trigger: Trigger | None = None) -> Event:
    return replace(incident.event(phase, now, camera=camera, trigger=trigger), channel=Channel.CAMERA)
