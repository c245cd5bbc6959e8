"""The cameras' wall: what each camera sees, for as long as somebody watches. Implements `ports.console.WallBackend`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Lock

import cv2
import numpy as np

from agent.adapters.privacy import PrivacyGuard
from agent.app.console.parts import Parts
from agent.config import CameraConfig, Config
from agent.core.errors import CommandRejected, RejectCode
from agent.core.geometry import normalised
from agent.core.lifecycle import State
from agent.core.presence import Presence
from agent.core.rules import RULES
from agent.core.taxonomy import CLASSES
from agent.core.types import Detections, Image, Observation
from agent.ports import Clock, Detector
from agent.ports.console.wall import BoxShown, CameraShown, LookShown, Picture, PresenceShown, ZoneShown
from agent.runtime.capture import CaptureLoop, CapturePhase
from agent.runtime.desk import Desk
from agent.runtime.onlookers import Glimpse, Onlookers

WIDTHS_PX = (320, 640, 1280, 2560)
"""A picture is made in these sizes only, so that one look costs few pictures, however many ask."""
MOST_BOXES = 100
MOST_WAITING = 6
WAIT_S = 5.0
"""How long a picture is waited for where none was kept: longer than most cameras take from look to look."""
_QUALITY = 82


@dataclass(slots=True)
class _Made:
    """The pictures of one look, by width; made by one thread at a time. Holds no picture that is not a JPEG."""

    tag: str = ""
    pictures: dict[int, Picture] = field(default_factory=dict)
    found: Detections | None = None
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the wall reads of the running agent; the mappings and `config` are those of the moment."""

    config: Callable[[], Config]
    captures: Mapping[str, CaptureLoop]
    desks: Mapping[str, Desk]
    onlookers: Onlookers


class Wall:
    """Reads snapshots and references only; a desk never waits for it."""

    def __init__(self, watched: Watched, guard: PrivacyGuard, detector: Detector, clock: Clock) -> None:
        """`guard`: the one of evidence. `detector`: is asked about pictures that it was not shown, so as to blur."""
        self._watched = watched
        self._guard = guard
        self._detector = detector
        self._clock = clock
        self._made: dict[str, _Made] = {}
        self._waiting = BoundedSemaphore(MOST_WAITING)

    def cameras(self) -> list[CameraShown]:
        """See `WallBackend.cameras`."""
        return [shown for known in self._watched.config().cameras if (shown := self._shown(known))]

    def camera(self, camera: str) -> CameraShown | None:
        """See `WallBackend.camera`."""
        known = next((known for known in self._watched.config().cameras if known.id == camera), None)
        return None if known is None else self._shown(known)

    def picture(self, camera: str, width_px: int) -> Picture | None:
        """See `WallBackend.picture`."""
        if camera not in self._watched.desks:
            return None
        if self._watched.onlookers.newest(camera) is None and not self._looking(camera):
            return None
        if not self._waiting.acquire(blocking=False):
            raise CommandRejected(RejectCode.BUSY, f"{MOST_WAITING} wait for pictures already; try again later")
        try:
            glimpse = self._watched.onlookers.wait(camera, WAIT_S)
            if glimpse is None:
                return None
            width_px = min(WIDTHS_PX, key=lambda width: abs(width - width_px))
            made = self._made.setdefault(camera, _Made())
            with made.lock:
                if made.tag != tag_of(glimpse.seen):
                    made.tag, made.found = tag_of(glimpse.seen), None
                    made.pictures.clear()
                if width_px not in made.pictures:
                    made.pictures[width_px] = self._encoded(made, glimpse, width_px)
                return made.pictures[width_px]
        finally:
            self._waiting.release()

    def _looking(self, camera: str) -> bool:
        """Whether a picture of it may come soon; whoever asks for a camera that is down must not wait for nothing."""
        capture = self._watched.captures.get(camera)
        return capture is not None and capture.state().phase is not CapturePhase.DOWN

    def _encoded(self, made: _Made, glimpse: Glimpse, width_px: int) -> Picture:
        frame, seen = glimpse.frame, glimpse.seen
        image = frame.full() if width_px > frame.size_px[0] else frame.image
        found = None
        if self._guard.blurs and seen.fault is None:
            if made.found is None:
                made.found = seen.detections if seen.asked else self._detector.detect([frame.image])[0]
            found = made.found.resized(frame.size_px, (image.shape[1], image.shape[0]))
        image = _shrunk(self._guard.protect(image, found, ""), width_px)
        done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        assert done  # a picture that was decoded before can be encoded
        return Picture(jpeg=jpeg.tobytes(), tag=f"{tag_of(seen)}-{width_px}")

    def _shown(self, known: CameraConfig) -> CameraShown | None:
        capture, desk = self._watched.captures.get(known.id), self._watched.desks.get(known.id)
        if capture is None or desk is None:  # it comes or goes at this moment
            return None
        state, figures, now = capture.state(), desk.state, self._clock.now()
        glimpse = self._watched.onlookers.newest(known.id)
        return CameraShown(
            id=known.id,
            name=known.name or known.id,
            phase=state.phase.value,
            reason=state.reason.value if state.reason else None,
            message=state.message,
            fault=figures.fault.value if figures.fault else None,
            blind=figures.blind.value if figures.blind else None,
            interval_s=_rounded(figures.interval_s),
            last_s=_rounded(now.mono_s - figures.last_look.mono_s) if figures.last_look else None,
            blind_s=round(figures.blind_s, 1),
            open_incidents=figures.open_incidents,
            zones=_zones(known, glimpse),
            look=_look(known, glimpse, now.mono_s) if glimpse else None,
        )


