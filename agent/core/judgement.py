"""What one look at one thing means under one duty: the questions that a scene asks. No state."""

from __future__ import annotations

from agent.core.geometry import contained, iou, same_ground
from agent.core.lifecycle import Trigger
from agent.core.plan import Duty
from agent.core.presence import Presence
from agent.core.taxonomy import FIXTURE, OBJECT
from agent.core.tracking.places import DUPLICATE_COVERAGE, SAME_HEAP_SHARE, STILL_IOU
from agent.core.tracking.sighting import WHOLE_ZONE, group_of
from agent.core.tracking.track import Report, Sight, Track
from agent.core.types import Box, Channel, Severity

STAY_SHARE = 0.8
"""A thing that is in a zone stays in it down to this share of the overlap it needed to enter (hysteresis)."""
SURE_SHARE = 0.25
"""Share of its looks in which the detector must be as certain as the rule asks, for an incident to open. Measured with
yolox_nano at night: a house front that is a chair at 0.33 in the mean exceeds 0.45 in one look of seven."""
_SEVERITIES = tuple(Severity)


def end_trigger(report: Report, duty: Duty) -> Trigger | None:
    """Why a presence under this duty ends with this look, or None."""
    track = report.track
    if track.sight is Sight.SEEN:
        inside = track.group == duty.group or (duty.zone.overlap(track.place_n) >= duty.settings.overlap * STAY_SHARE)
        return None if inside else Trigger.LEFT
    if track.absent_s >= duty.settings.clear_after or report.dropped:
        return Trigger.REPLACED if report.rival else Trigger.LEFT
    return None


def is_only_changed(track: Track) -> bool:
    """Whether it is only the scene-change channel that knows it; a name that it has by chance does not count."""
    seen_by = {channel for channel, _ in track.channels}
    return seen_by == {Channel.SCENE_CHANGE} or (track.class_name == OBJECT and Channel.ZONE_STATE not in seen_by)


def is_believed(track: Track, duty: Duty) -> bool:
    """Whether the detector was certain enough once, or another channel that the rule listens to vouches for it."""
    certain = any(channel is Channel.MODEL and score >= duty.settings.min_score for channel, score in track.channels)
    return certain or is_vouched(track, duty)


def is_vouched(track: Track, duty: Duty) -> bool:
    return any(channel is not Channel.MODEL and channel in duty.channels for channel, _ in track.channels)


def is_sure(presence: Presence, track: Track, duty: Duty) -> bool:
    """Whether the detector was certain often enough: of fixtures, one outlier among many weak looks proves nothing.

    Vehicles are believed for good once they were seen well: small models know them, and call anything a chair.
    """
    if track.group != FIXTURE or is_vouched(track, duty):
        return True
    return presence.sure_looks >= presence.looks * SURE_SHARE


def belongs(track: Track, duty: Duty) -> float:
    """Share of the track's footprint that stands where the duty forbids it; 0 for what the duty does not mean."""
    if duty.whole_zone:
        return 1.0 if track.group == duty.group else 0.0
    if not duty.zone.is_near(track.place_n):
        return 0.0
    meant = track.class_name in duty.classes
    if not meant and track.group == FIXTURE:  # what the model calls it is no matter to those who do not listen to it
        deaf = OBJECT in duty.classes and Channel.MODEL not in duty.channels
        meant = deaf and is_vouched(track, duty)
    return duty.zone.overlap(track.place_n) if meant else 0.0


def is_put_down(presence: Presence) -> bool:
    """Whether it is a thing that people put down, or the state of a place: one such thing violates one rule."""
    return presence.class_name == WHOLE_ZONE or group_of(presence.class_name) == FIXTURE


def is_beside(person: Box, thing: Box) -> bool:
    """Whether a person's feet are within one thing's width to its left and right, and about on its ground."""
    x1, y1, x2, y2 = thing
    width, height = x2 - x1, max(y2 - y1, person[3] - person[1])
    feet_x, feet_y = (person[0] + person[2]) / 2, person[3]
    return x1 - width <= feet_x <= x2 + width and y2 - height <= feet_y <= y2 + height / 2


def is_same_thing(newer: Presence, incident: Presence) -> bool:
    """Whether the place of an open incident holds this one too: a second box around it, or a clipped view of it.

    A newcomer of the same size is told apart by the tracker (it becomes the rival), and may open once that closed.
    """
    inside = max(contained(newer.box_n, incident.box_n), contained(incident.box_n, newer.box_n))
    if is_put_down(newer):
        return inside >= SAME_HEAP_SHARE
    if not same_ground(newer.box_n, incident.box_n):
        return False
    return inside >= DUPLICATE_COVERAGE or iou(newer.box_n, incident.box_n) >= STILL_IOU


def is_worse(severity: Severity, than: Severity) -> bool:
    """Whether it is more severe."""
    return severity is not than and _SEVERITIES.index(severity) > _SEVERITIES.index(than)