def wall_of(parts: Parts) -> Wall:
    """The wall of the running agent; pages that are open are told of every look."""
    means = parts.crew.means
    watched = Watched(
        config=lambda: parts.crew.config,
        captures=parts.crew.captures,
        desks=parts.crew.desks,
        onlookers=means.onlookers,
    )
    wall = Wall(watched, means.guard, means.detector, means.clock)

    def told(camera: str) -> None:
        shown = wall.camera(camera)
        if shown is not None:
            parts.feed.publish("camera", camera, shown)

    means.onlookers.attend(lambda: parts.feed.wanted("camera"), told)
    return wall


def tag_of(seen: Observation) -> str:
    """What tells one look of a camera from all others, whatever the numbering of its stream."""
    return f"{seen.seq}-{round(seen.stamp.utc.timestamp() * 1000):x}"


def _look(known: CameraConfig, glimpse: Glimpse, now_s: float) -> LookShown:
    seen = glimpse.seen
    return LookShown(
        seq=seen.seq,
        utc=seen.stamp.utc.isoformat(timespec="milliseconds"),
        age_s=round(max(now_s - seen.stamp.mono_s, 0.0), 2),
        tag=tag_of(seen),
        size_px=list(seen.size_px),
        boxes=_boxes(seen),
        presences=[_presence(known, presence, seen) for presence in glimpse.presences],
    )


def _boxes(seen: Observation) -> list[BoxShown]:
    found = seen.detections
    best = np.argsort(-found.scores, kind="stable")[:MOST_BOXES]
    return [
        BoxShown(class_name=CLASSES[found.class_ids[i]], score=round(float(found.scores[i]), 2), box_n=_places(box))
        for i, box in zip(best, normalised(found.boxes_px[best], seen.size_px), strict=True)
    ]


def _presence(known: CameraConfig, presence: Presence, seen: Observation) -> PresenceShown:
    rules = {area.id: dict(area.rules.items()) for area in known.zones}
    settings = rules.get(presence.zone, {}).get(presence.rule)
    limit_s = None if settings is None else RULES[presence.rule].limit_s(settings, presence.class_name)
    return PresenceShown(
        rule=presence.rule,
        zone=presence.zone,
        class_name=presence.class_name,
        box_n=_places(presence.box_n),
        dwell_s=round(presence.dwell_s, 1),
        counted_s=round(presence.dwell_s - presence.unnamed_s, 1),
        limit_s=limit_s,
        running=presence.last_seen == seen.stamp,
        state="open" if presence.state is State.OPEN else "watched",
        incident=str(presence.incident_id) if presence.incident_id else None,
    )


def _zones(known: CameraConfig, glimpse: Glimpse | None) -> list[ZoneShown]:
    readings = {reading.zone: reading.full for reading in glimpse.seen.readings} if glimpse else {}
    return [
        ZoneShown(
            id=area.id,
            name=area.name or area.id,
            polygon_n=[list(corner) for corner in area.polygon],
            rules=[name for name, _ in area.rules.items()],
            full=_rounded(readings.get(area.id)),
        )
        for area in known.zones
    ]


def _shrunk(image: Image, width_px: int) -> Image:
    height, width = image.shape[:2]
    if width <= width_px:
        return image
    size = (width_px, max(round(height * width_px / width), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _places(box: object) -> list[float]:
    return [round(float(value), 4) for value in np.asarray(box)]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
